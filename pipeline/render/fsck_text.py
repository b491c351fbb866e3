"""What `fsck` found, and what became of it, as text and as plain values. Reads nothing itself."""

from typing import TYPE_CHECKING, Any

from .style import Style
from .words import count, printable

if TYPE_CHECKING:
    from ..fsck import Damage, FsckResult


def text_of(result: "FsckResult", style: Style, *, verbose: bool) -> str:
    """Write the verdict first, then each problem, with what was done about it."""
    out = [_head(result)]
    tried = {healed.damage: healed.how for healed in result.tried}
    for damage in result.problems:
        out += _damage(damage, tried.get(damage, ""), style.paint("problem", "failed"), verbose)
    for healed in result.healed:
        out += _damage(healed.damage, healed.how, style.paint("healed ", "fresh"), verbose)
    return "\n".join(out)


def as_plain(result: "FsckResult") -> dict[str, Any]:
    """Return the result as `--json` has it. `problems` are those that are there now."""
    tried = {healed.damage: healed.how for healed in result.tried}
    return {
        "ok": result.ok,
        "objects": result.objects,
        "problems": [_plain(damage, tried.get(damage)) for damage in result.problems],
        "healed": [_plain(healed.damage, healed.how) for healed in result.healed],
    }


def _plain(damage: "Damage", how: str | None) -> dict[str, Any]:
    plain = {
        "kind": damage.kind,
        "digest": damage.digest or None,
        "text": damage.text,
        "path": damage.path or None,
    }
    return {**plain, "done": how} if how is not None else plain


def _head(result: "FsckResult") -> str:
    read = f"{count(result.objects, 'object')} read"
    healed = f"{result.healed and len(result.healed):,} healed" if result.healed else ""
    found = count(len(result.problems), "problem") if result.problems else ""
    return f"{read}: {', '.join(part for part in (healed, found) if part) or 'all is well'}"


def _damage(damage: "Damage", how: str, label: str, verbose: bool) -> list[str]:
    out = [f"{label}  {damage.kind}: {printable(damage.text)}"]
    if how:
        out.append(f"         {printable(how)}")
    if verbose and damage.path:
        out.append(f"         {printable(damage.path)}")
    if verbose and damage.digest:
        out.append(f"         {damage.digest}")
    return out
