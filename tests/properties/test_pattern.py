"""Globs, against an oracle that tries every way of matching, and against the standard library on a real disk."""

import glob
import os
import tempfile
from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline import pattern

LETTERS = st.sampled_from("ab.[]!-^?*c")
GLOB_SEGMENTS = (
    st.just("**")
    | st.text(st.sampled_from("ab.*?"), min_size=1, max_size=4)
    | st.text(LETTERS, min_size=1, max_size=5)
)
GLOBS = st.lists(GLOB_SEGMENTS, min_size=1, max_size=4).map("/".join)
NAMES = st.text(st.sampled_from("abc.-]["), min_size=1, max_size=3).filter(lambda n: n not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


def oracle(segments, names):
    """Say whether names are matched, segment by segment. The last `**` needs one name at least: globs match files."""
    if not segments:
        return not names
    head, rest = segments[0], segments[1:]
    if head == "**":
        if names and not names[0].startswith(".") and oracle(segments, names[1:]):
            return True
        if rest:
            return oracle(rest, names)
        return len(names) == 1 and not names[0].startswith(".")
    return bool(names) and in_segment(head, names[0]) and oracle(rest, names[1:])


def in_segment(segment, name):
    return not (name.startswith(".") and segment[0] in "*?[") and in_text(segment, name)


def in_text(segment, name):
    if not segment:
        return not name
    if segment[0] == "*":
        return any(in_text(segment[1:], name[n:]) for n in range(len(name) + 1))
    if not name:
        return False
    if segment[0] == "[" and (end := segment.find("]", 2)) > 0:
        body = segment[1:end]
        inside = in_set(body.removeprefix("!"), name[0]) if body != "!" else in_set(body, name[0])
        return inside != (body[0] == "!" and body != "!") and in_text(segment[end + 1 :], name[1:])
    return (segment[0] == "?" or segment[0] == name[0]) and in_text(segment[1:], name[1:])


def in_set(body, char):
    index = 0
    while index < len(body):
        if index + 2 < len(body) and body[index + 1] == "-":
            if body[index] <= char <= body[index + 2]:
                return True
            index += 3
        else:
            if body[index] == char:
                return True
            index += 1
    return False


@given(GLOBS, PATHS)
def test_a_glob_matches_what_trying_every_way_matches(text, path):
    assert pattern.matches(text, path) == oracle(text.split("/"), path.split("/"))


@given(PATHS)
def test_a_path_without_wild_characters_matches_itself(path):
    if not any(c in path for c in "*?["):
        assert pattern.matches(path, path)


@given(GLOBS, PATHS)
def test_what_is_matched_lies_where_it_is_looked_for(text, path):
    if pattern.matches(text, path):
        fixed = pattern.fixed_folder(text)
        assert not fixed or path.startswith(fixed + "/")
        above = path
        while "/" in above:
            above = above.rpartition("/")[0]
            assert pattern.may_match_below(text, above)


SIMPLE = st.lists(
    st.just("**") | st.text(st.sampled_from("ab.*?"), min_size=1, max_size=3).filter(lambda s: "**" not in s),
    min_size=1,
    max_size=3,
).map("/".join)


@given(
    SIMPLE,
    st.sets(
        st.lists(st.text(st.sampled_from("ab."), min_size=1, max_size=2), min_size=1, max_size=3).map(tuple),
        max_size=8,
    ),
)
def test_a_glob_matches_the_files_that_the_standard_library_finds(text, paths):
    assume(not {".", ".."} & set(text.split("/")))  # paths are normalised before anybody matches them
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(paths):
            target = Path(folder, *path)
            if (
                any(part in (".", "..") for part in path)
                or any(p.is_file() for p in target.parents)
                or target.exists()
            ):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        files = [f.relative_to(folder).as_posix() for f in Path(folder).rglob("*") if f.is_file()]
        found = {
            p
            for p in glob.glob(text, root_dir=folder, recursive=True)
            if os.path.isfile(os.path.join(folder, p))
        }
        assert {path for path in files if pattern.matches(text, path)} == {os.path.normpath(p) for p in found}
