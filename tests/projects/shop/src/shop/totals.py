import shop

from . import lazy, numbers, settings
from .numbers import bucket, double, short


def totals(orders: list, rates: dict, region):
    mine = [row for row in orders if row["region"] == region]
    total = sum(row["total"] * row["weight"] for row in mine)
    return {
        "bucket": bucket(total),
        "double": double(total),
        "taxed": short(total * (1 + rates[region])),
        "shown": numbers.shown([total, total / 3]),
        "place": getattr(lazy, "TABLE")[region],
        "active": settings.ACTIVE,
        "version": shop.VERSION,
    }
