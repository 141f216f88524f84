"""How well one rule on one column tells frauds from the rest: the best threshold, or the best choice of values.

The best is the one with the greatest F1, the harmonic mean of precision (the share of frauds among the flagged rows) and recall
(the share of the frauds that are flagged).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.reporting.bins import EDGES, Counts


class Rule(NamedTuple):
    """A rule and its results.

    column: what it tests. sign: "≤" or "≥" compares with `threshold`, "is" looks the value up in `values`; what matches is flagged.
    flagged: the number of flagged rows. caught: frauds among them. frauds: all frauds.
    """

    column: str
    sign: str
    threshold: int
    values: tuple[str, ...]
    flagged: int
    caught: int
    frauds: int

    @property
    def precision(self) -> float:
        """The share of frauds among the flagged rows."""
        return self.caught / self.flagged if self.flagged else 0.0

    @property
    def recall(self) -> float:
        """The share of the frauds that are flagged."""
        return self.caught / self.frauds if self.frauds else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.caught / (self.flagged + self.frauds) if self.flagged + self.frauds else 0.0


def best_threshold(column: str, counts: Counts, frauds: int) -> Rule:
    """The best rule of the form "at most x" or "at least x".

    Args:
        counts: int64[2, BINS], of ordinary rows and of frauds; rows without a value are in neither, and never flagged.
        frauds: all frauds, including those without a value.

    Example:
        >>> counts = np.zeros((2, EDGES.size - 1), np.int64)
        >>> counts[0, 50:500], counts[1, 30:90] = 1, 1
        >>> rule = best_threshold("seconds", counts, 60)
        >>> rule.sign, rule.threshold, rule.caught, rule.flagged
        ('≤', 89, 60, 100)
    """
    rules = []
    for sign, at in (("≤", 1), ("≥", -1)):
        caught, ordinary = np.cumsum(counts[1, ::at]), np.cumsum(counts[0, ::at])
        best = int(np.argmax(_f1(caught, caught + ordinary, frauds)))
        number = EDGES[best + 1] - 1 if at == 1 else EDGES[::-1][best + 1]
        rules.append(Rule(column, sign, int(number), (), int((caught + ordinary)[best]), int(caught[best]), frauds))
    return max(rules, key=lambda rule: rule.f1)


def best_values(column: str, names: Sequence[str], counts: Counts, frauds: int) -> Rule:
    """The best rule of the form "one of these values": those with the greatest shares of frauds, as many as give the best F1.

    No other choice is better: whether a value raises F1 depends on its share of frauds alone.

    Args:
        counts: int64[2, values], of ordinary rows and of frauds.
    """
    share = counts[1] / np.maximum(counts.sum(axis=0), 1)
    order = np.argsort(-share, kind="stable")
    caught = np.cumsum(counts[1, order])
    flagged = np.cumsum(counts.sum(axis=0)[order])
    best = int(np.argmax(_f1(caught, flagged, frauds)))
    values = tuple(names[i] for i in order[: best + 1])
    return Rule(column, "is", 0, values, int(flagged[best]), int(caught[best]), frauds)


def _f1(caught: Counts, flagged: Counts, frauds: int) -> NDArray[np.float64]:
    f1: NDArray[np.float64] = 2 * caught / np.maximum(flagged + frauds, 1)
    return f1
