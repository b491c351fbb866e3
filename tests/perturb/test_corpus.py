"""`pipe verify --perturb` over the corpus: each kind found, its culprit and its line named, nobody else reported."""

import re

import pytest

from tests.perturb import table

PAGE = "docs/reproducibility.md"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The quick kinds, and all that are the same each time, tried with the installed command."""
    quick = [kind.stage for kind in table.kinds() if kind.is_quick]
    assert len(quick) >= 24
    return table.tried(tmp_path_factory.mktemp("perturb") / "corpus", quick, table.same())


@pytest.fixture(scope="module")
def page(request):
    """The rows of the table, by what differs."""
    text = (request.config.rootpath / PAGE).read_text(encoding="utf-8")
    lines = text.partition(f"| {' | '.join(table.COLUMNS)} |\n")[2].splitlines()
    rows = [re.split(r" (?<!\\)\| ", line.strip("| ")) for line in lines[1 : len(table.kinds()) + 1]]
    return {row[0]: row[1:] for row in rows}


def quick():
    return [pytest.param(kind, id=kind.stage) for kind in table.kinds() if kind.is_quick]


@pytest.mark.slow
@pytest.mark.parametrize("kind", quick())
def test_a_kind_is_found_with_its_culprit_and_its_line(kind, found):
    if found[kind.stage].cannot.issuperset(kind.culprits):
        pytest.skip(f"this machine cannot vary {', '.join(kind.culprits)}")
    assert found[kind.stage].perturb
    assert found[kind.stage].culprit in kind.culprits
    assert found[kind.stage].accused, "nobody is accused"
    assert found[kind.stage].accused[:2] in table.marked()


@pytest.mark.slow
def test_nothing_is_reported_that_is_the_same_each_time(found):
    assert len(table.same()) >= 22
    assert [name for name in table.same() if found[name].perturb or found[name].culprit] == []


@pytest.mark.slow
def test_two_builds_find_what_the_page_says_that_they_find(page, found):
    missed = [
        kind.stage
        for kind in table.kinds()
        if kind.is_quick and "--twice" in page[kind.text][0] and not found[kind.stage].twice
    ]
    assert not missed


def test_the_page_has_all_kinds_with_their_culprits(page):
    assert list(page) == [kind.text for kind in table.kinds()]
    named = {kind.text: page[kind.text][1].strip("*") for kind in table.kinds()}
    wrong = {kind.text for kind in table.kinds() if named[kind.text] not in kind.culprits}
    assert wrong == {text for text, row in page.items() if row[1].startswith("**")}
    assert len(wrong) <= len(page) - 16


def test_the_page_shows_lines_that_the_corpus_has(page):
    lines = {
        line
        for path in table.CORPUS.rglob("*")
        if path.suffix in (".py", ".sh", ".yaml")
        for line in (text.removesuffix("# accused").strip() for text in path.read_text().splitlines())
    }
    shown = [row[2].strip("*").strip("`").strip().replace("\\|", "|") for row in page.values()]
    assert [line for line in shown if line not in lines] == []


def test_what_is_not_as_it_should_be_stands_in_bold():
    kind = table.Kind("dates", "`date`", ("time",), is_quick=False)
    place = ("pipeline.yaml", 3, "date > ${outputs.out}  # accused")
    right = table.Found(True, True, "time", place, frozenset())
    assert table.row(kind, right, {place[:2]}) == (
        "`date`",
        "`--twice`, `--perturb`",
        "time",
        "`date > ${outputs.out}`",
    )
    wrong = right._replace(twice=False, perturb=False, culprit="host")
    assert table.row(kind, wrong, set()) == (
        "`date`",
        "**nobody**",
        "**host**",
        "**`date > ${outputs.out}`**",
    )


def test_the_page_has_the_figures(page, request):
    text = (request.config.rootpath / PAGE).read_text(encoding="utf-8")
    right = sum(not row[1].startswith("**") for row in page.values())
    accused = sum(not row[2].startswith("**") for row in page.values())
    found = sum("nobody" not in row[0] for row in page.values())
    assert f"**{found} are found, {right} times the right variable is named, and {accused} times" in text
    assert f"of {len(page)} stages whose results differ" in text
    assert f"of {len(table.same())} whose results never do" in text
    assert f"Of the {len(table.same())}, none is reported" in text


def test_each_kind_has_a_line_to_be_accused():
    every = table.kinds()
    assert len(every) >= 24 and len({kind.text for kind in every}) == len(every)
    assert len(table.marked()) >= len(every)
