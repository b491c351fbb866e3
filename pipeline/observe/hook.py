"""Put into each Python of an observed stage as its `sitecustomize`: tells which variables are looked up.

Where the kernel cannot watch, it tells what Python itself opens as well. It stands alone: it knows nothing of pipe,
works in any Python 3, and never disturbs the program that it is in.
"""

# mypy: ignore-errors
# Annotations would be in the way of the oldest Pythons that a script may start.

import os
import sys

_SKIPPED = ("os.py", "posixpath.py", "_collections_abc.py", "sitecustomize.py")
_TARGET = os.environ.get("PIPE_OBSERVED", "")
_said = set()


def _tell(*words):
    line = "\t".join(words).replace("\n", " ")
    if line in _said:
        return
    _said.add(line)
    try:
        descriptor = os.open(_TARGET, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, (line + "\n").encode("utf-8", "surrogateescape"))
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        pass


def _asking():
    """Return the file whose code looks a variable up: not the library that does it on its behalf."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith("<frozen ") and os.path.basename(name) not in _SKIPPED:
            return name
        frame = frame.f_back
    return ""


class _Watched(type(os.environ)):
    """`os.environ`, telling of each variable that is asked for by name. Copying all of them asks for none."""

    def __getitem__(self, key):
        if key != self.__dict__.get("_yielded") and isinstance(key, str):
            _tell("env", key, _asking())
        return super().__getitem__(key)

    def __iter__(self):
        try:
            for key in super().__iter__():
                self.__dict__["_yielded"] = key
                yield key
        finally:
            self.__dict__["_yielded"] = None


def _on_event(event, arguments):
    try:
        _tell_of(event, arguments)
    except Exception:
        pass


def _tell_of(event, arguments):
    if event == "open":
        path, _, flags = arguments
        if not isinstance(path, int) and os.fspath(path) != _TARGET:
            is_written = flags & (os.O_WRONLY | os.O_RDWR)
            is_read = not is_written or (flags & os.O_RDWR and not flags & (os.O_TRUNC | os.O_EXCL))
            kinds = ("read",) * bool(is_read) + ("write",) * bool(is_written)
            for kind in kinds:
                _tell(kind, os.path.abspath(os.fsdecode(path)))
    elif event in ("os.listdir", "os.scandir"):
        if not isinstance(arguments[0], int):
            _tell("list", os.path.abspath(os.fsdecode(arguments[0] or ".")))
    elif event in ("os.remove", "os.rmdir", "os.mkdir"):
        _tell("write" if event == "os.mkdir" else "remove", os.path.abspath(os.fsdecode(arguments[0])))
    elif event == "os.rename":
        _tell("remove", os.path.abspath(os.fsdecode(arguments[0])))
        _tell("write", os.path.abspath(os.fsdecode(arguments[1])))
    elif event == "sqlite3.connect":
        _tell("read", os.path.abspath(os.fsdecode(arguments[0])))
        _tell("write", os.path.abspath(os.fsdecode(arguments[0])))
    elif event == "subprocess.Popen":
        for word in arguments[1] if isinstance(arguments[1], (list, tuple)) else ():
            path = os.path.join(arguments[2] or ".", os.fsdecode(word))
            if os.path.isfile(path):
                _tell("execute", os.path.abspath(path))
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        _tell("connect", "inet:{}:{}".format(*arguments[1][:2]))


def _install():
    try:
        os.environ.__class__ = _Watched
    except TypeError:
        pass
    if os.environ.get("PIPE_OBSERVED_FILES") and hasattr(sys, "addaudithook"):
        sys.addaudithook(_on_event)


def _load_the_other():
    """Load the `sitecustomize` in whose place this one was found."""
    own = os.path.dirname(os.path.abspath(__file__))
    path = list(sys.path)
    sys.path[:] = [folder for folder in path if os.path.abspath(folder or ".") != own]
    this = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except ImportError:
        sys.modules["sitecustomize"] = this
    finally:
        sys.path[:] = path


if _TARGET:
    _install()
    if __name__ == "sitecustomize":
        _load_the_other()
