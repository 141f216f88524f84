"""How samples are judged: one threshold, and tests that fail for data that fit too badly or too well.

The data are a function of their seeds, so a test passes always or never. A new data version has new draws, and
then each judgement fails by chance once in 5,000 to 10,000 times.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

LEAST_P = 1e-4
SMALLEST_EXPECTED = 5.0

FloatArray = NDArray[np.float64]


def assert_shares(observed: ArrayLike, shares: ArrayLike, *, fitted: int = 0, spread: float = 1.0) -> None:
    """Chi-square: counts of classes against their shares, which need not add up to 1.

    Neighbouring classes are merged until each is expected at least five times. Counts closer to their
    expectations than chance allows fail as well. `spread` is the variance as a fraction of that of
    independent draws (below 1 for draws without replacement).
    """
    counts, weights = np.asarray(observed, float), np.asarray(shares, float)
    expected = weights / weights.sum() * counts.sum()
    assert not counts[weights == 0].any(), "a class that should be empty is not"
    counts, expected = _merged(counts[weights > 0], expected[weights > 0])
    assert counts.size > 1, "nothing to compare: all is one class"
    statistic = float(((counts - expected) ** 2 / expected).sum()) / spread
    degrees = counts.size - 1 - fitted
    worse, better = stats.chi2.sf(statistic, degrees), stats.chi2.cdf(statistic, degrees)
    assert worse > LEAST_P, f"the counts do not fit: chi-square {statistic:.1f} of {degrees} degrees of freedom, p = {worse:.1e}"
    assert better > LEAST_P, (
        f"the counts fit too well: chi-square {statistic:.1f} of {degrees} degrees of freedom, p = {better:.1e}"
    )


def _merged(counts: FloatArray, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Merge neighbours until each class is expected often enough."""
    starts, waiting = [0], 0.0
    for i, value in enumerate(expected):
        waiting += value
        if waiting >= SMALLEST_EXPECTED and i + 1 < expected.size:
            starts.append(i + 1)
            waiting = 0.0
    if waiting < SMALLEST_EXPECTED and len(starts) > 1:
        starts.pop()
    return np.add.reduceat(counts, starts), np.add.reduceat(expected, starts)


def assert_whole_numbers(values: ArrayLike, low: int, high: int) -> None:
    """Chi-square: whole numbers from low to high, both included, all equally likely."""
    numbers = np.asarray(values, np.int64)
    assert numbers.size
    assert low <= numbers.min()
    assert numbers.max() <= high
    assert_shares(np.bincount(numbers - low, minlength=high - low + 1), np.ones(high - low + 1))


def assert_uniform(values: ArrayLike, low: int, width: int) -> None:
    """Kolmogorov-Smirnov: whole numbers in [low, low + width), all equally likely.

    Each number is spread over the unit interval that begins with it, which makes the test exact.
    """
    numbers = np.asarray(values, np.int64)
    assert numbers.size
    assert low <= numbers.min()
    assert numbers.max() < low + width
    spread = (numbers - low + np.random.default_rng(1).random(numbers.size)) / width
    p = stats.kstest(spread, "uniform").pvalue
    assert LEAST_P < p < 1 - LEAST_P, f"not uniform over [{low}, {low + width}): Kolmogorov-Smirnov, p = {p:.1e}"


def assert_unrelated(first: ArrayLike, second: ArrayLike) -> None:
    """Spearman: two columns are not correlated by rank."""
    p = stats.spearmanr(first, second).pvalue
    assert p > LEAST_P, f"the values depend on each other: rank correlation, p = {p:.1e}"


def assert_independent(first: Sequence[Any], second: Sequence[Any]) -> None:
    """Chi-square: the contingency table of two independent classifications."""
    rows, columns = (np.unique(np.asarray(x), return_inverse=True)[1] for x in (first, second))
    table = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(table, (rows, columns), 1)
    found = stats.chi2_contingency(table)
    assert found.expected_freq.min() > 1, "too few for a judgement"
    assert LEAST_P < found.pvalue < 1 - LEAST_P, f"the classes depend on each other: p = {found.pvalue:.1e}"


def assert_random_order(marked: ArrayLike) -> None:
    """Wald and Wolfowitz: marked and unmarked entries have as many runs as in a random order."""
    marks = np.asarray(marked, bool)
    ones, zeros = int(marks.sum()), int((~marks).sum())
    runs = 1 + int((marks[1:] != marks[:-1]).sum())
    n = ones + zeros
    mean = 1 + 2 * ones * zeros / n
    variance = (mean - 1) * (mean - 2) / (n - 1)
    p = 2 * stats.norm.sf(abs(runs - mean) / variance**0.5)
    assert p > LEAST_P, f"{runs} runs where {mean:.0f} are expected, p = {p:.1e}"
