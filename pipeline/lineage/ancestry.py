"""What an artifact was made from, or what was made from it, as a graph. Knows records, no files."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..evidence import Graded
from ..store import Store
from .index import Index, Made, Place

if TYPE_CHECKING:
    import networkx


class Node(NamedTuple):
    """An artifact at its path, or an action. What does not apply is None."""

    id: str
    kind: str
    label: str
    path: str | None = None
    digest: str | None = None
    size_bytes: int | None = None
    key: str | None = None
    stage: str | None = None


class Ancestry(NamedTuple):
    """`nodes` come in the order in which data flows; so do the two ends of each edge."""

    target: Place
    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    made: Mapping[str, Made]
    """The trace behind each action, by key: of several the last recorded one."""
    params: Mapping[str, Mapping[str, Any]]
    """The parameters of each action, by key."""
    grades: Mapping[str, Graded] = {}
    """How well it is known that each action gives what it gave, by key."""

    def grades_of(self, node: "Node") -> list[Graded]:
        """Return the grade of an action, or of an artifact those of what made it; none if nothing did."""
        if node.kind == "action":
            return [self.grades[str(node.key)]]
        keys = {other.id: str(other.key) for other in self.nodes if other.kind == "action"}
        return [self.grades[keys[start]] for start, end in self.edges if end == node.id and start in keys]


def ancestry(index: Index, target: Place, store: Store, *, down: bool = False) -> Ancestry:
    """Follow the records from an artifact to all that it comes from; with `down` to all that came from it."""
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    made: dict[str, Made] = {}
    todo = [target]
    seen = {_id(target)}
    _add(graph, target)
    while todo:
        place = todo.pop()
        found = _used_by(graph, index, place, made) if down else _made_by(graph, index, place, made)
        for other in found:
            if _id(other) not in seen:
                seen.add(_id(other))
                todo.append(other)
    # An action may write a file that an action before it read, so there may be circles: they come last.
    order = {name: place for place, name in enumerate(_flow(graph))}
    nodes = tuple(graph.nodes[name]["node"] for name in sorted(graph, key=order.__getitem__))
    edges = tuple(sorted(graph.edges, key=lambda edge: (order[edge[0]], order[edge[1]])))
    params = {key: action.recipe["params"] for key in made if (action := store.records.action(key))}
    grades = {key: store.records.grade(key, one.outputs.items()) for key, one in made.items()}
    return Ancestry(target, nodes, edges, made, params, grades)


def _made_by(
    graph: "networkx.DiGraph[str]", index: Index, place: Place, made: dict[str, Made]
) -> list[Place]:
    """Add what made an artifact, and give what that read."""
    makers = index.makers(*place)
    found: list[Place] = []
    for maker in makers:
        graph.add_edge(_add_action(graph, maker, made), _id(place))
        for read in maker.inputs.items():
            graph.add_edge(_add(graph, read), _action_id(maker))
            found.append(read)
    for part in index.parts(*place) if not makers else ():
        graph.add_edge(_add(graph, part), _id(place))
        found.append(part)
    return found


def _used_by(
    graph: "networkx.DiGraph[str]", index: Index, place: Place, made: dict[str, Made]
) -> list[Place]:
    """Add what used an artifact, and give what that made."""
    found: list[Place] = []
    for user in index.users(*place):
        graph.add_edge(_id(place), _add_action(graph, user, made))
        for written in user.outputs.items():
            graph.add_edge(_action_id(user), _add(graph, written))
            found.append(written)
    for whole in index.wholes(*place):
        graph.add_edge(_id(place), _add(graph, whole))
        found.append(whole)
    return found


def _add_action(graph: "networkx.DiGraph[str]", maker: Made, made: dict[str, Made]) -> str:
    made.setdefault(maker.key, maker)
    node = Node(_action_id(maker), "action", maker.stage, key=maker.key, stage=maker.stage)
    graph.add_node(node.id, node=node)
    return node.id


def _add(graph: "networkx.DiGraph[str]", place: Place) -> str:
    path, artifact = place
    name = _id(place)
    # An action names what it read without the size: what made it knows.
    if name not in graph or graph.nodes[name]["node"].size_bytes is None:
        size = artifact.size_bytes or None
        graph.add_node(name, node=Node(name, "artifact", path, path, artifact.digest, size))
    return name


def _id(place: Place) -> str:
    path, artifact = place
    return f"{artifact.digest}:{path}"


def _action_id(made: Made) -> str:
    return f"action:{made.key}"


def _flow(graph: "networkx.DiGraph[str]") -> list[str]:
    import networkx

    whole = networkx.condensation(graph)
    order = networkx.lexicographical_topological_sort(
        whole, key=lambda number: min(whole.nodes[number]["members"])
    )
    return [name for number in order for name in sorted(whole.nodes[number]["members"])]
