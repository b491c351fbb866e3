"""Where the objects of this process come to lie, altered on purpose. Knows no object."""

import random

_OBJECTS = 6000
_LARGEST_BYTES = 480

_kept: list[bytes] = []


def scatter(number: int) -> None:
    """Fill the heap and leave holes in it, others for each number: what comes to lie there has other addresses.

    The kernel moves whole pages about, and by themselves objects keep their order in them.
    """
    chance = random.Random(number)  # noqa: S311 - the same for the same number is what is wanted
    made = [bytes(chance.randrange(1, _LARGEST_BYTES)) for _ in range(_OBJECTS)]
    _kept.extend(one for one in made if chance.random() < 0.5)
