"""What an order is."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .unused import Nothing

Prices = list[int]


class Status(enum.Enum):
    PAID = "paid"
    OPEN = "open"

    @property
    def weight(self) -> int:
        return 2 if self is Status.PAID else 1


class Line(NamedTuple):
    name: str
    count: int = 1


class Priced:
    """Has a price."""

    factor = 1

    def total(self) -> int:
        return self.price * self.factor + self.extra()

    def extra(self) -> int:
        return 0

    def unused_method(self) -> int:
        return 5


class Shipped:
    """Costs something to send."""

    def extra(self) -> int:
        return 1


@dataclass
class Order(Shipped, Priced):
    name: str
    price: int
    status: Status = Status.OPEN
    tags: list[str] = field(default_factory=lambda: ["new"])

    @property
    def label(self) -> str:
        """Name it."""
        return f"{self.name} ({self.status.value})"


class Refund(Priced):
    factor = -1
