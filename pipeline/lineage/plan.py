"""Which recorded actions must be executed to have an artifact again, and in which order. Executes nothing."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from .index import Index, Made, Place

_Id = tuple[str, str]
"""Path and digest."""


class Plan(NamedTuple):
    """`actions` come before those that read what they make. `missing` is what nothing gives: then there is no plan."""

    actions: tuple[Made, ...]
    missing: tuple[Place, ...]


class _Step(NamedTuple):
    """Gives some places once it has others: an action, or without one the putting together of a folder."""

    made: Made | None
    needs: frozenset[_Id]
    gives: tuple[_Id, ...]


def plan(index: Index, target: Place, held: Callable[[Place], bool], *, from_scratch: bool) -> Plan:
    """Choose the actions that make `target` of what is `held`; with `from_scratch` of raw inputs alone.

    The action that makes the target itself is always among them, though the target be held.
    Works upwards from what is there, so that neither long chains nor circles of records matter. Of several actions
    that give the same bytes the one recorded last is taken, if it can be executed.
    """
    steps, grounds, missing = _reach(index, target, held, from_scratch)
    done = _order(steps, grounds)
    if _id(target) not in grounds and not any(_id(target) in step.gives for step in done):
        return Plan((), tuple(missing))
    return Plan(_needed(_id(target), done, grounds), ())


def needed_before(actions: tuple[Made, ...]) -> list[frozenset[int]]:
    """Return for each action of a plan the numbers of those that write what it reads, or a part of it."""
    writers: dict[str, list[int]] = {}
    needs: list[frozenset[int]] = []
    below: dict[str, list[int]] = {}
    for number, made in enumerate(actions):
        found: set[int] = set()
        for path in made.inputs:
            found.update(below.get(path, ()))
            for above in _above(path):
                found.update(writers.get(above, ()))
        needs.append(frozenset(found))
        for path in made.outputs:
            writers.setdefault(path, []).append(number)
            for above in _above(path):
                below.setdefault(above, []).append(number)
    return needs


def _above(path: str) -> list[str]:
    """Return a path and the folders that it lies in."""
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(len(parts), 0, -1)]


def _reach(
    index: Index, target: Place, held: Callable[[Place], bool], from_scratch: bool
) -> tuple[list[_Step], set[_Id], list[Place]]:
    """Walk down to what there is; returns the steps in between, what there is, and what nothing gives."""
    steps: dict[object, _Step] = {}
    grounds: set[_Id] = set()
    missing: list[Place] = []
    seen = {_id(target)}
    todo = [target]
    wanted = {_id(target)}
    while todo:
        place = todo.pop()
        is_wanted = from_scratch or _id(place) in wanted
        above = list(_steps_to(index, place)) if is_wanted or not held(place) else []
        if not above:
            grounds.add(_id(place)) if held(place) else missing.append(place)
        for step, needs in above:
            steps.setdefault(step.made.key if step.made else step.gives, step)
            if is_wanted and step.made is None:
                wanted |= step.needs  # a file of a folder is made by making the folder
            for other in needs:
                if _id(other) not in seen:
                    seen.add(_id(other))
                    todo.append(other)
    return list(steps.values()), grounds, missing


def _steps_to(index: Index, place: Place) -> Iterable[tuple[_Step, list[Place]]]:
    makers = index.makers(*place)
    for made in makers:
        if not made.is_raw:
            needs = list(made.inputs.items())
            gives = tuple(_id(written) for written in made.outputs.items())
            yield _Step(made, frozenset(map(_id, needs)), gives), needs
    parts = index.parts(*place) if not makers else []
    if parts:
        yield _Step(None, frozenset(map(_id, parts)), (_id(place),)), parts


def _order(steps: list[_Step], grounds: set[_Id]) -> list[_Step]:
    """Return the steps that can be taken, each after those that give what it needs."""
    waiting = [len(step.needs) for step in steps]
    users: dict[_Id, list[int]] = {}
    for number, step in enumerate(steps):
        for need in step.needs:
            users.setdefault(need, []).append(number)
    there = set(grounds)
    todo = deque(sorted(grounds))
    done = [step for step in steps if not step.needs]
    taken = 0
    while todo or taken < len(done):
        for step in done[taken:]:
            new = [given for given in step.gives if given not in there]
            there.update(new)
            todo.extend(new)
        taken = len(done)
        if todo:
            for number in users.get(todo.popleft(), ()):
                waiting[number] -= 1
                if not waiting[number]:
                    done.append(steps[number])
    return done


def _needed(target: _Id, done: list[_Step], grounds: set[_Id]) -> tuple[Made, ...]:
    """Return the actions that the target really needs, in order."""
    givers: dict[_Id, list[int]] = {}
    for number, step in enumerate(done):
        for given in step.gives:
            givers.setdefault(given, []).append(number)
    chosen: dict[_Id, int] = {}
    todo = [(target, len(done))]
    while todo:
        name, limit = todo.pop()
        if name in grounds or chosen.get(name, limit) < limit:
            continue
        # One that came before: so nobody waits for himself.
        chosen[name] = max((n for n in givers[name] if n < limit), key=lambda n: _recorded(done[n]))
        todo += [(need, chosen[name]) for need in done[chosen[name]].needs]
    actions = (done[number].made for number in sorted(set(chosen.values())))
    return tuple(made for made in actions if made is not None)


def _recorded(step: _Step) -> str:
    return step.made.recorded if step.made is not None else ""


def _id(place: Place) -> _Id:
    return place[0], place[1].digest
