"""How many misclassified events are tolerated, and how many unclear ones a test can do without."""

from math import exp, expm1
from typing import Final

NOTICED: Final = 0.1
"""By how much unclear events may raise a chi-square statistic."""
MISTAKEN: Final = 1e-5
"""Probability that more things than are tolerated are misclassified."""


def tolerated(mean: float) -> int | None:
    """How many misclassified things to tolerate, if `mean` are expected; None if these are too many.

    Example:
        >>> tolerated(1e-6), tolerated(1e-3), tolerated(5)
        (0, 1, None)
    """
    if mean > 1:
        return None
    count, term, tail = 0, exp(-mean), -expm1(-mean)
    while tail > MISTAKEN:
        count += 1
        term *= mean / count
        tail -= term
    return count


def can_be_tested(things: int, unclear: float, events: int) -> bool:
    """Whether the things with unclear events are too few for their absence to be noticed.

    If a fraction f of n things is missing, and these are unlike the others, chi-square grows by about n f^2 at most.
    """
    return things * (unclear / max(events, 1)) ** 2 <= NOTICED
