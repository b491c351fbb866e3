"""What `gc` removed, or would, as text and as plain values. Reads nothing itself."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .words import about, count, printable, size

if TYPE_CHECKING:
    from ..gc import GcOptions, GcResult

_COLUMNS = 10


def text_of(result: "GcResult", *, dry_run: bool) -> str:
    """Write what was freed first, then each output that went."""
    verb = "would free" if dry_run else "freed"
    out = [f"{verb} {size(result.freed_bytes)} of {size(result.freed_bytes + result.kept_bytes)}"]
    if result.dropped:
        out[0] += f": {count(len(result.dropped), 'output')}"
    for one in result.dropped:
        out.append(
            f"  {size(one.size_bytes):>{_COLUMNS}}  {printable(one.path)}  {one.digest[:12]}  ({one.stage})"
        )
    for proof in result.proofs:
        if proof.why:
            out.append(f"  kept {printable(proof.path)}: {printable(proof.why)}")
    if result.failed:
        out.append(f"  {'' if not dry_run else 'would go: '}folders of failures: {', '.join(result.failed)}")
    return "\n".join(out)


def notes(result: "GcResult", options: "GcOptions") -> Iterator[str]:
    """Yield what else the user may want to know."""
    if result.unproven_bytes:
        yield (
            f"{size(result.unproven_bytes)} more were made by actions that were executed only once: `pipe gc --prove` "
            f"executes them again ({about(result.unproven_seconds)}), `--unproven` does without"
        )
    if not result.fits and options.max_bytes is not None:
        yield (
            f"the store has {size(result.kept_bytes)}, not {size(options.max_bytes)}: "
            "the rest is needed, or cannot be made again"
        )
    if result.forgotten:
        yield f"{count(result.forgotten, 'project')} that used the store is gone, and what only it needed went"


def as_plain(result: "GcResult") -> dict[str, Any]:
    """Return the result as `--json` has it."""
    return {
        "ok": True,
        "freed_bytes": result.freed_bytes,
        "kept_bytes": result.kept_bytes,
        "dropped": [one._asdict() for one in result.dropped],
        "unproven": {"bytes": result.unproven_bytes, "seconds": round(result.unproven_seconds, 3)},
        "proved": [proof._asdict() for proof in result.proofs],
        "fits": result.fits,
        "failed": list(result.failed),
        "forgotten": result.forgotten,
    }
