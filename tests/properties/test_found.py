"""What the stories found, each told once more as plainly as it can be, so that it stays found."""

PARTS = """
    from pathlib import Path

    def make(text: str, tree: Path):
        tree.mkdir()
        (tree / "part.txt").write_text(text)

    def join(parts: dict[str, str], out: Path):
        out.write_text(repr(parts))
"""
TREE = {
    "make": {"run": "m:make", "inputs": {"text": "in.txt"}, "outputs": {"tree": "build/tree"}},
    "join": {"run": "m:join", "inputs": {"parts": "build/tree/*.txt"}, "outputs": {"out": "build/out.txt"}},
}


def begin(project):
    project.write("m.py", PARTS)
    project.write("in.txt", "1")
    project.pipeline(TREE)
    project.run()
    return project


def test_a_file_put_into_an_output_folder_by_hand_is_matched_by_no_glob(project):
    begin(project).write("build/tree/added.txt", "by hand")
    assert project.verdicts() == {"make": "cached", "join": "fresh"}
    assert project.outcomes() == {"make": "restored", "join": "fresh"}


def test_a_file_in_an_ignored_folder_is_matched_by_no_glob_that_begins_there(project):
    project.write(".pipeignore", "/data/old/\n")
    project.write("data/old/x.txt", "old")
    project.write("data/new/x.txt", "new")
    stage = {
        "cmd": "cat ${inputs.all} > ${outputs.o}",
        "inputs": {"all": "data/*/x.txt"},
        "outputs": {"o": "o.txt"},
    }
    project.pipeline({"all": stage})
    project.run()
    assert project.read("o.txt") == b"new"
    project.pipeline(
        {"all": stage, "old": {**stage, "inputs": {"all": "data/old/*.txt"}, "outputs": {"o": "p.txt"}}}
    )
    assert "matches no file" in project.pipe("status", code=2).stderr
