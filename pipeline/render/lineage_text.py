"""The history of an artifact as text, dot, Mermaid and plain data. Reads no record."""

from typing import Any

from ..graph_view import escaped, quoted
from ..lineage import Ancestry, Node
from . import grades
from .words import count, duration, printable, size, some

_SHORT = 12
_MOST_NAMES = 4
_LONGEST_VALUE = 60


def as_text(found: Ancestry, *, verbose: bool) -> str:
    """Write one block for each action, those nearest to the target first, then what no action made."""
    path, artifact = found.target
    nodes = {node.id: node for node in found.nodes}
    made = {end for _, end in found.edges}
    actions = [node for node in found.nodes if node.kind == "action"]
    sources = [node for node in found.nodes if node.kind == "artifact" and node.id not in made]
    out = [f"{printable(path)}  {artifact.digest if verbose else artifact.digest[:_SHORT]}"]
    if not actions:
        out.append(
            "no recorded action made it, and none read it" if sources else "no recorded action read it"
        )
    else:
        spent = sum(found.made[str(node.key)].wall_seconds for node in actions)
        out.append(
            f"{count(len(actions), 'action')} from {count(len(sources), 'source')}; {duration(spent)} in all"
        )
    columns = max((len(node.label) for node in actions), default=0)
    for node in reversed(actions):
        read = [nodes[start].label for start, end in found.edges if end == node.id]
        wrote = [nodes[end].label for start, end in found.edges if start == node.id]
        lines = _action(found, node, read, wrote, verbose=verbose)
        out.append(f"{printable(node.label):<{columns}}  {lines[0]}")
        out += [f"{'':<{columns}}  {line}" for line in lines[1:]]
    if actions and sources:
        out.append("sources")
        out += [f"  {_artifact(node, verbose)}" for node in sources]
    return "\n".join(out)


def as_dot(found: Ancestry) -> str:
    """Write the graph for Graphviz."""
    out = ["digraph lineage {", "  rankdir=LR;"]
    for node in found.nodes:
        shape = "box" if node.kind == "action" else "note"
        out.append(f"  {quoted(node.id)} [label={quoted(_label(node))}, shape={shape}];")
    out += [f"  {quoted(start)} -> {quoted(end)};" for start, end in found.edges]
    return "\n".join([*out, "}"])


def as_mermaid(found: Ancestry) -> str:
    """Write the graph for Markdown pages."""
    ids = {node.id: f"n{place}" for place, node in enumerate(found.nodes)}
    out = ["flowchart LR"]
    for node in found.nodes:
        text = escaped(_label(node))
        out.append(
            f'  {ids[node.id]}["{text}"]' if node.kind == "action" else f'  {ids[node.id]}(["{text}"])'
        )
    out += [f"  {ids[start]} --> {ids[end]}" for start, end in found.edges]
    return "\n".join(out)


def as_plain(found: Ancestry) -> dict[str, Any]:
    """Return the history as JSON has it."""
    return {
        "target": found.target[1].digest,
        "nodes": [_plain(node, found) for node in found.nodes],
        "edges": [list(edge) for edge in found.edges],
    }


def _plain(node: Node, found: Ancestry) -> dict[str, Any]:
    plain = node._asdict()
    if node.kind == "action":
        made = found.made[str(node.key)]
        plain |= {"recorded": made.recorded, "wall_seconds": made.wall_seconds}
        plain["params"] = dict(found.params.get(str(node.key), {}))
    graded = found.grades_of(node)
    plain["grade"] = graded[0].grade if graded else None
    plain["differs_with"] = sorted({name for one in graded for name in one.differs_with})
    return plain


def _action(found: Ancestry, node: Node, read: list[str], wrote: list[str], *, verbose: bool) -> list[str]:
    made = found.made[str(node.key)]
    when = made.recorded.replace("T", " ").replace("Z", "")[:16]
    most = len(read) + len(wrote) if verbose else _MOST_NAMES
    way = f"{printable(some(read, most)) or 'nothing'} -> {printable(some(wrote, most))}"
    out = [f"{when}  {duration(made.wall_seconds):<8} {way}"]
    if made.is_raw:
        out.append("its outputs are kept like sources: nothing makes them again")
    out.append(grades.text_of(found.grades[str(node.key)]))
    for name, value in found.params.get(str(node.key), {}).items():
        text = value if isinstance(value, str) else repr(value)
        short = text if len(text) <= _LONGEST_VALUE or verbose else text[:_LONGEST_VALUE] + "..."
        out.append(f"{printable(name)}: {printable(short)}")
    return [*out, f"key {node.key}"] if verbose else out


def _artifact(node: Node, verbose: bool) -> str:
    name = str(node.digest)
    known = f"  {size(node.size_bytes)}" if node.size_bytes else ""
    return f"{printable(node.label)}  {name if verbose else name[:_SHORT]}{known}"


def _label(node: Node) -> str:
    return node.label if node.kind == "action" else f"{node.label}\n{str(node.digest)[:_SHORT]}"
