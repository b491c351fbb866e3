"""Which variable is to blame: bisection, and confirmation. Pure: builds are made by whoever is asked for them."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

from .variables import (
    ADDRESSES,
    AT_START,
    BY_ENVIRONMENT,
    DECOY,
    FIRST,
    PID,
    RANDOM,
    REPETITION,
    RESTLESS,
    TIME,
    Setting,
)

R = TypeVar("R")

PLAIN = Setting()


class Diagnosis(NamedTuple):
    """What makes the result another one: nothing if `culprits` is empty."""

    culprits: tuple[str, ...] = ()
    """Names of variables, the one to name first first; of those that only together make a difference `a + b`."""
    detail: str = ""
    setting: Setting = PLAIN
    """A build that shows the difference."""


class Search(Generic[R]):
    """The search for one stage.

    Args:
        build: Executes the stage in a setting.
        base: What came out as usual.
        differs: Says whether two results are different; what is equivalent is not.
        is_made: Says of a result whether the stage came to its end.
        groups: The variables that are varied.
        restless: What can be held still here.
        confirmations: How often a variable must show its effect, and its absence none, before it is blamed.
        variants: To how many values each is varied.
    """

    def __init__(
        self,
        build: Callable[[Setting], R],
        base: R,
        differs: Callable[[R, R], bool],
        is_made: Callable[[R], bool],
        *,
        groups: Sequence[str],
        restless: Collection[str],
        confirmations: int,
        variants: int,
    ) -> None:
        self._build = build
        self._base = base
        self._differs = differs
        self._is_made = is_made
        self._groups = tuple(groups)
        self._restless = tuple(one for one in RESTLESS if one in restless)
        self._confirmations = confirmations
        self._variants = variants
        self._number = 0
        self._known: dict[Setting, bool] = {}
        self._references: dict[frozenset[str], R] = {}

    def first_look(self, variant: int) -> bool:
        """Build once with everything varied; says whether the result differs."""
        return self._is_other(Setting(frozenset(self._groups), variant))

    def repeat(self) -> bool:
        """Build once more as usual; says whether the result differs."""
        return self._differs(self._base, self._build(self._plain()))

    def diagnose(self, variants: Iterable[int], *, is_restless: bool) -> Diagnosis:
        """Find the variables to blame. `variants` are those that made a difference; `is_restless`: so did nothing."""
        if not is_restless:
            found = self._blame(self._groups, variants, frozenset())
            if found is not None:
                return found
        return self._hold()

    def _blame(
        self, groups: Sequence[str], variants: Iterable[int], held: frozenset[str]
    ) -> Diagnosis | None:
        """Find all that make a difference by themselves; None if the result turns out to be another each time."""
        blamed: list[tuple[list[str], Setting]] = []
        left = list(groups)
        for variant in variants:
            while left and self._is_other(Setting(frozenset(left), variant, held)):
                found = self._narrowed(left, variant, held)
                if not self._is_confirmed(Setting(frozenset(found), variant, held)):
                    return None
                if len(found) == 1 and found[0] in BY_ENVIRONMENT:
                    found = self._unmasked(found, left, variant, held)
                left = [group for group in left if group not in found]
                if found == ["environment"]:
                    left = [group for group in left if group not in BY_ENVIRONMENT]
                blamed.append((found, Setting(frozenset(found), variant, held)))
        blamed.sort(key=lambda one: _rank(one[0]) + len(one[0]))
        names = tuple(" + ".join(found) for found, _ in blamed)
        return Diagnosis(names, setting=blamed[0][1]) if blamed else None

    def _narrowed(self, groups: Sequence[str], variant: int, held: frozenset[str]) -> list[str]:
        """Return a smallest set of variables that makes a difference, in their order.

        Zeller, Hildebrandt: Simplifying and isolating failure-inducing input (ddmin). It need not be the only one.
        """
        found, parts = list(groups), 2
        while len(found) > 1:
            size = -(-len(found) // parts)
            chunks = [found[at : at + size] for at in range(0, len(found), size)]
            rests = [[g for g in found if g not in chunk] for chunk in chunks] if len(chunks) > 2 else []
            for smaller in (*chunks, *rests):
                if self._is_other(Setting(frozenset(smaller), variant, held)):
                    parts = 2 if smaller in chunks else max(parts - 1, 2)
                    found = smaller
                    break
            else:
                if parts >= len(found):
                    break
                parts = min(2 * parts, len(found))
        return found

    def _unmasked(
        self, found: list[str], left: Sequence[str], variant: int, held: frozenset[str]
    ) -> list[str]:
        """Blame the environment as a whole where the stage takes down even what nobody can know of."""
        sees_all = "environment" in left and self._is_other(Setting(frozenset((DECOY,)), variant, held))
        return ["environment"] if sees_all else found

    def _is_confirmed(self, setting: Setting) -> bool:
        """Build with and without in turn: a race that happened to show is not to be blamed on a variable."""
        for _ in range(self._confirmations):
            without = self._plain() if not setting.held else Setting(held=setting.held)
            if self._differs(self._reference(setting.held), self._build(without)):
                return False
            if not self._differs(self._reference(setting.held), self._build(setting)):
                return False
        return True

    def _hold(self) -> Diagnosis:
        """Find the cause where each build gives something else: hold still what can be, then let go one by one."""
        chance = Diagnosis((REPETITION,), _CHANCE, self._plain())
        # A program that waits for a clock may not come to its end while that stands still.
        most = frozenset(self._restless)
        held = next((one for one in (most, most - {TIME}) if self._holds(one)), None)
        if held is None:
            return chance
        culprits, details = [], []
        for one in (one for one in self._restless if one in held):
            setting = Setting(frozenset((one,)), held=held)
            if self._is_other(setting) and self._is_confirmed(setting):
                details.append(_DETAILS[one])
                culprits.append(one if one in (TIME, PID) else REPETITION)
                if one == ADDRESSES:
                    break  # whatever else is varied moves objects about, too
        if not culprits:
            return chance
        if details == [_DETAILS[ADDRESSES]]:
            return Diagnosis((REPETITION,), details[0], self._plain())
        # Another interpreter, which these need, has its code elsewhere, and a seed may be made of where that is.
        rest = [group for group in self._groups if group not in culprits and group not in AT_START]
        more = self._blame(rest, range(self._variants), held)
        culprits += more.culprits if more else ()
        named = sorted(dict.fromkeys(culprits), key=lambda name: _rank(name.split(" + ")))
        return Diagnosis(tuple(named), "; ".join(details), self._plain())

    def _holds(self, held: frozenset[str]) -> bool:
        """Say whether everything comes out the same as long as this is held still."""
        if not held:
            return False
        reference = self._reference(held)
        if not self._is_made(reference):
            return False
        again = (self._build(Setting(held=held)) for _ in range(self._confirmations))
        return not any(self._differs(reference, one) for one in again)

    def _is_other(self, setting: Setting) -> bool:
        if setting not in self._known:
            self._known[setting] = self._differs(self._reference(setting.held), self._build(setting))
        return self._known[setting]

    def _reference(self, held: frozenset[str]) -> R:
        if not held:
            return self._base
        if held not in self._references:
            self._references[held] = self._build(Setting(held=held))
        return self._references[held]

    def _plain(self) -> Setting:
        self._number += 1
        return Setting(number=self._number)


_CHANCE = "it differs from build to build, for a reason that cannot be held still: a race, or chance"
_DETAILS = {
    TIME: "it depends on the time",
    PID: "it depends on the number of its process",
    RANDOM: "it draws random numbers from the system",
    ADDRESSES: "it depends on where objects lie in memory",
}


def _rank(names: Sequence[str]) -> int:
    """Return the place of who is named first."""
    order = (*FIRST[:2], REPETITION, *FIRST[2:])
    return min((order.index(name) for name in names if name in order), default=len(order))
