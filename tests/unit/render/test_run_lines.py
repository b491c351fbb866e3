"""What a run says: a line for each stage that did something, and at the end where the results are."""

from pipeline.events import Failure
from pipeline.model import Artifact, Produced, Reason, RunResult, StageResult
from pipeline.render.run_lines import Errors, Lines, summary
from pipeline.render.style import PLAIN


def said(results, verbose=False, kind=Lines):
    out = []
    lines = kind(out.append, PLAIN, verbose=verbose)
    for done, result in enumerate(results, 1):
        lines.finished(result, done, len(results), None)
    return out


def made(name, outcome, path="", size_bytes=0, **more):
    outputs = {"x": Produced(path, Artifact("file", "0" * 64, size_bytes))} if path else {}
    return StageResult(name, outcome, outputs=outputs, **more)


def run_of(*results, ok=True, ends=()):
    return RunResult("20240101T000000", ok, 4.2, {result.name: result for result in results}, ends)


def test_lines_of_a_run_are_those_of_the_conventions():
    cut_off = Reason("waiting", "clean", "waiting for clean")
    code = Reason("code", "clean", "code changed: clean")
    results = [
        made("clean", "executed", wall_seconds=0.4, same_output=True, reasons=(code,)),
        made("features", "fresh", reasons=(cut_off,)),
    ]
    assert said(results) == [
        "executed clean      0.4 s   same output",
        "fresh    features           cut off: clean gave the same output",
    ]


def test_a_thousand_fresh_stages_say_nothing():
    assert said([made(str(i), "fresh") for i in range(1000)]) == []


def test_a_thousand_restored_stages_say_little():
    assert len(said([made(str(i), "restored") for i in range(1000)])) == 21


def test_a_thousand_executed_stages_have_a_line_each():
    assert len(said([made(str(i), "executed") for i in range(1000)])) == 1000


def test_a_stage_that_executed_says_why_unless_it_was_its_first_time():
    param = Reason("param", "lr", "param lr: 0.1 -> 0.01")
    assert said([made("train", "executed", wall_seconds=2.0, reasons=(param,))])[0].endswith(
        "param lr: 0.1 -> 0.01"
    )
    assert said(
        [made("train", "executed", wall_seconds=2.0, reasons=(Reason("never-run", "", "never run"),))]
    ) == ["executed train      2.0 s"]


def test_a_failure_is_told_once_and_whole():
    out = []
    lines = Lines(out.append, PLAIN)
    lines.failed("train", Failure("stage `train` failed after 3.2 s", cause="exit 1"))
    lines.finished(made("train", "failed", error="exit 1"), 1, 1, None)
    assert out == ["error: stage `train` failed after 3.2 s\n  cause: exit 1"]


def test_quiet_tells_failures_alone():
    out = []
    lines = Errors(out.append, PLAIN)
    lines.planned(3, 100.0)
    lines.started("a", None)
    lines.notice("x")
    lines.finished(made("a", "executed"), 1, 3, None)
    lines.failed("b", Failure("stage `b` failed"))
    assert out == ["error: stage `b` failed"]


def test_the_summary_says_what_was_done_and_where_the_results_are():
    results = (made("a", "fresh", "build/a.csv", 10), made("b", "executed", "build/b.html", 49152))
    assert summary(run_of(*results, ends=("b",)), PLAIN) == (
        "2 stages in 4.2 s: 1 executed, 1 fresh\n  build/b.html   48 KiB"
    )


def test_results_of_many_instances_are_named_by_their_folders():
    results = [made(f"a@{i}", "executed", f"build/a/{i}.csv", 10) for i in range(200)]
    results.append(made("b", "executed", "report.html", 5))
    text = summary(run_of(*results, ends=[result.name for result in results]), PLAIN)
    assert text.splitlines()[1:] == ["  build/a/   200 results, 2.0 KiB", "  ./         1 result, 5 B"]


def test_nothing_to_do_is_one_line_that_names_the_result():
    assert summary(run_of(made("a", "fresh", "build/a.csv", 10), ends=("a",)), PLAIN) == (
        "nothing to do: 1 stage is fresh; 4.2 s; results: build/a.csv"
    )


def test_a_failed_run_says_so_first():
    results = (made("a", "failed"), made("b", "blocked"), made("c", "executed", "c.csv", 1))
    assert summary(run_of(*results, ok=False, ends=("c",)), PLAIN) == (
        "failed after 4.2 s: 1 failed, 1 blocked, 1 executed"
    )


def test_an_interrupted_run_is_not_called_failed():
    result = run_of(made("a", "cancelled"), made("b", "failed"), ok=False)
    assert summary(result, PLAIN, interrupted=True) == "interrupted after 4.2 s: 1 failed, 1 cancelled"


def test_how_long_it_may_take_is_told_when_the_first_stage_starts_without_what_is_fresh():
    out = []
    lines = Lines(out.append, PLAIN)
    lines.planned(3, 100.0)
    lines.finished(made("clean", "fresh"), 1, 3, 40.0)
    assert out == []
    lines.started("train", 40.0)
    lines.started("score", 20.0)
    assert out == ["up to 2 of 3 stages to run; about 40 s"]


def test_with_nothing_to_do_no_time_is_foretold():
    out = []
    lines = Lines(out.append, PLAIN)
    lines.planned(1, 100.0)
    lines.finished(made("clean", "fresh"), 1, 1, 0.0)
    assert out == []
