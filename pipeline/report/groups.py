"""Stages -> the nodes of the drawing: the instances of a matrix are one node. Knows no place and no colour."""

from collections.abc import Mapping
from typing import NamedTuple

from .subject import Told


class Group(NamedTuple):
    """Instances of one stage, or a stage of its own."""

    base: str
    names: tuple[str, ...]


class Nodes(NamedTuple):
    """Groups in an order in which every edge leads to a later one."""

    groups: tuple[Group, ...]
    edges: tuple[tuple[int, int], ...]


def collapsed(stages: Mapping[str, Told]) -> Nodes:
    """Make one node of all instances of a stage, unless edges would then lead round in a circle."""
    found = _nodes(stages, {name: (told.base, 0) for name, told in stages.items()})
    if found is None:
        depths: dict[str, int] = {}
        for name, told in stages.items():
            depths[name] = max((depths[p] + 1 for p in told.needs if p in depths), default=0)
        found = _nodes(stages, {name: (told.base, depths[name]) for name, told in stages.items()})
    return found if found is not None else opened(stages)


def opened(stages: Mapping[str, Told]) -> Nodes:
    """Make one node of each instance. The stages are in an order that suits their edges: it is the run's own."""
    found = _nodes(stages, {name: (name, 0) for name in stages})
    if found is not None:
        return found
    return Nodes(tuple(Group(name, (name,)) for name in stages), ())  # a record that was written by hand


def _nodes(stages: Mapping[str, Told], group_of: Mapping[str, tuple[str, int]]) -> Nodes | None:
    """Group the stages; None if the groups cannot be put in order."""
    members: dict[tuple[str, int], list[str]] = {}
    for name in stages:
        members.setdefault(group_of[name], []).append(name)
    parents = {
        group: {group_of[p] for name in names for p in stages[name].needs} - {group}
        for group, names in members.items()
    }
    order: list[tuple[str, int]] = []
    missing = {group: len(above) for group, above in parents.items()}
    below: dict[tuple[str, int], list[tuple[str, int]]] = {group: [] for group in members}
    for group, above in parents.items():
        for parent in above:
            below[parent].append(group)
    ready = [group for group in members if not missing[group]]
    for group in ready:
        order.append(group)
        for child in below[group]:
            missing[child] -= 1
            if not missing[child]:
                ready.append(child)
    if len(order) < len(members):
        return None
    number = {group: index for index, group in enumerate(order)}
    groups = tuple(
        Group(base if len(members[base, d]) > 1 else members[base, d][0], tuple(members[base, d]))
        for base, d in order
    )
    edges = sorted((number[parent], number[group]) for group in order for parent in parents[group])
    return Nodes(groups, tuple(edges))
