"""The display on a terminal: what runs stands at the foot, and goes when the run ends."""

import os
import pty
import sys
import threading
import time

from pipeline.model import StageResult
from pipeline.render.live import Display
from pipeline.render.style import PLAIN


def shown(act):
    """Let `act` use a display on a terminal of its own; return all that reached it."""
    outer, inner = pty.openpty()
    pieces = []

    def drain():
        try:
            while piece := os.read(outer, 4096):
                pieces.append(piece)
        except OSError:
            pass  # the other end is closed

    reader = threading.Thread(target=drain)
    reader.start()
    with os.fdopen(inner, "w") as stream:
        display = Display(stream, PLAIN)
        act(display)
        display.close()
    reader.join()
    os.close(outer)
    return b"".join(pieces).decode()


def test_what_runs_is_shown_with_its_time_and_the_time_left(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")

    def act(display):
        display.planned(3, 100.0)
        display.started("train", 40.0)
        time.sleep(0.4)

    text = shown(act)
    assert "running  train" in text and "of about 40 s" in text and "0/3  about 2 min left" in text


def test_a_stage_that_has_ended_becomes_a_line_above(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")

    def act(display):
        display.planned(1, None)
        display.started("train", None)
        display.finished(StageResult("train", "executed", wall_seconds=2.0), 1, 1, None)

    assert "executed train      2.0 s" in shown(act)


def test_a_run_without_work_shows_nothing_and_never_loads_rich(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)

    def act(display):
        display.planned(2, None)
        display.finished(StageResult("a", "fresh"), 1, 2, None)

    assert shown(act) == ""
    assert "rich" not in sys.modules


def test_markup_in_names_is_shown_as_it_is(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")

    def act(display):
        display.started("[red]x[/red]", None)
        display.notice("[bold]y[/bold]")
        time.sleep(0.3)

    text = shown(act)
    assert "[red]x[/red]" in text and "note: [bold]y[/bold]" in text
