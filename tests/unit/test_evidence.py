"""What is found out about a result later: its form, and the grade that follows from it."""

import pytest

from pipeline.evidence import SCHEMA, Evidence, Graded, Malformed, grade, of_bytes, outputs_of, to_bytes
from pipeline.model import Artifact, Produced
from pipeline.trace import Trace

KEY, ONE, OTHER = "a" * 64, "b" * 64, "c" * 64


def trace(name=ONE, **fields):
    return Trace(KEY, "s", {"o": Produced("o.txt", Artifact("file", name, 3))}, {}, **fields)


OUTPUTS = outputs_of(trace().outputs.values())
FOUND = Evidence(KEY, OUTPUTS, "rebuilt", level="L2", recorded="2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("traces", "found", "expected"),
    [
        ([], [], Graded("recorded")),
        ([trace(vouched=True)], [], Graded("recorded")),
        ([trace(level="L0")], [], Graded("recorded")),
        ([trace(level="L1")], [], Graded("isolated")),
        ([trace(level="L2"), trace(level="L2", recorded="later")], [], Graded("rebuilt")),
        ([trace(level="L2"), trace(level="L2", vouched=True)], [], Graded("isolated")),
        ([trace(level="L2")], [FOUND], Graded("rebuilt")),
        ([trace(level="L2")], [FOUND._replace(kind="perturbed")], Graded("rebuilt under perturbation")),
        ([trace(level="L2")], [FOUND._replace(outputs={"o.txt": f"file {OTHER}"})], Graded("isolated")),
        (
            [trace(level="L2")],
            [FOUND, FOUND._replace(kind="differs", variables=("time",))],
            Graded("rebuilt", ("time",)),
        ),
        (
            [trace(level="L2")],
            [FOUND._replace(kind="perturbed"), FOUND._replace(kind="differs")],
            Graded("isolated", ("repetition",)),
        ),
        ([trace(level="L2"), trace(OTHER, level="L2")], [FOUND], Graded("isolated", ("repetition",))),
    ],
)
def test_a_grade_is_what_all_records_together_allow(traces, found, expected):
    assert grade(OUTPUTS, traces, found) == expected


def test_evidence_is_read_back_as_it_was_written():
    whole = FOUND._replace(kind="perturbed", variables=("time", "user"), builds=5)
    assert of_bytes(to_bytes(whole)) == whole


def test_what_says_the_same_has_one_name():
    assert FOUND.identity == FOUND._replace(recorded="later", builds=9, level="L1").identity
    others = [FOUND._replace(kind="differs"), FOUND._replace(variables=("time",)), FOUND._replace(outputs={})]
    assert len({FOUND.identity, *(one.identity for one in others)}) == 4


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "malformed"),
        (b"[]\n", "malformed"),
        (b'{"evidence":1}\n', "changed"),
        (to_bytes(FOUND).replace(b'"builds":1', b'"builds":2'), "changed"),
        (to_bytes(FOUND)[:-1], "changed"),
        (to_bytes(FOUND).replace(f'"evidence":{SCHEMA}'.encode(), b'"evidence":99'), "newer"),
        (to_bytes(FOUND._replace(kind="proven")), "malformed"),
        (to_bytes(FOUND._replace(key="../../x")), "malformed"),
        (to_bytes(FOUND._replace(variables=(1,))), "malformed"),
        (to_bytes(FOUND._replace(outputs={"o.txt": 1})), "malformed"),
        (b"[" * 100_000, "malformed"),
    ],
)
def test_anything_else_is_refused_by_kind(data, kind):
    with pytest.raises(Malformed) as caught:
        of_bytes(data)
    assert caught.value.kind == kind
