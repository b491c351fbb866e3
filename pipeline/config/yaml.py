"""Reads one YAML 1.2 document with the position of every key and value. Knows no file and no pipeline.

A small builder on the event stream of libyaml (or of PyYAML's own parser where libyaml is missing): the
loaders that come with PyYAML know no positions, read `NO` as false and keep the last of two equal keys.
"""

from typing import Any, NamedTuple, TypeAlias

import yaml as _yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from . import scalars, syntax
from .syntax import Broken, Flaw
from .wrong import Wrong, short

try:
    from yaml.cyaml import CParser as _Parser  # type: ignore[attr-defined]
except ImportError:  # PyYAML was built without libyaml: some fifteen times slower, otherwise the same
    from yaml import Loader as _Parser  # type: ignore[assignment]

MAX_DEPTH = 64
MAX_VALUES = 2_000_000
"""Scalars and containers, aliases counted with what they stand for; 10,000 stages have some 300,000."""

Place: TypeAlias = tuple[Any, Any, Any, Any]
"""Marks of the parser: begin and end of the key (in a list: of the value), then of the value."""

_TAG = "tag:yaml.org,2002:"
_MERGE = object()
_REFUSED = object()


class Tree(NamedTuple):
    """A document. `places` has, by the identity of each mapping and list, the places of its entries."""

    value: Any
    start: Any
    end: Any
    places: dict[int, dict[Any, Place]]
    flaws: tuple[Flaw, ...]
    """What is wrong though the rest can be read, in the order of the text."""
    is_flow: bool
    """The document is a scalar or stands in brackets."""


def parse(text: str) -> Tree:
    """Read the one document in `text`; an empty text is None. Raises Broken."""
    syntax.check_characters(text)
    try:
        return _Builder(_Parser(text)).document()
    except _yaml.YAMLError as error:
        raise Broken(syntax.explain(error, text)) from None


class _Builder:
    def __init__(self, parser: Any) -> None:
        self._next = parser.get_event
        self._parser = parser
        self._places: dict[int, dict[Any, Place]] = {}
        self._flaws: list[Flaw] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0

    def document(self) -> Tree:
        self._next()  # the stream's start
        event = self._next()
        if type(event) is StreamEndEvent:
            return Tree(None, event.start_mark, event.end_mark, {}, (), True)
        event = self._next()
        value, end = self._node(event, 0)
        is_flow = getattr(event, "flow_style", True) is not False
        while type(closing := self._next()) is DocumentEndEvent:
            pass
        if type(closing) is not StreamEndEvent:
            raise Broken(_flaw(closing, "a second document begins here", "keep one document, without `---`"))
        return Tree(value, event.start_mark, end, self._places, tuple(self._flaws), is_flow)

    def _node(self, event: Any, depth: int) -> tuple[Any, Any]:
        """Return a value and the mark of its end."""
        kind = type(event)
        self._count += 1
        if self._count > MAX_VALUES:
            raise Broken(
                _flaw(event, f"there are more than {MAX_VALUES} values, with what aliases stand for")
            )
        if kind is AliasEvent:
            return self._alias(event), event.end_mark
        before = self._count
        if kind is ScalarEvent:
            value = self._scalar(event)
            end = event.end_mark
        else:
            if depth >= MAX_DEPTH:
                raise Broken(_flaw(event, f"values are nested more than {MAX_DEPTH} deep"))
            if event.tag not in (None, "!", _TAG + ("map" if kind is MappingStartEvent else "seq")):
                self._flaws.append(_unknown_tag(event))
            if event.anchor is not None:
                self._anchors.pop(event.anchor, None)
            value, end = (self._mapping if kind is MappingStartEvent else self._sequence)(event, depth + 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, self._count - before + 1)
        return value, end

    def _sequence(self, event: Any, depth: int) -> tuple[list[Any], Any]:
        items: list[Any] = []
        places: dict[Any, Place] = {}
        self._places[id(items)] = places
        while type(event := self._next()) is not SequenceEndEvent:
            value, end = self._node(event, depth)
            places[len(items)] = (event.start_mark, end, event.start_mark, end)
            items.append(value)
        return items, event.end_mark

    def _mapping(self, event: Any, depth: int) -> tuple[dict[Any, Any], Any]:
        result: dict[Any, Any] = {}
        places: dict[Any, Place] = {}
        self._places[id(result)] = places
        merged: list[tuple[Any, Any]] = []
        while type(key_event := self._next()) is not MappingEndEvent:
            key = self._key(key_event, depth)
            event = self._next()
            value, end = self._node(event, depth)
            if key is _MERGE:
                merged.append((event, value))
            elif key is _REFUSED:
                continue
            elif key in places:
                self._flaws.append(_duplicate(key_event, key, places[key]))
            else:
                result[key] = value
                places[key] = (key_event.start_mark, key_event.end_mark, event.start_mark, end)
        for event, value in merged:
            self._merge(event, value, result, places)
        return result, key_event.end_mark

    def _key(self, event: Any, depth: int) -> Any:
        self._count += 1
        if type(event) is ScalarEvent:
            if event.value == "<<" and event.implicit[0]:
                return _MERGE
            return self._scalar(event)
        value = self._alias(event) if type(event) is AliasEvent else self._node(event, depth)[0]
        if isinstance(value, list | dict):
            self._flaws.append(_flaw(event, "a list or mapping cannot be a key", "quote it if it is text"))
            return _REFUSED
        return value

    def _merge(self, event: Any, value: Any, result: dict[Any, Any], places: dict[Any, Place]) -> None:
        """Add what `<<` brings; keys that are there stay, and of several sources the first one wins."""
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            text = "`<<` merges a mapping, or a list of mappings"
            self._flaws.append(
                _flaw(event, text, 'write `<<: *NAME` of an anchored mapping, or quote the key: "<<"')
            )
            return
        for source in sources:
            known = self._places[id(source)]
            self._count += len(source)
            for key, item in source.items():
                if key not in result:
                    result[key] = item
                    places[key] = known[key]

    def _alias(self, event: Any) -> Any:
        found = self._anchors.get(event.anchor)
        if found is None:
            word = f"*{event.anchor}"
            text = f"`{word}` refers to nothing: a value that starts with `*` is an alias"
            self._flaws.append(_flaw(event, text, f'quote it if it is text: "{word}"'))
            return word
        self._count += found[1]
        return found[0]

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        tag = event.tag
        if tag is None or tag == "!":
            if tag is None and event.implicit[0]:
                return self._plain(event, text)
            return self._checked(event, text)
        name = tag.removeprefix(_TAG)
        if name == "str":
            return self._checked(event, text)
        value = self._plain(event, text) if name in ("int", "float", "bool", "null") else text
        if name == "float" and type(value) is int:
            return float(value)
        if type(value).__name__ != name and not (name == "null" and value is None):
            self._flaws.append(_unknown_tag(event))
        return value

    def _plain(self, event: Any, text: str) -> Any:
        try:
            return scalars.read(text)
        except Wrong as wrong:
            self._flaws.append(_flaw(event, wrong.text, wrong.help))
            return 0

    def _checked(self, event: Any, text: str) -> str:
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            self._flaws.append(
                _flaw(event, "half a surrogate pair is no character", "write the character itself")
            )
            return ""
        return text


def _unknown_tag(event: Any) -> Flaw:
    name = event.tag.replace(_TAG, "!!")
    return _flaw(event, f"the tag `{name}` does not fit here", f"remove `{name}`")


def _duplicate(event: Any, key: Any, first: Place) -> Flaw:
    name = short(scalars.write(key))
    return _flaw(
        event, f"the key `{name}` is there twice", f"remove one: the first is on line {first[0].line + 1}"
    )


def _flaw(event: Any, text: str, help: str = "") -> Flaw:  # noqa: A002 - the word of the message
    start, end = event.start_mark, event.end_mark
    length = end.column - start.column if end.line == start.line else 0
    return Flaw(start.line, start.column, length, text, help)
