"""A change of code as the user meets it: what runs, what is said, what the records hold."""

import ast
import json

from pipeline import digest
from pipeline.trace import of_bytes, to_bytes

HELPERS = {
    "stages/__init__.py": "",
    "stages/first.py": "from .second import middle\n\n\ndef go():\n    return middle()\n",
    "stages/second.py": (
        "from . import third\n\n\ndef middle():\n    return third.last() + 1\n\n\ndef spare():\n    return 9\n"
    ),
    "stages/third.py": 'FACTOR = 2\n\n\ndef last():\n    """Last."""\n    return 20 * FACTOR\n',
}
STAGES = {"one": {"run": "stages.first:go", "outputs": {"out": "out.json"}}}


def made(project):
    for path, text in HELPERS.items():
        project.write(path, text.encode())
    project.pipeline(STAGES)
    assert project.outcomes() == {"one": "executed"}
    return project


def edit(project, path, old, new):
    text = project.read(path).decode()
    assert old in text
    project.write(path, text.replace(old, new).encode())


def test_a_change_three_modules_down_is_named_with_its_place_its_way_and_its_diff(project):
    edit(made(project), "stages/third.py", "20 *", "30 *")
    reasons = project.status().decisions["one"].reasons
    assert [r.text for r in reasons] == ["code changed: third.last (stages/third.py:4)"]
    told = project.json("explain", "one")["changed"][0]
    assert told["through"] == ["stages.first:go", "stages.second:middle", "stages.third:last"]
    assert "-    return 20 * FACTOR" in told["diff"]
    assert "+    return 30 * FACTOR" in told["diff"]
    assert "@@ -4,3 +4,3 @@" in told["diff"]
    assert "FACTOR = 2" not in told["diff"]
    assert project.outcomes() == {"one": "executed"}


def test_what_a_stage_does_not_reach_runs_nothing(project):
    made(project)
    edit(project, "stages/second.py", "return 9", "return 10")
    edit(project, "stages/third.py", "Last.", "The last.")
    assert project.verdicts() == {"one": "fresh"}


def test_a_name_that_was_not_seen_ends_the_stage_with_its_name_and_is_never_stale(project):
    project.write("hidden.py", b"def shy():\n    return 1\n")
    project.write(
        "main.py",
        """
        import hidden
        import threading

        def go():
            modules = vars(threading)["_s" + "ys"] if False else threading._os.__dict__["s" + "ys"].__dict__
            return modules["mod" + "ules"]["hidden"].shy()
        """,
    )
    project.pipeline({"one": {"run": "main:go", "outputs": {"out": "out.json"}}})
    done = project.pipe("run", code=1)
    assert "`shy` of `hidden` (hidden.py:1) is used, but pipe did not see it used" in done.stderr
    assert "mention `shy` where it is used" in done.stderr


def test_an_edit_while_an_earlier_stage_runs_changes_nothing_of_the_run(project):
    project.write("late.py", b"def go(one):\n    return one + '!'\n")
    root = json.dumps(str(project.root / "late.py"))
    project.write(
        "early.py",
        f"def go():\n    open({root}, 'w').write('def go(one):\\n    return 2\\n')\n    return '1'\n".encode(),
    )
    project.pipeline(
        {
            "one": {"run": "early:go", "outputs": {"out": "one.txt"}, "sandbox": "off"},
            "two": {"run": "late:go", "inputs": {"one": "one.txt"}, "outputs": {"out": "two.txt"}},
        }
    )
    assert project.outcomes() == {"one": "executed", "two": "executed"}
    assert project.read("two.txt") == b"1!"
    assert project.verdicts()["two"] == "stale"


def test_the_trace_keeps_the_full_source_and_what_was_imported(project):
    made(project)
    found = [of_bytes(path.read_bytes()) for path in project.store.rglob("*") if _is_trace(path)]
    assert len(found) == 1
    trace = found[0]
    assert trace.source.keys() == trace.imported.keys() == HELPERS.keys()
    texts = {path: _object(project, name) for path, name in trace.imported.items()}
    assert b"spare" not in texts["stages/second.py"]
    assert b"spare" in _object(project, trace.source["stages/second.py"])
    for text in texts.values():
        ast.parse(text)
    assert trace.spans["stages.third:last"] == ("stages/third.py", 4)


def test_a_trace_of_an_older_pipe_is_read_and_imported_the_full_source(project):
    made(project)
    path = next(path for path in project.store.rglob("*") if _is_trace(path))
    plain = json.loads(to_bytes(of_bytes(path.read_bytes())))
    older = {name: plain[name] for name in plain if name not in ("check", "pruned", "spans")}
    text = json.dumps(older, sort_keys=True, separators=(",", ":")).encode()
    trace = of_bytes(json.dumps({**older, "check": digest.of_bytes(text)}).encode())
    assert trace.imported == trace.source


def _is_trace(path):
    try:
        return path.is_file() and bool(of_bytes(path.read_bytes()))
    except ValueError:
        return False


def _object(project, name):
    for path in project.store.rglob("*"):
        if path.is_file() and digest.of_file(path) == name:
            return path.read_bytes()
    raise KeyError(name)
