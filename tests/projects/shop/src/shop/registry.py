"""Steps put themselves into a registry."""

import functools

STEPS = {}


def step(function):
    """Register a step and log it."""

    @functools.wraps(function)
    def logged(value):
        return function(value) + SUFFIX

    STEPS[function.__name__] = logged
    return logged


SUFFIX = "."


def apply_all(value):
    for name in sorted(STEPS):
        value = STEPS[name](value)
    return value
