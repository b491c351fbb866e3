"""Which modules a pickle refers to, found without executing anything of it. Knows nothing of what they hold.

A pickle is a program for a small machine. Here that machine runs with every global replaced by an inert
object that accepts whatever is done to it, so only plain values are ever made. joblib's files are the same
program with the bytes of arrays in between, which are skipped.
"""

import math
import pickle
import re
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

_BY_NAME = frozenset(
    (
        "__main__",
        "_pickle",
        "cloudpickle",
        "dill",
        "importlib",
        "marshal",
        "pickle",
        "pkgutil",
        "runpy",
        "sys",
        "types",
    )
)
"""Modules whose objects can name further ones in plain text, or carry code: what they reach is not known."""
_BUILTINS_BY_NAME = frozenset({"eval", "exec", "compile", "__import__", "open"})
_ARRAY = ("joblib.numpy_pickle", "NumpyArrayWrapper")
_PythonUnpickler: Any = vars(pickle)["_Unpickler"]  # the one whose steps can be replaced
_DTYPE = re.compile(r"[<>=|]?([biufcSUVmM])(\d+)")


def modules_of_pickle(path: Path) -> tuple[str, ...] | None:
    """Return the full names of the modules that loading the file would import, sorted.

    None means that they cannot be told, so that the caller must reckon with all: the file is compressed,
    damaged or no pickle, or it holds code (cloudpickle, dill) or something that imports by name.
    """
    try:
        with path.open("rb") as file:
            found = _modules(file)
    except Exception:  # a file from anywhere may be wrong in any way, and all of them mean the same here
        return None
    return None if any(name.partition(".")[0] in _BY_NAME for name in found) else tuple(sorted(found))


def _modules(file: BinaryIO) -> set[str]:
    if file.read(1) != pickle.PROTO:
        raise pickle.UnpicklingError("not a pickle of protocol 2 or later")
    file.seek(0)
    machine = _Machine(file)
    machine.load()
    if file.read(1):
        raise pickle.UnpicklingError("there is more than one pickle in the file")
    return machine.found


class _Inert:
    """Stands for a global, and for all that is made of it."""

    def __init__(self, name: tuple[str, str] = ("", ""), arguments: tuple[Any, ...] = ()) -> None:
        self.name = name
        self.arguments = arguments
        self.state: Any = None

    def __call__(self, *arguments: Any, **_: Any) -> "_Inert":
        return _Inert(self.name, arguments)

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def append(self, item: Any) -> None:
        pass

    def extend(self, items: Any) -> None:
        pass

    def add(self, item: Any) -> None:
        pass


class _Machine(_PythonUnpickler):  # type: ignore[misc]
    dispatch: ClassVar[dict[int, Any]] = dict(_PythonUnpickler.dispatch)

    def __init__(self, file: BinaryIO, found: set[str] | None = None) -> None:
        super().__init__(file)
        self.file = file
        self.found: set[str] = set() if found is None else found

    def find_class(self, module: str, name: str) -> Any:
        if module in ("builtins", "__builtin__") and name.partition(".")[0] in _BUILTINS_BY_NAME:
            raise pickle.UnpicklingError(f"{name} can do anything")
        self.found.add(module)
        return _Inert((module, name))

    def get_extension(self, code: int) -> None:
        raise pickle.UnpicklingError(f"extension {code} is known only to the process that registered it")

    def load_newobj(self) -> None:
        arguments = self.stack.pop()
        self.stack.append(self.stack.pop()(*arguments))

    def load_newobj_ex(self) -> None:
        keywords = self.stack.pop()
        arguments = self.stack.pop()
        self.stack.append(self.stack.pop()(*arguments, **keywords))

    def load_obj(self) -> None:
        cls, *arguments = self.pop_mark()
        self.append(cls(*arguments))

    def load_inst(self) -> None:
        module, name = self.readline()[:-1].decode("ascii"), self.readline()[:-1].decode("ascii")
        arguments = self.pop_mark()  # first: it gives the machine another `append`
        self.append(self.find_class(module, name)(*arguments))

    def load_build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, _Inert):
            raise pickle.UnpicklingError("a plain value has no state")
        target.state = state
        if target.name == _ARRAY:
            self._skip_array(state)

    def _skip_array(self, wrapper: dict[str, Any]) -> None:
        dtype = wrapper["dtype"]
        size_bytes = _item_size_bytes(dtype)
        if size_bytes is None:
            _Machine(self.file, self.found).load()  # an array of objects is a pickle inside the pickle
            return
        if wrapper.get("numpy_array_alignment_bytes") is not None:
            self.file.seek(self.file.read(1)[0], 1)
        length_bytes = math.prod(wrapper["shape"]) * size_bytes
        if length_bytes < 0:
            raise pickle.UnpicklingError("a negative size would run the same bytes again, without end")
        self.file.seek(length_bytes, 1)

    for _code, _step in (
        (pickle.NEWOBJ, load_newobj),
        (pickle.NEWOBJ_EX, load_newobj_ex),
        (pickle.OBJ, load_obj),
        (pickle.INST, load_inst),
        (pickle.BUILD, load_build),
    ):
        dispatch[_code[0]] = _step
    del _code, _step


def _item_size_bytes(dtype: Any) -> int | None:
    """Return the size of one item of a pickled dtype; None if its items are objects."""
    if not isinstance(dtype, _Inert) or dtype.name != ("numpy", "dtype"):
        raise pickle.UnpicklingError("an array without a dtype")
    code = dtype.arguments[0]
    if code.startswith("O"):
        return None
    known = _DTYPE.fullmatch(code)
    if known is None or (known[1] == "V" and _may_hold_objects(dtype.state)):
        raise pickle.UnpicklingError(f"the size of dtype {code} is not known")
    return int(known[2]) * (4 if known[1] == "U" else 1)


def _may_hold_objects(state: Any) -> bool:
    """Say whether the flags of a structured dtype announce objects (NPY_ITEM_REFCOUNT), or are not there."""
    return not (isinstance(state, tuple) and len(state) >= 8 and isinstance(state[7], int)) or bool(
        state[7] & 1
    )
