"""One run of a project in which nearly every stage does something wrong, and what becomes of each."""

import pytest

STAGES = '''
import ctypes, os, signal, socket, subprocess, sys, time
from pathlib import Path


def good(out: Path):
    out.write_text("good")


def better(good: str) -> str:
    return good + ", better"


def raises(out: Path):
    out.write_text("half")
    raise ValueError("could not convert string to float: 'n/a'")


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no text for you")


def raises_mute(out: Path):
    raise Mute


def raises_in_library(out: Path):
    import json
    json.loads("{")


def recurses(out: Path):
    return recurses(out)


def imports_nothing(out: Path):
    import nowhere_to_be_found


def exits(out: Path):
    out.write_text("half")
    sys.exit("gave up")


def exits_with_nought(out: Path):
    out.write_text("half")
    sys.exit(0)


def ends_at_once(out: Path):
    out.write_text("half")
    os._exit(0)


def is_killed(out: Path):
    out.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)


def segfaults(out: Path):
    out.write_text("half")
    ctypes.string_at(0)


def prints_rubbish(out: Path):
    os.write(1, bytes(range(256)) * 20 + b"\\x1b[31m\\x1b[2J\\n")
    raise RuntimeError("bad \\x1b[31m\\0 bytes \\udc80")


def shows_progress(out: Path):
    for percent in range(101):
        print(f"\\r{percent}%", end="")
    raise RuntimeError("at the end")


def writes_nothing(out: Path):
    pass


def returns_for_nobody(out: Path):
    out.write_text("x")
    return 7


def returns_nothing():
    pass


def returns_a_number() -> int:
    return 5


def returns_no_table():
    return {"a": 1}


def returns_unjsonable():
    return {"a": {1, 2}}


def returns_too_many():
    return {"one": "a", "two": "b", "three": "c"}


def returns_too_few():
    return {"one": "a"}


def returns_a_tuple():
    return "a", "b"


def makes_fifo(out: Path):
    os.mkfifo(out)


def makes_socket(out: Path):
    socket.socket(socket.AF_UNIX).bind(str(out))


def links_outside(out: Path):
    out.symlink_to("/etc/passwd")


def links_outside_within(out: Path):
    out.mkdir()
    (out / "in").symlink_to("../../../../etc")


def makes_fifo_within(out: Path):
    out.mkdir()
    os.mkfifo(out / "pipe")


def writes_twins(out: Path):
    out.mkdir()
    (out / "Read.txt").write_text("a")
    (out / "read.txt").write_text("b")


def writes_more(out: Path):
    out.write_text("x")
    Path("build/more.txt").write_text("y")


def reads_undeclared(out: Path):
    out.write_text(open("data/secret plan.csv").read())


def reads_beside_its_code(out: Path):
    (Path(__file__).parent / "words.txt").read_text()


def reads_its_old_output(out: Path):
    out.read_text()


def reads_undeclared_by_arrow(out: Path):
    import pyarrow.csv
    pyarrow.csv.read_csv("data/other.csv")


def makes_way(data: Path, big: Path, out: Path):
    """Changes what it was given; a small input is a copy, a large one the store's own object."""
    big.chmod(0o644)
    with open(big, "r+b") as file:
        file.write(b"ZZZ")
    out.write_text("x")


def overwrites(data: Path, out: Path):
    data.write_text("changed")


def overwrites_big(big: Path, out: Path):
    with open(big, "r+b") as file:
        file.write(b"ZZZ")


def reads(data: Path, big: Path, out: Path):
    out.write_text(data.read_text() + big.read_bytes()[:3].decode())


def loops(out: Path):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    out.write_text("half")
    while True:
        time.sleep(1)


def hungers(out: Path):
    held = []
    while True:
        held.append(b"x" * 10_000_000)
        time.sleep(0.005)


def leaves_child(out: Path):
    subprocess.Popen(["sleep", "1000"])
    out.write_text("x")


def leaves_daemon(out: Path):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            os.closerange(0, 100)
            os.chdir("/")
            time.sleep(1000)
        os._exit(0)
    os.wait()
    out.write_text("x")


def tries_thrice(out: Path):
    state = Path("work/state")
    count = len(list(state.iterdir())) if state.exists() else 0
    state.mkdir(exist_ok=True)
    (state / str(count)).write_text("")
    print(f"attempt {count + 1}")
    if count < 2:
        raise OSError("not yet")
    out.write_text("x")


def never_works(out: Path):
    print("one more attempt")
    raise OSError("never")
'''

SIMPLE = """
    raises raises_mute raises_in_library recurses imports_nothing exits exits_with_nought ends_at_once
    is_killed segfaults prints_rubbish shows_progress writes_nothing returns_for_nobody returns_nothing
    returns_a_number makes_fifo makes_socket links_outside links_outside_within makes_fifo_within
    writes_twins writes_more reads_undeclared reads_undeclared_by_arrow reads_beside_its_code
    reads_its_old_output leaves_child leaves_daemon
"""

PIPELINE = """
stages:
  good: {run: "stages.odd:good", outputs: {out: build/good.txt}}
  better: {run: "stages.odd:better", inputs: {good: build/good.txt}, outputs: {out: build/better.txt}}
  needs_raises: {run: "stages.odd:better", inputs: {good: build/raises}, outputs: {out: build/needs.txt}}
  reads:
    run: stages.odd:reads
    inputs: {data: data/in.txt, big: data/big.bin}
    outputs: {out: build/reads}
    after: [tries_thrice]
  makes_way:
    {run: "stages.odd:makes_way", inputs: {data: data/in.txt, big: data/big.bin}, outputs: {out: build/makes_way}}
  overwrites: {run: "stages.odd:overwrites", inputs: {data: data/in.txt}, outputs: {out: build/overwrites}}
  overwrites_big: {run: "stages.odd:overwrites_big", inputs: {big: data/big.bin}, outputs: {out: build/overwrites_big}}
  returns_no_table: {run: "stages.odd:returns_no_table", outputs: {out: build/returns_no_table.parquet}}
  returns_unjsonable: {run: "stages.odd:returns_unjsonable", outputs: {out: build/returns_unjsonable.json}}
  returns_too_many: {run: "stages.odd:returns_too_many", outputs: {one: build/m1.txt, two: build/m2.txt}}
  returns_too_few: {run: "stages.odd:returns_too_few", outputs: {one: build/f1.txt, two: build/f2.txt}}
  returns_a_tuple: {run: "stages.odd:returns_a_tuple", outputs: {one: build/t1.txt, two: build/t2.txt}}
  loops: {run: "stages.odd:loops", outputs: {out: build/loops}, timeout: 0.5s}
  hungers: {run: "stages.odd:hungers", outputs: {out: build/hungers}, resources: {memory: 250 MiB}}
  tries_thrice:
    {run: "stages.odd:tries_thrice", outputs: {out: build/tries_thrice}, scratch: {state: work/state}, retries: 2}
  never_works: {run: "stages.odd:never_works", outputs: {out: build/never_works}, retries: 1}
"""

# The stage, and what its error says of it: each part must be there.
FAILURES = {
    "raises": ["ValueError: could not convert string to float: 'n/a'"],
    "raises_mute": ["Mute"],
    "raises_in_library": ["JSONDecodeError: Expecting property name enclosed in double quotes"],
    "recurses": ["RecursionError: maximum recursion depth exceeded"],
    "imports_nothing": ["ModuleNotFoundError: No module named 'nowhere_to_be_found'"],
    "exits": ["it called sys.exit('gave up')"],
    "exits_with_nought": ["it called sys.exit(0)"],
    "ends_at_once": ["ended its own process before it returned"],
    "is_killed": ["was killed by SIGKILL"],
    "segfaults": ["was killed by SIGSEGV"],
    "prints_rubbish": ["RuntimeError: bad "],
    "shows_progress": ["RuntimeError: at the end"],
    "writes_nothing": ["it did not write its output `build/writes_nothing`"],
    "returns_for_nobody": ["it returned an int, but no output is left for it"],
    "returns_nothing": ["it returned nothing, but should return `out`"],
    "returns_a_number": ["output `out`: a `int` cannot be written to `build/returns_a_number.txt`"],
    "returns_no_table": ["output `out`: a `dict` cannot be written to `build/returns_no_table.parquet`"],
    "returns_unjsonable": ["output `out`", "set"],
    "returns_too_many": ["what it returned has `three`, which is no output"],
    "returns_too_few": ["what it returned lacks `two`"],
    "returns_a_tuple": ["it returned a tuple for 2 outputs"],
    "makes_fifo": ["output `out`: `build/makes_fifo` is neither a file nor a folder"],
    "makes_socket": ["output `out`: `build/makes_socket` is neither a file nor a folder"],
    "links_outside": ["`build/links_outside` is a link that leaves", "`/etc/passwd`"],
    "links_outside_within": ["`build/links_outside_within/in` is a link that leaves", "`../../../../etc`"],
    "makes_fifo_within": ["`build/makes_fifo_within/pipe` is a special file"],
    "writes_twins": ["`build/writes_twins/Read.txt` and `build/writes_twins/read.txt` have the same name"],
    "writes_more": ["it wrote `build/more.txt`, which it does not declare"],
    "reads_undeclared": ["read `data/secret plan.csv`, which it does not declare"],
    "reads_undeclared_by_arrow": ["read `data/other.csv`, which it does not declare"],
    "reads_beside_its_code": ["read `stages/words.txt`, which it does not declare"],
    "reads_its_old_output": ["FileNotFoundError", "build/reads_its_old_output"],
    "makes_way": ["data/big.bin"],
    "overwrites": ["data/in.txt"],
    "overwrites_big": ["data/big.bin"],
    "loops": ["did not end within its timeout of 0.5 s"],
    "hungers": ["used more memory than its limit"],
    "never_works": ["OSError: never", "in each of 2 attempts"],
}

# What the text on the terminal says besides.
TOLD = [
    "  at:     stages/odd.py:16 in raises\n",
    "  at:     stages/odd.py:30 in raises_in_library\n",
    "help: nothing of `raises` was recorded; correct it and run `pipe run raises`\n",
    "help: add `secret_plan: data/secret plan.csv` to its inputs in pipeline.yaml\n",
    "help: add `other: data/other.csv` to its inputs in pipeline.yaml\n",
    "help: add `more: build/more.txt` to its outputs in pipeline.yaml, or to its scratch if it is no result\n",
    "help: return a dict with exactly: one, two\n",
    "help: return it, or take it as a `Path` parameter\n",
    "help: it takes a `str` or `bytes`\n",
    "help: give it a longer `timeout`, or find what it waits for in its log\n",
    "help: raise `memory` under `resources`, or use less\n",
    "note: stage `leaves_child` left a process behind, ended by pipe\n",
    "note: stage `leaves_daemon` left a process behind, ended by pipe\n",
    "blocked  needs_raises",
    "  folder: .pipe/failed/loops\n",
    "  | 100%Traceback (most recent call last):\n",
]

EXECUTED = {"good", "better", "reads", "leaves_child", "leaves_daemon", "tries_thrice"}


@pytest.fixture(scope="module")
def ran(shared_project):
    project = shared_project
    project.write("stages/odd.py", STAGES)
    text = PIPELINE
    for name in SIMPLE.split():
        suffix = ".txt" if name.startswith("returns") else ""
        text += f'  {name}: {{run: "stages.odd:{name}", outputs: {{out: build/{name}{suffix}}}}}\n'
    project.write("pipeline.yaml", text)
    project.write("data/in.txt", "in")
    project.write("stages/words.txt", "a b")
    project.write("build/reads_its_old_output", "written by hand")
    project.write("data/secret plan.csv", "a,b\n")
    project.write("data/other.csv", "a,b\n")
    (project.root / "data/big.bin").write_bytes(b"big" * 1_000_000)
    return project.run("-k", code=1)


def test_every_stage_has_its_outcome_and_the_good_ones_are_unharmed(ran):
    expected = dict.fromkeys(FAILURES, "failed") | dict.fromkeys(EXECUTED, "executed")
    assert ran.outcomes == expected | {"needs_raises": "blocked"}
    assert ran.json["ok"] is False


@pytest.mark.parametrize("stage", FAILURES)
def test_the_error_says_what_the_stage_did(ran, stage):
    error = ran.json["stages"][stage]["error"]
    assert all(part in error for part in FAILURES[stage]), error
    assert ran.json["stages"][stage]["outputs"] == {}


@pytest.mark.parametrize("text", TOLD, ids=range(len(TOLD)))
def test_the_terminal_is_told_what_to_do(ran, text):
    assert text in ran.err


def test_no_byte_of_a_stage_can_command_the_terminal(ran):
    assert all(c.isprintable() or c == "\n" for c in ran.err)


def test_nothing_partial_lies_in_the_workspace(ran, shared_project):
    there = {str(path.relative_to(shared_project.root)) for path in shared_project.root.glob("build/**/*")}
    names = {
        "reads_its_old_output",
        "good.txt",
        "better.txt",
        "reads",
        "leaves_child",
        "leaves_daemon",
        "tries_thrice",
    }
    assert there == {f"build/{name}" for name in names}
    assert not (shared_project.root / "work").exists()


def test_inputs_and_store_are_sound_whatever_a_stage_did_to_them(ran, shared_project):
    assert shared_project.damaged_objects() == []
    assert shared_project.read("data/in.txt") == "in"
    assert shared_project.read("data/big.bin")[:3] == "big"
    assert shared_project.read("build/reads") == "inbig"


def test_nothing_of_a_failed_stage_is_recorded(ran, shared_project):
    lock = shared_project.read("pipeline.lock")
    assert [name for name in FAILURES if f'"{name}"' in lock] == []
    status = shared_project.pipe("status", "--json").json["stages"]
    assert {name: status[name]["verdict"] for name in FAILURES} == dict.fromkeys(FAILURES, "stale")
    assert {name: status[name]["verdict"] for name in EXECUTED} == dict.fromkeys(EXECUTED, "fresh")


def test_what_a_failed_stage_wrote_is_kept_in_its_folder(ran, shared_project):
    assert shared_project.read(".pipe/failed/raises/project/build/raises") == "half"
    assert not (shared_project.root / ".pipe/failed/good").exists()


def test_retries_stop_at_the_first_success_and_share_their_scratch(ran, shared_project):
    log = shared_project.read(f".pipe/runs/{ran.json['run']}/tries_thrice.log")
    attempts = [line for line in log.splitlines() if line.startswith("attempt")]
    assert attempts == ["attempt 1", "attempt 2", "attempt 3"]


def test_no_process_of_any_stage_is_left(ran, shared_project):
    shared_project.all_processes_end(seconds=1)
    assert list(shared_project.tmp.glob("pipe-*/*")) == []
