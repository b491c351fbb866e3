"""What is known of a callable's parameters without importing it."""

import pytest


def annotation(project, head, text):
    project.write({"main.py": f"{head}\n\n\ndef go(x: {text}):\n    pass\n"})
    signature = project.callable("main:go").signature
    assert signature is not None
    return signature.parameters[0].annotation


@pytest.mark.parametrize(
    ("head", "text", "expected"),
    [
        ("", "str", "str"),
        ("from pathlib import Path", "Path", "pathlib.Path"),
        ("import pathlib", "pathlib.Path", "pathlib.Path"),
        ("import pyarrow as pa", "pa.Table", "pyarrow.Table"),
        ("import pandas as pd", "pd.DataFrame | None", "pandas.DataFrame"),
        ("import pandas as pd", "None | pd.DataFrame", "pandas.DataFrame"),
        ("import pandas as pd", "'pd.DataFrame'", "pandas.DataFrame"),
        ("import pandas as pd", "'pd.DataFrame | None'", "pandas.DataFrame"),
        ("import pandas as pd", "'pd.DataFrame' ' | None'", "pandas.DataFrame"),
        ("from typing import Optional\nimport numpy as np", "Optional[np.ndarray]", "numpy.ndarray"),
        ("import typing as t\nimport numpy as np", "t.Union[np.ndarray, None]", "numpy.ndarray"),
        ("from typing import Annotated", "Annotated[str, 'of use']", "str"),
        ("from typing import Annotated, Optional", "Optional[Annotated[str, 'of use']]", "str"),
        (
            "from typing import Dict\nimport pandas as pd",
            "Dict[str, pd.DataFrame]",
            "dict[str, pandas.DataFrame]",
        ),
        ("import pandas as pd", "dict[str, pd.DataFrame | None]", "dict[str, pandas.DataFrame]"),
        ("import pandas as pd\nFrame = pd.DataFrame", "Frame", "pandas.DataFrame"),
        ("import pandas as pd\nFrames = dict[str, pd.DataFrame]", "Frames", "dict[str, pandas.DataFrame]"),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas as pd",
            "'pd.DataFrame'",
            "pandas.DataFrame",
        ),
        (
            "try:\n    import pandas as pd\nexcept ImportError:\n    pd = None",
            "pd.DataFrame",
            "pandas.DataFrame",
        ),
        ("from kinds import Frame", "Frame", "pandas.DataFrame"),
        ("import kinds", "list[kinds.Frame]", "list[pandas.DataFrame]"),
        ("from kinds import Other", "Other", "kinds.Other"),
        ("from typing import Literal", "Literal['a', 'pd.b']", "typing.Literal['a', 'pd.b']"),
        ("", "int | str", "int | str"),
        ("", "'not a type at all'", "not a type at all"),
        ("", "make()", "make()"),
    ],
)
def test_an_annotation_is_the_dotted_name_that_it_stands_for(project, head, text, expected):
    project.write({"kinds.py": "from pandas import DataFrame as Frame\n\n\nclass Other:\n    pass\n"})
    assert annotation(project, head, text) == expected


def test_every_kind_of_parameter_is_told(project):
    project.write({"main.py": "\ndef go(a, /, b, c=1, *d, e, f=2, **g):\n    pass\n"})
    signature = project.callable("main:go").signature
    assert [tuple(p) for p in signature.parameters] == [
        ("a", "positional-only", False, None),
        ("b", "plain", False, None),
        ("c", "plain", True, None),
        ("d", "*", False, None),
        ("e", "keyword-only", False, None),
        ("f", "keyword-only", True, None),
        ("g", "**", False, None),
    ]
    assert (signature.file, signature.line) == ("main.py", 2)


@pytest.mark.parametrize(
    "text",
    [
        "@wrap\ndef go(x): pass",
        "async def go(x): pass",
        "class go: pass",
        "go = make()",
        "def go(x): pass\ngo = wrap(go)",
        "if VALUE:\n    def go(x): pass",
        "def go(x): pass\ndef go(x, y): pass",
        "def go(x): pass\nfrom lib import go",
    ],
)
def test_what_is_no_plain_def_has_no_sure_signature(project, text):
    project.write({"main.py": text + "\n", "lib.py": "go = 1\n"})
    assert project.callable("main:go").signature is None


@pytest.mark.parametrize(
    "decorator", ["functools.cache", "functools.lru_cache(maxsize=2)", "torch.no_grad()"]
)
def test_a_decorator_that_keeps_the_signature_leaves_it_sure(project, decorator):
    project.write({"main.py": f"import functools, torch\n\n\n@{decorator}\ndef go(x): pass\n"})
    assert [p.name for p in project.callable("main:go").signature.parameters] == ["x"]


def test_a_re_export_leads_to_the_def(project):
    project.write(
        {
            "lib/__init__.py": "from .inner import work as go\n",
            "lib/inner.py": "import pyarrow as pa\n\n\ndef work(t: pa.Table): pass\n",
        }
    )
    signature = project.callable("lib:go").signature
    assert (signature.file, signature.parameters[0].annotation) == ("lib/inner.py", "pyarrow.Table")


def test_methods_are_found_through_their_class(project):
    project.write(
        {
            "main.py": (
                "class C:\n    @staticmethod\n    def a(x): ...\n    @classmethod\n    def b(cls, y): ...\n"
                "    def c(self, z): pass\n"
            )
        }
    )
    named = {m: [p.name for p in project.callable(f"main:C.{m}").signature.parameters] for m in "abc"}
    assert named == {"a": ["x"], "b": ["y"], "c": ["self", "z"]}
