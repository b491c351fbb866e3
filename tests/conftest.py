"""How much hypothesis tries: the same each time by default and in CI, much and at random in `deep`.

`pytest --hypothesis-profile=deep tests/properties` looks for what nobody has met yet. The other two do not vary,
so that a red build means that something was changed.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.project import Project
from tests.soundness.figures import pytest_terminal_summary

__all__ = ["project", "pytest_addoption", "pytest_terminal_summary"]

_SLOW_IS_FINE = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)

for name, examples, same in (("default", 100, True), ("ci", 100, True), ("deep", 2000, False)):
    settings.register_profile(
        name,
        max_examples=examples,
        derandomize=same,
        database=None if same else settings.default.database,
        deadline=None,
        print_blob=True,
        suppress_health_check=_SLOW_IS_FINE,
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    help_text = "try so many random edits of code, from a random seed; without it the same 2,000 each time"
    parser.addoption("--mutations", type=int, default=0, metavar="N", help=help_text)


settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An empty project, with no setting of the user's that could change what `pipe` does."""
    with Project(tmp_path / "project") as made:
        yield made
