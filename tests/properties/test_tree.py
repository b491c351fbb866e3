"""Manifests of folders: one text for each folder, and none that leads out of it."""

import json
import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline import digest, tree
from pipeline.tree import Entry, Leaf

NAMES = st.text(min_size=1, max_size=6).filter(
    lambda n: "/" not in n and "\0" not in n and n not in (".", "..")
)
HEX = st.binary(max_size=3).map(digest.of_bytes)


@st.composite
def folders(draw):
    """Return nested dicts: a name leads to a folder, or to kind and content."""
    leaf = st.tuples(st.sampled_from(["file", "exec"]), HEX, st.integers(0, 9)) | st.tuples(
        st.just("link"), st.sampled_from(["a", "b/c", "../x"]), st.just(0)
    )
    return draw(
        st.dictionaries(
            NAMES,
            st.recursive(leaf, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=8),
            max_size=5,
        )
    )


def leaves_of(folder, above=""):
    for name, what in folder.items():
        path = above + name
        if isinstance(what, dict):
            inside = list(leaves_of(what, path + "/"))
            yield from inside or [Leaf(path, "folder", "", 0)]
        else:
            yield Leaf(path, *what)


def folder_of(built, name):
    """Read a folder back from its manifests alone."""
    found = {}
    for entry in tree.decode(built.manifests[name]):
        if entry.kind == "tree":
            found[entry.name] = folder_of(built, entry.digest)
        else:
            found[entry.name] = (entry.kind, entry.digest, entry.size_bytes)
    return found


@given(folders())
def test_a_folder_survives_its_manifests(folder):
    built = tree.build(leaves_of(folder))
    assert folder_of(built, built.digest) == folder
    assert built.size_bytes == sum(leaf.size_bytes for leaf in leaves_of(folder))


@given(folders(), st.randoms(use_true_random=False))
def test_the_order_of_files_does_not_count(folder, rng: random.Random):
    leaves = list(leaves_of(folder))
    other = rng.sample(leaves, len(leaves))
    assert tree.build(other) == tree.build(leaves)


@given(folders(), folders())
def test_different_folders_have_different_digests(first, second):
    same = tree.build(leaves_of(first)).digest == tree.build(leaves_of(second)).digest
    assert same == (first == second)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_manifest_or_refused(data):
    try:
        entries = tree.decode(data)
    except ValueError:
        return
    assert tree.encode(entries) == data


HOSTILE = st.sampled_from(["", ".", "..", "a/b", "../../x", "/etc", "a\0b", 3, None, ["a"]])
ODD = st.sampled_from([None, 3, "0" * 63, "0" * 64 + "/", "../" + "0" * 61, "G" * 64, ["x"], {}])


@given(
    st.lists(st.tuples(NAMES, st.sampled_from(["file", "exec", "tree"]), HEX, st.integers(0, 9))), st.data()
)
def test_a_manifest_with_one_hostile_field_is_refused(entries, data):
    where = data.draw(st.integers(0, 3))
    bad = list(data.draw(st.tuples(NAMES, st.just("file"), HEX, st.integers(0, 9))))
    bad[where] = data.draw((HOSTILE, st.sampled_from(["folder", "", None, 1, [], "FILE"]), ODD, ODD)[where])
    assume(not (where == 3 and bad[3] == 3))
    lines = sorted([*map(list, entries), bad], key=lambda e: str(e[0]))
    text = (
        '{"tree":1,"entries":['
        + ",".join("\n" + json.dumps(e, separators=(",", ":")) for e in lines)
        + "\n]}\n"
    )
    with pytest.raises(ValueError):
        tree.decode(text.encode())


@given(
    st.lists(st.tuples(NAMES, HEX), min_size=1, max_size=3),
    st.integers(0, 400),
    st.binary(min_size=1, max_size=2),
)
def test_a_manifest_that_was_touched_is_refused_or_another_one(named, at, patch):
    data = tree.encode([Entry(name, "file", hexed, 1) for name, hexed in dict(named).items()])
    at %= len(data)
    other = data[:at] + patch + data[at + len(patch) :]
    assume(other != data)
    try:
        assert digest.of_bytes(tree.encode(tree.decode(other))) != digest.of_bytes(data)
    except ValueError:
        pass


@pytest.mark.parametrize("text", ["[]", "3", "null", '"x"', '{"entries":3}', '{"tree":1}', "[" * 100_000])
def test_what_is_no_manifest_is_refused(text):
    with pytest.raises(ValueError):
        tree.decode(text.encode())
