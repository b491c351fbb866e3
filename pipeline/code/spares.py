"""Which imports nobody misses when nothing asks for what they bind. Knows one file, and no module of a project."""

import ast
import re
from collections.abc import Collection, Iterable, Iterator

from . import form
from .bases import words

_WORD = re.compile(r"\w+")
_QUIET = words(
    "abc argparse array ast base64 bisect bz2 calendar cmath collections collections.abc colorsys contextlib copy",
    "csv dataclasses datetime decimal difflib enum errno fnmatch fractions functools getpass glob gzip hashlib",
    "heapq hmac io itertools json keyword lzma math numbers operator os os.path pathlib platform pprint",
    "queue random re secrets shlex shutil socket stat statistics string struct subprocess sys tarfile tempfile",
    "textwrap threading time timeit tomllib types typing unicodedata uuid warnings weakref zipfile zlib",
    "zoneinfo",
)
"""To import these changes nothing that a stage could see. No inner modules of packages: importing one binds it in its
package, where others may find it without having imported it (`os.path` and `collections.abc` are there anyway)."""


def bound_by(node: ast.stmt) -> Iterator[str]:
    """Give the names that a statement binds to quiet modules of the standard library, or to what is in them."""
    if isinstance(node, ast.Import):
        for item in node.names:
            if item.name in _QUIET:
                yield item.asname or item.name.partition(".")[0]
    elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module in _QUIET:
        for item in node.names:
            if item.name != "*":
                yield item.asname or item.name


def mentioned(statements: Iterable[ast.stmt], names: Collection[str]) -> set[str]:
    """Return which names stand anywhere in statements, texts included but for docstrings."""
    found: set[str] = set()
    stack: list[ast.AST] = list(statements)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(_WORD.findall(node.value))
        stack.extend(child for child in ast.iter_child_nodes(node) if not form.is_bare(child))
    return found.intersection(names)
