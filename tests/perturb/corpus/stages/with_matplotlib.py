"""Matplotlib: an SVG file names its parts at random; a PNG file is the same each time."""

from pathlib import Path

from matplotlib.figure import Figure


def drawing(drawing: Path) -> None:
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([1, 3, 2], clip_on=True)
    figure.savefig(drawing)  # accused


def picture(picture: Path) -> None:
    figure = Figure(figsize=(3, 2))
    axes = figure.subplots()
    axes.bar(["a", "b", "c"], [3, 1, 2])
    axes.set_title("bars")
    figure.savefig(picture)
