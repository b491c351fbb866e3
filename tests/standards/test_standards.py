"""Each export is accepted by the standard's own library, says all that `pipe lineage` says, and tells on nobody."""

import copy
import json
import os
import re
import shutil

import pytest

from tests.standards import odd, readers

FORMATS = ("openlineage", "prov", "slsa")


@pytest.fixture(scope="module")
def truth(made):
    return readers.truth_of(json.loads(made.pipe("lineage", odd.TARGET, "--json")))


@pytest.fixture(scope="module")
def exports(made):
    texts = {form: made.pipe("lineage", odd.TARGET, "--format", form) for form in FORMATS}
    texts["slsa --all"] = made.pipe("lineage", odd.TARGET, "--format", "slsa", "--all")
    return texts


@pytest.fixture(scope="module")
def crate(made):
    made.pipe("lineage", odd.TARGET, "--format", "ro-crate", "-o", "../crate")
    return made.project.root.parent / "crate"


@pytest.fixture(scope="module")
def events(exports):
    return [json.loads(line) for line in exports["openlineage"].splitlines()]


@pytest.fixture(scope="module")
def statements(exports):
    return [json.loads(line) for line in exports["slsa --all"].splitlines()]


@pytest.fixture(scope="module")
def files(made):
    root = made.project.root
    paths = [
        p for top in ("build", "data") for p in (root / top).rglob("*") if p.is_file() and not p.is_symlink()
    ]
    return {
        p.relative_to(root).as_posix(): p.read_bytes()
        for p in [*paths, root / "stages.py", root / "helper.py"]
    }


def test_openlineage_takes_the_events_and_they_say_all(events, truth):
    readers.check_openlineage(events, truth)
    table = next(d for e in events for d in e["inputs"] if d["name"].endswith(".csv"))
    columns = [(f["name"], f["type"]) for f in table["facets"]["schema"]["fields"]]
    assert columns == [("city", "string"), ("day", "date32[day]"), ("celsius", "double")]
    score = next(e for e in events if e["job"]["name"] == "score")
    assert score["run"]["facets"]["environmentVariables"]["environmentVariables"] == [
        {"name": "REGION", "value": "north"}
    ]
    pages = next(e for e in events if e["job"]["name"] == "pages")
    assert "def pages(" in pages["job"]["facets"]["sourceCode"]["sourceCode"]


def test_a_run_is_named_as_the_library_of_openlineage_names_it(events):
    from datetime import datetime
    from uuid import UUID

    from openlineage.client.uuid import generate_static_uuid

    for event in (e for e in events if e["eventType"] == "START"):
        named = UUID(event["run"]["runId"])
        start = datetime.fromisoformat(event["eventTime"])
        assert named.version == 7
        assert (
            named.int >> 80 == generate_static_uuid(start, b"").int >> 80
        )  # the same instant, to the millisecond


def test_prov_reads_the_document_and_it_says_all(exports, truth):
    readers.check_prov(exports["prov"], truth)


def test_in_toto_takes_the_statements_and_they_say_all(statements, truth, files):
    readers.check_slsa(statements, truth, files)
    folder = next(s for s in statements if s["subject"][0]["name"] == "build/pages")
    assert {s["name"] for s in folder["subject"][1:]} == {"build/pages/run.sh", "build/pages/sub dir/é.html"}


def test_without_all_there_is_one_statement_about_the_target(exports, files):
    (statement,) = [json.loads(line) for line in exports["slsa"].splitlines()]
    assert [subject["name"] for subject in statement["subject"]] == [odd.TARGET]
    assert statement["predicate"]["buildDefinition"]["internalParameters"]["secrets"] == ["API_TOKEN"]
    log = statement["predicate"]["runDetails"]["byproducts"][0]
    assert log["name"] == "score.log" and len(log["digest"]["sha256"]) == 64


def test_the_validator_of_ro_crate_takes_the_crate_and_it_says_all(crate, truth, tmp_path):
    readers.check_crate(crate, truth, tmp_path / "cache")


def without(events, *path):
    """Return a copy of the events, the last of which lacks what lies at a path."""
    bad = copy.deepcopy(events)
    place = bad[-1]
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    return bad


def changed(plain, **fields):
    bad = copy.deepcopy(plain)
    bad[-1].update(fields)
    return bad


def test_events_that_lack_something_are_refused(events, truth):
    wrong = [
        without(events, "inputs", 0),
        without(events, "outputs", 0),
        without(events, "inputs", 0, "facets", "version"),
        without(events, "run", "facets", "tags"),
        without(events, "run", "facets", "processing_engine", "version"),
        without(events, "eventTime"),
        changed(events, eventTime="yesterday"),
        changed(events, eventType="DONE"),
        changed(events, run={**events[-1]["run"], "runId": "1"}),
        changed(events, unheard_of=1),
        events[:-2],
        events[:-1],
    ]
    for bad in wrong:
        with pytest.raises((AssertionError, KeyError, TypeError, ValueError, StopIteration)):
            readers.check_openlineage(bad, truth)


def test_a_prov_document_that_lacks_something_is_refused(exports, truth):
    from prov import Error

    whole = json.loads(exports["prov"])
    wrong = [("activity", "prov:startTime", "never")]
    wrong += [(kind, None, None) for kind in whole if kind not in ("prefix", "hadMember")]
    for kind, attribute, value in wrong:
        bad = copy.deepcopy(whole)
        name = next(iter(bad[kind]))
        if attribute:
            bad[kind][name][attribute] = value
        else:
            del bad[kind][name]
        if bad[kind] == {}:
            del bad[kind]
        with pytest.raises((AssertionError, KeyError, Error, Warning, ValueError)):
            readers.check_prov(json.dumps(bad), truth)


def test_a_statement_that_lacks_something_is_refused(statements, truth, files):
    from google.protobuf.json_format import ParseError

    def edited(edit):
        bad = copy.deepcopy(statements)
        edit(bad[-1])
        return bad

    wrong = [
        edited(lambda s: s["subject"][0].pop("digest")),
        edited(lambda s: s["subject"][0]["digest"].update(sha256="0" * 64)),
        edited(lambda s: s.update(_type="https://in-toto.io/Statement/v0.1")),
        edited(lambda s: s["predicate"]["buildDefinition"].pop("buildType")),
        edited(lambda s: s["predicate"]["buildDefinition"]["resolvedDependencies"].pop(0)),
        edited(lambda s: s["predicate"]["runDetails"]["metadata"].update(startedOn="yesterday")),
        edited(lambda s: s["predicate"]["runDetails"].update(level=4)),
        statements[:-2],
    ]
    for bad in wrong:
        with pytest.raises((AssertionError, KeyError, ParseError, ValueError)):
            readers.check_slsa(bad, truth, files)


def test_a_crate_without_an_instrument_is_refused(crate, tmp_path):
    bad = tmp_path / "bad"
    shutil.copytree(crate, bad, symlinks=True)
    path = bad / "ro-crate-metadata.json"
    whole = json.loads(path.read_text())
    action = next(e for e in whole["@graph"] if e["@id"].startswith("#execution-"))
    del action["instrument"]
    path.write_text(json.dumps(whole))
    found = readers.validator_issues(bad, tmp_path / "cache", "process-run-crate-0.5")
    assert "The Action MUST have an instrument property that references the executed tool" in [
        i[1] for i in found
    ]


def test_nothing_says_who_or_where_anybody_is(made, exports, crate):
    texts = {form: text.encode() for form, text in exports.items()}
    for path in crate.rglob("*"):
        texts[str(path.relative_to(crate))] = os.fsencode(path.name) + (
            path.read_bytes() if path.is_file() else b""
        )
    host = os.uname().nodename.encode()
    told = [made.project.root, made.home, made.project.root.parent, odd.USER, odd.SECRET]
    patterns = [re.escape(os.fsencode(word)) for word in told]
    patterns += [rb"(?<![\w-])" + re.escape(host) + rb"(?![\w-])", rb"/(?:home|root|tmp|Users|var)/"]
    for name, data in texts.items():
        for pattern in patterns:
            assert not re.search(pattern, data), (name, pattern)


def test_json_and_o_give_the_same_document_once_more(made, exports, tmp_path):
    found = json.loads(made.pipe("lineage", odd.TARGET, "--format", "openlineage", "--json"))
    assert found["version"] == 1
    assert found["documents"] == [json.loads(line) for line in exports["openlineage"].splitlines()]
    path = str(tmp_path / "prov.json")
    assert made.pipe("lineage", odd.TARGET, "--format", "prov", "-o", path) == ""
    assert json.loads((tmp_path / "prov.json").read_text()) == json.loads(exports["prov"])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--format", "ro-crate"), 2, "a crate is a folder or a file"),
        (("--format", "prov", "--down"), 2, "contradict"),
        (("--format", "prov", "--all"), 2, "`--all` is for `--format slsa`"),
        (("--all",), 2, "are for the formats of standards"),
        (("--format", "ro-crate", "-o", "build"), 2, "`build` exists already"),
        (("--format", "prov", "-o", "nowhere/prov.json"), 3, "cannot write in `nowhere`"),
    ],
)
def test_what_cannot_be_is_told(made, words, code, said):
    done = made.project.pipe("lineage", odd.TARGET, *words, code=code)
    assert said in done.stderr


def test_a_raw_input_has_no_making_to_export(made):
    done = made.project.pipe("lineage", "data/odd", "--format", "slsa", code=3)
    assert "no recorded action made `data/odd`" in done.stderr
