"""How far it was shown that a result can be had again. Reads the traces of one action, nothing else."""

from collections.abc import Sequence

from ..trace import Trace

WORDS = {
    "different": "other executions of the same action gave other bytes",
    "rebuilt": "executed at least twice, with the same bytes",
    "isolated": "executed once, and could read only what it declares",
    "recorded": "executed once; what it may have read besides is not known",
    "vouched": "taken over from the lock file, not executed here",
}


def of_traces(traces: Sequence[Trace], made: Trace | None) -> str:
    """Return a key of WORDS for the result of one trace among all of its action; "" for none."""
    if made is None:
        return ""
    executed = [trace for trace in traces if not trace.vouched]
    if any(trace.outputs != made.outputs for trace in executed):
        return "different"
    if len(executed) > 1:
        return "rebuilt"
    if made.vouched:
        return "vouched"
    return "isolated" if made.level in ("L1", "L2") else "recorded"
