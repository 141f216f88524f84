"""Densities of amounts over their logarithm: as counted, and as configured."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fastgen.config import Config
from fastgen.reporting.bins import EDGES, Counts, between

Shares = NDArray[np.float64]
PER_DECADE: Final = 10
DECADES: Final = 7


def _display_edges() -> Counts:
    """Ten ranges per power of ten, with edges at whole cents of at most three digits, so that each consists of whole bins."""
    raw = 10 ** (np.arange(DECADES * PER_DECADE + 1) / PER_DECADE)
    digits = np.floor(np.log10(raw) + 1e-9)
    scale = 10.0 ** np.maximum(digits - 2, 0)
    edges: Counts = np.unique(np.rint(raw / scale) * scale).astype(np.int64)
    return edges


DISPLAYED: Final = _display_edges()
"""int64: edges of the ranges that charts show, in cents, from 0.01 to 100,000.00."""


def configured_below(config: Config, category: str | None, edges: Counts) -> Shares:
    """float64[edges]: the configured share of amounts below each number of cents.

    Amounts are uniform over the cents of a range; a category has those between its prices, withdrawals (None) have all.

    Raises:
        KeyError: the configuration has no such category.

    Example:
        >>> configured_below(Config(), "Domestic Transport", np.array([1_000, 5_500, 10_001])).round(4).tolist()
        [0.0, 0.5, 1.0]
    """
    low, high = (0, 2**62) if category is None else prices(config)[category]
    total = np.zeros(edges.size)
    whole = 0.0
    for part, cents in zip(config.amounts, config.amount_cents, strict=True):
        start, stop = max(cents.start, low), min(cents.stop, high + 1)
        if start < stop:
            total += part.share / len(cents) * (np.clip(edges, start, stop) - start)
            whole += part.share / len(cents) * (stop - start)
    shares: Shares = total / whole
    return shares


def prices(config: Config) -> dict[str, tuple[int, int]]:
    """Lowest and highest price of each category, in cents."""
    return {category.name: (category.low_cents, category.high_cents) for category in config.categories}


def density(shares: Shares) -> Shares:
    """Shares of the displayed ranges as densities per power of ten."""
    return shares / np.diff(np.log10(DISPLAYED))


def counted_density(counts: Counts) -> Shares:
    """The density of counted amounts; zero everywhere if there are none."""
    return density(between(counts, DISPLAYED) / max(int(counts.sum()), 1))


def configured_density(config: Config, category: str | None) -> Shares:
    """The configured density of amounts."""
    return density(np.diff(configured_below(config, category, DISPLAYED)))


def distance(config: Config, category: str | None, counts: Counts) -> float:
    """The greatest difference between the counted and the configured share of amounts below any bin edge.

    Source: the Kolmogorov-Smirnov statistic.
    """
    counted = np.concatenate([[0], np.cumsum(counts)]) / max(int(counts.sum()), 1)
    return float(np.abs(counted - configured_below(config, category, EDGES)).max())
