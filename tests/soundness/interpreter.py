"""A warm interpreter that imports made-up projects, each in a fork of its own. Knows no `pipe`.

Run as a script. A request is one line of JSON: texts that are new, by a name, and the project's paths, each with
the name of its text. The answer is one line: `["ok", repr]` of what `main.go()` returns, or `["error", text]`.
"""

import dataclasses  # noqa: F401  (what projects import is loaded once, before the forks)
import enum  # noqa: F401
import functools  # noqa: F401
import gc
import importlib
import importlib.util
import json
import os
import re
import signal
import sys
import types
import typing  # noqa: F401

SECONDS = 10
"""How long a project may take: a mutation can make a loop without an end."""


class Finder:
    def __init__(self, codes):
        self.codes = codes

    def find_spec(self, name, path=None, target=None):
        base = name.replace(".", "/")
        for candidate, is_package in ((f"{base}/__init__.py", True), (f"{base}.py", False)):
            if candidate in self.codes:
                return self._spec(name, self.codes[candidate], is_package)
        if any(path.startswith(f"{base}/") for path in self.codes):
            return self._spec(name, None, True)
        return None

    def _spec(self, name, code, is_package):
        return importlib.util.spec_from_loader(name, Loader(code), is_package=is_package)


class Loader:
    def __init__(self, code):
        self.code = code

    def create_module(self, spec):
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        if isinstance(self.code, SyntaxError | ValueError):
            raise self.code
        if self.code is not None:
            exec(self.code, module.__dict__)


def answer(codes):
    sys.meta_path.insert(0, Finder(codes))
    try:
        import main

        return ["ok", re.sub(" at 0x[0-9a-f]+", "", repr(main.go()))]
    except BaseException as error:
        return ["error", f"{type(error).__name__}: {error}"]


def compiled(text, path):
    try:
        return compile(text, path, "exec")
    except (SyntaxError, ValueError) as error:
        return error


def in_a_fork(codes):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(SECONDS)
            with os.fdopen(write, "wb") as stream:
                stream.write(json.dumps(answer(codes)).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        said = stream.read()
    os.waitpid(child, 0)
    return said.decode() or '["error", "no answer"]'


def serve():
    sys.path.pop(0)
    sys.dont_write_bytecode = True
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what projects print is no answer
    texts, kept = {}, {}
    gc.disable()
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        texts.update(request["new"])
        codes = {}
        for path, name in request["files"].items():
            if (path, name) not in kept:
                kept[path, name] = compiled(texts[name], path)
            codes[path] = kept[path, name]
        if len(kept) > 20_000:
            kept.clear()
        answers.write(in_a_fork(codes) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve()
