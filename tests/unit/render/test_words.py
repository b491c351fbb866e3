"""Numbers as people read them."""

import pytest

from pipeline.render import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "<0.01 s"),
        (0.03, "0.03 s"),
        (0.4, "0.4 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (252, "4 min 12 s"),
        (3599.9, "1 h"),
        (3900, "1 h 5 min"),
        (100_000, "27 h 47 min"),
    ],
)
def test_durations_have_the_digits_that_matter(seconds, text):
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (49152, "48 KiB"),
        (1 << 20, "1.0 MiB"),
        (5 << 40, "5.0 TiB"),
    ],
)
def test_sizes_have_the_unit_that_fits(size_bytes, text):
    assert words.size(size_bytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "under 1 s"), (12.4, "about 12 s"), (240, "about 4 min")]
)
def test_estimates_are_rough(seconds, text):
    assert words.about(seconds) == text


def test_printable_text_is_left_alone():
    assert words.printable("stages/clean.py: 'n/a' é 名") == "stages/clean.py: 'n/a' é 名"


def test_text_that_turns_the_direction_of_a_line_is_shown_as_a_code():
    assert words.printable("a\u202eb\nc") == "a\\x202eb\\x0ac"
