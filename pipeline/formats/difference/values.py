"""Differences of two values that are made of others, with the path of each. Opens no file and knows no format."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .numbers import Numbers
from .result import CELLS, Difference, Tolerance, both, bounded, count, cut, shown

_MOST_CHANGES = 100
_MOST_REPEATED = 200_000
"""So many items are looked at in search of another order."""


class Pairs(list[tuple[Any, Any]]):
    """A mapping as its pairs, in order and with repetitions: a reader sees both. No key is ever hashed."""


class Unordered(list[Any]):
    """The items of a set, in the order of the file."""


class Thing:
    """An object of some class, as what it was made of. Those that come after one another may hold each other."""

    name = ""

    def parts(self) -> list[tuple[str, Any]]:
        """Return labels as they stand in a path, each once, and values."""
        raise NotImplementedError


class Block:
    """A piece of memory that is compared as a whole: an array, or many bytes."""

    shown = ""

    def compare(self, other: Any, numbers: Numbers, path: str) -> tuple[int, str]:
        """Compare it with another one, numbers with `numbers`. Returns how much else differs, and the first of it."""
        raise NotImplementedError


class Change(NamedTuple):
    """One difference: the path, and what is said of it. Old and new are None where there is nothing."""

    path: str
    old: str | None
    new: str | None
    note: str = ""
    is_number: bool = False
    values: int = 1
    """How many values it stands for: of an array the first is told."""

    def text(self) -> str:
        if self.old is None or self.new is None:
            if self.note:
                return f"{self.path}{'' if self.note.startswith(('[', '.')) else ': '}{self.note}"
            return (
                f"{self.path} is gone: {self.old}" if self.new is None else f"{self.path} is new: {self.new}"
            )
        return f"{self.path}: {self.old} -> {self.new}{self.note}"


class _Enough(Exception):
    """More values were looked at than is sensible after the first difference."""


class Walk:
    """Compares values, and remembers what differs. Usable for several pairs of values in turn."""

    def __init__(self, tolerance: Tolerance | None, *, root: str = "$", is_shared: bool = False) -> None:
        """With `is_shared` a value may stand in many places: then no two are compared but step by step."""
        self._is_shared = is_shared
        self.numbers = Numbers(tolerance)
        self.changes: list[Change] = []
        self.differing = 0
        """All that differs, numbers included."""
        self.others = 0
        """What differs and is no number."""
        self.spelled: list[Change] = []
        """Numbers that are equal and of another type, as 1 and 1.0."""
        self.compared = 0
        self.is_cut = False
        self._tolerance = tolerance
        self._root = root
        self._path: list[Any] = []
        self._seen: set[tuple[int, int]] = set()
        self._repeated = 0
        self._left = CELLS // 10

    def take(self, expected: Any, actual: Any, *, root: str | None = None) -> None:
        """Compare two values; whatever differs is added to what is known."""
        self._root = root if root is not None else self._root
        self._path.clear()
        self._seen.clear()  # values are known by their identity, which the next ones may have again
        if self.is_cut:
            return
        try:
            self._values(expected, actual)
        except _Enough:
            self.is_cut = True

    def difference(self, kind: str) -> Difference | None:
        """Return what was found; None if nothing differs."""
        if not self.differing and not self.spelled:
            return None
        if not self.differing:
            within = self._tolerance is not None
            text = f"the same values; {self.spelled[0].text()}"
            text += f" and {len(self.spelled) - 1:,} more of another type" if len(self.spelled) > 1 else ""
            facts = {"kind": kind, "differing": 0, "changes": [self._plain(each) for each in self.spelled]}
            return Difference(within, text, (), facts)
        within = not self.others and not self.is_cut and self.numbers.are_within
        return Difference(within, self._text(), self._lines(), self._facts(kind))

    def add(self, old: str | None, new: str | None, note: str = "", *, path: str | None = None) -> None:
        """Note one difference that is none of numbers."""
        self.others += 1
        self._note(Change(self.path() if path is None else path, old, new, note))

    def path(self) -> str:
        """Write where it stands, as in `$.a[3].b`."""
        return self._root + "".join(_step(each) for each in self._path)

    def _text(self) -> str:
        if self._tolerance is not None and not self.others:
            assert self.numbers.worst is not None, "numbers differ"
            head = self.numbers.worst.text()
        else:
            # With a tolerance, what is no number decides, wherever it stands.
            decisive = (change for change in self.changes if self._tolerance and not change.is_number)
            head = next(decisive, self.changes[0]).text()
        if self.differing == 1:
            return head
        where = "in what was compared, " if self.is_cut else ""
        deviation = self.numbers.deviation() if self.numbers.differing else ""
        return f"{head}; {where}{self.differing:,} values differ" + (
            f", numbers by up to {deviation}" if deviation else ""
        )

    def _lines(self) -> tuple[str, ...]:
        if self.differing == 1:
            return ()
        lines = [change.text() for change in self.changes]
        told = sum(change.values for change in self.changes)
        if self.differing > told:
            lines.append(f"… and {count(self.differing - told, 'difference')} more")
        return bounded(lines)

    def _facts(self, kind: str) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "kind": kind,
            "differing": self.differing,
            "changes": [self._plain(change) for change in self.changes],
        }
        if self.numbers.differing:
            facts["numbers"] = self.numbers.facts()
        if self.is_cut:
            facts["complete"] = False
        return facts

    def _plain(self, change: Change) -> dict[str, Any]:
        plain = {"path": change.path, "old": change.old, "new": change.new}
        return {**plain, "note": change.note.strip()} if change.note else plain

    def _note(self, change: Change) -> None:
        self.differing += change.values
        if len(self.changes) < _MOST_CHANGES:
            self.changes.append(change)

    def _values(self, expected: Any, actual: Any) -> None:
        self.compared += 1
        if self.differing:
            self._left -= 1
            if self._left < 0 and self._tolerance is None:
                raise _Enough
        kind = _kind(expected)
        if _is_number(expected) and _is_number(actual):
            self._take_numbers(expected, actual)
        elif kind is not _kind(actual):
            self.add(_shown(expected), _shown(actual))
        elif kind in _CONTAINERS:
            if (id(expected), id(actual)) not in self._seen:
                # What is referred to from several places is compared once: else a small file costs hours.
                self._seen.add((id(expected), id(actual)))
                _CONTAINERS[kind](self, expected, actual)
        elif expected != actual:
            self.add(*both(expected, actual))

    def _take_numbers(self, expected: Any, actual: Any) -> None:
        if self.numbers.take(expected, actual, self.path):
            pair = self.numbers.latest
            assert pair is not None, "it was just taken"
            self._note(Change(pair.where, pair.expected, pair.actual, pair.apart(), True))
        elif type(expected) is not type(actual) and len(self.spelled) < _MOST_CHANGES:
            self.spelled.append(Change(self.path(), shown(expected), shown(actual)))

    def _inside(self, step: Any, expected: Any, actual: Any) -> None:
        self._path.append(step)
        self._values(expected, actual)
        self._path.pop()

    def _only(self, step: Any, value: Any, *, is_new: bool) -> None:
        self._path.append(step)
        self.add(None if is_new else _shown(value), _shown(value) if is_new else None)
        self._path.pop()

    def _pairs(self, expected: Pairs, actual: Pairs) -> None:
        keys = [[key if isinstance(key, str) else None for key, _ in side] for side in (expected, actual)]
        if keys[0] == keys[1] and None not in keys[0]:
            for (key, one), (_, other) in zip(expected, actual, strict=True):
                self._inside(key, one, other)
            return
        one, other = (_by_key(side) for side in (expected, actual))
        for key, value in one.items():
            if key in other:
                self._inside(value[0], value[1], other[key][1])
            else:
                self._only(value[0], value[1], is_new=False)
        for key, value in other.items():
            if key not in one:
                self._only(value[0], value[1], is_new=True)
        if [key for key in one if key in other] != [key for key in other if key in one]:
            self.add(None, None, "its keys come in another order")

    def _list(self, expected: Sequence[Any], actual: Sequence[Any]) -> None:
        if self._is_other_order(expected, actual):
            self.add(None, None, f"the same {count(len(expected), 'item')} in another order")
            return
        if len(expected) == len(actual):
            for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
                self._inside(index, one, other)
            return
        start, end = self._around(expected, actual)
        middle = min(len(expected), len(actual)) - start - end
        for index in range(start + middle):
            self._inside(index, expected[index], actual[index])
        for index in range(start + middle, len(expected) - end):
            self._only(index, expected[index], is_new=False)
        for index in range(start + middle, len(actual) - end):
            self._only(index, actual[index], is_new=True)
        for back in range(end, 0, -1):
            self._inside(len(expected) - back, expected[-back], actual[-back])

    def _set(self, expected: Unordered, actual: Unordered) -> None:
        if not all(_is_plain(item) for item in (*expected, *actual)):
            self._list(expected, actual)
            return
        one, other = ([repr(item) for item in side] for side in (expected, actual))
        if sorted(one) == sorted(other):
            if one != other:
                self.add(None, None, f"the same {count(len(one), 'item')} of a set in another order")
            return
        there, here = set(one), set(other)
        for text in one:
            if text not in here:
                self.add(cut(text), None, path=f"{self.path()}{{…}}")
        for text in other:
            if text not in there:
                self.add(None, cut(text), path=f"{self.path()}{{…}}")

    def _is_other_order(self, expected: Sequence[Any], actual: Sequence[Any]) -> bool:
        """Say whether two lists hold the same, in another order. Asked where the beginning differs already."""
        if len(expected) != len(actual) or len(expected) < 2:
            return False
        self._repeated += len(expected)
        if self._repeated > _MOST_REPEATED or not all(_is_plain(item) for item in (*expected, *actual)):
            return False
        if expected == actual:
            return False
        return sorted(map(repr, expected)) == sorted(map(repr, actual))

    def _around(self, expected: Sequence[Any], actual: Sequence[Any]) -> tuple[int, int]:
        """Return how many items at the beginning and at the end of two lists are equal."""

        def are_equal(one: Any, other: Any) -> bool:
            return (not self._is_shared or isinstance(one, _PLAIN)) and bool(one == other)

        most = min(len(expected), len(actual))
        start = end = 0
        while start < most and are_equal(expected[start], actual[start]):
            start += 1
        while end < most - start and are_equal(expected[-1 - end], actual[-1 - end]):
            end += 1
        return start, end

    def _thing(self, expected: Thing, actual: Thing) -> None:
        if expected.name != actual.name:
            self.add(expected.name, actual.name)
            return
        one, other = dict(expected.parts()), dict(actual.parts())
        for label, value in one.items():
            if label in other:
                self._inside(_Label(label), value, other[label])
            else:
                self._only(_Label(label), value, is_new=False)
        for label, value in other.items():
            if label not in one:
                self._only(_Label(label), value, is_new=True)

    def _block(self, expected: Block, actual: Block) -> None:
        before = self.numbers.differing
        others, first = expected.compare(actual, self.numbers, self.path())
        numbers = self.numbers.differing - before
        if numbers:
            pair = self.numbers.latest
            assert pair is not None, "numbers of the array differ"
            more = f"; {numbers:,} numbers of {expected.shown} differ" if numbers > 1 else ""
            self._note(Change(pair.where, pair.expected, pair.actual, pair.apart() + more, True, numbers))
        if others:
            self.others += others
            self._note(Change(self.path(), None, None, first, False, others))


class _Label(str):
    """A part of a path that stands there as it is."""

    __slots__ = ()


class _Key(NamedTuple):
    """A key that is no text."""

    value: Any


_CONTAINERS: dict[type, Callable[[Walk, Any, Any], None]] = {
    Pairs: Walk._pairs,
    list: Walk._list,
    tuple: Walk._list,
    Unordered: Walk._set,
    Thing: Walk._thing,
    Block: Walk._block,
}
_PLAIN = (str, int, float, bytes, bool, type(None))


def _step(step: Any) -> str:
    if isinstance(step, _Label):
        return str(step)
    if isinstance(step, int):
        return f"[{step}]"
    if isinstance(step, str):
        return f".{step}" if step.isidentifier() else f"[{cut(repr(step))}]"
    return f"[{_shown(step.value)}]"


def _kind(value: Any) -> type:
    kind = type(value)
    return kind if kind in _CONTAINERS else next((base for base in kind.__mro__ if base in _CONTAINERS), kind)


def _is_plain(value: Any) -> bool:
    return isinstance(value, _PLAIN) or (
        type(value) is tuple and all(isinstance(item, _PLAIN) for item in value)
    )


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _by_key(pairs: Pairs) -> dict[tuple[str, int], tuple[Any, Any]]:
    """Return the pairs by the text of the key, and the number of its repetition."""
    found: dict[tuple[str, int], tuple[Any, Any]] = {}
    seen: dict[str, int] = {}
    for key, value in pairs:
        text = key if isinstance(key, str) else f"\0{_shown(key)}"
        number = seen.get(text, 0)
        seen[text] = number + 1
        found[text, number] = (key if isinstance(key, str) else _Key(key), value)
    return found


def _shown(value: Any) -> str:
    if isinstance(value, Pairs):
        return f"a mapping of {len(value):,}"
    if isinstance(value, Thing):
        return f"{value.name}(…)"
    if isinstance(value, Block):
        return value.shown
    if isinstance(value, Unordered):
        return f"a set of {len(value):,}"
    if isinstance(value, list | tuple) and (
        len(value) > 8 or not all(isinstance(item, _PLAIN) for item in value)
    ):
        return f"a list of {len(value):,}"
    return shown(value)
