"""What a pickle refers to, found without executing anything of it. Knows nothing of what that holds.

A pickle is a program for a small machine. Here that machine runs with every global replaced by an inert
object that accepts whatever is done to it; nothing is hashed or compared, so that no value, however it is
made, costs more than its opcodes. joblib's files are the same program with the bytes of arrays in between,
which are skipped; an archive of torch's holds it beside them.
"""

import math
import pickle
import re
import struct
from pathlib import Path
from typing import Any

from .unpacked import Stream, TooLarge, opened

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
_MOST_STEPS = 4_000_000
"""Two seconds or so. What is larger is as good as unreadable: its stage counts everything."""
LARGE_BYTES = 1 << 16
_MOST_DIMENSIONS = 64


def references(path: Path) -> tuple[str, ...] | None:
    """Return `module:name` of all that loading the file would look up, sorted.

    None means that it cannot be told, so that the caller must reckon with all: the file is damaged, too large
    or no pickle, or it holds code (cloudpickle, dill) or something that imports by name. Raises OSError if the
    file cannot be opened.
    """
    found: set[str] = set()
    steps = Steps()
    with path.open("rb") as file:
        try:
            count = 0
            for stream in opened(file):
                count += 1
                _run(stream, steps, found)
        except Exception:  # a file from anywhere may be wrong in any way, and all of them mean the same here
            return None
    modules = {name.partition(":")[0].partition(".")[0] for name in found}
    return tuple(sorted(found)) if count and modules.isdisjoint(_BY_NAME) else None


def begins(path: Path) -> bool:
    """Say whether a file begins as a pickle does, compressed or not, or is an archive that holds one."""
    with path.open("rb") as file:
        try:
            return any(_begins(stream) for stream in opened(file))
        except Exception:  # as above: what cannot be unpacked is no pickle that anybody loads
            return False


def _begins(stream: Stream) -> bool:
    return stream.peek(1)[:1] == pickle.PROTO


def _run(stream: Stream, steps: "Steps", found: set[str]) -> None:
    if not _begins(stream):
        raise pickle.UnpicklingError("not a pickle of protocol 2 or later")
    Machine(stream, steps, found).load()
    if stream.read(1):
        raise pickle.UnpicklingError("there is more than one pickle in the file")


class Inert:
    """Stands for a global, and for all that is made of it."""

    def __init__(self, name: tuple[str, str] = ("", ""), arguments: tuple[Any, ...] = ()) -> None:
        self.name = name
        self.arguments = arguments
        self.state: Any = None

    def __call__(self, *arguments: Any, **_: Any) -> "Inert":
        return Inert(self.name, arguments)

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


class _Pairs:
    """Stands for a dict. It is not one: a key may be made such that hashing it takes for ever."""

    def __init__(self) -> None:
        self.by_text: dict[str, Any] = {}

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, str):
            self.by_text[key] = value


class Steps:
    """Counts what the machine does, nested ones included."""

    def __init__(self) -> None:
        self.done = 0


class _Counted(dict[int, Any]):
    def __init__(self, dispatch: dict[int, Any], steps: Steps) -> None:
        super().__init__(dispatch)
        self._steps = steps

    def __getitem__(self, code: int) -> Any:
        self._steps.done += 1
        if self._steps.done > _MOST_STEPS:
            raise TooLarge
        return super().__getitem__(code)


class Machine(_PythonUnpickler):  # type: ignore[misc]
    dispatch: Any = dict(_PythonUnpickler.dispatch)  # noqa: RUF012 - each machine takes a counting copy

    def __init__(self, stream: Stream, steps: Steps, found: set[str]) -> None:
        super().__init__(stream)
        self.stream = stream
        self.steps = steps
        self.found = found
        self.dispatch = _Counted(self.dispatch, steps)

    def find_class(self, module: str, name: str) -> Any:
        if module in ("builtins", "__builtin__") and name.partition(".")[0] in _BUILTINS_BY_NAME:
            raise pickle.UnpicklingError(f"{name} can do anything")
        if not all(part.isidentifier() for part in [*module.split("."), *name.split(".")]):
            raise pickle.UnpicklingError("no module or name is called like this")
        self.found.add(f"{module}:{name}")
        return Inert((module, name))

    def get_extension(self, code: int) -> None:
        raise pickle.UnpicklingError(f"extension {code} is known only to the process that registered it")

    def persistent_load(self, pid: Any) -> Any:
        return Inert()  # what it stands for, the code of whoever loads the file says (torch)

    def load_newobj(self) -> None:
        arguments = self.stack.pop()
        self.stack.append(self.stack.pop()(*arguments))

    def load_newobj_ex(self) -> None:
        self.stack.pop()
        arguments = self.stack.pop()
        self.stack.append(self.stack.pop()(*arguments))

    def load_obj(self) -> None:
        cls, *arguments = self.pop_mark()
        self.append(cls(*arguments))

    def load_inst(self) -> None:
        module, name = self.readline()[:-1].decode("ascii"), self.readline()[:-1].decode("ascii")
        arguments = self.pop_mark()  # first: it gives the machine another `append`
        self.append(self.find_class(module, name)(*arguments))

    def load_empty_dict(self) -> None:
        self.append(_Pairs())

    def load_dict(self) -> None:
        items = self.pop_mark()
        made = _Pairs()
        for key, value in zip(items[::2], items[1::2], strict=True):
            made[key] = value
        self.append(made)

    def load_collection(self) -> None:
        """Make a list or a set: nobody asks what is in it."""
        self.append(Inert())

    def load_full_collection(self) -> None:
        self.pop_mark()
        self.append(Inert())

    def load_bytes4(self) -> None:
        self._take(*struct.unpack("<I", self.read(4)))

    def load_bytes8(self) -> None:
        self._take(*struct.unpack("<Q", self.read(8)))

    def _take(self, size_bytes: int) -> None:
        """Take bytes or text of a length. What is long stands outside of every frame, and no name is so long."""
        frame = self._unframer.current_frame
        inside = frame.read(size_bytes) if frame is not None else b""
        if len(inside) < size_bytes:
            if inside:
                raise pickle.UnpicklingError("a value reaches beyond its frame")
            self._unframer.current_frame = None
            if size_bytes > LARGE_BYTES:
                self.stream.skip(size_bytes)
            else:
                inside = self.stream.read(size_bytes)
        self.append(inside)

    def load_text4(self) -> None:
        self.load_bytes4()
        self.append(str(self.stack.pop(), "utf-8", "surrogatepass"))

    def load_text8(self) -> None:
        self.load_bytes8()
        self.append(str(self.stack.pop(), "utf-8", "surrogatepass"))

    def load_build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, Inert):
            raise pickle.UnpicklingError("a plain value has no state")
        target.state = state
        if target.name == _ARRAY:
            self._skip_array(state.by_text)

    def _skip_array(self, wrapper: dict[str, Any]) -> None:
        size_bytes = item_size_bytes(wrapper["dtype"])
        if size_bytes is None:
            # An array of objects is a pickle inside the pickle.
            Machine(self.stream, self.steps, self.found).load()
            return
        if wrapper.get("numpy_array_alignment_bytes") is not None:
            self.stream.skip(self.stream.read(1)[0])
        shape = wrapper["shape"]
        if len(shape) > _MOST_DIMENSIONS or not all(0 <= length < 1 << 63 for length in shape):
            raise pickle.UnpicklingError("no array has this shape")
        self.stream.skip(math.prod(shape) * size_bytes)

    for _code, _step in (
        (pickle.NEWOBJ, load_newobj),
        (pickle.NEWOBJ_EX, load_newobj_ex),
        (pickle.OBJ, load_obj),
        (pickle.INST, load_inst),
        (pickle.BUILD, load_build),
        (pickle.EMPTY_DICT, load_empty_dict),
        (pickle.DICT, load_dict),
        (pickle.EMPTY_LIST, load_collection),
        (pickle.EMPTY_SET, load_collection),
        (pickle.LIST, load_full_collection),
        (pickle.FROZENSET, load_full_collection),
        (pickle.BINBYTES, load_bytes4),
        (pickle.BINSTRING, load_bytes4),
        (pickle.BINBYTES8, load_bytes8),
        (pickle.BYTEARRAY8, load_bytes8),
        (pickle.BINUNICODE, load_text4),
        (pickle.BINUNICODE8, load_text8),
    ):
        dispatch[_code[0]] = _step
    del _code, _step


def item_size_bytes(dtype: Any) -> int | None:
    """Return the size of one item of a pickled dtype; None if its items are objects."""
    if not isinstance(dtype, Inert) or dtype.name != ("numpy", "dtype"):
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
