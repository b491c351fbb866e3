"""The graph of a project as text, dot, Mermaid and plain data. Prints nothing, and reads no project."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .project_graph import GraphNode, ProjectGraph

_MOST_NAMES = 6


class Row(NamedTuple):
    """One line of the listing: the instances of one stage that stand at the same depth."""

    depth: int
    """How many stages lie above it on the longest way; from 1."""
    base: str
    names: tuple[str, ...]
    parents: tuple[str, ...]
    """Declared names of the stages it reads or comes after, in their order."""
    sources: tuple[str, ...]
    ends: tuple[str, ...]
    """Outputs that no stage reads."""
    doc: str


def rows(graph: "ProjectGraph") -> list[Row]:
    """Return the listing, those above first."""
    above = _parents(graph)
    depths = _depths(graph, above)
    read = {path for _, _, path in graph.edges}
    bases = {node.name: node.base for node in graph.nodes}
    groups: dict[tuple[int, str], list[GraphNode]] = {}
    for node in graph.nodes:
        groups.setdefault((depths[node.name], node.base), []).append(node)
    order = {node.base: place for place, node in enumerate(reversed(graph.nodes))}
    found = []
    for (depth, base), nodes in sorted(groups.items(), key=lambda item: (item[0][0], -order[item[0][1]])):
        sources = set(graph.sources)
        found.append(
            Row(
                depth,
                base,
                tuple(node.name for node in nodes),
                _unique(bases[name] for node in nodes for name in above[node.name]),
                _unique(path for node in nodes for path in node.inputs if path in sources),
                _unique(path for node in nodes for path in node.outputs if path not in read),
                nodes[0].doc,
            )
        )
    return found


def as_text(graph: "ProjectGraph", *, verbose: bool) -> str:
    """Write the listing: depth, stage, what it comes from; `->` marks results that no stage reads."""
    listing = rows(graph)
    labels = [_label(row) for row in listing]
    columns = min(max((len(label) for label in labels), default=0), 40) + 3
    deepest = len(str(listing[-1].depth)) if listing else 1
    stages, sources = len(graph.nodes), len(graph.sources)
    plural = ("s" if stages != 1 else "", "s" if sources != 1 else "")
    out = [f"{stages:,} stage{plural[0]} from {sources:,} source{plural[1]}"]
    for row, label in zip(listing, labels, strict=True):
        origin = " ".join(_few([*row.parents, *row.sources], _MOST_NAMES))
        line = f"{row.depth:>{deepest}}  {label:<{columns}}" + (f"from {origin}" if origin else "")
        line += f"  -> {' '.join(_few(row.ends, 2))}" if row.ends else ""
        out.append(line.rstrip())
        if verbose and row.doc:
            out.append(" " * (deepest + 2) + f"  {row.doc}")
        if verbose and len(row.names) > 1:
            out += [" " * (deepest + 2) + f"  {name}" for name in row.names]
    return "\n".join(out)


def as_dot(graph: "ProjectGraph") -> str:
    """Write the graph in the language of Graphviz."""
    out = ["digraph pipeline {", "  rankdir=LR;", '  node [shape=box, style=rounded, fontname="sans-serif"];']
    out += [f"  {quoted(f'file:{path}')} [label={quoted(path)}, shape=note];" for path in graph.sources]
    for node in graph.nodes:
        tooltip = f", tooltip={quoted(node.doc)}" if node.doc else ""
        out.append(f"  {quoted(node.name)} [label={quoted(node.name)}{tooltip}];")
    out += [f"  {quoted(f'file:{path}')} -> {quoted(name)};" for path, name in _source_edges(graph)]
    for start, end, path in graph.edges:
        look = f"label={quoted(path)}" if path else "style=dashed"
        out.append(f"  {quoted(start)} -> {quoted(end)} [{look}];")
    return "\n".join([*out, "}"])


def as_mermaid(graph: "ProjectGraph") -> str:
    """Write the graph in the language of Mermaid, which GitHub and GitLab show in Markdown."""
    ids = {node.name: f"s{number}" for number, node in enumerate(graph.nodes)}
    files = {path: f"f{number}" for number, path in enumerate(graph.sources)}
    out = ["flowchart LR"]
    out += [f'  {files[path]}[/"{escaped(path)}"/]' for path in graph.sources]
    out += [f'  {ids[node.name]}["{escaped(node.name)}"]' for node in graph.nodes]
    out += [f"  {files[path]} --> {ids[name]}" for path, name in _source_edges(graph)]
    for start, end, path in graph.edges:
        arrow = f'-->|"{escaped(path)}"|' if path else "-.->"
        out.append(f"  {ids[start]} {arrow} {ids[end]}")
    return "\n".join(out)


def as_plain(graph: "ProjectGraph") -> dict[str, Any]:
    """Return the graph as JSON has it."""
    return {
        "nodes": [node._asdict() for node in graph.nodes],
        "edges": [list(edge) for edge in graph.edges],
        "sources": list(graph.sources),
    }


def _parents(graph: "ProjectGraph") -> Mapping[str, list[str]]:
    above: dict[str, list[str]] = {node.name: [] for node in graph.nodes}
    for start, end, _ in graph.edges:
        if start in above and end in above:
            above[end].append(start)
    return above


def _depths(graph: "ProjectGraph", above: Mapping[str, Sequence[str]]) -> dict[str, int]:
    # Nodes may come in any order, and chains may be longer than Python's stack: hence no recursion.
    depths: dict[str, int] = {}
    for node in graph.nodes:
        stack = [node.name]
        while stack:
            missing = [name for name in above[stack[-1]] if name not in depths]
            if missing:
                stack += missing
            else:
                name = stack.pop()
                depths[name] = 1 + max((depths[parent] for parent in above[name]), default=0)
    return depths


def _source_edges(graph: "ProjectGraph") -> list[tuple[str, str]]:
    sources = set(graph.sources)
    return [(path, node.name) for node in graph.nodes for path in node.inputs if path in sources]


def _label(row: Row) -> str:
    return row.base if row.names == (row.base,) else f"{row.base} ({len(row.names)})"


def _few(names: Sequence[str], most: int) -> list[str]:
    more = len(names) - most
    return [*names[:most], *([f"and {more:,} more"] if more > 0 else [])]


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def escaped(text: str) -> str:
    return text.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace("\n", " ")
