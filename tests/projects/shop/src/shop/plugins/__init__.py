"""Formats by name."""

import importlib


def find(name):
    return importlib.import_module(f"shop.plugins.{name}")
