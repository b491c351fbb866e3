"""Verdicts as CONVENTIONS shows them, and matrix instances in few lines."""

from pipeline.model import Decision, Reason
from pipeline.render import status_text
from pipeline.render.style import PLAIN

CODE = Reason("code", "clean.normalise", "code changed: clean.normalise (stages/clean.py:41)")


def waiting(*names):
    return Decision("waiting", tuple(Reason("waiting", name, f"waiting for {name}") for name in names))


def text(decisions, bases=None, estimate=None, verbose=False):
    return status_text.text_of(
        decisions, bases or {}, estimate_seconds=estimate, style=PLAIN, verbose=verbose, grades={}
    )


def test_the_count_comes_first_and_fresh_stages_are_only_counted():
    decisions = {
        "load": Decision("fresh"),
        "clean": Decision("stale", (CODE,)),
        "features": waiting("clean"),
        "train": waiting("features"),
        "check": Decision("fresh"),
    }
    assert text(decisions, estimate=240.0) == (
        "5 stages: 2 fresh, 1 stale, 2 waiting; about 4 min\n"
        "stale    clean      code changed: clean.normalise (stages/clean.py:41)\n"
        "waiting  features   if clean's output changes\n"
        "waiting  train      if features' output changes"
    )


def test_all_fresh_is_one_line():
    assert text({str(i): Decision("fresh") for i in range(1000)}) == "1,000 stages: all fresh"


def test_a_fresh_stage_with_a_reason_is_shown():
    frozen = Reason("declaration", "frozen", "frozen: never executed")
    assert (
        text({"a": Decision("fresh", (frozen,))}).splitlines()[1]
        == "fresh    a          frozen: never executed"
    )


def test_further_reasons_stand_below_the_first():
    reasons = (Reason("param", "lr", "param lr: 0.1 -> 0.01"), Reason("input", "x", "input x changed"))
    assert text({"train": Decision("stale", reasons)}).splitlines()[1:] == [
        "stale    train      param lr: 0.1 -> 0.01",
        "                    input x changed",
    ]


def test_very_many_reasons_are_cut_unless_asked_for():
    reasons = tuple(Reason("param", str(i), f"param p{i}: 1 -> 2") for i in range(9))
    short = text({"train": Decision("stale", reasons)})
    assert len(short.splitlines()) == 5 and short.endswith("and 6 more (-v shows them)")
    assert len(text({"train": Decision("stale", reasons)}, verbose=True).splitlines()) == 10


def test_what_waits_for_several_names_them_in_one_phrase():
    assert text({"z": waiting("a", "b", "cs")}).endswith("if a's, b's or cs' output changes")


def many(stale):
    names = [f"clean@{i:03}" for i in range(197)] + [f"clean@{code}" for code in stale]
    decisions = {n: Decision("stale", (CODE,)) if n[6:] in stale else Decision("fresh") for n in names}
    return decisions, dict.fromkeys(names, "clean")


def test_many_instances_are_one_line_that_names_those_not_fresh():
    decisions, bases = many(("DE", "FR", "NO"))
    assert text(decisions, bases).splitlines() == [
        "200 stages: 197 fresh, 3 stale",
        "clean (200): 197 fresh, 3 stale: DE FR NO",
        "         code changed: clean.normalise (stages/clean.py:41)",
    ]


def test_instances_that_are_all_alike_are_not_named():
    names = [f"clean@{i}" for i in range(200)]
    lines = text({n: Decision("stale", (CODE,)) for n in names}, dict.fromkeys(names, "clean")).splitlines()
    assert lines[1] == "clean (200): 200 stale"


def test_instances_that_wait_for_instances_wait_for_their_stage():
    names = [f"train@{i}" for i in range(20)]
    decisions = {f"train@{i}": waiting(f"clean@{i}") for i in range(20)}
    bases = dict.fromkeys(names, "train") | {f"clean@{i}": "clean" for i in range(20)}
    assert text(decisions, bases).splitlines()[1:] == [
        "train (20): 20 waiting",
        "         if clean's output changes",
    ]


def test_few_instances_have_a_line_each():
    decisions = {"train@a": Decision("stale", (CODE,)), "train@b": Decision("fresh")}
    assert text(decisions, dict.fromkeys(decisions, "train")).splitlines()[1].startswith("stale    train@a")


def test_leftovers_are_named_with_what_to_do():
    assert status_text.leftovers_text(["build/old.csv"]) == (
        "1 file is left over, declared by no stage: build/old.csv (`pipe clean`)"
    )
