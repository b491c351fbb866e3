"""The environment room: from imported names to the distributions behind them. Imports none of them."""

from .installed import Distribution, Installed, look
from .machine import numerics, platform
from .versions import distributions, modules_to_preload

__all__ = [
    "Distribution",
    "Installed",
    "distributions",
    "look",
    "modules_to_preload",
    "numerics",
    "platform",
]
