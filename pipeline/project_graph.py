"""`pipe graph`: the stages and what passes between them. Looks at declarations alone."""

from pathlib import Path
from typing import NamedTuple

from . import graph as graphs


class GraphNode(NamedTuple):
    name: str
    base: str
    doc: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class ProjectGraph(NamedTuple):
    nodes: tuple[GraphNode, ...]
    edges: tuple[tuple[str, str, str], ...]
    """From, to, and the artifact's path; "" for `after`."""
    sources: tuple[str, ...]
    """Inputs that no stage writes."""


def project_graph(root: Path, targets: tuple[str, ...] = ()) -> ProjectGraph:
    """Return the graph of the targets and all that they need. Raises UsageError with every problem there is."""
    from .opened import expand_targets, open_project

    opened = open_project(root)
    try:
        graph = opened.graph
        if opened.problems or graph.faults:
            from .check import check

            check(opened, ())
        needed = graphs.ancestors(graph, expand_targets(opened, targets))
        nodes, edges, sources = [], [], set()
        for name in (n for n in graph.order if n in needed):
            stage = graph.stages[name]
            declared = tuple(i.path for i in stage.inputs)
            nodes.append(
                GraphNode(name, stage.base, stage.doc, declared, tuple(o.path for o in stage.outputs))
            )
            for item in stage.inputs:
                feeding = list(graphs.feeding(item, graph.writers, graph.output_paths))
                edges += [(graph.writers[path], name, path) for path in feeding]
                if not feeding:
                    sources.add(item.path)
            edges += [(other, name, "") for other in stage.after]
        return ProjectGraph(tuple(nodes), tuple(dict.fromkeys(edges)), tuple(sorted(sources)))
    finally:
        opened.close()
