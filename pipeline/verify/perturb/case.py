"""One stage whose hidden variables are varied: what is varied, what came out, how that is judged. Finds no culprit."""

from collections.abc import Mapping

from ...model import Output, Produced, Stage, StageResult
from .. import bytes as stored
from .. import judge
from ..build import Built
from ..judge import Side
from ..result import Perturbation, StageFound
from .attempts import Attempts, Outcome
from .machine import Machine
from .search import Diagnosis, Search
from .variables import FOLLOWED, PID, RESTLESS, VARIANTS, VARIED, Setting, left_out, limits

_SLOW_SECONDS = 60.0


class _TooLongError(Exception):
    """A build took too long, which may be because it was followed."""


class Case:
    """One stage: what is varied for it, what came out, and how results of it are compared."""

    def __init__(self, attempts: Attempts, built: Built, machine: Machine, name: str) -> None:
        self.name = name
        self._attempts = attempts
        self._built = built
        self._all_outputs = attempts.stages[name].outputs
        self._stage = _own(attempts.stages[name])
        self._machine = machine
        self._left_out = left_out(self._stage, machine)
        self._groups = [group for group in VARIED if group not in self._left_out]
        self._base = Outcome(built.results[name].outputs)
        self.seconds = built.results[name].wall_seconds
        self._has_tolerance = any(isinstance(output.compare, Mapping) for output in self._stage.outputs)
        restless = set(RESTLESS) if machine.can_hold else set()
        if PID in self._left_out:
            restless.discard(PID)
        self._restless = restless
        self._variants = VARIANTS if self.seconds < _SLOW_SECONDS else 2
        self._search = self._new_search()
        self._is_restless = False
        self._has_other_bytes = False
        self._affected_by: list[int] = []

    @property
    def is_other(self) -> bool:
        """Some build gave something else."""
        return self._is_restless or bool(self._affected_by)

    def look(self, number: int) -> None:
        """Build it once: 0 as usual, else with everything varied."""
        if number == 0:
            self._is_restless = self._search.repeat()
        elif not self.is_other and number <= self._variants:
            try:
                is_other = self._search.first_look(number - 1)
            except _TooLongError:
                why = "the stage takes too long while it is followed"
                self._left_out |= dict.fromkeys(FOLLOWED.intersection(self._groups), why)
                self._groups = [group for group in self._groups if group not in FOLLOWED]
                self._search = self._new_search()
                is_other = self._search.first_look(number - 1)
            if is_other:
                self._affected_by.append(number - 1)

    def diagnose(self) -> Diagnosis:
        return self._search.diagnose(self._affected_by, is_restless=self._is_restless)

    def judged(self, found: StageFound, diagnosis: Diagnosis | None) -> StageFound:
        """Add what came of it to what was found of the stage before."""
        about = Perturbation(
            perturbed=tuple(self._groups),
            not_perturbed=self._left_out,
            limits={n: text for n, text in limits(self._stage, self._machine).items() if n in self._groups},
            is_same=not self._has_other_bytes and len(self._stage.outputs) == len(self._all_outputs),
            builds=self._attempts.builds[self.name],
        )
        if diagnosis is None or not diagnosis.culprits:
            return found._replace(perturbation=about)
        about = about._replace(culprits=diagnosis.culprits, detail=diagnosis.detail)
        found = found._replace(perturbation=about, culprit=diagnosis.culprits[0])
        if found.verdict == "different":
            return found
        return self._shown(found, diagnosis)

    def _shown(self, found: StageFound, diagnosis: Diagnosis) -> StageFound:
        """Build it once more to show the difference."""
        for _ in range(5):
            outcome = self._attempts.build(self.name, diagnosis.setting, keeps=True)
            if not self._differ(self._base, outcome):
                continue  # it does not differ each time
            if not outcome.is_made:
                return found._replace(verdict="different", error=f"it fails then: {outcome.failure}")
            judged = self._judge(self._base, outcome)
            return found._replace(verdict="different", outputs=judged.outputs)
        return found._replace(verdict="different")

    def _new_search(self) -> Search[Outcome]:
        return Search(
            self._build,
            self._base,
            self._differ,
            lambda outcome: outcome.is_made,
            groups=self._groups,
            restless=self._restless,
            confirmations=3 if self.seconds < _SLOW_SECONDS else 2,
            variants=self._variants,
        )

    def _build(self, setting: Setting) -> Outcome:
        outcome = self._attempts.build(self.name, setting, keeps=self._has_tolerance)
        is_first_look = setting.varied == frozenset(self._groups) and not setting.held
        if outcome.is_late and is_first_look and FOLLOWED & setting.varied:
            raise _TooLongError
        return outcome

    def _differ(self, one: Outcome, other: Outcome) -> bool:
        if one.is_made != other.is_made:
            return True
        if not one.is_made or self._are_same(one.outputs, other.outputs):
            return False
        self._has_other_bytes = True
        return not self._has_tolerance or self._judge(one, other).verdict == "different"

    def _are_same(self, one: Mapping[str, Produced], other: Mapping[str, Produced]) -> bool:
        return all(one[o.name].artifact[:2] == other[o.name].artifact[:2] for o in self._stage.outputs)

    def _judge(self, one: Outcome, other: Outcome) -> StageFound:
        result = StageResult(self.name, "executed", outputs=other.outputs, wall_seconds=self.seconds)
        return judge.stage(self._stage, result, self._side(one), self._side(other))

    def _side(self, outcome: Outcome) -> Side:
        return Side(outcome.outputs, lambda produced: stored.find(self._built.opened, produced))


def _own(stage: Stage) -> Stage:
    """Return a stage with those outputs alone that are compared here: others are for their readers to judge."""
    outputs: tuple[Output, ...] = tuple(output for output in stage.outputs if output.compare != "consumers")
    return stage._replace(outputs=outputs)
