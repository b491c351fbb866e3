"""`pipe shell`: a stage's folder and environment, by hand."""

from .debug import shell

__all__ = ["shell"]
