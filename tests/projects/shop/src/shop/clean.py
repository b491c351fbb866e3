"""Reads orders and drops the small ones."""

import csv
from io import StringIO
from pathlib import Path

from . import steps
from .models import Order, Status
from .registry import apply_all
from .text import fold, slug


def clean(orders: Path, least):
    """Return the orders that are worth something."""
    # The file is small.
    rows = csv.DictReader(StringIO(orders.read_text()))
    made = [(Order(r["name"], int(r["price"]), Status(r["status"])), r["region"]) for r in rows]
    return [as_row(order, region) for order, region in made if order.price >= least]


def as_row(order, region):
    return {
        "id": slug(fold(order.name)),
        "label": apply_all(order.label),
        "region": region,
        "total": order.total(),
        "weight": order.status.weight,
        "tags": order.tags,
    }


def debug():
    print(clean(Path("data/orders.csv"), 0))


if __name__ == "__main__":
    debug()
