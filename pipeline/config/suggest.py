"""Finds the word that was probably meant. Knows nothing of what the words name."""

from collections.abc import Iterable


def suggest(word: str, options: Iterable[str]) -> str | None:
    """Return the option nearest to `word`, or None if none is near; of equals the first."""
    import difflib

    known = list(dict.fromkeys(options))
    if (
        len(known) > 5000 or len(word) > 200
    ):  # difflib compares with each of them, in a time that grows with their length
        return None
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return near[0]
    folded = word.casefold()
    return next((option for option in known if option.casefold() == folded), None)


def did_you_mean(word: str, options: Iterable[str], *, otherwise: str = "") -> str:
    """Return the help line that names the nearest option, or `otherwise`."""
    near = suggest(word, options)
    return f"did you mean `{near}`?" if near is not None else otherwise
