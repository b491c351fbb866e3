"""A crate rebuilds its artifact from itself alone, and one that was changed is refused."""

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest

from pipeline import digest, trace
from pipeline.errors import StoreError
from pipeline.export.unpacked import take_in
from pipeline.store import layout
from tests.project import PIPE
from tests.standards import odd


@pytest.fixture(scope="module")
def packed(made):
    made.pipe("lineage", odd.TARGET, "--format", "ro-crate", "-o", "../packed.zip")
    return made.project.root.parent / "packed.zip"


def unpack(packed: Path, into: Path) -> Path:
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(into)
    return into


def pipe(folder: Path, *words: str, code: int = 0) -> str:
    """Run the installed command where nothing is but the crate, as somebody else."""
    home = folder.parent / "empty-home"
    home.mkdir(exist_ok=True)
    variables = {"PATH": os.environ["PATH"], "HOME": str(home), "API_TOKEN": "x" * len(odd.SECRET)}
    variables["PIPE_STORE"] = str(folder.parent / "store-of-others")
    done = subprocess.run(
        [PIPE, *words], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert not (folder.parent / "store-of-others").exists()
    return done.stdout + done.stderr


def test_a_crate_unpacked_in_an_empty_folder_rebuilds_its_artifact(made, packed, tmp_path):
    folder = unpack(packed, tmp_path / "crate")
    recorded = json.loads(made.pipe("lineage", odd.TARGET, "--json"))
    index = json.loads((folder / "records/crate.json").read_text())
    assert index["target"]["digest"] == recorded["target"]
    assert "same bytes" in pipe(folder, "rebuild", odd.TARGET, "-o", "again", "--from-scratch")
    assert digest.of_file(folder / "again") == recorded["target"]
    pipe(folder, "rebuild", "build/pages", "-o", "pages")
    assert (folder / "pages/latest").is_symlink() and os.access(folder / "pages/run.sh", os.X_OK)
    again = json.loads(pipe(folder, "lineage", odd.TARGET, "--json"))
    assert again["edges"] == recorded["edges"]


def test_a_crate_packs_itself_to_the_same_bytes(made, packed, tmp_path):
    folder = unpack(packed, tmp_path / "crate")
    pipe(folder, "lineage", odd.TARGET, "--format", "ro-crate", "-o", "../again.zip")
    assert (tmp_path / "again.zip").read_bytes() == packed.read_bytes()
    made.pipe("lineage", odd.TARGET, "--format", "ro-crate", "-o", str(tmp_path / "folder"))
    plain = {
        p.relative_to(tmp_path / "folder"): p.read_bytes()
        for p in (tmp_path / "folder").rglob("*")
        if p.is_file()
    }
    with zipfile.ZipFile(packed) as archive:
        assert plain == {Path(n): archive.read(n) for n in archive.namelist() if not n.endswith("/")}


def test_what_the_metadata_names_is_there(made, tmp_path):
    """Also where a step has no code, and where nothing but one file was made."""
    for number, target in enumerate((odd.TARGET, "build/now.txt", "build/weight.txt", "build/pages")):
        folder = tmp_path / str(number)
        made.pipe("lineage", target, "--format", "ro-crate", "-o", str(folder))
        graph = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
        names = [entity["@id"] for entity in graph]
        assert len(names) == len(set(names))
        for part in next(entity for entity in graph if entity["@id"] == "./")["hasPart"]:
            assert (folder / unquote(part["@id"])).exists(), part
            assert part["@id"] in names


def test_what_is_kept_out_of_the_store_is_said_to_be_missing(made, tmp_path):
    at = str(tmp_path / "w.zip")
    found = json.loads(made.pipe("lineage", "build/weight.txt", "--format", "ro-crate", "-o", at, "--json"))
    assert [(m["path"], m["why"]) for m in found["missing"]] == [
        ("data/big.bin", "kept out of the store (`store: false`)")
    ]
    assert (found["rebuilds"], found["from_scratch"]) == (False, False)
    assert "data/big.bin" in pipe(unpack(Path(at), tmp_path / "crate"), "rebuild", "build/weight.txt", code=3)


def test_what_a_crate_says_of_itself_may_be_edited(packed, tmp_path):
    folder = unpack(packed, tmp_path / "crate")
    (folder / "ro-crate-metadata.json").write_text("{}")
    (folder / "README.md").unlink()
    take_in(folder)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def link(path: Path) -> None:
    """Put a link to the very bytes in the place of a file."""
    elsewhere = path.with_name("elsewhere")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def pipe_file(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


KINDS = (
    "artifacts/build",
    "sources",
    "imported",
    "versions",
    "records/objects",
    "records/actions",
    "records/traces",
)


def test_a_changed_crate_is_refused(packed, tmp_path):
    whole = unpack(packed, tmp_path / "whole")
    index = json.loads((whole / "records/crate.json").read_text())
    tried = 0
    for kind in (*KINDS, "workflow.json", "requirements.txt"):
        place = next(place for place in sorted(index["files"]) if place.startswith(kind))
        for change in (flip, Path.unlink, link, pipe_file):
            folder = tmp_path / f"changed-{tried}"
            shutil.copytree(whole, folder, symlinks=True)
            change(folder / place)
            with pytest.raises(StoreError) as refused:
                take_in(folder)
            assert place in refused.value.problems[0].facts[0][1]
            assert not (folder / ".pipe/store").exists()
            shutil.rmtree(folder)
            tried += 1
    assert tried == 36
    flip(whole / next(place for place in sorted(index["files"]) if place.startswith("records/traces")))
    said = pipe(whole, "rebuild", odd.TARGET, code=3)
    assert "this crate is not as it was written: nothing was run" in said


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("files", {"../outside": "0" * 64}),
        ("files", {"/etc/passwd": "0" * 64}),
        ("files", {"artifacts/../../outside": "0" * 64}),
        ("files", {".pipe/state.db": "0" * 64}),
        ("files", {"artifacts/a": "not a digest"}),
        ("files", ["artifacts/a"]),
        ("crate", 2),
    ],
)
def test_an_index_that_lies_is_refused(packed, tmp_path, field, value):
    folder = unpack(packed, tmp_path / "crate")
    path = folder / "records/crate.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(StoreError):
        take_in(folder)
    assert not (folder / ".pipe/store").exists()


def test_a_record_that_was_changed_with_its_index_is_refused(packed, tmp_path):
    """Who can rewrite the index can name other bytes: they are still no record of the action."""
    folder = unpack(packed, tmp_path / "crate")
    path = folder / "records/crate.json"
    index = json.loads(path.read_text())
    for kind in ("records/traces", "records/actions"):
        place = next(place for place in sorted(index["files"]) if place.startswith(kind))
        kept = (folder / place).read_bytes()
        (folder / place).write_bytes(kept.replace(b'"L', b'"M', 1).replace(b'"cpus":1', b'"cpus":9', 1))
        files = {**index["files"], place: digest.of_file(folder / place)}
        path.write_text(json.dumps({**index, "files": files}))
        with pytest.raises(StoreError):
            take_in(folder)
        (folder / place).write_bytes(kept)


def test_a_record_from_elsewhere_puts_nothing_outside_the_crate(made, tmp_path):
    """The names in a store that others write are no paths: not the stage's, nor those of files."""
    root = tmp_path / "project"
    shutil.copytree(made.project.root, root, symlinks=True)
    lock = json.loads((root / "pipeline.lock").read_text())["stages"]["train@a"]
    path = Path(layout.sharded(str(root / ".pipe/store"), "traces", lock["key"]))
    kept = trace.of_bytes(path.read_bytes())
    some = next(iter(kept.source.values()))
    path.chmod(0o644)
    lie = kept._replace(stage="../../../evil", source={**kept.source, "../../../evil.py": some})
    path.write_bytes(trace.to_bytes(lie))
    before = {p for p in tmp_path.rglob("*") if root not in p.parents}
    made.pipe(
        "-C", str(root), "lineage", "build/model-a.json", "--format", "ro-crate", "-o", str(root / "crate")
    )
    after = {p for p in tmp_path.rglob("*") if root not in p.parents}
    assert after == before
    assert not list(root.glob("evil*")) and not list((root / "crate").glob("evil*"))
    places = json.loads((root / "crate/records/crate.json").read_text())["files"]
    assert all(".." not in place.split("/") for place in places)
