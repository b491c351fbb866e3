"""Small arithmetic, in all the ways in which functions are made."""

import functools
from collections.abc import Callable
from typing import TypeAlias

from . import settings

Number: TypeAlias = int | float
Rule = Callable[[Number], Number]


def scaled(by):
    def scale(value):
        return value * by

    return scale


double = scaled(settings.RATE)


def rounded(value, digits=1, *, up=False):
    return round(value, digits) + (1 if up else 0)


short = functools.partial(rounded, digits=2)


@functools.singledispatch
def shown(value):
    return str(value)


@shown.register(float)
def _(value):
    return f"{value:.2f}"


@shown.register(list)
def _(value):
    return "/".join(map(shown, value))


@functools.lru_cache
def bucket(value):
    return next((name for name, limit in settings.LIMITS.items() if value <= limit), "huge")


def never(value):
    return value / 0
