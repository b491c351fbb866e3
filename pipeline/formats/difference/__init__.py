"""In what two results differ, in terms of what is in them. Knows no stage and no digest.

Files are read in pieces and never unpickled or executed: they may come from anywhere. Each kind of content is one
module that compares two files of that kind; what cannot be read as its kind is compared byte by byte.
"""

import os

from ..errors import FormatError
from . import kinds, raw
from .folder import Files, difference_of_entries, difference_of_folders
from .result import Difference, Tolerance, cut

__all__ = ["Difference", "Files", "Tolerance", "between"]


def between(
    expected: str | Files, actual: str | Files, name: str, tolerance: Tolerance | None = None
) -> Difference:
    """Compare two results that are not the same.

    Args:
        expected: The path of a file or a folder; or what it consists of, by path inside: for each the kind of
            `tree.Leaf` and the path of the bytes, or a link's text. A file is the only entry, under the empty path.
        actual: The same of what came out instead.
        name: What it is called in the project: the suffix says what a file holds, where there is one.
        tolerance: When numbers are close enough; None where nothing but the same bytes will do.

    The result is within the tolerance only if there is one, and nothing but numbers differs, all of them by no more
    than it allows. What differs is never called identical. Raises OSError if nothing at all can be read.
    """
    one, other = (_files(side) if isinstance(side, str) else side for side in (expected, actual))
    found = _of_results(one, other, name, tolerance)
    return found._replace(text=_one_line(found.text), lines=tuple(map(_one_line, found.lines)))


def _of_results(one: Files, other: Files, name: str, tolerance: Tolerance | None) -> Difference:
    if one.keys() == other.keys() == {""}:
        found = difference_of_entries(one[""], other[""], name, _of_files, tolerance)
        if found is None:  # nothing differs; still no one may take it for a proof
            return raw.difference(one[""][1], other[""][1], tolerance)._replace(within=tolerance is not None)
        return found
    if _is_file(one) or _is_file(other):
        became = "a file -> a folder" if _is_file(one) else "a folder -> a file"
        return Difference(False, became, facts={"kind": "type"})
    return difference_of_folders(one, other, _of_files, tolerance)


def _of_files(expected: str, actual: str, name: str, tolerance: Tolerance | None) -> Difference:
    compare = kinds.kind_of(expected, actual, name)
    try:
        return compare(expected, actual, tolerance)
    except FormatError as error:
        why = error.text
    except ImportError as error:
        why = f"what is in it cannot be compared without {error.name}"
    except OSError as error:
        why = f"it cannot be read: {error.strerror or error}"
    except (ValueError, NotImplementedError) as error:  # what libraries raise late, of names that are no text
        why = f"it cannot be read: {error}"
    except (RecursionError, MemoryError):
        why = "it is nested too deeply, or too large, to be compared by what is in it"
    why = cut(_one_line(why), 200)
    found = raw.difference(expected, actual, tolerance)
    return found._replace(text=f"{found.text}; {why}", facts={**found.facts, "unreadable": why})


def _one_line(text: str) -> str:
    """Return text out of a file such that it stays in its line."""
    return text.replace("\r", "\\r").replace("\n", "\\n")


def _is_file(files: Files) -> bool:
    return "" in files and files[""][0] != "folder"


def _files(path: str) -> Files:
    """Return what a result on disk consists of. It may itself be a link to where it lies; links inside are links."""
    if not os.path.isdir(path):
        return {"": (_kind(os.path.realpath(path)), path)}
    found: dict[str, tuple[str, str]] = {}
    for folder, folders, names in os.walk(path):
        inside = os.path.relpath(folder, path)
        links = [each for each in folders if os.path.islink(os.path.join(folder, each))]
        if not folders and not names:
            found["" if inside == "." else inside] = ("folder", "")
        for each in [*names, *links]:
            whole = os.path.join(folder, each)
            kind = _kind(whole)
            where = os.readlink(whole) if kind == "link" else whole
            found[os.path.normpath(os.path.join(inside, each))] = (kind, where)
    return found


def _kind(path: str) -> str:
    if os.path.islink(path):
        return "link"
    return "exec" if os.stat(path).st_mode & 0o100 else "file"
