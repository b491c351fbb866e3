"""One stage's section, or the section of all instances of one. Shows what is told, finds nothing out."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..render.words import count, duration, size
from . import grade, highlight
from .excerpt import Piece, reached
from .exhibit import Exhibits
from .figures import leaves, number
from .markup import Child, Html, element, joined
from .shelf import Shelf
from .subject import Given, Made, Told

_CODE_BYTES = 1_200_000
_MOST_LINES = 500
_VARYING = 5
_LISTED_FILES = 12


class Sections:
    """Writes the sections in order. Code that an earlier one has shown is not shown again but linked to."""

    def __init__(
        self,
        stages: Mapping[str, Told],
        links: Mapping[str, str],
        shelf: Shelf,
        exhibits: Exhibits,
        environments: Mapping[object, tuple[str, str]],
        shown: set[str],
    ) -> None:
        """`environments` gives anchor and title of each, `shown` the outputs that are among the results."""
        self._stages = stages
        self._links = links
        self._shelf = shelf
        self._exhibits = exhibits
        self._environments = environments
        self._shown = shown
        self._code: dict[tuple[str, tuple[Piece, ...]], str] = {}
        self._code_bytes = 0
        self.left_out: list[str] = []

    def of(self, told: Sequence[Told]) -> Html:
        """Write the section of a stage, or of its instances."""
        first = told[0]
        name = first.name if len(told) == 1 else first.base
        link = self._links[name]
        outcomes = {stage.outcome for stage in told}
        seconds = sum(t.wall_seconds for t in told if t.outcome in ("executed", "failed"))
        said = (
            first.outcome
            if len(outcomes) == 1
            else ", ".join(f"{sum(t.outcome == o for t in told)} {o}" for o in sorted(outcomes))
        )
        many = element("span", {"class": "many"}, f"×{len(told)}") if len(told) > 1 else None
        summary = element(
            "summary",
            None,
            element("h3", None, element("span", {"class": "stage-name"}, name), many),
            element("span", {"class": "doc"}, first.doc),
            element(
                "span",
                {"class": "outcome"},
                said,
                element("span", {"class": "time"}, duration(seconds) if seconds else ""),
            ),
        )
        body = self._one(first) if len(told) == 1 else self._many(told)
        words = " ".join([name, first.doc, *sorted(outcomes), *(stage.name for stage in told[1:])]).lower()
        worst = next(
            o for o in ("failed", "blocked", "cancelled", "executed", "restored", "fresh") if o in outcomes
        )
        attributes = {
            "class": f"stage o-{worst}",
            "data-words": words,
            "data-outcomes": " ".join(sorted(outcomes)),
        }
        anchor = element("div", {"id": link, "class": "body"}, body)
        return element("details", {**attributes, "open": worst == "failed"}, summary, anchor)

    def _one(self, told: Told) -> Child:
        return [self._failure(told), self._facts(told), self._results(told), self._code_of(told)]

    def _many(self, told: Sequence[Told]) -> Child:
        return [
            self._instances(told),
            self._code_of(next((t for t in told if t.source), told[0])),
            [self._instance(t) for t in told],
        ]

    def _instances(self, told: Sequence[Told]) -> Html:
        varying = [name for name in told[0].params if len({_plain(t.params.get(name)) for t in told}) > 1]
        varying.sort(key=lambda name: max(len(_plain(t.params.get(name))) for t in told))
        varying = varying[:_VARYING]
        heads = ["instance", "outcome", *varying, "time", "memory"]
        rows = []
        for stage in told:
            made = stage.execution
            link = element(
                "a", {"href": f"#{self._links[stage.name]}"}, stage.name.partition("@")[2] or stage.name
            )
            cells = [
                element("th", {"scope": "row"}, link),
                element("td", None, element("span", {"class": f"badge o-{stage.outcome}"}, stage.outcome)),
                *(
                    element("td", None, element("code", None, _short(stage.params.get(name))))
                    for name in varying
                ),
                element("td", {"class": "number"}, duration(made.wall_seconds) if made else "–"),
                element("td", {"class": "number"}, size(made.peak_memory_bytes) if made else "–"),
            ]
            rows.append(element("tr", {"data-stage": stage.name.lower()}, cells))
        head = element("tr", None, [element("th", {"scope": "col"}, text) for text in heads])
        grid = element(
            "table", {"class": "instances"}, element("thead", None, head), element("tbody", None, rows)
        )
        frame = {
            "class": "scroll",
            "tabindex": 0,
            "role": "region",
            "aria-label": f"instances of {told[0].base}",
        }
        return element("div", frame, grid)

    def _instance(self, told: Told) -> Html:
        summary = element(
            "summary",
            None,
            element("h4", None, told.name),
            element("span", {"class": f"badge o-{told.outcome}"}, told.outcome),
        )
        body = element(
            "div",
            {"id": self._links[told.name], "class": "body"},
            self._failure(told),
            self._facts(told),
            self._results(told),
        )
        attributes = {
            "class": f"instance o-{told.outcome}",
            "data-words": told.name.lower(),
            "open": told.outcome == "failed",
        }
        return element("details", attributes, summary, body)

    def _failure(self, told: Told) -> Html | None:
        if told.outcome != "failed":
            return None
        kept = [
            element("p", {"class": "note"}, "Its folder was kept: ", element("code", None, path))
            for path in told.leftovers
        ]
        log = element("pre", {"class": "log", "tabindex": 0}, "\n".join(told.log)) if told.log else None
        return element("div", {"class": "failure"}, element("p", None, told.error or "it failed"), log, kept)

    def _facts(self, told: Told) -> Html:
        blocks = [
            _block(
                "Why",
                [element("p", None, reason.text) for reason in told.reasons[:12]] if told.reasons else None,
            ),
            _block("Parameters", _parameters(told.params)),
            _block("Inputs", [self._given(given) for given in told.inputs] or None),
            _block("Outputs", [_made(made) for made in told.outputs] or None),
            _block("Command", _command(told)),
            _block("Execution", _pairs(self._costs(told))),
            _block(
                "Metrics",
                _pairs([(n, number(v)) for n, v in leaves(told.metrics).items()][:40])
                if told.metrics
                else None,
            ),
            _block("Surroundings", _pairs(self._surroundings(told))),
        ]
        return element("div", {"class": "facts"}, blocks)

    def _given(self, given: Given) -> Html:
        about = [given.kind if given.kind != "tree" else "folder"]
        if given.kind == "glob":
            about = [count(len(given.files), "file")]
        if given.size_bytes is not None:
            about.append(size(given.size_bytes))
        if given.digest:
            about.append(given.digest[:12])
        files = None
        if given.files:
            more = len(given.files) - _LISTED_FILES
            listed = [
                element("li", None, element("code", None, path)) for path in given.files[:_LISTED_FILES]
            ]
            files = element(
                "ul",
                {"class": "names"},
                listed,
                element("li", None, f"and {more:,} more") if more > 0 else None,
            )
        return _line(given.name, given.path, about, files)

    def _costs(self, told: Told) -> list[tuple[str, Child]]:
        made = told.execution
        if made is None:
            return [("time", duration(told.wall_seconds))] if told.outcome == "failed" else []
        when = made.recorded.replace("T", " ").replace("Z", " UTC")
        found: list[tuple[str, Child]] = [
            ("time", duration(made.wall_seconds)),
            ("processor time", duration(made.cpu_seconds)),
            ("peak memory", size(made.peak_memory_bytes)),
            ("isolation", made.level),
            ("grade", element("span", {"title": grade.WORDS.get(told.grade)}, told.grade)),
            ("recorded", when),
        ]
        return found if told.outcome != "failed" else found[:0]

    def _surroundings(self, told: Told) -> list[tuple[str, Child]]:
        found: list[tuple[str, Child]] = []
        if told.environment is not None:
            anchor, title = self._environments[told.environment]
            found.append(("environment", element("a", {"href": f"#{anchor}"}, title)))
        around = told.around
        found += [
            (name, "unset" if value is None else value) for name, value in sorted(around.variables.items())
        ]
        found += [("secret", f"{name} (set)") for name in around.secrets]
        found += [(name, said.strip()[:200]) for name, said in sorted(around.tools.items())]
        if around.cpus != 1 or around.gpus:
            found.append(
                ("resources", f"{around.cpus} CPUs" + (f", {around.gpus} GPUs" if around.gpus else ""))
            )
        if around.network:
            found.append(("network", "allowed"))
        if told.needs:
            links = [element("a", {"href": f"#{self._links[p]}"}, p) for p in told.needs[:12]]
            more = f" and {len(told.needs) - 12} more" if len(told.needs) > 12 else None
            found.append(("reads from", [joined([link, " "]) for link in links] + [more]))
        return found

    def _results(self, told: Told) -> Child:
        out: list[Child] = []
        for made in told.outputs:
            if made.path in self._shown:
                out.append(
                    element(
                        "p",
                        {"class": "note"},
                        element("code", None, made.path),
                        " is shown under ",
                        element("a", {"href": "#results"}, "Results"),
                        ".",
                    )
                )
                continue
            if made.is_metric and told.metrics:
                continue
            seen = self._exhibits.of(made)
            if seen is not None:
                out.append(
                    element(
                        "details",
                        {"class": "exhibit"},
                        element("summary", None, element("code", None, made.path)),
                        seen.body,
                    )
                )
        return out

    def _code_of(self, told: Told) -> Child:
        out: list[Child] = []
        for path, (source, imported) in told.source.items():
            full = self._shelf.text(source)
            if full is None:
                continue
            pieces = tuple(reached(full, self._shelf.text(imported) if imported else None))
            if not any(len(piece.lines) > 1 or piece.lines[0].strip(" '\"") for piece in pieces):
                continue  # an empty __init__.py
            before = self._code.setdefault((path, pieces), told.base)
            if before != told.base:
                link = element("a", {"href": f"#{self._links[before]}"}, before)
                out.append(
                    element(
                        "p",
                        {"class": "note"},
                        element("code", None, path),
                        ": the same code as under ",
                        link,
                        ".",
                    )
                )
                continue
            written = self._listing(path, full, pieces)
            if written is not None:
                out.append(written)
        return element("div", {"class": "code"}, element("h4", None, "Code"), out) if out else None

    def _listing(self, path: str, full: str, pieces: Sequence[Piece]) -> Html | None:
        lines = sum(len(piece.lines) for piece in pieces)
        weight = sum(len(line) for piece in pieces for line in piece.lines) * 2 + lines * 30
        if self._code_bytes + weight > _CODE_BYTES:
            self.left_out.append(f"the code in {path} ({count(lines, 'line')})")
            return None
        self._code_bytes += weight
        summary = element(
            "summary",
            None,
            element("code", None, path),
            element("small", None, f" {count(lines, 'line')} reached"),
        )
        return element("details", {"class": "exhibit"}, summary, listing(path, full, pieces))


def listing(path: str, full: str, pieces: Sequence[Piece]) -> Html:
    """Write pieces of a file with their line numbers; a gap says that something is left out."""
    coloured = highlight.lines(full, path)
    rows: list[Html] = []
    budget = _MOST_LINES
    for piece in pieces:
        if rows:
            rows.append(element("span", {"class": "gap", "aria-hidden": "true"}, "⋯\n"))
        for line in range(piece.first, piece.first + len(piece.lines)):
            if not budget:
                return _pre(path, [*rows, element("span", {"class": "gap"}, "the rest is left out\n")])
            budget -= 1
            rows.append(
                element(
                    "span",
                    {"class": "line", "data-l": line},
                    coloured[line - 1] if line <= len(coloured) else None,
                    "\n",
                )
            )
    return _pre(path, rows)


def _pre(path: str, rows: Sequence[Html]) -> Html:
    return element(
        "pre",
        {"class": "source", "tabindex": 0, "role": "region", "aria-label": path},
        element("code", None, rows),
    )


def _block(title: str, body: Child) -> Html | None:
    return None if body is None else element("div", {"class": "fact"}, element("h4", None, title), body)


def _line(name: str, path: str, about: Sequence[str], more: Html | None = None) -> Html:
    return element(
        "div",
        {"class": "artifact"},
        element("span", {"class": "label"}, name) if name != path else None,
        element("code", None, path),
        element("small", None, " · ".join(about)),
        more,
    )


def _made(made: Made) -> Html:
    kind = [] if made.kind == "file" else ["folder" if made.kind == "tree" else "executable"]
    return _line(made.name, made.path, [*kind, size(made.size_bytes), made.digest[:12]])


def _pairs(pairs: Sequence[tuple[str, Child]]) -> Html | None:
    if not pairs:
        return None
    return element(
        "dl",
        {"class": "pairs"},
        [element("div", None, element("dt", None, n), element("dd", None, v)) for n, v in pairs],
    )


def _parameters(params: Mapping[str, Any]) -> Html | None:
    return _pairs([(name, element("code", None, _short(value, 400))) for name, value in params.items()])


def _command(told: Told) -> Html | None:
    if not told.command:
        return None
    if not told.is_shell:
        return element("code", None, told.command)
    return element(
        "pre",
        {"class": "text", "tabindex": 0},
        joined([[line, "\n"] for line in highlight.lines(told.command, "x.sh")]),
    )


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _short(value: Any, most: int = 60) -> str:
    text = _plain(value)
    return text if len(text) <= most else text[: most - 1] + "…"
