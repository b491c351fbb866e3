"""What a pickle holds, as values that can be compared. Loads nothing: globals are names, calls their arguments."""

import math
import pickle
from pathlib import Path
from typing import Any

from ...errors import PipeError
from ..errors import FormatError
from ..pickles import LARGE_BYTES, Inert, Machine, Steps, item_size_bytes
from ..unpacked import Stream, TooLarge, opened
from .blocks import Array, Bytes, Memory
from .values import Pairs, Thing, Unordered

_MOST_KEPT_BYTES = 256 << 20
"""So much of text is kept in memory; and of arrays, where a file is compressed and they cannot be read twice."""


def read(path: Path) -> Any:
    """Return the value of the one pickle in a file, and its protocol. Raises FormatError."""
    steps = Steps()
    try:
        with path.open("rb") as file:
            for stream in opened(file):
                if stream.peek(1)[:1] != pickle.PROTO:
                    raise FormatError("it is no pickle of protocol 2 or later")
                return _Reader(stream, steps, set(), path).load()
    except TooLarge:
        raise FormatError("there is more in it than is looked into") from None
    except (FormatError, OSError, MemoryError):
        raise
    except PipeError:  # the user has interrupted it
        raise
    except Exception as error:  # a file from anywhere may be wrong in any way
        raise FormatError(f"it cannot be read as a pickle: {str(error) or type(error).__name__}") from error
    raise FormatError("there is no pickle in it")


class _Object(Thing):
    """What came of a global: its name, and all that was done to it."""

    def __init__(self, name: str, arguments: tuple[Any, ...] | None = None) -> None:
        self.name = name
        self.arguments = arguments
        self.state: Any = None
        self.items: list[Any] = []
        self.pairs = Pairs()

    def __call__(self, *arguments: Any, **_: Any) -> Any:
        short = self.name.rpartition(".")[2]
        if short == "_frombuffer" and len(arguments) == 4:
            return _array(arguments[1], arguments[2], arguments[0], is_fortran=arguments[3] == "F")
        if short == "scalar" and len(arguments) == 2 and isinstance(arguments[1], bytes | str):
            return _array(arguments[0], (), arguments[1], is_fortran=False)
        if self.name == "_codecs.encode" and len(arguments) == 2 and isinstance(arguments[0], str):
            return arguments[0].encode("latin-1", "replace")  # how bytes look in protocol 2
        if self.name in ("builtins.set", "builtins.frozenset") and len(arguments) == 1:
            return (
                Unordered(arguments[0]) if isinstance(arguments[0], list) else _Object(self.name, arguments)
            )
        return _Object(self.name, arguments)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.pairs.append((key, value))

    def append(self, item: Any) -> None:
        self.items.append(item)

    def extend(self, items: Any) -> None:
        self.items.extend(items)

    def add(self, item: Any) -> None:
        self.items.append(item)

    def parts(self) -> list[tuple[str, Any]]:
        found = [(f"({number})", value) for number, value in enumerate(self.arguments or ())]
        found += [(f"[{number}]", value) for number, value in enumerate(self.items)]
        found += [("{}", self.pairs)] if self.pairs else []
        states = self.state if isinstance(self.state, tuple) and len(self.state) == 2 else (self.state,)
        for state in states:
            if isinstance(state, Pairs):
                found += [(f".{key}" if isinstance(key, str) else ".?", value) for key, value in state]
            elif state is not None:
                found.append((".state", state))
        return found


class _Dict(Pairs):
    """A dict as its pairs. `by_text` is what `Machine` asks of one."""

    def __setitem__(self, key: Any, value: Any) -> None:
        self.append((key, value))

    @property
    def by_text(self) -> dict[str, Any]:
        return {key: value for key, value in self if isinstance(key, str)}


class _Set(Unordered):
    def add(self, item: Any) -> None:
        self.append(item)


class _Reader(Machine):
    dispatch: Any = dict(Machine.dispatch)  # noqa: RUF012 - each machine takes a counting copy

    def __init__(self, stream: Stream, steps: Steps, found: set[str], path: Path) -> None:
        super().__init__(stream, steps, found)
        self._path = path
        self._kept_bytes = 0

    def find_class(self, module: str, name: str) -> Any:
        return _Object(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        return _Object("what is stored elsewhere", (pid,))

    def load_empty_dict(self) -> None:
        self.append(_Dict())

    def load_dict(self) -> None:
        items = self.pop_mark()
        self.append(_Dict(zip(items[::2], items[1::2], strict=True)))

    def load_empty_list(self) -> None:
        self.append([])

    def load_list(self) -> None:
        self.append(self.pop_mark())

    def load_empty_set(self) -> None:
        self.append(_Set())

    def load_frozenset(self) -> None:
        self.append(_Set(self.pop_mark()))

    def load_build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, _Object):
            raise pickle.UnpicklingError("a plain value has no state")
        target.state = state
        if target.name == "joblib.numpy_pickle.NumpyArrayWrapper":
            self.stack[-1] = self._array_behind(state.by_text)
            self._replace(target, self.stack[-1])
        elif target.name.endswith("multiarray._reconstruct") and isinstance(state, tuple) and len(state) == 5:
            _, shape, dtype, is_fortran, data = state
            if isinstance(data, bytes | str | Bytes):
                self.stack[-1] = _array(dtype, shape, data, is_fortran=bool(is_fortran))
                self._replace(target, self.stack[-1])

    def _replace(self, old: Any, new: Any) -> None:
        """Let what refers to an object later refer to what it has become. It stands among the last in the memo."""
        for key in reversed(list(self.memo)[-_BACK:]):
            if self.memo[key] is old:
                self.memo[key] = new

    def _array_behind(self, wrapper: dict[str, Any]) -> Any:
        """Take the array whose bytes joblib wrote behind the object that stands for it."""
        if item_size_bytes(_plain_dtype(wrapper["dtype"])) is None:
            return _Reader(self.stream, self.steps, self.found, self._path).load()
        if wrapper.get("numpy_array_alignment_bytes") is not None:
            self.stream.read(self.stream.read(1)[0])
        dtype, shape = _type(wrapper["dtype"]), _shape(wrapper["shape"])
        memory = self._memory(math.prod(shape) * dtype.itemsize)
        return Array(memory, dtype, shape, is_fortran=wrapper.get("order") == "F")

    def _memory(self, size_bytes: int) -> Memory:
        offset = self.stream.place()
        if offset is not None:
            self.stream.skip(size_bytes)
            return Memory(size_bytes, path=str(self._path), offset=offset)
        self._kept_bytes += size_bytes
        if self._kept_bytes > _MOST_KEPT_BYTES:
            raise TooLarge
        pieces = []
        left = size_bytes
        while left:
            pieces.append(self.stream.read(min(left, 1 << 20)))
            left -= len(pieces[-1])
            if not pieces[-1]:
                raise EOFError("the file ends too early")
        return Memory(size_bytes, b"".join(pieces))

    def _take(self, size_bytes: int) -> None:
        self._kept_bytes += size_bytes
        if self._kept_bytes > _MOST_KEPT_BYTES:
            raise TooLarge
        super()._take(size_bytes)

    def load_bytes4(self) -> None:
        self._bytes(int.from_bytes(self.read(4), "little"))

    def load_bytes8(self) -> None:
        self._bytes(int.from_bytes(self.read(8), "little"))

    def _bytes(self, size_bytes: int) -> None:
        frame = self._unframer.current_frame
        if size_bytes <= LARGE_BYTES or (frame is not None and frame.tell() < len(frame.getvalue())):
            self._take(size_bytes)
            return
        self._unframer.current_frame = None
        self.append(Bytes(self._memory(size_bytes)))

    for _code_of, _step in (
        (pickle.BUILD, load_build),
        (pickle.EMPTY_DICT, load_empty_dict),
        (pickle.DICT, load_dict),
        (pickle.EMPTY_LIST, load_empty_list),
        (pickle.LIST, load_list),
        (pickle.EMPTY_SET, load_empty_set),
        (pickle.FROZENSET, load_frozenset),
        (pickle.BINBYTES, load_bytes4),
        (pickle.BINBYTES8, load_bytes8),
        (pickle.BYTEARRAY8, load_bytes8),
    ):
        dispatch[_code_of[0]] = _step
    del _code_of, _step


_BACK = 64


def _plain_dtype(dtype: Any) -> Any:
    """Return a dtype as `item_size_bytes` wants it."""
    if not isinstance(dtype, _Object) or dtype.name != "numpy.dtype" or not dtype.arguments:
        raise pickle.UnpicklingError("an array without a dtype")
    found = Inert(("numpy", "dtype"), dtype.arguments)
    found.state = dtype.state
    return found


def _type(dtype: Any) -> Any:
    """Return the type that a pickled dtype stands for: of plain items alone, or of fields of such."""
    import numpy as np

    width = item_size_bytes(_plain_dtype(dtype))
    if not width:
        raise pickle.UnpicklingError("an array of nothing that can be compared")
    code, state = str(dtype.arguments[0]).lstrip("<>=|"), dtype.state
    order = state[1] if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">") else ""
    if code[0] in "mM":
        return np.dtype(f"{order}i8")
    if code[0] in "biufcSU":
        return np.dtype(f"{order}{code}")
    try:
        names, fields = state[3], state[4].by_text
        formats, offsets = zip(*((_type(fields[name][0]), fields[name][1]) for name in names), strict=True)
        return np.dtype(
            {"names": list(names), "formats": list(formats), "offsets": list(offsets), "itemsize": width}
        )
    except (TypeError, AttributeError, LookupError, ValueError, pickle.UnpicklingError):
        return np.dtype(f"V{width}")  # compared byte by byte


def _shape(shape: Any) -> tuple[int, ...]:
    if (
        not isinstance(shape, tuple)
        or not all(type(n) is int and 0 <= n < 1 << 63 for n in shape)
        or len(shape) > 64
    ):
        raise pickle.UnpicklingError("no array has this shape")
    return shape


def _array(dtype: Any, shape: Any, data: Any, *, is_fortran: bool) -> Any:
    shape = _shape(shape)
    if isinstance(data, Array) or not isinstance(data, bytes | str | bytearray | Bytes):
        return _Object("an array", (dtype, shape, data))
    found = _type(dtype)
    if isinstance(data, Bytes):
        memory = data.memory
    else:
        raw = data.encode("latin-1", "replace") if isinstance(data, str) else bytes(data)
        memory = Memory(len(raw), raw)
    if memory.size_bytes != math.prod(shape) * found.itemsize:
        raise pickle.UnpicklingError("an array of another size than its shape")
    return Array(memory, found, shape, is_fortran=is_fortran)
