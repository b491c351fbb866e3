"""Classes of which a subclass can be made without anybody noticing. A table; reads nothing."""

import builtins


def words(*lines: str) -> frozenset[str]:
    """Make a table of lines of words."""
    return frozenset(" ".join(lines).split())


_BASES = words(
    "abc.ABC collections.OrderedDict collections.UserDict collections.UserList collections.defaultdict",
    "enum.Enum enum.Flag enum.IntEnum enum.IntFlag enum.StrEnum json.JSONEncoder json.JSONDecoder",
    "pydantic.BaseModel sklearn.base.BaseEstimator sklearn.base.ClassifierMixin",
    "sklearn.base.RegressorMixin sklearn.base.TransformerMixin threading.Thread torch.nn.Module",
    "torch.utils.data.Dataset torch.utils.data.IterableDataset argparse.Action logging.Handler",
    "logging.Formatter logging.Filter ast.NodeVisitor ast.NodeTransformer string.Formatter",
    "string.Template",
)


def is_quiet_base(dotted: str) -> bool:
    """Say whether a class of nobody's project can be subclassed without an effect."""
    if "." not in dotted:
        return hasattr(builtins, dotted)
    return dotted in _BASES or dotted.startswith(("typing.", "typing_extensions.", "collections.abc."))
