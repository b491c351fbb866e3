"""Random projects of Python modules, as people write them and worse. `main.go()` says what they make."""

import random
from collections.abc import Callable

MODULES = ["lib", "lib.a", "lib.b", "lib.sub", "lib.sub.deep", "lib.reg", "lib.patch", "plain", "ns.inner"]
PATHS = {
    name: name.replace(".", "/") + ("/__init__.py" if name in ("lib", "lib.sub") else ".py")
    for name in MODULES
}


FORMS = [
    *["from"] * 8,
    *["as", "module", "alias", "star", "relative"] * 3,
    *["try", "inside", "getattr", "named", "missing"],
]


class Writer:
    """Writes one project. Modules import only modules before them, so that no circle of imports fails."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.count = 0
        self.known: dict[str, list[tuple[str, str]]] = {}
        """Module -> (name, kind) of what it defines; kind is how a number is got from it."""
        self.late: list[tuple[str, str]] = []
        """What the module at hand gives to others alone, by its `__getattr__`."""

    def project(self) -> dict[str, str]:
        order = [
            "plain",
            "ns.inner",
            "lib.reg",
            "lib.a",
            "lib.b",
            "lib.sub.deep",
            "lib.patch",
            "lib.sub",
            "lib",
        ]
        files = {"lib/__init__.py": "", "lib/sub/__init__.py": ""}
        for name in order:
            if name in ("plain", "lib.reg") or self.chance.random() < 0.85:
                files[PATHS[name]] = self.module(name)
        files["main.py"] = self.module("main", is_main=True)
        return files

    def module(self, name: str, *, is_main: bool = False) -> str:
        chance = self.chance
        lines = ["from __future__ import annotations"] if chance.random() < 0.3 else []
        lines += ["import dataclasses", "import enum", "import functools", "import typing"]
        scope: list[tuple[str, str]] = []
        if name == "lib.reg":
            lines += [
                "REGISTRY = {}",
                "class Base:\n    made = []",
                "    def __init_subclass__(cls, **kw):\n        Base.made.append(cls.__name__)",
                "def register(f):\n    REGISTRY[f.__name__] = f\n    return f",
                "def total():\n    return sum(f() for f in REGISTRY.values()) + len(Base.made)",
            ]
            scope += [("total", "{}()"), ("REGISTRY", "len({})")]
        for _ in range(chance.randint(1, 4)):
            lines.append(self.imports(name, scope))
        for _ in range(chance.randint(2, 6)):
            lines.append(self.definition(name, scope))
        own = [item for item in scope if item[0].isidentifier()]
        if is_main:
            picked = chance.sample(scope, min(len(scope), 9)) or [("1", "{}")]
            if chance.random() < 0.5:
                lines.append("import lib.reg as all_of_them")
                picked.append(("all_of_them.total", "{}()"))
            lines.append("def go():\n    return [" + ", ".join(k.format(n) for n, k in picked) + "]")
        elif chance.random() < 0.3:
            chosen = chance.sample([n for n, _ in own], min(len(own), 4))
            lines.append(f"__all__ = {sorted(set(chosen))!r}")
        self.known[name] = own + self.late
        self.late = []
        return "\n".join(lines) + "\n"

    def new(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def value(self, scope: list[tuple[str, str]]) -> str:
        if scope and self.chance.random() < 0.75:
            name, kind = self.chance.choice(scope)
            return kind.format(name)
        return str(self.chance.randint(1, 99))

    def early(self, scope: list[tuple[str, str]]) -> str:
        """Return what is worked out at import: seldom by calling something."""
        if self.chance.random() < 0.1:
            return self.value(scope)
        return self.value([item for item in scope if "(" not in item[0] + item[1]])

    def imports(self, module: str, scope: list[tuple[str, str]]) -> str:
        chance = self.chance
        others = [name for name in self.known if self.known[name]]
        if not others:
            return "import math"
        other = chance.choice(others)
        name, kind = chance.choice(self.known[other])
        form = chance.choice(FORMS)
        if form == "relative" and not (module.startswith("lib") and other.startswith("lib.")):
            form = "from"
        if form == "from":
            scope.append((name, kind))
            more = chance.choice(self.known[other])[0]
            return f"from {other} import {name}, {more}" if more != name else f"from {other} import {name}"
        if form == "relative":
            scope.append((name, kind))
            level = ".." if module.startswith("lib.sub") else "."
            return f"from {level}{other.removeprefix('lib.')} import {name}"
        if form == "as":
            bound = self.new("other")
            scope.append((bound, kind))
            return f"from {other} import {name} as {bound}"
        if form == "module":
            scope.append((f"{other}.{name}", kind))
            return f"import {other}"
        if form == "alias":
            bound = self.new("m")
            scope.append((f"{bound}.{name}", kind))
            return f"import {other} as {bound}"
        if form == "getattr":
            bound = self.new("m")
            way = chance.choice(
                [f"getattr({bound}, {name!r})", f"vars({bound})[{name!r}]", f"{bound}.__dict__[{name!r}]"]
            )
            scope.append((way, kind))
            return f"import {other} as {bound}"
        if form == "star":
            scope += [item for item in self.known[other] if item[0][0] != "_"][:1]
            return f"from {other} import *"
        if form == "try":
            bound = self.new("maybe")
            scope.append((bound, kind))
            return f"try:\n    from {other} import {name} as {bound}\nexcept ImportError:\n    {bound} = None"
        if form == "named":
            bound = self.new("m")
            scope.append((f"{bound}.{name}", kind))
            return f"import importlib\n{bound} = importlib.import_module({other!r})"
        if form == "missing":
            bound = self.new("maybe")
            scope.append((bound, "{}"))
            text = f"try:\n    from lib.{bound} import VALUE as {bound}\nexcept ImportError:\n"
            return f"{text}    from {other} import {name}\n    {bound} = {kind.format(name)}"
        bound = self.new("inner")
        scope.append((bound, "{}()"))
        return f"def {bound}():\n    from {other} import {name}\n    return {kind.format(name)}"

    def definition(self, module: str, scope: list[tuple[str, str]]) -> str:
        chance = self.chance
        plain = (
            [self.function] * 14 + [self.constant] * 8 + [self.klass] * 6 + [self.default, self.record] * 4
        )
        plain += [self.closure, self.partial, self.mixed, self.dispatched, self.nested, self.listed, self.row]
        with_effects = [self.decorated, self.branch, self.registered, self.patched, self.counter, self.hooked]
        with_effects += [self.lazy] if module != "main" and not self.late else []
        forms: list[Callable[[list[tuple[str, str]]], str]] = [*plain, self.choice, *with_effects]
        return chance.choice(forms)(scope)

    def function(self, scope: list[tuple[str, str]]) -> str:
        name = self.new("f")
        doc = f'    """Doc {self.chance.randint(1, 9)}."""'
        text = f"def {name}():\n{doc}\n    x = {self.value(scope)}\n    return x + {self.value(scope)}"
        scope.append((name, "{}()"))
        return text

    def constant(self, scope: list[tuple[str, str]]) -> str:
        name = self.new("C")
        form = self.chance.choice(["{}", "[{}, 2]", "{{'k': {}}}", "{} + 1"])
        text = f"{name} = {form.format(self.early(scope))}"
        kind = {"{}": "{}", "[{}, 2]": "{}[0]", "{{'k': {}}}": "{}['k']", "{} + 1": "{}"}[form]
        scope.append((name, kind))
        return text

    def klass(self, scope: list[tuple[str, str]]) -> str:
        name = self.new("K")
        bases = [n for n, k in scope if k == "{}().m()"]
        base = self.chance.choice(bases) if bases and self.chance.random() < 0.5 else "object"
        method = f"    def m(self):\n        return self.rate + {self.value(scope)}"
        text = f"class {name}({base}):\n    rate = {self.early(scope)}\n{method}"
        scope.append((name, "{}().m()"))
        return text

    def record(self, scope: list[tuple[str, str]]) -> str:
        name = self.new("D")
        text = f"@dataclasses.dataclass\nclass {name}:\n    x: int = {self.early(scope)}"
        scope.append((name, "{}().x"))
        return text

    def choice(self, scope: list[tuple[str, str]]) -> str:
        name = self.new("E")
        text = f"class {name}(enum.Enum):\n    ONE = {self.chance.randint(1, 50)}\n    TWO = 99"
        scope.append((name, "{}.ONE.value"))
        return text

    def decorated(self, scope: list[tuple[str, str]]) -> str:
        wrap, name = self.new("wrap"), self.new("f")
        text = (
            f"def {wrap}(f):\n    @functools.wraps(f)\n"
            f"    def inner():\n        return f() * {self.value(scope)}\n    return inner\n"
            f"@{wrap}\ndef {name}():\n    return {self.value(scope)}"
        )
        scope.append((name, "{}()"))
        return text

    def default(self, scope: list[tuple[str, str]]) -> str:
        name = self.new("f")
        text = f"def {name}(x={self.early(scope)}, *, y={self.early(scope)}):\n    return x - y"
        scope.append((name, "{}()"))
        return text

    def closure(self, scope: list[tuple[str, str]]) -> str:
        make, name = self.new("make"), self.new("f")
        scope.append((name, "{}()"))
        inner = f"    def inner():\n        return {self.value(scope[:-1])} + x\n    return inner"
        return f"def {make}(x):\n{inner}\n{name} = {make}({self.chance.randint(1, 99)})"

    def partial(self, scope: list[tuple[str, str]]) -> str:
        add, name = self.new("add"), self.new("f")
        text = f"def {add}(x, y):\n    return x + y + {self.value(scope)}\n"
        text += f"{name} = functools.partial({add}, {self.early(scope)}, {self.chance.randint(1, 9)})"
        scope.append((name, "{}()"))
        return text

    def mixed(self, scope: list[tuple[str, str]]) -> str:
        mixin, name = self.new("Mixin"), self.new("K")
        text = f"class {mixin}:\n    def twice(self):\n        return 2 * self.part + {self.value(scope)}\n"
        text += f"class {name}({mixin}):\n    @property\n    def part(self):\n        return {self.value(scope)}\n"
        text += "    def m(self):\n        return self.twice()\n    rate = 1"
        scope.append((name, "{}().m()"))
        return text

    def dispatched(self, scope: list[tuple[str, str]]) -> str:
        show, name = self.new("show"), self.new("f")
        text = f"@functools.singledispatch\ndef {show}(x):\n    return 0\n"
        text += f"@{show}.register(int)\ndef _(x):\n    return x + {self.value(scope)}\n"
        text += f"def {name}():\n    return {show}({self.value(scope)})"
        scope.append((name, "{}()"))
        return text

    def nested(self, scope: list[tuple[str, str]]) -> str:
        name = self.new("K")
        text = f"class {name}:\n    class Inner:\n        x = {self.early(scope)}\n    rate = 2\n"
        text += f"    @staticmethod\n    def m():\n        return {name}.Inner.x - {self.value(scope)}"
        scope.append((name, "{}().m()"))
        return text

    def listed(self, scope: list[tuple[str, str]]) -> str:
        name = self.new("f")
        text = f"def {name}():\n    found = [{self.value(scope)} * n for n in range({self.chance.randint(1, 4)})]\n"
        text += "    match found:\n        case []:\n            return 0\n        case [first, *rest]:\n"
        text += "            return first + sum(rest, len(rest))"
        scope.append((name, "{}()"))
        return text

    def row(self, scope: list[tuple[str, str]]) -> str:
        name = self.new("T")
        text = f"class {name}(typing.NamedTuple):\n    x: int = {self.early(scope)}\n    y: int = 3"
        scope.append((name, "{}().x"))
        return text

    def lazy(self, scope: list[tuple[str, str]]) -> str:
        name = self.new("late")
        self.late.append((name, "{}"))
        body = f"    if name == {name!r}:\n        return {self.value(scope)}\n    raise AttributeError(name)"
        return f"def __getattr__(name):\n{body}"

    def branch(self, scope: list[tuple[str, str]]) -> str:
        name = self.new("f")
        test = f"{self.value(scope)} > {self.chance.randint(0, 99)}"
        other = f"def {name}(): return {self.value(scope)}"
        text = f"if {test}:\n    def {name}(): return 1\nelse:\n    {other}"
        scope.append((name, "{}()"))
        return text

    def registered(self, scope: list[tuple[str, str]]) -> str:
        name = self.new("f")
        bound = self.new("reg")
        if "lib.reg" not in self.known:
            return self.function(scope)
        return f"import lib.reg as {bound}\n@{bound}.register\ndef {name}():\n    return {self.value(scope)}"

    def patched(self, scope: list[tuple[str, str]]) -> str:
        targets = [(m, n) for m in self.known for n, k in self.known[m] if k == "{}()" and n.startswith("f")]
        if not targets or self.chance.random() < 0.5:
            return self.constant(scope)
        module, name = self.chance.choice(targets)
        bound, new = self.new("m"), self.new("g")
        return f"import {module} as {bound}\ndef {new}():\n    return {self.value(scope)}\n{bound}.{name} = {new}"

    def counter(self, scope: list[tuple[str, str]]) -> str:
        name, bump = self.new("N"), self.new("bump")
        scope.append((bump, "{}()"))
        later = f"\n{name} += {self.value(scope[:-1])}" if self.chance.random() < 0.5 else ""
        body = f"    global {name}\n    {name} += {self.value(scope[:-1])}\n    return {name}"
        return f"{name} = {self.chance.randint(1, 9)}{later}\ndef {bump}():\n{body}"

    def hooked(self, scope: list[tuple[str, str]]) -> str:
        if "lib.reg" not in self.known:
            return self.klass(scope)
        bound, name = self.new("reg"), self.new("S")
        return f"import lib.reg as {bound}\nclass {name}({bound}.Base):\n    x = {self.value(scope)}"


def project(seed: int) -> dict[str, str]:
    return Writer(random.Random(seed)).project()
