"""The two errors of this room, as data. Knows no format."""


class _ToldError(Exception):
    """What is wrong, and one thing to do about it; both as `errors.Problem` wants them."""

    def __init__(self, text: str, help: str = "") -> None:  # noqa: A002 - the word of the message
        super().__init__(text, help)
        self.text = text
        self.help = help

    def __str__(self) -> str:
        return f"{self.text}\nhelp: {self.help}" if self.help else self.text


class LoaderError(_ToldError):
    """An annotation or a path for which there is no loader or writer. Raised before anything runs."""


class FormatError(_ToldError):
    """A file that does not hold what it should, or a value that a file cannot hold. Raised in the child."""
