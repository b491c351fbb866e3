"""The environment room: from imported names to the distributions behind them. Imports none of them."""

from .installed import Distribution, Installed, look
from .machine import numerics, platform
from .versions import distributions, editable_places, modules_to_preload

__all__ = [
    "Distribution",
    "Installed",
    "distributions",
    "editable_places",
    "look",
    "modules_to_preload",
    "numerics",
    "platform",
]
