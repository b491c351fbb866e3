"""Recorded runs, one line each or one whole."""

from pipeline.history import RunRecord, StageRecord
from pipeline.model import Reason
from pipeline.render.records_text import show_text
from pipeline.render.style import PLAIN

OUTPUT = {"path": "build/m.joblib", "digest": "cd" * 32, "size_bytes": 2048}
STAGES = {
    "clean": StageRecord("fresh", "ab" * 32, (), 0.0, {}),
    "train": StageRecord(
        "executed",
        "ab" * 32,
        (Reason("param", "lr", "param lr: 1 -> 2"),),
        1.25,
        {"model": OUTPUT},
        params={"lr": 2},
        metrics={"scores": {"auc": 0.70123456, "by": {"DE": 0.5}, "curve": [1, 2]}},
    ),
}
RECORD = RunRecord(
    "20240101T120000", "2024-01-01T12:00:00Z", True, 2.5, "0.1.0", ("train",), {"lr": 2}, (), None, STAGES
)


def test_a_run_shown_has_its_numbers():
    assert show_text(RECORD, PLAIN, verbose=False) == (
        "run 20240101T120000: ok after 2.5 s: 1 executed, 1 fresh\n"
        "  started: 2024-01-01 12:00:00 UTC\n"
        "  asked:   pipe run train --set lr=2\n"
        "  pipe:    0.1.0\n"
        "fresh    clean\n"
        "executed train      1.2 s   param lr: 1 -> 2\n"
        "           scores.auc: 0.701235\n"
        "           scores.by.DE: 0.5"
    )


def test_parameters_outputs_and_keys_are_shown_when_asked():
    text = show_text(RECORD, PLAIN, verbose=True)
    assert (
        "param lr: 2" in text
        and "build/m.joblib  2.0 KiB  cdcdcdcdcdcd" in text
        and "key abababababab" in text
    )
