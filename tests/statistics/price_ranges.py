"""The distribution of amounts as documented, and how a sample is compared with it."""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil

import numpy as np
from judging import SMALLEST_EXPECTED, assert_shares, assert_uniform, assert_whole_numbers
from numpy.typing import NDArray

from fastgen import Config

SURE_TO_OCCUR = 12
"""A value that is expected this many times is missing once in 160,000 samples."""


def amount_ranges(config: Config) -> Iterator[tuple[float, range]]:
    """The share of each range and its cents: the end of a range belongs to the next one, except for the last."""
    last = config.amounts[-1]
    for part in config.amounts:
        low, high = round(part.low * 100), round(part.high * 100)
        yield part.share, range(low, high + 1 if part is last else high)


def ranges_given(config: Config, least: float, most: float) -> list[tuple[float, range]]:
    """The distribution conditioned on prices from least to most."""
    low, high = round(least * 100), round(most * 100)
    cut = []
    for share, cents in amount_ranges(config):
        held = range(max(cents.start, low), min(cents.stop, high + 1))
        if held:
            cut.append((share * len(held) / len(cents), held))
    return cut


def judge_amounts(cents: NDArray[np.int64], parts: list[tuple[float, range]]) -> None:
    """Shares of the ranges by chi-square, amounts inside each by Kolmogorov-Smirnov."""
    counts = [int(((cents >= held.start) & (cents < held.stop)).sum()) for _, held in parts]
    assert sum(counts) == cents.size, "amounts outside their ranges"
    shares = np.array([share for share, _ in parts])
    if (shares / shares.sum() * cents.size >= SMALLEST_EXPECTED).sum() > 1:
        assert_shares(counts, shares)
    for count, (_, held) in zip(counts, parts, strict=True):
        inside = cents[(cents >= held.start) & (cents < held.stop)]
        if count >= 50:
            assert_uniform(inside, held.start, len(held))
        if count >= SMALLEST_EXPECTED * len(held):
            assert_whole_numbers(inside, held.start, held.stop - 1)
        if count >= SURE_TO_OCCUR * len(held):
            assert (inside.min(), inside.max()) == (held[0], held[-1]), "an end of a range never occurs"


def later_ranges(config: Config, later: int) -> list[int]:
    """How many of a chain's later payments are in each range: each share rounded up, small amounts first."""
    counts: list[int] = []
    for part in config.amounts:
        counts.append(min(ceil(Fraction(str(part.share)) * later), later - sum(counts)))
    return counts
