"""The parts of a page by themselves: code, drawings and documents of stages, groups, the timeline, columns."""

import pytest

from pipeline.formats.errors import FormatError
from pipeline.formats.preview import preview
from pipeline.report import document, excerpt, groups, highlight, metrics, private, timeline, vector
from pipeline.report.markup import element, prose, text
from pipeline.report.subject import Told

SOURCE = '''"""Doc."""
import os


# Says why.
@decorated
def used():
    """What it does."""
    return 1


def unused():
    return 2


LAST = 3
'''


def told(name, needs=(), outcome="executed", seconds=1.0, started=None):
    base = name.partition("@")[0]
    return Told(name, base, "", outcome, (), seconds, started, needs, {}, {}, ())


def test_what_was_reached_is_shown_whole_with_comments_and_docstrings():
    imported = "\nimport os\n\n\n\n@decorated\ndef used():\n    (0)\n    return 1\n\n\n\n\n\n\nLAST = 3\n"
    pieces = excerpt.reached(SOURCE, imported)
    assert [(piece.first, piece.lines[0]) for piece in pieces] == [(2, "import os"), (16, "LAST = 3")]
    assert "# Says why." in pieces[0].lines
    assert '    """What it does."""' in pieces[0].lines
    assert not any("unused" in line for piece in pieces for line in piece.lines)


def test_what_is_no_python_is_shown_whole():
    assert excerpt.reached("a b c\nd", "anything")[0].lines == ("a b c", "d")


def test_each_line_has_its_own_colours():
    lines = highlight.lines('def f():\n    """a\n    <b>"""\n', "x.py")
    assert lines[0] == '<i class="k">def</i> <i class="f">f</i>():'
    assert lines[2] == '<i class="s">    &lt;b&gt;&quot;&quot;&quot;</i>'
    assert len(highlight.lines(SOURCE, "x.py")) == len(SOURCE.split("\n"))


@pytest.mark.parametrize(
    "inside",
    [
        "<script>x</script>",
        '<rect onclick="x"/>',
        '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>',
        '<image href="https://example.com/a.png"/>',
        '<use xlink:href="other.svg#x"/>',
        '<a href="javascript:x"><rect/></a>',
        '<rect style="fill: url(https://example.com/x)"/>',
        "<style>@import 'https://example.com/x.css';</style>",
        '<set attributeName="href" to="javascript:x"/>',
    ],
)
def test_a_drawing_loses_what_acts_or_fetches(inside):
    head = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    cleaned = vector.harmless(f'{head}<circle r="4"/>{inside}</svg>'.encode())
    assert b'circle r="4"' in cleaned
    for word in (b"script", b"onclick", b"foreign", b"example.com", b"other.svg", b"@import", b"<set"):
        assert word not in cleaned


def test_a_drawing_keeps_what_it_refers_to_within_itself():
    plain = (
        b'<svg xmlns="http://www.w3.org/2000/svg"><g id="a"/><use href="#a"/><g clip-path="url(#a)"/></svg>'
    )
    assert vector.harmless(plain).count(b"#a") == 2


@pytest.mark.parametrize(
    "data", [b"", b"<svg>", b"<html/>", b'<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>', b"\xff\xfe"]
)
def test_what_is_no_plain_drawing_is_not_shown(data):
    assert vector.harmless(data) is None


def test_a_document_has_no_markup_of_its_own():
    shown = document.render(
        "# A\n<b onclick=x>b</b> [l](file.html) ![i](x.png)", lambda target, label: text(f"{target} {label}")
    )
    assert shown == "<h3>A</h3>\n<p>&lt;b onclick=x&gt;b&lt;/b&gt; <span>l</span> x.png i</p>\n"


def test_what_cannot_be_seen_is_written_out():
    assert text("a\u202eb\x00") == "a\\u202eb\\u0000"
    assert (
        element("p", {"title": '"><script>'}, "<&>")
        == '<p title="&quot;&gt;&lt;script&gt;">&lt;&amp;&gt;</p>'
    )
    assert prose("stage `a<b` failed") == "stage <code>a&lt;b</code> failed"


def test_paths_of_the_machine_are_shortened():
    shown = private.mask("/srv/team/project")
    assert shown('File "/srv/team/project/work.py", line 3') == 'File "work.py", line 3'
    assert shown("/opt/py/lib/python3.12/site-packages/pandas/io.py") == "…/pandas/io.py"
    assert shown("open /home/me/.cache/thing failed, see https://example.org/a/b") == (
        "open …/thing failed, see https://example.org/a/b"
    )
    assert shown("a/b/c 1/2 and /dev/null") == "a/b/c 1/2 and /dev/null"


def test_instances_are_one_box_unless_that_leads_in_a_circle():
    plain = {
        name: told(name, needs)
        for name, needs in {"a": (), "b@1": ("a",), "b@2": ("a",), "c": ("b@1",)}.items()
    }
    found = groups.collapsed(plain)
    assert [(group.base, group.names) for group in found.groups] == [
        ("a", ("a",)),
        ("b", ("b@1", "b@2")),
        ("c", ("c",)),
    ]
    assert found.edges == ((0, 1), (1, 2))
    circle = {
        name: told(name, needs) for name, needs in {"a@1": (), "b@1": ("a@1",), "a@2": ("b@1",)}.items()
    }
    assert [group.names for group in groups.collapsed(circle).groups] == [("a@1",), ("b@1",), ("a@2",)]


def test_a_bar_takes_the_first_row_that_is_free():
    stages = {
        n: told(n, started=s, seconds=d)
        for n, s, d in (("a", 0.0, 2.0), ("b", 0.5, 1.0), ("c", 1.5, 1.0), ("d", 2.0, 1.0))
    }
    assert [(bar.stage.name, bar.row) for bar in timeline.bars(stages)] == [
        ("a", 0),
        ("b", 1),
        ("c", 1),
        ("d", 0),
    ]
    assert timeline.bars({"a": told("a")}) == []


def test_the_longest_chain_counts_what_ran():
    stages = {
        "a": told("a"),
        "b": told("b", ("a",), seconds=5.0),
        "c": told("c", ("a",), seconds=9.0, outcome="fresh"),
        "d": told("d", ("b", "c")),
    }
    assert timeline.longest_chain(stages) == (("a", "b", "d"), 7.0)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (None, 1, ""),
        (1, 1, "as before"),
        (2, 1, "−1 (−50.0%)"),
        (0, 0.5, "+0.5"),
        ("a", "b", "was a"),
        (0.1, 0.12, "+0.02 (+20.0%)"),
    ],
)
def test_a_change_is_told_with_its_share(old, new, said):
    assert metrics.change(old, new)[0] == said


def test_a_table_is_previewed_with_its_distribution_whatever_its_kind(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {"n": [1, None, 3, 3], "x": [0.5, float("nan"), 1.5, 2.5], "s": ["a", None, "c", "d" * 99]}
    )
    pq.write_table(table.slice(1), tmp_path / "t.parquet")
    with pa.OSFile(str(tmp_path / "t.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    parquet, ipc = (preview(str(tmp_path / name), name, rows=2) for name in ("t.parquet", "t.arrow"))
    assert (parquet.rows, ipc.rows) == (3, 4)
    assert [column.low for column in ipc.columns] == [1, 0.5, None]
    assert sum(ipc.columns[0].bars) == 3
    assert parquet.columns[0].missing == 1
    assert parquet.columns[0].values == (None, 3, 3)
    assert ipc.first == (("1", "0.5", "a"), ("", "nan", ""))
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(FormatError, match="cannot be read"):
        preview(str(tmp_path / "broken.parquet"), "broken.parquet")
