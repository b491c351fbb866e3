"""Pipelines with content-addressed caching: run what changed, restore what is known, rebuild anything."""

__version__ = "0.1.0"
