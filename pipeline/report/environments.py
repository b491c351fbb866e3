"""The environments of a run's stages: each once, with its packages. Shows what is told."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..render.words import count
from .markup import Html, element
from .subject import Environment, Told

_MOST = 60
_MOST_NAMES = 6


class Titled(NamedTuple):
    """How other places of the page name an environment. Without an anchor there was no room for it."""

    anchor: str
    title: str


def titles(stages: Mapping[str, Told]) -> dict[Environment, Titled]:
    """Name each environment, in the order in which they are met."""
    found: dict[Environment, Titled] = {}
    for told in stages.values():
        if told.environment is not None and told.environment not in found:
            python = dict(told.environment.platform).get("python", "?")
            anchor = f"environment-{len(found) + 1}" if len(found) < _MOST else ""
            packages = (
                count(len(told.environment.packages), "package")
                if told.environment.packages
                else "no packages"
            )
            found[told.environment] = Titled(anchor, f"Python {python}, {packages}")
    return found


def section(stages: Mapping[str, Told], titled: Mapping[Environment, Titled]) -> list[Html]:
    """List the packages of each."""
    users: dict[Environment, dict[str, None]] = {}
    for told in stages.values():
        if told.environment is not None:
            users.setdefault(told.environment, {})[told.base] = None
    return [_one(each, titled[each], list(users[each])) for each in titled if titled[each].anchor]


def _one(environment: Environment, titled: Titled, users: Sequence[str]) -> Html:
    more = f" and {len(users) - _MOST_NAMES:,} more" if len(users) > _MOST_NAMES else ""
    said = element("small", {"class": "doc"}, ", ".join(users[:_MOST_NAMES]) + more)
    items = [
        element("li", None, name, element("span", None, version)) for name, version in environment.packages
    ]
    platform = ", ".join(f"{name} {value}" for name, value in environment.platform)
    body = element(
        "div",
        {"id": titled.anchor, "class": "body"},
        element("p", {"class": "note"}, platform),
        element("ul", {"class": "packages"}, items) if items else None,
    )
    return element("details", {"class": "environment"}, element("summary", None, titled.title, said), body)
