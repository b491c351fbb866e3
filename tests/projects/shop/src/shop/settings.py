"""Constants, and a list that modules add to when they are imported."""

RATE = 2
LIMITS = {"small": 10, "large": 30}
CURRENCY = "EUR"
UNUSED = 17
ACTIVE = []
