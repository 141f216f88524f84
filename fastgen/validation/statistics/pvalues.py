"""P-values of counts: the only module that imports SciPy.

They must hold for data of any size at levels near 0.00001. There the tail of the chi-square distribution is too short if
expected counts are small: with a count of five expected, it is exceeded ten times as often as it says. So there are two
corrections: it gets the exact mean and variance of the statistic, and a small p-value of few classes is estimated from samples.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

SMALLEST_EXPECTED: Final = 5.0
"""The least expected count of a class; neighbours are merged until they reach it."""
ENOUGH_EXPECTED: Final = 200.0
"""Expected count of the smallest class from which on the chi-square distribution holds as far out as needed."""
DOUBTFUL: Final = (1e-15, 0.05)
"""P-values to estimate from samples: nothing depends on larger ones, and no correction could rescue smaller ones."""
MOST_CLASSES: Final = 100
"""The most classes to draw samples of; a sum over more of them is normal enough."""
EXCEEDED: Final = 20
"""Sampling ends after this many samples as unlikely as the data."""
MOST_SAMPLES: Final = 1_000_000
MOST_COUNTS: Final = 20_000_000
"""The most counts in all samples together, which take two seconds."""
FIRST_SAMPLES: Final = 1_000
SAMPLES_AT_ONCE: Final = 20_000

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], NDArray[Any]]
"""Draws the given number of samples: an array with a row of counts for each."""
Measure = Callable[[NDArray[Any]], Floats]
"""The statistic of a sample, or of each of several."""


class Outcome(NamedTuple):
    """The result of a test.

    test: its name. statistic: chi-square, or the largest distance. p: the probability of a larger one. size: the number of
    values. classes: the number of classes, or steps of a distribution, to count them in. worst: the class that differs most, the
    first of those merged; or the step of the largest distance. seen, due: found and expected count there; for a distance, up to it.
    """

    test: str
    statistic: float
    p: float
    size: int
    classes: int
    worst: int
    seen: int
    due: float


class _Classes(NamedTuple):
    """Counts and expectations of merged classes, and where each starts among the classes with a share."""

    counts: Counts
    expected: Floats
    starts: NDArray[np.intp]


def chi_square(observed: ArrayLike, shares: ArrayLike) -> Outcome | None:
    """Pearson's test of counts against shares, which need not add up to 1; None for fewer than two classes.

    Counts in classes without a share are left out: they break a rule, not a distribution.

    Source of the variance: Haldane, "The exact value of the moments of the distribution of chi-square, used as a test of
    goodness of fit, when expectations are small", Biometrika, 1937.

    Example:
        >>> found = chi_square([480, 520], [1, 1])
        >>> round(found.statistic, 2), round(found.p, 2)
        (1.6, 0.21)
    """
    weights = np.asarray(shares, np.float64)
    classes = _merged(np.asarray(observed, np.int64)[weights > 0], weights[weights > 0])
    if classes is None:
        return None
    size, k = int(classes.counts.sum()), classes.counts.size
    chances = classes.expected / size
    variance = 2 * (k - 1) + (float((1 / chances).sum()) - k**2 - 2 * k + 2) / size
    kept = np.flatnonzero(weights > 0)
    found = _tested(classes, _pearson(classes.expected), k - 1, variance, lambda random, n: random.multinomial(size, chances, n))
    return found._replace(worst=int(kept[found.worst]))


def hypergeometric(drawn: ArrayLike, stock: ArrayLike) -> Outcome | None:
    """Chi-square of a draw without replacement from a stock, by class; None for fewer than two classes, or if all are drawn.

    Example:
        >>> round(hypergeometric([80, 20], [100, 100]).p, 5)
        0.0
    """
    available = np.asarray(stock, np.int64)
    classes = _merged(np.asarray(drawn, np.int64)[available > 0], available[available > 0].astype(np.float64))
    if classes is None:
        return None
    stocks = np.add.reduceat(available[available > 0], classes.starts)
    total, size = int(stocks.sum()), int(classes.counts.sum())
    if size >= total:
        return None
    pearson = _pearson(classes.expected)
    spread = (total - size) / (total - 1)  # what is left of the variance of independent draws
    return _tested(
        classes,
        lambda counts: pearson(counts) / spread,
        classes.counts.size - 1,
        2.0 * (classes.counts.size - 1),
        lambda random, n: random.multivariate_hypergeometric(stocks, size, n),
    )


def stratified(observed: ArrayLike, shares: ArrayLike) -> Outcome | None:
    """Chi-square of the sum of several samples, each with its own shares; None for fewer than two classes or no choice.

    Args:
        observed: counts, one row per sample. shares: the same.

    Example:
        >>> round(stratified([[50, 50], [90, 10]], [[1, 1], [9, 1]]).p, 3)
        1.0
    """
    weights = np.asarray(shares, np.float64)
    counts = np.where(weights > 0, np.asarray(observed, np.int64), 0)
    sizes = counts.sum(axis=1)
    chances = weights[sizes > 0] / weights[sizes > 0].sum(axis=1, keepdims=True)
    sizes = sizes[sizes > 0]
    classes = _merged(counts.sum(axis=0), sizes @ chances) if sizes.size else None
    if classes is None:
        return None
    chances = np.add.reduceat(chances, classes.starts, axis=1)
    covariance = np.diag(classes.expected) - (chances * sizes[:, None]).T @ chances
    inverse = np.linalg.pinv(covariance, hermitian=True)
    degrees = int(np.linalg.matrix_rank(covariance, hermitian=True))
    if not degrees:
        return None

    def measure(counts: NDArray[Any]) -> Floats:
        off = counts - classes.expected
        statistics: Floats = np.einsum("...i,ij,...j->...", off, inverse, off)
        return statistics

    def draw(random: np.random.Generator, n: int) -> NDArray[Any]:
        samples = [random.multinomial(size, each, n) for size, each in zip(sizes, chances, strict=True)]
        return np.asarray(np.sum(samples, axis=0))

    return _tested(classes, measure, degrees, 2.0 * degrees, draw)


def kolmogorov(observed: ArrayLike, masses: ArrayLike) -> Outcome | None:
    """Kolmogorov-Smirnov test of a histogram whose steps have these masses; None for no counts, or fewer than two steps.

    The p-value is that of a continuous distribution. For a discrete one it is too high rather than too low.

    Source: Noether, "Note on the Kolmogorov statistic in the discrete case", Metrika, 1963.

    Example:
        >>> kolmogorov([25, 25, 25, 25], [1, 1, 1, 1]).p
        1.0
    """
    weights = np.asarray(masses, np.float64)
    counts = np.where(weights > 0, np.asarray(observed, np.int64), 0)
    size, steps = int(counts.sum()), int((weights > 0).sum())
    if not size or steps < 2:
        return None
    seen, due = np.cumsum(counts), np.cumsum(weights) * (size / weights.sum())
    worst = int(np.argmax(np.abs(seen - due)))
    distance = float(abs(seen[worst] - due[worst])) / size
    p = float(stats.kstwo.sf(distance, size))
    return Outcome("Kolmogorov-Smirnov", distance, p, size, steps, worst, int(seen[worst]), float(due[worst]))


def _pearson(expected: Floats) -> Measure:
    return lambda counts: ((counts - expected) ** 2 / expected).sum(axis=-1)


def _merged(counts: Counts, weights: Floats) -> _Classes | None:
    """Merge neighbours until each class is expected often enough; a last one that is not joins the one before it."""
    size = int(counts.sum())
    if not size:
        return None
    expected = weights * (size / weights.sum())
    if expected.min() == expected.max():
        together = int(np.ceil(SMALLEST_EXPECTED / expected[0]))
        starts = np.arange(0, max(expected.size - together + 1, 1), together)
    else:
        starts = np.array(_starts(expected.tolist()))
    if starts.size < 2:
        return None
    return _Classes(np.add.reduceat(counts, starts), np.add.reduceat(expected, starts), starts)


def _starts(expected: list[float]) -> list[int]:
    starts, waiting = [0], 0.0
    for i, value in enumerate(expected, 1):
        waiting += value
        if waiting >= SMALLEST_EXPECTED and i < len(expected):
            starts.append(i)
            waiting = 0.0
    if waiting < SMALLEST_EXPECTED and len(starts) > 1:
        starts.pop()
    return starts


def _tested(classes: _Classes, measure: Measure, mean: float, variance: float, draw: Draw) -> Outcome:
    """The outcome of a statistic: p is from a chi-square distribution of its mean and variance, or from samples if that may err."""
    counts, expected, starts = classes
    statistic = float(measure(counts))
    scale = variance / (2 * mean)
    p = float(stats.chi2.sf(statistic / scale, mean / scale))
    if DOUBTFUL[0] < p < DOUBTFUL[1] and counts.size <= MOST_CLASSES and expected.min() < ENOUGH_EXPECTED:
        p = _estimated(statistic, measure, draw, min(MOST_SAMPLES, MOST_COUNTS // counts.size))
    worst = int(np.argmax((counts - expected) ** 2 / expected))
    size = int(counts.sum())
    return Outcome("chi-square", statistic, p, size, counts.size, int(starts[worst]), int(counts[worst]), float(expected[worst]))


def _estimated(found: float, measure: Measure, draw: Draw, most: int) -> float:
    """Estimate the p-value by at most `most` samples, or until enough are as unlikely; it is valid and reproducible.

    Source: Besag and Clifford, "Sequential Monte Carlo p-values", Biometrika, 1991.
    """
    random = np.random.default_rng(1)
    drawn = exceeded = 0
    while drawn < most:
        samples = min(drawn + FIRST_SAMPLES, SAMPLES_AT_ONCE)
        worse = np.flatnonzero(measure(draw(random, samples)) >= found * (1 - 1e-12))
        if exceeded + worse.size >= EXCEEDED:
            return EXCEEDED / (drawn + int(worse[EXCEEDED - exceeded - 1]) + 1)
        drawn += samples
        exceeded += worse.size
    return (exceeded + 1) / (drawn + 1)
