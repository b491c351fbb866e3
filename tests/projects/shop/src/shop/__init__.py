"""A shop."""

from . import settings
from .clean import clean
from .models import Order as Order
from .unused import nothing

settings.ACTIVE.append("shop")
VERSION = "1"
