"""The table of edits of `tests/projects/shop`, each with the stages that must execute after it: those and no other.

Rows are told from the project as it lies there, one at a time. A row that executes nothing is as much a promise as
one that does: what does not change a result must not run.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

ALL = ("clean", "count", "export", "pack", "report", "totals@north", "totals@south")
TOTALS = ("totals@north", "totals@south")
SRC = "src/shop/"

Change = Callable[[Path], object]


class Edit(NamedTuple):
    name: str
    kind: str
    changes: tuple[Change, ...]
    runs: tuple[str, ...] = ()
    """The stages that must execute."""
    env: Mapping[str, str] = {}
    also: tuple[str, ...] = ()
    """Those that execute though they need not: `pipe` cannot tell. All others are fresh, or restored from the store."""


def put(path: str, old: str, new: str) -> Change:
    """Replace text that is there."""

    def change(root: Path) -> None:
        text = (root / path).read_text()
        assert old in text, f"{path} has no {old!r}"
        (root / path).write_text(text.replace(old, new))

    return change


def py(module: str, old: str, new: str) -> Change:
    return put(f"{SRC}{module}.py", old, new)


def write(path: str, text: str) -> Change:
    """Write a new file."""

    def change(root: Path) -> None:
        assert not (root / path).exists(), path
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)

    return change


def add(path: str, text: str) -> Change:
    def change(root: Path) -> None:
        (root / path).write_text((root / path).read_text() + text)

    return change


def remove(path: str) -> Change:
    return lambda root: (root / path).unlink()


def rename(path: str, to: str) -> Change:
    return lambda root: (root / path).rename(root / to)


def mode(path: str, bits: int) -> Change:
    return lambda root: (root / path).chmod(bits)


def touch(path: str) -> Change:
    return lambda root: (root / path).touch()


def swapped(path: str, first: str, second: str) -> Change:
    """Let two texts change places."""

    def change(root: Path) -> None:
        text = (root / path).read_text()
        assert text.count(first) == text.count(second) == 1, path
        (root / path).write_text(text.replace(first, "\0").replace(second, first).replace("\0", second))

    return change


def crlf(path: str) -> Change:
    return lambda root: (root / path).write_bytes((root / path).read_bytes().replace(b"\n", b"\r\n"))


def last_first(path: str) -> Change:
    """Let the last stage of a pipeline be written first."""

    def change(root: Path) -> None:
        head, _, tail = (root / path).read_text().partition("stages:\n")
        at = tail.rindex("\n  pack:") + 1
        (root / path).write_text(f"{head}stages:\n{tail[at:]}{tail[:at]}")

    return change


def _must_run() -> list[Edit]:
    code, data, told = "code", "data", "declaration"
    below_totals = ("report", *TOTALS)
    below_clean = ("clean", "count", "export", *TOTALS)
    return [
        # The stage itself, and what it calls.
        Edit(
            "the stage's own body",
            code,
            (py("clean", "order.price >= least", "order.price > least + 1"),),
            ALL,
        ),
        Edit(
            "a helper in the same module",
            code,
            (py("clean", '"total": order.total()', '"total": 2 * order.total()'),),
            ALL,
        ),
        Edit(
            "a helper of a helper, two modules down",
            code,
            (py("text/tools", '"-".join', '"_".join'),),
            below_clean,
        ),
        Edit(
            "a function taken by a star import",
            code,
            (py("text/tools", "text.lower()", "text.upper()"),),
            below_clean,
        ),
        Edit(
            "a function behind a package's conditional import",
            code,
            (py("text/slow", '"ignore"', '"replace"'),),
            below_clean,
            also=("report",),
        ),
        Edit(
            "a constant read by a function of its module",
            code,
            (py("text/slow", "NFKD", "NFC"),),
            below_clean,
            also=("report",),
        ),
        Edit(
            "a module that an optional import now finds",
            code,
            (write(SRC + "text/fast.py", "def fold(text):\n    return 'fast ' + text\n"),),
            below_clean,
            also=("report",),
        ),
        Edit("a constant of another module", code, (py("settings", "RATE = 2", "RATE = 3"),), below_totals),
        Edit("a constant in a mapping", code, (py("settings", '"large": 30', '"large": 15'),), below_totals),
        Edit(
            "a constant that only a module run by -m reads", code, (py("settings", "EUR", "USD"),), ("count",)
        ),
        Edit(
            "a list that modules add to",
            code,
            (py("settings", "ACTIVE = []", 'ACTIVE = ["first"]'),),
            below_totals,
            also=("clean", "count"),
        ),
        Edit(
            "what `__init__` does when it is imported",
            code,
            (py("__init__", '.append("shop")', '.append("store")'),),
            below_totals,
            also=("clean", "count"),
        ),
        Edit(
            "one more effect in `__init__`",
            code,
            (add(SRC + "__init__.py", 'settings.ACTIVE.append("late")\n'),),
            below_totals,
            also=("clean", "count"),
        ),
        Edit(
            "a constant of the package",
            code,
            (py("__init__", 'VERSION = "1"', 'VERSION = "2"'),),
            below_totals,
        ),
        # Classes.
        Edit(
            "a method of a base class",
            code,
            (py("models", "self.price * self.factor", "self.price * self.factor * 2"),),
            ALL,
        ),
        Edit(
            "an attribute of a base class", code, (py("models", "    factor = 1\n", "    factor = 3\n"),), ALL
        ),
        Edit(
            "a method of a mixin",
            code,
            (py("models", "        return 1\n\n\n@dataclass", "        return 4\n\n\n@dataclass"),),
            ALL,
        ),
        Edit(
            "the order of base classes",
            code,
            (py("models", "Order(Shipped, Priced)", "Order(Priced, Shipped)"),),
            ALL,
        ),
        Edit(
            "a base class more",
            code,
            (
                py("models", "Order(Shipped, Priced)", "Order(Gift, Shipped, Priced)"),
                py(
                    "models",
                    "@dataclass\nclass Order",
                    "class Gift:\n    def total(self):\n        return 0\n\n\n@dataclass\nclass Order",
                ),
            ),
            ALL,
        ),
        Edit(
            "a method overridden in the subclass",
            code,
            (
                py(
                    "models",
                    "    @property\n    def label",
                    "    def extra(self) -> int:\n        return 9\n\n    @property\n    def label",
                ),
            ),
            ALL,
        ),
        Edit(
            "a property", code, (py("models", "({self.status.value})", "[{self.status.value}]"),), below_clean
        ),
        Edit(
            "the default of a dataclass's field", code, (py("models", '["new"]', '["fresh"]'),), below_clean
        ),
        Edit("a property of an enum", code, (py("models", "return 2 if", "return 3 if"),), ALL),
        # What is worked out when a module is imported.
        Edit(
            "the factory of a closure",
            code,
            (py("numbers", "return value * by", "return value * by + 1"),),
            below_totals,
        ),
        Edit(
            "an argument of the factory of a closure",
            code,
            (py("numbers", "scaled(settings.RATE)", "scaled(7)"),),
            below_totals,
        ),
        Edit(
            "a default of a function",
            code,
            (py("numbers", "up=False", "up=True"),),
            (*TOTALS, "report", "pack"),
        ),
        Edit(
            "an argument of functools.partial",
            code,
            (py("numbers", "rounded, digits=2", "rounded, digits=0"),),
            (*TOTALS, "report", "pack"),
        ),
        Edit(
            "a function registered with singledispatch",
            code,
            (py("numbers", '{value:.2f}"', '{value:.3f}"'),),
            below_totals,
        ),
        Edit(
            "one more function registered with singledispatch",
            code,
            (
                py(
                    "numbers",
                    "@shown.register(list)",
                    "@shown.register(int)\ndef _(value):\n    return 'int'\n\n\n@shown.register(list)",
                ),
            ),
            below_totals,
        ),
        Edit(
            "a function that is registered by a decorator alone",
            code,
            (py("steps", "value.strip()", "value.strip('ÉE')"),),
            below_clean,
            also=("report",),
        ),
        Edit(
            "a function more that a decorator registers",
            code,
            (add(SRC + "steps.py", "\n\n@step\ndef mark(value):\n    return '>' + value\n"),),
            below_clean,
            also=("report",),
        ),
        Edit(
            "a decorator taken away",
            code,
            (py("steps", "@step\ndef trim", "def trim"),),
            below_clean,
            also=("report",),
        ),
        Edit(
            "the body of a decorator",
            code,
            (py("registry", "+ SUFFIX", "+ SUFFIX + SUFFIX"),),
            below_clean,
            also=("report",),
        ),
        Edit(
            "a constant that a decorator's wrapper reads",
            code,
            (py("registry", 'SUFFIX = "."', 'SUFFIX = "!"'),),
            below_clean,
            also=("report",),
        ),
        Edit(
            "a function bound anew at the end of its module",
            code,
            (add(SRC + "text/tools.py", "\n\ndef slug(text):\n    return text\n"),),
            below_clean,
        ),
        # Names found at run time.
        Edit(
            "a value behind a module's `__getattr__`",
            code,
            (py("lazy", '"south": 2', '"south": 3'),),
            below_totals,
        ),
        Edit(
            "a module's `__getattr__`",
            code,
            (py("lazy", "dict(_TABLE)", "{name: 5 for name in _TABLE}"),),
            below_totals,
        ),
        Edit(
            "a module that import_module names at run time",
            code,
            (py("plugins/plain", "{name}: {value}", "{name} is {value}"),),
            ("report", "pack"),
        ),
        Edit(
            "a module imported inside a function",
            code,
            (py("late", "the end", "this is the end"),),
            ("report", "pack"),
        ),
        Edit(
            "the name that is asked of a plug-in folder",
            code,
            (py("report", "find('plain')", "find('fancy')"),),
            ("report", "pack"),
        ),
        # Commands.
        Edit(
            "a script named in a command",
            code,
            (put("scripts/export.py", '+ "\\n"', '+ "\\r\\n"'),),
            ("export",),
        ),
        Edit(
            "the main block of a script",
            code,
            (put("scripts/export.py", "main(sys.argv[1], sys.argv[2])", "main(*sys.argv[1:3])"),),
            ("export",),
        ),
        Edit("a module beside a script", code, (put("scripts/common.py", '";"', '","'),), ("export",)),
        Edit(
            "the main block of a module run by -m",
            code,
            (py("count", "main(*sys.argv[1:])", "main(*sys.argv[1:3])"),),
            ("count",),
        ),
        Edit("a shell script", code, (put("scripts/pack.sh", "wc -c", "wc -l"),), ("pack",)),
        Edit(
            "a comment in a shell script, which counts by its bytes",
            code,
            (put("scripts/pack.sh", "# Packs", "# It packs"),),
            ("pack",),
        ),
        Edit(
            "a command's text",
            told,
            (put("pipeline.yaml", "${outputs.csv}\n", "${outputs.csv} again\n"),),
            ("export",),
        ),
        # Data and declarations.
        Edit("a raw input's bytes", data, (put("data/orders.csv", "Tea,south,4", "Tea,south,14"),), ALL),
        Edit(
            "a raw input's last line, which changes nothing",
            data,
            (add("data/orders.csv", "Crumb,north,1,open\n"),),
            ("clean",),
        ),
        Edit(
            "declared data that lies beside the code",
            data,
            (put(SRC + "rates/rates.json", "0.1", "0.3"),),
            (*TOTALS, "report", "pack"),
        ),
        Edit(
            "data whose bytes differ and whose values do not",
            data,
            (put(SRC + "rates/rates.json", ", ", ",  "),),
            TOTALS,
        ),
        Edit("an input's executable bit", data, (mode("data/orders.csv", 0o755),), ("clean",)),
        Edit("a parameter", told, (put("params.yaml", "least: 3", "least: 9"),), ALL),
        Edit("a parameter's type", told, (put("params.yaml", "least: 3", "least: 3.0"),), ("clean",)),
        Edit(
            "a parameter of a later stage",
            told,
            (put("params.yaml", "title: Sales", "title: All Sales"),),
            ("report", "pack"),
        ),
        Edit("a declared variable", told, (), ("pack",), {"SHOP_REGION": "west"}),
        Edit("a declared variable set to nothing", told, (), ("pack",), {"SHOP_REGION": ""}),
        Edit(
            "one more matrix value",
            told,
            (
                put("pipeline.yaml", "[north, south]", "[north, south, east]"),
                put(SRC + "rates/rates.json", "}", ', "east": 0}'),
                py("lazy", '"south": 2', '"south": 2, "east": 3'),
            ),
            (*TOTALS, "totals@east", "report", "pack"),
        ),
        Edit(
            "one matrix value less",
            told,
            (put("pipeline.yaml", "[north, south]", "[north]"),),
            ("report", "pack"),
        ),
        Edit(
            "another input file of the same bytes",
            told,
            (
                put("pipeline.yaml", "data/orders.csv", "data/new.csv"),
                rename("data/orders.csv", "data/new.csv"),
            ),
            ("clean",),
        ),
        Edit(
            "another path of an output",
            told,
            (put("pipeline.yaml", "build/report.txt", "build/final.txt"),),
            ("report", "pack"),
        ),
        Edit(
            "the network",
            told,
            (put("pipeline.yaml", "    timeout: 1m\n", "    timeout: 1m\n    network: true\n"),),
            ("report",),
        ),
        Edit(
            "the number of cpus",
            told,
            (put("pipeline.yaml", "    timeout: 1m\n", "    resources: {cpus: 2}\n"),),
            ("report",),
        ),
        Edit(
            "another callable of the same code",
            told,
            (put("pipeline.yaml", "run: shop.clean:clean", "run: shop:clean"),),
            ("clean",),
        ),
    ]


def _must_not_run() -> list[Edit]:
    layout, unreached, told, files = "layout", "unreached", "declaration", "files"
    return [
        Edit(
            "a comment in the stage", layout, (py("clean", "# The file is small.", "# It is a small file."),)
        ),
        Edit(
            "a comment in a helper",
            layout,
            (py("text/tools", "return _join", "# Joined.\n    return _join"),),
        ),
        Edit("a docstring of the stage", layout, (py("clean", "worth something", "worth a lot"),)),
        Edit("a docstring of a module", layout, (py("numbers", "Small arithmetic", "Arithmetic"),)),
        Edit("a docstring of a method", layout, (py("models", '"""Name it."""', '"""Give it a name."""'),)),
        Edit(
            "a docstring more",
            layout,
            (py("steps", "def shout(value):\n", 'def shout(value):\n    """Shout."""\n'),),
        ),
        Edit("blank lines", layout, (py("clean", "\n\n\ndef as_row", "\n\n\n\n\n\ndef as_row"),)),
        Edit("quotes", layout, (py("text/tools", '"-"', "'-'"),)),
        Edit(
            "brackets and line breaks",
            layout,
            (
                py(
                    "clean",
                    '"weight": order.status.weight,',
                    '"weight": (\n            order.status.weight\n        ),',
                ),
            ),
        ),
        Edit("indentation", layout, (py("late", "    return FOOTER\n", "        return FOOTER\n"),)),
        Edit("a number written in another way", layout, (py("settings", "RATE = 2", "RATE = 0x2"),)),
        Edit("CRLF for the ends of lines", layout, (crlf(f"{SRC}clean.py"),)),
        Edit("a comment in a script", layout, (put("scripts/export.py", "def main", "# Writes.\ndef main"),)),
        Edit("an unreached function", unreached, (py("numbers", "value / 0", "value / 1"),)),
        Edit(
            "a new unreached function",
            unreached,
            (add(SRC + "numbers.py", "\n\ndef new(value):\n    return value\n"),),
        ),
        Edit(
            "an unreached function taken away",
            unreached,
            (py("numbers", "\n\ndef never(value):\n    return value / 0\n", ""),),
        ),
        Edit("an unreached constant", unreached, (py("settings", "UNUSED = 17", "UNUSED = 18"),)),
        Edit("an unreached class", unreached, (py("models", "factor = -1", "factor = -2"),)),
        Edit(
            "an unreached function in the stage's module",
            unreached,
            (py("clean", '"data/orders.csv"), 0', '"data/orders.csv"), 1'),),
        ),
        Edit(
            "what a star import brings and nobody uses",
            unreached,
            (py("text/tools", "text[::-1]", "text[::2]"),),
        ),
        Edit(
            "a function of a module of which another is imported inside a function",
            unreached,
            (py("late", '+ "!"', '+ "?"'),),
        ),
        Edit(
            "what only `__init__` takes from a module", unreached, (py("unused", "return None", "return 0"),)
        ),
        Edit(
            "an unregistered function of a module of steps",
            unreached,
            (py("steps", "    return value\n", "    return [value]\n"),),
        ),
        Edit(
            "an unreached helper of a script's neighbour",
            unreached,
            (put("scripts/common.py", "return 1", "return 2"),),
        ),
        Edit(
            "the main block of a stage's module",
            unreached,
            (py("clean", '__main__":\n    debug()', '__main__":\n    debug()\n    debug()'),),
        ),
        Edit(
            "an import for type checkers",
            unreached,
            (py("models", "import Nothing", "import Nothing, nothing"),),
        ),
        Edit(
            "an import more that nobody uses",
            unreached,
            (py("clean", "from pathlib import Path", "import os.path\nfrom pathlib import Path"),),
        ),
        Edit(
            "a name more in an import that nobody uses",
            unreached,
            (py("clean", "from io import StringIO", "from io import BytesIO, StringIO"),),
        ),
        Edit(
            "an import for an unreached function",
            unreached,
            (
                py("clean", "import csv\n", "import csv\nimport pprint\n"),
                py("clean", "    print(clean(", "    pprint.pprint(clean("),
            ),
        ),
        Edit("a type alias", unreached, (py("numbers", "int | float", "int | float | complex"),)),
        Edit("a new module that nobody imports", unreached, (write(SRC + "new.py", "import shop\n"),)),
        Edit("a new script that no command names", unreached, (write("scripts/other.py", "print(1)\n"),)),
        Edit(
            "two functions that change places",
            unreached,
            (
                swapped(
                    SRC + "text/tools.py",
                    "def slug(text):\n    return _join(text.lower().split())\n",
                    'def _join(words):\n    return "-".join(words)\n',
                ),
            ),
        ),
        Edit("a file that nobody declares", files, (put(SRC + "rates/NOTES.txt", "Not code", "No code"),)),
        Edit("a file of the project that is no code", files, (put("README.md", "project", "small project"),)),
        Edit("the times of a raw input", files, (touch("data/orders.csv"),)),
        Edit(
            "the times of all code",
            files,
            (*(touch(f"{SRC}{name}.py") for name in ("clean", "models", "text/tools", "settings")),),
        ),
        Edit("a new file beside a raw input", files, (write("data/more.csv", "name\n"),)),
        Edit("a file of the user's in the outputs' folder", files, (write("build/notes.txt", "mine\n"),)),
        Edit("the executable bit of a module", files, (mode(SRC + "clean.py", 0o755),)),
        Edit("an output taken away, which comes back from the store", files, (remove("build/orders.json"),)),
        Edit("doc", told, (put("pipeline.yaml", "What the owner reads.", "For the owner."),)),
        Edit("timeout", told, (put("pipeline.yaml", "timeout: 1m", "timeout: 2m"),)),
        Edit("retries", told, (put("pipeline.yaml", "timeout: 1m", "retries: 2"),)),
        Edit(
            "a comment in pipeline.yaml", told, (put("pipeline.yaml", "# A small shop", "# The small shop"),)
        ),
        Edit(
            "the order of keys",
            told,
            (
                swapped(
                    "pipeline.yaml",
                    "    inputs: {orders: data/orders.csv}\n",
                    '    params: {least: "${clean.least}"}\n',
                ),
            ),
        ),
        Edit("the order of stages", told, (last_first("pipeline.yaml"),)),
        Edit("a stage's name", told, (put("pipeline.yaml", "  export:", "  exported:"),)),
        Edit("the order of matrix values", told, (put("pipeline.yaml", "[north, south]", "[south, north]"),)),
        Edit("a parameter that nobody uses", told, (put("params.yaml", "unused: 1", "unused: 2"),)),
        Edit(
            "a parameter's text in another form",
            told,
            (put("params.yaml", "title: Sales", 'title: "Sales"'),),
        ),
        Edit(
            "`after`",
            told,
            (put("pipeline.yaml", "    timeout: 1m\n", "    timeout: 1m\n    after: [export]\n"),),
        ),
        Edit("an undeclared variable", told, (), (), {"SHOP_COLOUR": "red"}),
    ]


def _could_run() -> list[Edit]:
    """Nothing of these changes a result here, but it could: what reads it, or finds it, cannot be seen by reading."""
    return [
        Edit(
            "an annotation of a method, which any library that is given the class may read",
            "annotations",
            (py("models", "def total(self) -> int", "def total(self) -> float"),),
            also=("clean",),
        ),
        Edit(
            "another module that a computed import_module could name",
            "found by name",
            (py("plugins/fancy", "* {name}", "- {name}"),),
            also=("report",),
        ),
        Edit(
            "an import more of a package that may do something when it is imported",
            "imports",
            (py("clean", "from pathlib import Path", "import numpy\nfrom pathlib import Path"),),
            also=("clean", "count", "report", *TOTALS),
        ),
    ]


MUST_RUN = _must_run()
MUST_NOT_RUN = _must_not_run()
COULD_RUN = _could_run()
EDITS = [*MUST_RUN, *MUST_NOT_RUN, *COULD_RUN]
