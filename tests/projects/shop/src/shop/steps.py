from .registry import step


@step
def shout(value):
    return value.upper()


@step
def trim(value):
    return value.strip()


def plain(value):
    return value
