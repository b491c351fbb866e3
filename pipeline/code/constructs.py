"""Which constructs cannot be followed by reading, and what counts because of them. A table; reads nothing.

Kinds: `everything` (all modules under the import roots), `bytes` (all that is reached counts by its raw
bytes), `own` (this module alone does), `main` (what is reached also counts as what it does when run as a
script), `definitions` (all of them in what is reached), `module` (all of this module), `prefix:P` (all modules
below P), `path:N` (the folder N above this file is put on the import path). A dotted entry matches wherever
it stands in a chain (`compat.pickle.load`); an entry of one word matches an import of that module, or a
built-in.
"""

BUILTINS = dict.fromkeys(("__import__", "exec", "eval"), "everything") | {"globals": "module"}
"""`eval` and `exec` can import. A computed `getattr` needs no entry: to find a definition it must be given a
module, and a module that is passed on as a value counts whole."""

IMPORT_MODULE = "import_module"

_OF_RESOURCES = (
    "contents",
    "files",
    "is_resource",
    "open_binary",
    "open_text",
    "path",
    "read_binary",
    "read_text",
)
RESOURCES = frozenset({f"importlib.resources.{name}" for name in _OF_RESOURCES} | {"pkgutil.get_data"})
"""These import the package that their first argument names."""

_LOADERS = ("load", "loads", "Unpickler", "load_construct")

DOTTED: dict[str, str] = {
    **{
        f"{module}.{name}": "everything"
        for module in ("pickle", "_pickle", "cPickle", "pickle5", "joblib", "skops.io")
        for name in _LOADERS
    },
    **dict.fromkeys(
        (
            "builtins.__import__",
            "builtins.eval",
            "builtins.exec",
            "django.utils.module_loading",
            "importlib.__import__",
            "importlib.abc",
            "importlib.import_module",
            "importlib.machinery",
            "importlib.metadata.entry_points",
            "importlib.util",
            "keras.models.load_model",
            "keras.saving.load_model",
            "logging.config",
            "numpy.lib.format.read_array",
            "pandas.read_pickle",
            "pydantic.ImportString",
            "site.addpackage",
            "site.addsitedir",
            "sys.meta_path",
            "sys.modules",
            "sys.path",
            "sys.path_hooks",
            "torch.load",
            "werkzeug.utils.import_string",
            "yaml.Loader",
            "yaml.UnsafeLoader",
            "yaml.unsafe_load",
        ),
        "everything",
    ),
    **dict.fromkeys(RESOURCES, "everything"),
    "gc.get_objects": "definitions",
    "gc.get_referents": "definitions",
    "gc.get_referrers": "definitions",
    "inspect.stack": "bytes",
    "inspect.trace": "bytes",
    "sys.executable": "main",
    "torch.compile": "bytes",
    "torch.jit": "bytes",
    **{
        f"traceback.{name}": "bytes"
        for name in (
            "FrameSummary",
            "StackSummary",
            "TracebackException",
            "extract_stack",
            "extract_tb",
            "format_exc",
            "format_exception",
            "format_list",
            "format_stack",
            "format_tb",
            "walk_stack",
            "walk_tb",
        )
    },
}

MODULES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "gin",
            "hydra",
            "imp",
            "jsonargparse",
            "jsonpickle",
            "lazy_loader",
            "mlflow",
            "pkg_resources",
            "pkgutil",
            "pytest",
            "shelve",
            "stevedore",
            "unittest",
            "zipimport",
        ),
        ("everything",),
    ),
    **dict.fromkeys(
        (
            "docopt",
            "docstring_parser",
            "dspy",
            "langchain",
            "langchain_core",
            "linecache",
            "numba",
            "smolagents",
            "symtable",
            "tokenize",
        ),
        ("bytes",),
    ),
    **dict.fromkeys(("cloudpickle", "dill", "doctest", "pydoc", "pyximport"), ("bytes", "everything")),
    "runpy": ("everything", "main"),
}
"""Any use of these modules counts."""

VALUES = {
    "builtins": "everything",
    "importlib": "everything",
    "inspect": "bytes",
    "joblib": "everything",
    "pickle": "everything",
    "sys": "everything",
}
"""Modules that count whole when they are passed on as a value: what is taken from them cannot be seen."""

WORDS: dict[str, str] = dict.fromkeys(
    (
        "__code__",
        "__doc__",
        "co_consts",
        "co_firstlineno",
        "currentframe",
        "f_lineno",
        "findsource",
        "get_source",
        "getcomments",
        "getdoc",
        "getframeinfo",
        "getinnerframes",
        "getouterframes",
        "getsource",
        "getsourcefile",
        "getsourcelines",
        "model_json_schema",
        "schema_json",
        "tb_lineno",
        "use_attribute_docstrings",
    ),
    "bytes",
) | {
    **dict.fromkeys(("__path__", "import_string", "load_from_checkpoint", "read_pickle"), "everything"),
    **dict.fromkeys(
        ("__globals__", "__subclasses__", "f_globals", "get_type_hints", "getmodule"), "definitions"
    ),
}
"""Attributes, imported names and texts that count whatever they are taken from."""

LITERAL_IMPORTERS = frozenset(
    {"__import__", "builtins.__import__", "importlib.__import__", "importlib.import_module"}
)
"""Called with a literal name these are imports like any other."""

_REACHES = {
    "everything": "all modules under the import roots",
    "bytes": "the raw bytes of all that is reached",
    "own": "the raw bytes of this module",
    "main": "what is reached as run by `python`, too",
    "tests": "all modules under the import roots, and the tests",
    "definitions": "all definitions of what is reached",
    "module": "all definitions of this module",
}


_UNPICKLING = frozenset(
    ("cloudpickle", "dill", "joblib", "load_from_checkpoint", "pickle", "read_pickle", "shelve", "torch")
)


def unpickles(construct: str) -> bool:
    """Say whether a construct that was found may load a pickle from a file of any name."""
    return not _UNPICKLING.isdisjoint(construct.split("."))


def reaches(kind: str) -> str:
    """Say what counts because of a construct."""
    return _REACHES.get(kind) or f"all modules under `{kind.partition(':')[2]}`"


def of_chain(parts: list[str], *, is_imported: bool) -> list[tuple[str, str]]:
    """Return (construct, kind) for each entry that a dotted chain matches.

    `parts` begins with the origin of its first name; `is_imported` says that an import gave that name.
    """
    found: list[tuple[str, str]] = []
    first = parts[0]
    if is_imported:
        found += [(first, kind) for kind in MODULES.get(first, ())]
    elif first in BUILTINS:
        found.append((first, BUILTINS[first]))
    for start in range(len(parts)):
        for end in range(start + 2, len(parts) + 1):
            name = ".".join(parts[start:end])
            if name in DOTTED:
                found.append((name, DOTTED[name]))
    found += [(word, WORDS[word]) for word in parts[1 if not is_imported else 0 :] if word in WORDS]
    return found


def of_text(text: str) -> str | None:
    """Return the kind of a text that names source files, line numbers or the interpreter; None for others."""
    if text in WORDS:
        return WORDS[text]
    if "lineno" in text or text.endswith((".py", ".py'")):
        return "bytes"
    first = text.split(" ", 1)[0].rpartition("/")[2]
    return (
        "main"
        if first.startswith("python") and first[6:].replace(".", "").isdigit() | (first == "python")
        else None
    )
