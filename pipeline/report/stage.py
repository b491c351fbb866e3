"""One stage's section, or the section of all instances of one. Shows what is told, finds nothing out."""

from collections import Counter
from collections.abc import Mapping, Sequence

from ..render.words import duration, size
from .environments import Titled
from .exhibit import Exhibits
from .facts import blocks, short
from .listing import Listings
from .markup import Child, Html, element, prose
from .metrics import leaves, number
from .subject import WORST, Environment, Told

_VARYING = 5
_FEW = 12


class Sections:
    """Writes the sections, in the order of the stages."""

    def __init__(
        self,
        links: Mapping[str, str],
        listings: Listings,
        exhibits: Exhibits,
        environments: Mapping[Environment, Titled],
        shown: set[str],
    ) -> None:
        """`shown` are the paths of the outputs that stand among the results."""
        self._links = links
        self._listings = listings
        self._exhibits = exhibits
        self._environments = environments
        self._shown = shown

    def of(self, instances: Sequence[Told]) -> Html:
        """Write the section of a stage, or of its instances."""
        first = instances[0]
        is_many = len(instances) > 1
        name = first.base if is_many else first.name
        found = Counter(told.outcome for told in instances)
        outcomes = [outcome for outcome in WORST if found[outcome]]
        words = " ".join([name, first.doc, *outcomes, *(told.name for told in instances[1:])])
        attributes = {
            "class": f"stage o-{outcomes[0]}",
            "data-words": words.lower(),
            "data-outcomes": " ".join(outcomes),
            "open": outcomes[0] == "failed",
        }
        body = self._many(instances) if is_many else self._one(first)
        section = element("div", {"id": self._links[name], "class": "body"}, body)
        return element("details", attributes, _summary(name, instances, found), section)

    def _one(self, told: Told) -> Child:
        return [_failure(told), self._blocks(told), self._results(told), self._listings.of([told])]

    def _many(self, instances: Sequence[Told]) -> Child:
        each: Child = [self._instance(told) for told in instances]
        if len(instances) > _FEW:
            summary = element("summary", None, f"Each of the {len(instances):,} instances")
            each = element("details", {"class": "exhibit"}, summary, each)
        return [self._instances(instances), self._listings.of(instances), each]

    def _blocks(self, told: Told) -> Html:
        return blocks(told, self._links, self._environments)

    def _instances(self, instances: Sequence[Told]) -> Html:
        varying = _varying(instances)
        metrics = [leaves(told.metrics) for told in instances]
        names = [name for name in _union(metrics) if len({str(each.get(name)) for each in metrics}) > 1][
            :_VARYING
        ]
        rows = []
        for told, measured in zip(instances, metrics, strict=True):
            made = told.execution
            link = element("a", {"href": f"#{self._links[told.name]}"}, told.instance)
            params = [
                element("td", None, element("code", None, short(told.params.get(n), 60))) for n in varying
            ]
            cells = [
                element("th", {"scope": "row"}, link),
                element("td", None, _badge(told.outcome)),
                *params,
                *(element("td", {"class": "number"}, number(measured.get(name))) for name in names),
                element("td", {"class": "number"}, duration(made.wall_seconds) if made else "–"),
                element("td", {"class": "number"}, size(made.peak_memory_bytes) if made else "–"),
            ]
            rows.append(element("tr", {"data-stage": told.name.lower()}, cells))
        heads = [element("th", {"scope": "col"}, name) for name in ("instance", "outcome", *varying)]
        heads += [
            element("th", {"scope": "col", "class": "number"}, name) for name in (*names, "time", "memory")
        ]
        head = element("thead", None, element("tr", None, heads))
        grid = element("table", {"class": "instances"}, head, element("tbody", None, rows))
        label = f"instances of {instances[0].base}"
        return element("div", {"class": "scroll", "tabindex": 0, "role": "region", "aria-label": label}, grid)

    def _instance(self, told: Told) -> Html:
        summary = element("summary", None, element("h4", None, told.name), _badge(told.outcome))
        parts = [_failure(told), self._blocks(told), self._results(told)]
        body = element("div", {"id": self._links[told.name], "class": "body"}, parts)
        attributes = {
            "class": f"instance o-{told.outcome}",
            "data-words": told.name.lower(),
            "open": told.outcome == "failed",
        }
        return element("details", attributes, summary, body)

    def _results(self, told: Told) -> Child:
        out: list[Child] = []
        for made in told.outputs:
            name = element("code", None, made.path)
            if made.path in self._shown:
                link = element("a", {"href": "#results"}, "Results")
                out.append(element("p", {"class": "note"}, name, " stands under ", link))
            elif made.name not in told.metrics:
                seen = self._exhibits.of(made)
                if seen is not None:
                    out.append(element("details", {"class": "exhibit"}, element("summary", None, name), seen))
        return out


def _summary(name: str, instances: Sequence[Told], found: Mapping[str, int]) -> Html:
    seconds = sum(told.wall_seconds for told in instances if told.outcome in ("executed", "failed"))
    outcomes = [outcome for outcome in WORST if found.get(outcome)]
    said = (
        outcomes[0]
        if len(outcomes) == 1
        else ", ".join(f"{found[outcome]:,} {outcome}" for outcome in outcomes)
    )
    many = element("span", {"class": "many"}, f"×{len(instances):,}") if len(instances) > 1 else None
    time = element("span", {"class": "time"}, duration(seconds) if seconds else None)
    return element(
        "summary",
        None,
        element("h3", None, element("span", {"class": "stage-name"}, name), many),
        element("span", {"class": "doc"}, instances[0].doc),
        element("span", {"class": "outcome"}, said, time),
    )


def _badge(outcome: str) -> Html:
    return element("span", {"class": f"badge o-{outcome}"}, outcome)


def _varying(instances: Sequence[Told]) -> list[str]:
    """Return the parameters by which instances differ, those with short values first."""
    names = _union([told.params for told in instances])
    values = {name: [short(told.params.get(name), 1000) for told in instances] for name in names}
    varying = [name for name in names if len(set(values[name])) > 1]
    return sorted(varying, key=lambda name: max(map(len, values[name])))[:_VARYING]


def _union(mappings: Sequence[Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


def _failure(told: Told) -> Html | None:
    if told.outcome != "failed":
        return None
    log = element("pre", {"class": "log", "tabindex": 0}, "\n".join(told.log)) if told.log else None
    kept = [
        element("p", {"class": "note"}, "Its folder was kept: ", element("code", None, path))
        for path in told.leftovers
    ]
    return element(
        "div", {"class": "failure"}, element("p", None, prose(told.error or "it failed")), log, kept
    )
