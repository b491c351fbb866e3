"""What varying hidden variables has shown, as text. Decides nothing."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .words import count

if TYPE_CHECKING:
    from ..verify import Perturbation, StageFound

_NAMES = {
    "hash-seed": "the hash seed",
    "time": "the time",
    "timezone": "the time zone",
    "locale": "the locale",
    "folder": "the project's folder",
    "host": "the host's name",
    "user": "the user",
    "umask": "the umask",
    "listing": "the order of listings",
    "cpus": "the number of processors",
    "blas": "the kernel of the linear algebra",
    "pid": "the process id",
    "tmp": "the temporary folder",
    "environment": "other variables of the environment",
}


def remarks(about: "Perturbation") -> list[str]:
    """Say who is to blame, the first culprit first."""
    if not about.culprits:
        return []
    named = ", and ".join(_named(culprit) for culprit in about.culprits)
    why = f" ({about.detail})" if about.detail and "repetition" in about.culprits else ""
    return [f"{about.culprits[0]}: it differs {named}{why}"]


def footnotes(stages: Iterable["StageFound"], *, verbose: bool) -> list[str]:
    """Say what was not varied, or not wholly, each reason once; what a stage declares only if asked for."""
    found: dict[str, list[str]] = {}
    for stage in stages:
        about = stage.perturbation
        for variable, why in {**about.limits, **about.not_perturbed}.items() if about else ():
            found.setdefault(f"{variable}: {why}", []).append(stage.name)
    shown = sorted(text for text in found if verbose or "the stage " not in text)
    hidden = len(found) - len(shown)
    out = [f"not varied, or not wholly: {text}" for text in shown]
    if hidden:
        out.append(f"not varied for some stages: {count(hidden, 'reason')} (-v shows them)")
    return out


def _named(culprit: str) -> str:
    if culprit == "repetition":
        return "from build to build"
    parts = [_NAMES.get(part, part) for part in culprit.split(" + ")]
    return f"with {parts[0]}" if len(parts) == 1 else f"with {' and '.join(parts)} together"
