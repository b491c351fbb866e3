"""Imported where it is used."""

FOOTER = "the end"


def footer():
    return FOOTER


def other_footer():
    return FOOTER + "!"
