"""Which fields of rows a kernel is to fill: a bit for each, combined in its argument `needed`."""

SECOND, CARD, CATEGORY, CENTS, PLACE, POSITION, LABEL, DIGITS = (1 << bit for bit in range(8))
"""Bits for the columns of a block that are made only if needed; POSITION is latitude, longitude and walked."""

WHEN = SECOND | CARD
"""Columns that are in the first word of an event's record."""
