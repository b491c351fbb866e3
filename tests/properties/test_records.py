"""What is kept as text: traces, the lock file. It comes back whole, or is refused; nothing else happens."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline import digest, lock, trace
from pipeline.durable import temporary_beside
from pipeline.errors import UsageError
from pipeline.lock import Entry
from pipeline.model import Artifact, Produced
from pipeline.trace import Trace
from tests.properties.plain import DIGESTS, PLAIN, identity

NAMES = st.text(max_size=5).filter(lambda text: "\ud800" not in text)
ARTIFACTS = st.builds(Artifact, st.sampled_from(["file", "exec", "tree"]), DIGESTS, st.integers(0, 2**60))
OUTPUTS = st.dictionaries(NAMES, st.builds(Produced, NAMES, ARTIFACTS), max_size=3)
OBSERVED = st.dictionaries(NAMES, st.none() | DIGESTS, max_size=2)
SECONDS = st.floats(0, 1e6)
TRACES = st.builds(
    Trace,
    key=DIGESTS,
    stage=NAMES,
    outputs=OUTPUTS,
    source=st.dictionaries(NAMES, DIGESTS, max_size=3),
    level=st.sampled_from(["off", "warn", "L0", "L1", "L2"]),
    wall_seconds=SECONDS,
    cpu_seconds=SECONDS,
    peak_memory_bytes=st.integers(0, 2**60),
    numerics=st.dictionaries(NAMES, st.integers() | NAMES, max_size=2),
    log=st.none() | DIGESTS,
    recorded=NAMES,
    vouched=st.booleans(),
    widened=st.lists(NAMES, max_size=2).map(tuple),
    pruned=st.none() | st.dictionaries(NAMES, DIGESTS, max_size=2),
    spans=st.dictionaries(NAMES, st.tuples(NAMES, st.integers(1, 9999)), max_size=2),
    observed=OBSERVED,
    roots=st.lists(NAMES, max_size=2).map(tuple),
    params_path=st.none() | NAMES,
    always=st.booleans(),
    unstored=st.lists(NAMES, max_size=2).map(tuple),
)
WORDS = (
    st.text(max_size=4)
    | st.integers()
    | st.none()
    | st.booleans()
    | st.lists(st.integers(), max_size=2)
    | st.just({})
)


@given(TRACES)
def test_a_trace_survives_its_text(made):
    assert trace.of_bytes(trace.to_bytes(made)) == made


@given(TRACES)
def test_a_trace_in_another_form_is_the_same_trace(made):
    plain = json.loads(trace.to_bytes(made))
    assert trace.of_bytes(json.dumps(dict(reversed(plain.items())), indent=1).encode()) == made


@given(TRACES, st.integers(0, 9))
def test_a_changed_number_is_seen_in_either_form(made, digit):
    plain = json.loads(trace.to_bytes(made))
    plain["peak_memory_bytes"] = made.peak_memory_bytes * 10 + digit + 1
    for text in (
        json.dumps(plain, sort_keys=True, separators=(",", ":")).encode() + b"\n",
        json.dumps(plain).encode(),
    ):
        with pytest.raises(ValueError, match="changed"):
            trace.of_bytes(text)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_trace_are_refused(data):
    with pytest.raises(ValueError):
        trace.of_bytes(data)


@given(TRACES, st.data())
def test_a_forged_trace_is_refused_or_well_formed(made, data):
    """Whatever field holds whatever value, even with a right check: ValueError, or fields of their own types."""
    plain = json.loads(trace.to_bytes(made))
    del plain["check"]
    field = data.draw(st.sampled_from(sorted(plain)))
    hostile = {"a": {"path": "x", "kind": "tree", "digest": "../../x", "size_bytes": 1}}
    plain[field] = data.draw(WORDS | st.just(hostile))
    if data.draw(st.booleans()):
        del plain[field]
    text = json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()
    forged = json.dumps({**plain, "check": digest.of_bytes(text)}).encode()
    try:
        read = trace.of_bytes(forged)
    except ValueError:
        return
    assert trace.of_bytes(trace.to_bytes(read)) == read
    for name, value in made._asdict().items():
        like = (type(value), float) if type(value) is int else type(value)
        like = (
            (str, type(None))
            if name == "log"
            else (dict, type(None))
            if name == "pruned"
            else (int, float)
            if type(value) is float
            else like
        )
        assert isinstance(getattr(read, name), like), name


@given(TRACES, st.integers(0, 10_000), st.integers(0, 7))
def test_a_flipped_bit_changes_no_trace(made, at, bit):
    data = bytearray(trace.to_bytes(made))
    data[at % len(data)] ^= 1 << bit
    try:
        assert trace.of_bytes(bytes(data)) == made
    except ValueError:
        pass


ENTRIES = st.dictionaries(
    NAMES,
    st.builds(
        Entry,
        key=DIGESTS,
        recipe=DIGESTS,
        params=st.dictionaries(NAMES, PLAIN.filter(lambda v: "\\ud" not in repr(v)), max_size=2),
        inputs=st.dictionaries(
            NAMES,
            st.builds(Artifact, st.sampled_from(["file", "exec", "tree"]), DIGESTS, st.just(0)),
            max_size=2,
        ),
        outputs=OUTPUTS,
        sandbox=st.sampled_from(["strict", "warn", "off"]),
        observed=OBSERVED,
        pickles=st.dictionaries(
            NAMES,
            st.none() | st.lists(st.sampled_from(["a:b", "c.d:e.f"]), unique=True).map(tuple),
            max_size=2,
        ),
    ),
    max_size=3,
)


def shape(entries):
    return {name: (e._replace(params={}), identity(dict(e.params))) for name, e in entries.items()}


@given(ENTRIES)
def test_the_lock_file_comes_back_and_is_written_once(entries):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        assert lock.read(root) == {}
        assert lock.write(root, entries, temporary_beside)
        assert shape(lock.read(root)) == shape(entries)
        before = (root / lock.NAME).read_bytes()
        assert not lock.write(root, lock.read(root), temporary_beside)
        assert not lock.write(root, dict(reversed(entries.items())), temporary_beside)
        assert (root / lock.NAME).read_bytes() == before


@given(ENTRIES, ENTRIES, st.sets(NAMES, max_size=2))
def test_merging_keeps_declared_stages_and_settles(old, new, more):
    declared = frozenset(new) | more
    merged = lock.merged(old, new, declared)
    assert set(merged) == (set(old) & declared) | set(new)
    assert lock.merged(merged, new, declared) == merged
    for name, entry in new.items():
        assert merged[name].outputs == entry.outputs
        assert merged[name].recipe == entry.recipe


@given(ENTRIES, st.integers(0, 10_000), st.binary(min_size=1, max_size=3))
def test_a_damaged_lock_file_is_refused_with_a_way_out_or_read(entries, at, patch):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        lock.write(root, entries, temporary_beside)
        data = (root / lock.NAME).read_bytes()
        at %= len(data)
        other = data[:at] + patch + data[at + len(patch) :]
        assume(other != data)
        (root / lock.NAME).write_bytes(other)
        try:
            lock.read(root)
        except UsageError as error:
            assert all(problem.help for problem in error.problems)
