"""Which of the stages that are ready a run starts first."""

CHAIN = """
stages:
  alone-1: {cmd: "sleep 0.02; cat ${inputs.x} > ${outputs.y}", inputs: {x: x.txt}, outputs: {y: build/1}}
  alone-2: {cmd: "sleep 0.02; cat ${inputs.x} > ${outputs.y}", inputs: {x: x.txt}, outputs: {y: build/2}}
  begin: {cmd: "cat ${inputs.x} > ${outputs.y}", inputs: {x: x.txt}, outputs: {y: build/begin}}
  middle: {cmd: "sleep 0.2; cat ${inputs.x} > ${outputs.y}", inputs: {x: build/begin}, outputs: {y: build/middle}}
  end: {cmd: "sleep 0.3; cat ${inputs.x} > ${outputs.y}", inputs: {x: build/middle}, outputs: {y: build/end}}
"""


def started(project):
    lines = project.pipe("run", "-j1", code=0).stderr.splitlines()
    return [line.split()[1] for line in lines if line.startswith("executed")]


def test_what_the_longest_path_hangs_on_starts_first(project):
    project.write("pipeline.yaml", CHAIN)
    project.write("x.txt", "one")
    project.run()  # now it is known how long they take
    project.write("x.txt", "two")
    assert started(project) == ["begin", "middle", "end", "alone-1", "alone-2"]
