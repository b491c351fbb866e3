"""What `pipe` itself costs: to start, with nothing to do, for each stage it executes. Beside doit, ninja and make.

Run it by `make bench`; `--quick` takes a minute. Everything is measured in interleaved rounds, and a ratio is the
median of the ratios of each round. Before anything is timed, each tool's outputs are compared with a reference and
a second run must have executed nothing. Exit code 1: a tool did not do what it was timed for.
"""

import argparse
import functools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence

import graphs
import table
import tools
from clock import Failed, Sample, Samples, interleaved, measure, peak_bytes, ratio, seconds
from graphs import Graph
from table import Row
from tools import PIPE, PYTHON, Tool

_FEW = 10
"""The smaller graph of a slope: what a run costs once is in both."""
_RACY_SECONDS = 2.1
"""So long `pipe` trusts no time of a file; before it has passed, a run is not one with nothing to do."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smaller graphs, fewer rounds, no example")
    parser.add_argument("--rounds", type=int, help="default: 9, with --quick 5")
    parser.add_argument(
        "--stages", type=int, help="of the graph that is executed; default: 300, with --quick 60"
    )
    parser.add_argument("--only", choices=("start", "idle", "execute", "example"), action="append")
    options = parser.parse_args()
    os.environ.pop("PIPE_STORE", None)  # each project with its own
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
        os.environ.pop(name, None)  # else an editable install is compiled anew at every start
    rounds = options.rounds or (5 if options.quick else 9)
    parts = options.only or ["start", "idle", "execute", *(() if options.quick else ("example",))]
    found, missing = tools.present()
    for line in missing:
        print(f"left out: {line}")
    if options.quick and not options.only:
        print("left out: the example, and graphs of 1,000 stages (without --quick)")
    work = tempfile.mkdtemp(prefix="pipe-bench-")
    bench = Bench(work, found, rounds)
    rows: list[Row] = []
    try:
        if "start" in parts:
            rows += bench.start()
        if "idle" in parts:
            for shape, sizes in ((graphs.layered, (100, 1000)), (graphs.chain, (1000,))):
                for size in sizes:
                    if size <= 100 or not options.quick:
                        rows += bench.idle(shape.__name__, shape(size))
        if "execute" in parts:
            rows += bench.execute(options.stages or (60 if options.quick else 300))
        if "example" in parts:
            rows += bench.example()
    except (Failed, tools.Wrong) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"\n{os.cpu_count()} cores; medians of {rounds} interleaved rounds; ratios within a round\n")
    print(table.markdown(rows))
    return 0


class Bench:
    """One folder in which all projects are made, and the tools that take part."""

    def __init__(self, work: str, found: Mapping[str, Tool], rounds: int) -> None:
        self._work = work
        self._tools = found
        self._rounds = rounds
        self._made = 0

    def start(self) -> list[Row]:
        """What every call costs before it does anything."""
        commands: dict[str, tuple[str, ...]] = {
            "python": (PYTHON, "-c", "pass"),
            "version": (PIPE, "--version"),
            "help": (PIPE, "--help"),
        }
        if "doit" in self._tools:
            commands["doit help"] = (*self._tools["doit"].command, "help")
        samples = self._measured({n: self._timed(c, self._work) for n, c in commands.items()}, times=3)
        rows = [_against("`pipe --version` / `python -c pass`", samples, "version", "python", 2)]
        if "doit help" in samples:
            rows.append(_against("`pipe --help` / `doit help`", samples, "help", "doit help", None, 1))
        return rows

    def idle(self, shape: str, graph: Graph) -> list[Row]:
        """A run with nothing to do, and status, on a project that is up to date."""
        measures: dict[str, Callable[[], Sample]] = {}
        folders = {tool.name: self._project(tool, graph) for tool in self._tools.values()}
        for tool in self._tools.values():
            self._timed(tool.command, folders[tool.name])()
        time.sleep(_RACY_SECONDS)
        for tool in self._tools.values():
            folder = folders[tool.name]
            self._timed(tool.nothing, folder)()
            tools.check_outputs(folder, graph, tool)
            tools.check_idle(folder, graph, tool)
            measures[tool.name] = self._timed(tool.nothing, folder)
        measures["status"] = self._timed((PIPE, "status"), folders["pipe run"])
        samples = self._measured(measures)
        for folder in folders.values():
            shutil.rmtree(folder)
        return list(self._idle_rows(f"{shape} {len(graph.nodes):,}", len(graph.nodes), samples))

    def _idle_rows(self, title: str, size: int, samples: Samples) -> Sequence[Row]:
        rows = []
        goal = 2 if size >= 1000 else None
        for name, what in (("pipe run", "run"), ("status", "status")):
            if "doit" in samples:
                text = f"{title}: {what} with nothing to do / doit"
                rows.append(_against(text, samples, name, "doit", goal, 0.5))
        for other in ("ninja", "make", "floor"):
            if other in samples:
                rows.append(
                    _against(f"{title}: run with nothing to do / {other}", samples, "pipe run", other)
                )
        rows.append(
            _against(f"{title}: the same, shell stages / Python stages", samples, "pipe cmd", "pipe run")
        )
        rows.append(Row(f"{title}: its peak memory", peak_bytes(samples["pipe run"]) / 1e6, "MB", None))
        return rows

    def execute(self, many: int) -> list[Row]:
        """What one more executed stage costs: the slope between a few and many."""
        measures = {}
        for tool in self._tools.values():
            for size in (_FEW, many):
                graph = graphs.layered(size)
                self._cold(tool, graph, check=True)
                measures[f"{tool.name} {size}"] = functools.partial(self._cold, tool, graph)
        broad = graphs.wide(many)
        self._cold(self._tools["pipe run"], broad, check=True)
        measures["pipe run, all side by side"] = functools.partial(self._cold, self._tools["pipe run"], broad)
        samples = self._measured(measures)
        slopes = {
            tool: [
                (large.seconds - small.seconds) / (many - _FEW)
                for small, large in zip(samples[f"{tool} {_FEW}"], samples[f"{tool} {many}"], strict=True)
            ]
            for tool in self._tools
        }
        rows = []
        for name, what, goal in (("pipe run", "Python", 15), ("pipe cmd", "shell", None)):
            title = f"each executed {what} stage, slope {_FEW} to {many}, -j2"
            middle = statistics.median(slopes[name]) * 1000
            rows.append(Row(title, middle, "ms", goal))
            for other in ("ninja", "make", "doit", "floor"):
                if other in slopes and not (what == "shell" and other in ("doit", "floor")):
                    note = f"{middle:.2f} / {statistics.median(slopes[other]) * 1000:.2f} ms"
                    later = 2 if other == "ninja" else None
                    rows.append(
                        Row(f"the same / {other}", ratio(slopes[name], slopes[other]), "×", None, later, note)
                    )
        text = f"{many} Python stages side by side / in layers"
        rows.append(_against(text, samples, "pipe run, all side by side", f"pipe run {many}", None, 1.1))
        peak = peak_bytes(samples[f"pipe run {many}"]) / 1e6
        rows.append(Row(f"peak memory of executing {many} Python stages", peak, "MB", None))
        return rows

    def example(self) -> list[Row]:
        """Status on the project's own example, built once."""
        home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        folder = os.path.join(self._work, "example")
        for name in ("data", "stages", "scripts"):
            shutil.copytree(
                os.path.join(home, name),
                os.path.join(folder, name),
                ignore=shutil.ignore_patterns("__pycache__"),
            )
        for name in ("pipeline.yaml", "params.yaml", "pipeline.lock"):
            shutil.copy(os.path.join(home, name), folder)
        self._timed((PIPE, "run", "-q"), folder)()
        time.sleep(_RACY_SECONDS)
        subprocess.run((PIPE, "status", "--check"), cwd=folder, check=True, stdout=subprocess.DEVNULL)
        samples = self._measured(
            {
                "python": self._timed((PYTHON, "-c", "pass"), folder),
                "status": self._timed((PIPE, "status"), folder),
                "run": self._timed((PIPE, "run", "-q"), folder),
            }
        )
        shutil.rmtree(folder)
        return [
            Row("the example: status", seconds(samples["status"]), "s", 0.2),
            _against("the same / `python -c pass`", samples, "status", "python"),
            _against("the example: run with nothing to do / `python -c pass`", samples, "run", "python"),
        ]

    def _cold(self, tool: Tool, graph: Graph, *, check: bool = False) -> Sample:
        folder = self._project(tool, graph)
        sample = self._timed(tool.command, folder)()
        if check:
            tools.check_outputs(folder, graph, tool)
            tools.check_idle(folder, graph, tool)
        shutil.rmtree(folder)
        return sample

    def _project(self, tool: Tool, graph: Graph) -> str:
        self._made += 1
        folder = os.path.join(self._work, f"{self._made}-{tool.name.replace(' ', '-')}")
        graphs.write(folder, graph, tool.files(graph))
        return folder

    def _timed(self, command: Sequence[str], folder: str) -> Callable[[], Sample]:
        return functools.partial(measure, command, folder, os.path.join(self._work, "printed"))

    def _measured(self, measures: Mapping[str, Callable[[], Sample]], times: int = 1) -> Samples:
        print(f"measuring {', '.join(measures)}", file=sys.stderr, flush=True)
        return interleaved(measures, self._rounds * times)


def _against(
    what: str, samples: Samples, name: str, other: str, goal: float | None = None, later: float | None = None
) -> Row:
    of, to = samples[name], samples[other]
    note = f"{seconds(of) * 1000:.1f} / {seconds(to) * 1000:.1f} ms"
    return Row(what, ratio([s.seconds for s in of], [s.seconds for s in to]), "×", goal, later, note)


if __name__ == "__main__":
    sys.exit(main())
