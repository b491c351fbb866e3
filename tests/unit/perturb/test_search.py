"""The search for the culprit, on stages that are functions: of the variables, of chance, of what is held still."""

import random
from collections.abc import Callable

import pytest

from pipeline.verify.perturb.search import Diagnosis, Search
from pipeline.verify.perturb.variables import DECOY, RESTLESS, VARIANTS, VARIED, Setting

Stage = Callable[[Setting, int], object]
"""What a stage gives in a setting; the number is another in each build."""


def diagnose(stage: Stage, kind: type[Search] = Search, confirmations: int = 3) -> Diagnosis | None:
    """Do what `pipe verify --perturb` does with one stage; None if nothing differs."""
    numbers = iter(range(10_000))
    made = kind(
        lambda setting: stage(setting, next(numbers)),
        stage(Setting(), -1),
        lambda one, other: one != other,
        lambda outcome: outcome != "failed",
        groups=VARIED,
        restless=RESTLESS,
        confirmations=confirmations,
        variants=VARIANTS,
    )
    if made.repeat():
        return made.diagnose((), is_restless=True)
    affected = next((variant for variant in range(VARIANTS) if made.first_look(variant)), None)
    return made.diagnose((affected,), is_restless=False) if affected is not None else None


def reads(*variables: str) -> Stage:
    return lambda setting, _: [v for v in variables if v in setting.varied]


def together(*variables: str) -> Stage:
    return lambda setting, _: set(variables) <= setting.varied


def draws(restless: str) -> Stage:
    """A stage whose result is another each time unless one thing is held still."""

    def stage(setting: Setting, number: int) -> object:
        return ("still", restless in setting.varied) if restless in setting.held else number

    return stage


@pytest.mark.parametrize("variable", VARIED)
def test_the_one_variable_that_a_stage_reads_is_to_blame(variable):
    assert diagnose(reads(variable)).culprits == (variable,)


def test_a_stage_that_reads_nothing_is_innocent():
    assert diagnose(lambda setting, number: "same") is None


def test_two_variables_that_each_make_a_difference_are_both_named():
    assert diagnose(reads("host", "umask")).culprits == ("host", "umask")


def test_the_time_is_named_before_the_zone_in_which_it_is_shown():
    assert diagnose(reads("timezone", "time")).culprits == ("time", "timezone")


@pytest.mark.parametrize("pair", [("folder", "tmp"), ("hash-seed", "listing"), ("time", "blas")])
def test_two_that_only_together_make_a_difference_are_named_together(pair):
    assert diagnose(together(*pair)).culprits == (" + ".join(v for v in VARIED if v in pair),)


def test_who_takes_down_the_whole_environment_is_blamed_for_that_alone():
    def stage(setting: Setting, number: int) -> object:
        shown = {"timezone", "locale", "hash-seed", "tmp", "user", "environment", DECOY}
        return sorted(shown & setting.varied)

    assert diagnose(stage).culprits == ("environment",)


@pytest.mark.parametrize(
    ("restless", "culprit"),
    [("time", "time"), ("pid", "pid"), ("random", "repetition"), ("addresses", "repetition")],
)
def test_what_is_another_each_time_is_told_apart_by_holding_it_still(restless, culprit):
    assert diagnose(draws(restless)).culprits == (culprit,)


def test_beside_chance_a_variable_is_found_all_the_same():
    def stage(setting: Setting, number: int) -> object:
        return draws("random")(setting, number), "folder" in setting.varied

    assert diagnose(stage).culprits == ("repetition", "folder")


def test_what_nothing_holds_still_is_repetition():
    found = diagnose(lambda setting, number: number)
    assert found.culprits == ("repetition",)
    assert "race" in found.detail


def test_a_stage_that_fails_once_the_clock_stands_still_is_held_without_it():
    def stage(setting: Setting, number: int) -> object:
        return "failed" if "time" in setting.held else draws("random")(setting, number)

    assert diagnose(stage).culprits == ("repetition",)


def test_a_failure_is_a_difference():
    assert diagnose(lambda setting, _: "failed" if "umask" in setting.varied else "made").culprits == (
        "umask",
    )


def race(probability: float, seed: int) -> Stage:
    """A stage that gives something else now and then, whatever is varied or held."""
    chance = random.Random(seed)
    return lambda setting, number: chance.random() < probability


def blamed_by_races(kind: type[Search]) -> int:
    """Count how many of many races are blamed on a variable."""
    found = [diagnose(race(p, seed), kind) for p in (0.1, 0.3, 0.5, 0.8) for seed in range(100)]
    return sum(bool(one) and one.culprits != ("repetition",) for one in found)


def test_a_race_is_hardly_ever_blamed_on_a_variable():
    assert blamed_by_races(Search) <= 8, "of 400"


class WithoutConfirmation(Search):
    """Believes what it saw once."""

    def _is_confirmed(self, setting: Setting) -> bool:
        return True


class BlamesTheFirst(Search):
    """Takes the first half's first variable, whatever the half did."""

    def _narrowed(self, groups, variant, held):
        return [groups[0]]


class StopsAtTheFirst(Search):
    """Halves, but takes no half that is innocent for a sign that the other is not."""

    def _narrowed(self, groups, variant, held):
        found = list(groups)
        while len(found) > 1:
            half = found[: len(found) // 2]
            found = half if self._is_other(Setting(frozenset(half), variant, held)) else half[:1]
        return found


class HoldsNothing(Search):
    """Calls everything chance that is another each time."""

    def _hold(self) -> Diagnosis:
        return Diagnosis(("repetition",))


def test_a_search_that_confirms_nothing_blames_races_on_variables():
    assert blamed_by_races(WithoutConfirmation) > 120


@pytest.mark.parametrize("kind", [BlamesTheFirst, StopsAtTheFirst])
def test_a_search_that_guesses_is_found_out(kind):
    right = [v for v in VARIED if (found := diagnose(reads(v), kind)) and found.culprits == (v,)]
    assert len(right) < len(VARIED) // 2


def test_a_search_that_holds_nothing_finds_no_clock():
    assert diagnose(draws("time"), HoldsNothing).culprits != ("time",)


def test_a_culprit_costs_few_builds():
    built: list[Setting] = []

    def stage(setting: Setting, number: int) -> object:
        built.append(setting)
        return "hash-seed" in setting.varied

    assert diagnose(stage, confirmations=3).culprits == ("hash-seed",)
    assert len(built) <= 18
