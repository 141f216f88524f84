"""Counts compared with their plain twins and their distributions."""

from itertools import pairwise

import naive
import numpy as np
import pytest
from hypothesis import strategies as st
from scipy import stats

from fastgen.kernels import splitting, streams
from tests.kernels import LEAST_P

WHOLE = 2**40

seeds = st.integers(0, 2**64 - 1)


def binomial(seed: int, n: int, p: float) -> int:
    """How many of n events fall into the first of two leaves, whose share is p, rounded to a multiple of 2^-40."""
    return split(seed, streams.SPLIT_PAYMENTS, n, [0, round(p * WHOLE), WHOLE])[0]


def twin(seed: int, n: int, p: float) -> int:
    return naive.binomial(seed, streams.SPLIT_PAYMENTS, 1, n, round(p * WHOLE) / WHOLE)


def split(seed: int, stream: int, total: int, edges: list[int]) -> list[int]:
    counts = np.full(len(edges) - 1, -1, np.int64)
    splitting.split_counts(counts, np.uint64(seed), stream, total, np.array(edges, np.int64), splitting.Splitting.empty())
    return counts.tolist()


FEW = [(10, 0.3), (1_000, 0.0099), (10**9, 3e-9), (30, 0.8), (2_000, 0.999)]
TOSSED = [
    (1, 0.5),
    (19, 0.5),
    (20, 0.5),
    (63, 0.5),
    (64, 0.5),
    (65, 0.5),
    (127, 0.5),
    (128, 0.5),
    (129, 0.5),
    (300, 0.5),
    (1_024, 0.5),
]
MANY = [(1_025, 0.5), (40, 0.25), (54_000, 0.5), (1_000, 0.013), (10**6, 0.31), (10**9, 0.5), (10**12, 1e-10), (300, 0.9)]


@pytest.mark.parametrize(("n", "p"), FEW + TOSSED + MANY)
def test_binomial_draws_have_the_distribution(n: int, p: float) -> None:
    tries = 20_000
    drawn = np.array([binomial(seed, n, p) for seed in range(tries)])
    law = stats.binom(n, round(p * WHOLE) / WHOLE)
    assert drawn.min() >= 0
    assert drawn.max() <= n
    assert abs(drawn.mean() - law.mean()) < 4 * law.std() / tries**0.5
    assert drawn.var() == pytest.approx(law.var(), rel=0.05)
    # Bins with a probability of about one in a hundred or more.
    edges = np.unique(law.ppf(np.linspace(0, 1, 60)[1:-1]))
    upper = law.cdf(edges)
    kept = [i for i in range(len(edges)) if 0.01 < upper[i] < 0.99]
    kept = [i for before, i in pairwise([-1, *kept]) if before < 0 or upper[i] - upper[before] > 0.005]
    cells = np.searchsorted(edges[kept], drawn)
    expected = np.diff([0, *upper[kept], 1]) * tries
    assert stats.chisquare(np.bincount(cells, minlength=len(expected)), expected).pvalue > LEAST_P


@pytest.mark.parametrize(("n", "p"), FEW + TOSSED + MANY)
def test_binomial_draws_are_the_twins(n: int, p: float) -> None:
    for seed in range(100):
        assert binomial(seed, n, p) == twin(seed, n, p)


@pytest.mark.parametrize("power", [52, 53, 54, 60])
def test_next_to_no_share(power: int) -> None:
    assert split(3, 2, 1_000, [0, 1, 2**power]) == [0, 1_000]
    assert split(3, 2, 1_000, [0, 2**power - 1, 2**power]) == [1_000, 0]


@pytest.mark.parametrize("leaves", [splitting.SIDE_BY_SIDE - 1, splitting.SIDE_BY_SIDE, splitting.SIDE_BY_SIDE + 1, 20_000])
@pytest.mark.parametrize("total", [3, 20_000, 10**9])
def test_counts_of_many_leaves(leaves: int, total: int) -> None:
    """Large trees are split one node at a time, smaller subtrees level by level."""
    widths = [(7 * i) % 13 * (i % 5 > 0) for i in range(leaves)]
    assert split(3, 2, total, naive.running(widths)) == naive.split(3, 2, total, widths)
