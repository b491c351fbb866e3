"""Says which top-level statements do nothing but bind names: they need not run unless a name is wanted.

What is not known to be quiet is not: a call may register, patch, print or draw random numbers. Knows one file.
"""

import ast
from collections.abc import Iterable, Mapping

from . import annotations
from .bases import words

_BUILTINS = words(
    "abs all any ascii bin bool bytes bytearray chr classmethod complex dict divmod enumerate float",
    "format frozenset hash hex int isinstance issubclass len list max memoryview min object oct ord pow",
    "property range repr reversed round set slice sorted staticmethod str sum tuple zip",
)
_CALLS = words(
    "collections.ChainMap collections.Counter collections.OrderedDict collections.defaultdict",
    "collections.deque collections.namedtuple contextvars.ContextVar dataclasses.field decimal.Decimal",
    "enum.auto fractions.Fraction functools.partial logging.getLogger numpy.random.default_rng",
    "os.environ.get os.fspath os.getenv pandas.Timedelta pandas.Timestamp pathlib.Path pathlib.Path.cwd",
    "pathlib.Path.home pathlib.PurePath pathlib.PurePosixPath random.Random re.compile torch.device",
    "types.MappingProxyType types.SimpleNamespace uuid.UUID pydantic.ConfigDict pydantic.Field",
    "string.Template struct.Struct zoneinfo.ZoneInfo collections.abc.Callable textwrap.dedent",
)
_FAMILIES = (
    "datetime.",
    "fractions.",
    "itertools.",
    "math.",
    "operator.",
    "os.path.",
    "typing.",
    "typing_extensions.",
)
_ARRAYS = words(
    "arange array asarray bool_ complex128 datetime64 deg2rad dtype empty exp eye float16 float32",
    "float64 full geomspace int16 int32 int64 int8 iinfo finfo linspace log log10 logspace ones rad2deg",
    "sqrt timedelta64 uint16 uint32 uint64 uint8 zeros",
)
_METHODS = words(
    "absolute as_posix capitalize copy count decode difference encode endswith expanduser format",
    "format_map fromkeys get hex index intersection is_dir items join joinpath keys lower lstrip",
    "maketrans parents partition relative_to replace resolve rjust rpartition rsplit rstrip split",
    "splitlines startswith strip title total_seconds translate union upper values with_name with_suffix",
    "zfill",
)
"""Methods of texts, bytes, containers and paths: quiet where it is seen what they are called on."""
_DECORATORS = words(
    "abc.abstractmethod attr.s attr.attrs attr.define attr.frozen attrs.define attrs.frozen",
    "attrs.mutable classmethod contextlib.asynccontextmanager contextlib.contextmanager",
    "dataclasses.dataclass enum.unique functools.cache functools.cached_property functools.lru_cache",
    "functools.singledispatch functools.total_ordering functools.wraps property pydantic.computed_field",
    "pydantic.dataclasses.dataclass pydantic.field_serializer pydantic.field_validator",
    "pydantic.model_serializer pydantic.model_validator pydantic.root_validator pydantic.validate_call",
    "pydantic.validator staticmethod torch.inference_mode torch.no_grad",
)
_ACCESSORS = frozenset(("deleter", "getter", "setter"))
_DUNDERS = frozenset(("__all__", "__author__", "__copyright__", "__email__", "__license__", "__version__"))
"""Names with a meaning only to readers. Others (`__getattr__`, `__path__`) steer Python itself."""


class Quiet:
    """Judges the statements of one file. `bound` says how often it binds a name, which shadows built-in ones."""

    def __init__(self, aliases: Mapping[str, str], bound: Mapping[str, int], *, lazy: bool) -> None:
        self._aliases = aliases
        self._bound = bound
        self._lazy = lazy
        """Annotations are not evaluated."""

    def bases(self, node: ast.stmt) -> list[str] | None:
        """Return None if a statement may have an effect, else the base classes on which that depends."""
        try:
            return self._bases(node)
        except RecursionError:
            return None

    def _bases(self, node: ast.stmt) -> list[str] | None:
        found: list[str] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_quiet = self._function(node) and self._name(node.name)
        elif isinstance(node, ast.ClassDef):
            is_quiet = self._class(node, found) and self._name(node.name)
        elif isinstance(node, ast.Assign):
            is_quiet = all(self._target(target) for target in node.targets) and self.value(node.value)
        elif isinstance(node, ast.AnnAssign):
            is_quiet = self._target(node.target) and (node.value is None or self.value(node.value))
            is_quiet = is_quiet and (self._lazy or self.value(node.annotation))
        else:
            is_quiet = type(node).__name__ == "TypeAlias"
        return found if is_quiet else None

    def _name(self, name: str) -> bool:
        return not (name.startswith("__") and name.endswith("__")) or name in _DUNDERS

    def _target(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Tuple | ast.List):
            return all(self._target(item) for item in node.elts)
        return isinstance(node, ast.Name) and self._name(node.id)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, *, is_method: bool = False) -> bool:
        arguments = node.args
        defaults = [*arguments.defaults, *(item for item in arguments.kw_defaults if item is not None)]
        if not all(self._decorator(item, is_method=is_method) for item in node.decorator_list):
            return False
        if not self._lazy:
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            every += [item for item in (arguments.vararg, arguments.kwarg) if item]
            defaults += [item.annotation for item in every if item.annotation]
            defaults += [node.returns] if node.returns else []
        return self._all(defaults)

    def _decorator(self, node: ast.expr, *, is_method: bool) -> bool:
        if isinstance(node, ast.Call):
            return self._arguments(node) and self._decorator(node.func, is_method=is_method)
        if is_method and isinstance(node, ast.Attribute) and node.attr in _ACCESSORS:
            return isinstance(node.value, ast.Name)
        name = self._dotted(node)
        return name is not None and (
            name in _DECORATORS or name.startswith(("typing.", "typing_extensions."))
        )

    def _class(self, node: ast.ClassDef, bases: list[str]) -> bool:
        if node.keywords or not all(self._decorator(item, is_method=False) for item in node.decorator_list):
            return False
        for base in node.bases:
            plain = base.value if isinstance(base, ast.Subscript) else base
            name = _chain(plain)
            if name is None or (isinstance(base, ast.Subscript) and not self.value(base.slice)):
                return False
            bases.append(name)
        return all(self._member(item, bases) for item in node.body)

    def _member(self, node: ast.stmt, bases: list[str]) -> bool:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return self._function(node, is_method=True)
        if isinstance(node, ast.ClassDef):
            return self._class(node, bases)
        if isinstance(node, ast.Assign):
            return all(self._member_target(t) for t in node.targets) and self.value(node.value)
        if isinstance(node, ast.AnnAssign):
            value = node.value is None or self.value(node.value)
            return value and self._member_target(node.target) and (self._lazy or self.value(node.annotation))
        return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and self.value(node.value))

    def _member_target(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Tuple | ast.List):
            return all(self._member_target(item) for item in node.elts)
        return isinstance(node, ast.Name)

    def value(self, node: ast.expr) -> bool:
        """Say whether working out an expression has no effect."""
        if isinstance(node, ast.Lambda):
            return self._all([*node.args.defaults, *(item for item in node.args.kw_defaults if item)])
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom):
            return False
        return all(self._part(child) for child in ast.iter_child_nodes(node))

    def _part(self, node: ast.AST) -> bool:
        if isinstance(node, ast.expr):
            return self.value(node)
        return all(self._part(child) for child in ast.iter_child_nodes(node))

    def _all(self, nodes: Iterable[ast.expr]) -> bool:
        return all(self.value(node) for node in nodes)

    def _arguments(self, node: ast.Call) -> bool:
        return self._all([*node.args, *(item.value for item in node.keywords)])

    def _call(self, node: ast.Call) -> bool:
        if not self._arguments(node):
            return False
        name = self._dotted(node.func) or ""
        if name in _CALLS or name.startswith(_FAMILIES) or name.removeprefix("numpy.") in _ARRAYS - {name}:
            return True
        if name in _BUILTINS:
            # `sorted(rows, key=f)` calls what we do not see.
            return not any(item.arg == "key" for item in node.keywords)
        is_method = isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS
        return is_method and isinstance(node.func, ast.Attribute) and self._is_plain(node.func.value)

    def _is_plain(self, node: ast.expr) -> bool:
        """Say whether a value is certainly of a built-in kind or a path: its methods are the ones we know."""
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.Dict | ast.List | ast.Set | ast.Tuple):
            return self.value(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Attribute | ast.Subscript):
            return self._is_plain(node.value)
        if isinstance(node, ast.BinOp):
            return self._is_plain(node.left) and self.value(node.right)
        return isinstance(node, ast.Name) and self._dotted(node) in {"str", "dict", "bytes", "os"}

    def _dotted(self, node: ast.expr) -> str | None:
        """Return what a name stands for; None for one of this file's own, or that may be several things."""
        chain = _chain(node)
        if chain is None:
            return None
        first = chain.partition(".")[0]
        if first in self._aliases and self._bound.get(first, 1) == 1:
            return annotations.normalise(node, self._aliases)
        return None if first in self._bound else chain


def _chain(node: ast.expr) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None
