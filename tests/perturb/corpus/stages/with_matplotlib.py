"""Matplotlib: an SVG file names its parts at random."""

from pathlib import Path

from matplotlib.figure import Figure


def drawing(drawing: Path) -> None:
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([1, 3, 2], clip_on=True)
    figure.savefig(drawing)  # accused
