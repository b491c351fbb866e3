"""From imported names to versions, over made-up site-packages."""

import json
import os
import sys
from pathlib import Path

import pytest

from pipeline import environment


class Memory(dict[str, bytes]):
    def put(self, key: str, value: bytes) -> None:
        self[key] = value


class Site:
    """A folder of installed distributions, and a project beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "site-packages"
        self.project = folder / "project"
        self.folder.mkdir(parents=True)
        self.project.mkdir()
        self.memo = Memory()
        self.path = [str(self.folder)]

    def install(
        self,
        name,
        version="1.0",
        *,
        files=None,
        requires=(),
        extras=(),
        direct=None,
        record=True,
        top_level=None,
    ):
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
        lines += [f"Requires-Dist: {line}" for line in requires] + [f"Provides-Extra: {e}" for e in extras]
        (info / "METADATA").write_text("\n".join(lines) + "\n\nRequires-Dist: only-in-the-description\n")
        files = [f"{name.replace('-', '_')}/__init__.py"] if files is None else files
        for file in files:
            path = self.folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        if record:
            rows = [f"{file},sha256=abc{len(file)},0" for file in files]
            (info / "RECORD").write_text(
                "\n".join([*rows, f"{info.name}/RECORD,,", "../../../bin/x,sha256=q,1"])
            )
        if top_level:
            (info / "top_level.txt").write_text(top_level)
        if direct:
            (info / "direct_url.json").write_text(json.dumps(direct))
        return info

    def versions(self, *imports, roots=(".",)):
        return dict(
            environment.distributions(
                imports,
                root=self.project,
                roots=roots,
                memo=self.memo,
                installed=environment.look(self.memo, path=self.path),
            )
        )


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_an_imported_name_leads_to_its_distribution_whatever_that_is_called(site):
    site.install("scikit-learn", "1.5", files=["sklearn/__init__.py", "sklearn/linear_model/__init__.py"])
    site.install("PyYAML", "6.0", files=["yaml/__init__.py", "_yaml/__init__.py"])
    site.install("six", "1.16", files=["six.py"])
    site.install("fast", "2", files=["_fast.cpython-311-x86_64-linux-gnu.so"])
    site.install("other")
    assert site.versions("sklearn.linear_model", "yaml", "six", "_fast") == {
        "fast": "2",
        "pyyaml": "6.0",
        "scikit-learn": "1.5",
        "six": "1.16",
    }


def test_what_is_required_counts_at_any_depth_and_ends_in_a_cycle(site):
    site.install("a", requires=["b>=1", "not-installed"])
    site.install("b", requires=["C_c (>=2)"])
    site.install("c.C", requires=["a"])
    assert site.versions("a") == {"a": "1.0", "b": "1.0", "c-c": "1.0"}


@pytest.mark.parametrize(
    ("marker", "counts"),
    [
        ('python_version >= "3.8"', True),
        ('python_version < "3"', False),
        (f'sys_platform == "{sys.platform}"', True),
        ('sys_platform == "plan9"', False),
        ('extra == "all"', True),
        ('python_version < "3" and extra == "all"', False),
        ('extra == "all" or extra == "none"', True),
        ("this is no marker", True),
    ],
)
def test_a_requirement_counts_where_its_marker_holds_and_under_any_extra(site, marker, counts):
    site.install("a", requires=[f"b[x]>=1; {marker}"], extras=["all"])
    site.install("b")
    assert ("b" in site.versions("a")) == counts


def test_a_requirement_by_address_is_read_too(site):
    site.install("a", requires=['b @ git+https://example.org/b.git@main ; python_version >= "3"'])
    site.install("b")
    assert "b" in site.versions("a")


def test_the_standard_library_and_what_is_not_installed_are_left_out(site):
    assert site.versions("os", "json.decoder", "queue", "no_such_thing.at_all") == {}


def test_a_namespace_package_leads_to_the_distribution_of_its_part(site):
    site.install("google-cloud-storage", "2", files=["google/cloud/storage/__init__.py"])
    site.install("google-cloud-bigquery", "3", files=["google/cloud/bigquery/__init__.py"])
    assert site.versions("google.cloud", "google.cloud.storage") == {"google-cloud-storage": "2"}
    assert site.versions("google.cloud.bigquery.table") == {"google-cloud-bigquery": "3"}
    assert set(site.versions("google.cloud")) == {"google-cloud-storage", "google-cloud-bigquery"}


def test_two_distributions_with_one_module_both_count(site):
    site.install("opencv-python", files=["cv2/__init__.py"])
    site.install("opencv-headless", files=["cv2/__init__.py"])
    assert set(site.versions("cv2")) == {"opencv-python", "opencv-headless"}


def test_without_a_record_top_level_txt_says_what_is_provided(site):
    site.install("Some-Thing", files=["thing/__init__.py"], record=False, top_level="thing\n")
    assert site.versions("thing") == {"some-thing": "1.0"}


def test_without_either_the_name_is_tried(site):
    site.install("Some-Thing", files=["some_thing/__init__.py"], record=False)
    assert site.versions("some_thing") == {"some-thing": "1.0"}


def test_an_egg_info_is_read(site):
    info = site.folder / "old-3.1.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Name: old\nVersion: 3.1\n")
    (info / "top_level.txt").write_text("oldmodule\n")
    (info / "requires.txt").write_text('b\n\n[extra]\nc\n\n[:python_version < "3"]\nd\n')
    for name in "bcd":
        site.install(name)
    assert set(site.versions("oldmodule")) == {"old", "b", "c"}


def test_an_upgrade_in_place_is_seen(site):
    info = site.install("a", "1.0")
    assert site.versions("a") == {"a": "1.0"}
    (info / "METADATA").write_text("Name: a\nVersion: 1.0.1\n")
    os.utime(info / "METADATA", ns=(1, 1))
    assert site.versions("a") == {"a": "1.0.1"}


def test_an_upgrade_to_another_folder_is_seen(site):
    info = site.install("a", "1.0")
    assert site.versions("a") == {"a": "1.0"}
    info.rename(site.folder / "a-2.0.dist-info")
    (site.folder / "a-2.0.dist-info/METADATA").write_text("Name: a\nVersion: 2.0\n")
    assert site.versions("a") == {"a": "2.0"}


def test_an_optional_package_that_is_newly_there_is_seen(site):
    site.install("a")
    assert site.versions("a", "optional") == {"a": "1.0"}
    site.install("optional")
    assert site.versions("a", "optional") == {"a": "1.0", "optional": "1.0"}


def test_nothing_is_read_again_while_nothing_changed(site):
    info = site.install("a")
    assert site.versions("a") == {"a": "1.0"}
    kept = dict(site.memo)
    before = os.stat(info / "METADATA")
    (info / "METADATA").write_text((info / "METADATA").read_text().replace("1.0", "9.9"))
    os.utime(info / "METADATA", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert site.versions("a") == {"a": "1.0"}
    assert site.memo == kept


def test_a_half_removed_distribution_is_none(site):
    (site.folder / "gone-1.0.dist-info").mkdir()
    site.install("a")
    assert site.versions("a", "gone") == {"a": "1.0"}


def test_the_first_of_two_folders_counts(site, tmp_path):
    site.install("a", "1.0")
    first = Site(tmp_path / "first")
    first.install("a", "2.0")
    site.path.insert(0, str(first.folder))
    assert site.versions("a") == {"a": "2.0"}


@pytest.mark.parametrize(
    ("direct", "version"),
    [
        (
            {"url": "https://example.org/a.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}},
            "1.0@c0ffee",
        ),
        (
            {"url": "https://example.org/a.zip", "archive_info": {"hashes": {"sha256": "beef"}}},
            "1.0@sha256=beef",
        ),
        ({"url": "https://example.org/a.zip", "archive_info": {"hash": "sha256=beef"}}, "1.0@sha256=beef"),
    ],
)
def test_the_commit_or_hash_that_was_installed_counts(site, direct, version):
    site.install("a", direct=direct)
    assert site.versions("a") == {"a": version}


def test_one_installed_from_a_folder_elsewhere_counts_by_its_files(site, tmp_path):
    direct = {"url": (tmp_path / "elsewhere").as_uri(), "dir_info": {}}
    info = site.install("a", direct=direct)
    before = site.versions("a")["a"]
    assert before.startswith("1.0@")
    (info / "RECORD").write_text("a/__init__.py,sha256=other,1\n")
    assert site.versions("a")["a"] != before


@pytest.mark.parametrize("editable", [True, False])
def test_a_distribution_of_the_project_is_its_code_and_no_package(site, editable):
    direct = {"url": site.project.as_uri(), "dir_info": {"editable": editable}}
    site.install("mine", direct=direct, requires=["a"])
    site.install("a")
    assert site.versions("mine") == {}


def test_a_distribution_whose_modules_the_project_holds_is_its_code(site):
    site.install("mine")
    (site.project / "src/mine").mkdir(parents=True)
    (site.project / "src/mine/__init__.py").touch()
    assert site.versions("mine", roots=("src", ".")) == {}
    assert site.versions("mine", roots=(".",)) == {"mine": "1.0"}


def test_a_package_in_an_environment_inside_the_project_is_a_package(site):
    inside = Site(site.project / ".venv")
    inside.install("a", direct={"url": (site.project / ".venv/src/a").as_uri(), "dir_info": {}})
    inside.project = site.project
    assert set(inside.versions("a")) == {"a"}


def editable(site, tmp_path, pth):
    source = tmp_path / "elsewhere"
    (source / "src/ed").mkdir(parents=True)
    (source / "src/ed/__init__.py").write_text("x = 1\n")
    (site.folder / "__editable__.ed.pth").write_text(pth.format(source=source))
    (site.folder / "__editable___ed_finder.py").write_text(
        f"MAPPING: dict[str, str] = {{'ed': '{source}/src/ed'}}\nNAMESPACES: dict[str, list[str]] = {{}}\n"
    )
    return source


@pytest.mark.parametrize(
    "pth", ["{source}/src\n", "import __editable___ed_finder; __editable___ed_finder.install()\n"]
)
def test_one_that_is_editable_elsewhere_counts_by_its_sources(site, tmp_path, pth):
    source = editable(site, tmp_path, pth)
    files = ["__editable__.ed.pth"] + (["__editable___ed_finder.py"] if "finder" in pth else [])
    site.install(
        "ed", files=[], direct={"url": source.as_uri(), "dir_info": {"editable": True}}, record=False
    )
    info = site.folder / "ed-1.0.dist-info"
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    before = site.versions("ed.sub")["ed"]
    assert before.startswith("1.0@")
    (source / "README").touch()
    assert site.versions("ed")["ed"] == before
    (source / "src/ed/__init__.py").write_text("x = 2\n")
    assert site.versions("ed")["ed"] != before


@pytest.mark.parametrize("name", ["loose.py", "loose/__init__.py", "loose.cpython-311-x86_64-linux-gnu.so"])
def test_a_module_of_no_distribution_counts_by_its_bytes(site, name):
    path = site.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("1")
    before = site.versions("loose")
    assert set(before) == {"file:loose"}
    path.write_text("2")
    assert site.versions("loose") != before


def test_a_loose_module_of_the_project_is_no_package(site):
    (site.project / "loose.py").touch()
    site.path.append(str(site.project))
    assert site.versions("loose") == {}


def test_what_can_be_preloaded_is_installed_and_named_as_imported(site):
    site.install("numpy", files=["numpy/__init__.py", "numpy/linalg/__init__.py"])
    site.install("jax")
    (site.folder / "namespace").mkdir()
    (site.project / "mine.py").touch()
    path = [*site.path, str(site.project)]
    wanted = ["os", "numpy.linalg", "numpy", "numpy.none", "mine", "jax", "namespace", "missing"]
    assert environment.modules_to_preload(wanted, path=path) == ("numpy", "numpy.linalg")


def test_the_real_import_path_is_read():
    memo = Memory()
    root = Path(__file__).parent
    found = environment.distributions(["pytest", "hypothesis"], root=root, roots=["."], memo=memo)
    assert found["pytest"] == pytest.__version__
    assert {"hypothesis", "pluggy"} <= set(found)
    assert list(found) == sorted(found)
    assert environment.distributions(["pytest", "hypothesis"], root=root, roots=["."], memo=memo) == found
