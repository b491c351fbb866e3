"""What a Python file uses, by the names for which they stand, wherever imported from. Judges none of it."""

import ast
import re
from collections.abc import Iterator

from . import shell
from .definitions import Definitions
from .names import Names
from .orders import Orders
from .uses import is_only_told, is_ordered_away
from .values import ONLY_TOLD, ORDERED_AWAY, Sight

_SHELLS = re.compile(r"(os\.(system|popen)|subprocess\.\w+|asyncio\.create_subprocess_\w+)")
_VARIABLES = ("os.environ", "os.environb", "os.getenv", "os.environ.get", "os.environ.pop")
_SQL = re.compile(r"\b(select|insert\s+into|update|values)\b", re.IGNORECASE)
_SQL_NAMES = re.compile(
    r"\b(random\s*\(|rand\s*\(|uuid\s*\(|gen_random_uuid\s*\(|now\s*\(|current_timestamp|current_date|"
    r"date\s*\(\s*'now'|datetime\s*\(\s*'now'|today\s*\(|localtime|current_user|using\s+sample)",
    re.IGNORECASE,
)


class Looked:
    """One file, looked at. Raises SyntaxError."""

    def __init__(self, tree: ast.Module, own: frozenset[str], definitions: Definitions, entry: str) -> None:
        self.names = Names(tree, own)
        self._orders = Orders(self.names, definitions, entry)

    def sights(self) -> Iterator[Sight]:
        """Give all that the file uses, in no order that means anything."""
        for node in ast.walk(self.names.tree):
            yield from self._orders.sights(node)
            if isinstance(node, ast.Call):
                yield from self._call(node)
            elif isinstance(node, ast.Attribute | ast.Name):
                yield from self._reference(node)
            elif isinstance(node, ast.Subscript):
                yield from self._variable(node, node.value, node.slice)
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
                yield Sight("<matrix product>", node.lineno)
            elif isinstance(node, ast.FormattedValue) and node.format_spec is not None:
                if ast.unparse(node.format_spec).rstrip("'\"").endswith("n"):
                    yield Sight("<number in the locale's form>", node.lineno)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                is_docstring = isinstance(self.names.parents.get(node), ast.Expr)
                yield from () if is_docstring else _sql(node, node.value)

    def _call(self, node: ast.Call) -> Iterator[Sight]:
        name = self.names.dotted(node.func)
        if name is None:
            return
        given = [item for item in node.args if not (isinstance(item, ast.Constant) and item.value is None)]
        keywords = {item.arg or "**": ast.unparse(item.value) for item in node.keywords}
        yield Sight(
            name,
            node.lineno,
            is_called=True,
            text=ast.unparse(node),
            positional=len(given),
            keywords={key: value for key, value in keywords.items() if value != "None"},
            notes=self._notes(node),
        )
        if name in _VARIABLES and node.args:
            yield from self._variable(node, node.func, node.args[0])
        if _SHELLS.fullmatch(name) and node.args:
            text = _command(node.args[0])
            yield from (sight._replace(line=node.lineno) for sight in shell.sights(text))

    def _reference(self, node: "ast.Attribute | ast.Name") -> Iterator[Sight]:
        """Give a name that is not called here and is not the beginning of a longer one."""
        above = self.names.parents.get(node)
        is_part = isinstance(above, ast.Attribute) or (isinstance(above, ast.Call) and above.func is node)
        if is_part or not isinstance(node.ctx, ast.Load):
            return
        name = self.names.dotted(node)
        # A plain name that was assigned here is no new use of what it was set to.
        is_local = isinstance(node, ast.Name) and bool(self.names.values(node))
        if name is not None and not is_local:
            yield Sight(name, node.lineno, text=ast.unparse(node), notes=self._notes(node))

    def _variable(self, node: ast.expr, of: ast.expr, key: ast.expr) -> Iterator[Sight]:
        """Give `os.environ.HOME` for what reads that variable."""
        if (
            self.names.dotted(of) in _VARIABLES
            and isinstance(key, ast.Constant)
            and isinstance(key.value, str)
        ):
            yield Sight(f"os.environ.{key.value}", node.lineno, notes=self._notes(node))

    def _notes(self, node: ast.expr) -> frozenset[str]:
        notes = {
            ORDERED_AWAY: is_ordered_away(self.names, node),
            ONLY_TOLD: is_only_told(self.names, node),
        }
        return frozenset(note for note, holds in notes.items() if holds)


def _command(node: ast.expr) -> str:
    """Return what can be read off of a command; another value's place is held by `_`."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.List | ast.Tuple):
        return " ".join(item.value if _is_text(item) else "_" for item in node.elts)  # type: ignore[attr-defined]
    if isinstance(node, ast.JoinedStr):
        return "".join(item.value if _is_text(item) else "_" for item in node.values)  # type: ignore[attr-defined]
    return ""


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _sql(node: ast.Constant, text: str) -> Iterator[Sight]:
    if not _SQL.search(text):
        return
    spans_lines = (node.end_lineno or node.lineno) > node.lineno
    for match in _SQL_NAMES.finditer(text):
        name = re.sub(r"\W+", " ", match.group().lower()).strip()
        yield Sight(f"sql:{name}", node.lineno + (text[: match.start()].count("\n") if spans_lines else 0))
