"""What is wrong with one value, before anybody says where the value stands. Knows no file and no position."""

from typing import NamedTuple, TypeAlias

Steps: TypeAlias = tuple[str | int, ...]
"""The keys and indices that lead to a value."""


class Index(int):
    """The place of an entry in a list that is read as a mapping; unlike a key that happens to be a number."""


class Wrong(ValueError):
    """A value that cannot be taken. `text` and `help` are as in `Problem`, without saying which value."""

    def __init__(self, text: str, help: str = "") -> None:  # noqa: A002 - the word of the message
        super().__init__(text)
        self.text = text
        self.help = help


class Trouble(NamedTuple):
    """Something wrong inside one stage: `steps` lead from the stage to the value, or to its key."""

    steps: Steps
    text: str
    help: str = ""
    at_key: bool = False


def kind_of(value: object) -> str:
    """Say what a value is, as the messages say it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text `{short(value)}`"
    return "a list" if isinstance(value, list | tuple) else "a mapping"


def short(text: str) -> str:
    """Cut a text that is too long for a message."""
    first = text.split("\n", 1)[0]
    return text if first == text and len(text) <= 80 else first[:77] + "..."
