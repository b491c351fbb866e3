"""The examples of docs/format.md are what the code writes: golden vectors that a reader sees."""

import pytest

from pipeline import digest, tree
from pipeline.fsck import KINDS
from pipeline.tree import Leaf

HELLO = b"hello\n"


@pytest.fixture(scope="module")
def page(request) -> str:
    """The page's indented blocks without their indent."""
    text = (request.config.rootpath / "docs" / "format.md").read_text(encoding="utf-8")
    return "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))


def test_the_digest_of_a_file(page):
    assert page.splitlines()[0] == digest.of_bytes(HELLO)


def test_the_canonical_form_of_a_value_and_its_digest(page):
    value = {"b": [1, 1.0, True, None, "é"], "a": {1: "x"}}
    assert digest.canonical(value).decode() in page.splitlines()
    assert digest.of_value(value) in page.splitlines()


def test_the_manifest_of_a_folder_and_its_digest(page):
    hello = digest.of_bytes(HELLO)
    leaves = [
        Leaf("a.txt", "file", hello, len(HELLO)),
        Leaf("sub/run.sh", "exec", hello, len(HELLO)),
        Leaf("sub/to-a", "link", "../a.txt", 0),
        Leaf("empty", "folder", "", 0),
    ]
    built = tree.build(leaves)
    assert built.manifests[built.digest].decode() in page + "\n"
    assert built.digest in page.splitlines()


def test_every_kind_of_damage_is_on_the_page(request):
    text = (request.config.rootpath / "docs" / "format.md").read_text(encoding="utf-8")
    for kind, meaning in KINDS.items():
        assert f"| `{kind}` | {meaning} |" in text
