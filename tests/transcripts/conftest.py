"""The option that pins the transcripts anew: `pytest tests/transcripts --pin`."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--pin", action="store_true", help="write what the sessions print into tests/transcripts"
    )
