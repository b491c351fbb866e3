"""The graph in its four forms."""

from typing import NamedTuple

from pipeline import graph_view


class Node(NamedTuple):
    name: str
    base: str
    doc: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


class Graph(NamedTuple):
    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str, str], ...]
    sources: tuple[str, ...]


SMALL = Graph(
    (
        Node("clean", "clean", "Drop.", ("data/a.csv",), ("build/a.csv",)),
        Node("train@x", "train", "", ("build/a.csv",), ("build/x",)),
        Node("train@y", "train", "", ("build/a.csv",), ("build/y",)),
        Node("report", "report", "", ("build/x", "build/y", "data/a.csv"), ("build/r.html",)),
    ),
    (
        ("clean", "train@x", "build/a.csv"),
        ("clean", "train@y", "build/a.csv"),
        ("train@x", "report", "build/x"),
        ("train@y", "report", "build/y"),
        ("clean", "report", ""),
    ),
    ("data/a.csv",),
)


def test_the_listing_goes_from_sources_to_results():
    assert graph_view.as_text(SMALL, verbose=False).splitlines() == [
        "4 stages from 1 source",
        "1  clean       from data/a.csv",
        "2  train (2)   from clean",
        "3  report      from train clean data/a.csv  -> build/r.html",
    ]


def test_the_listing_has_texts_and_instances_when_asked():
    lines = graph_view.as_text(SMALL, verbose=True).splitlines()
    assert "     Drop." in lines and "     train@y" in lines


def test_a_chain_of_five_thousand_stages_is_listed():
    nodes = [Node(f"s{i}", f"s{i}", "", (), (f"o{i}",)) for i in range(5000)]
    edges = [(f"s{i}", f"s{i + 1}", f"o{i}") for i in range(4999)]
    graph = Graph(tuple(reversed(nodes)), tuple(edges), ())
    assert graph_view.rows(graph)[-1].depth == 5000


def test_an_empty_graph_is_a_line():
    assert graph_view.as_text(Graph((), (), ()), verbose=True) == "0 stages from 0 sources"


def test_dot_quotes_what_it_is_given():
    graph = Graph((Node('a"b\\', "a", 'say "x"'),), (), ())
    assert '"a\\"b\\\\" [label="a\\"b\\\\", tooltip="say \\"x\\""];' in graph_view.as_dot(graph)


def test_dot_shows_files_as_edges_and_an_order_without_a_file_dashed():
    text = graph_view.as_dot(SMALL)
    assert '"train@x" -> "report" [label="build/x"];' in text
    assert '"clean" -> "report" [style=dashed];' in text


def test_mermaid_names_are_safe_whatever_a_stage_is_called():
    graph = Graph((Node("end", "end"), Node('x"y', "x")), (("end", 'x"y', "a|b"),), ())
    assert graph_view.as_mermaid(graph).splitlines() == [
        "flowchart LR",
        '  s0["end"]',
        '  s1["x#quot;y"]',
        '  s0 -->|"a|b"| s1',
    ]


def test_the_plain_form_has_every_edge():
    assert graph_view.as_plain(SMALL)["edges"][0] == ["clean", "train@x", "build/a.csv"]
