"""P-values: compared with SciPy's where it has such a test; as rare under the null hypothesis as they say, also far out."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from fastgen.validation.statistics.checks import holm
from fastgen.validation.statistics.pvalues import Outcome, chi_square, hypergeometric, kolmogorov, stratified
from fastgen.validation.statistics.tally import Uniform

SHARES = np.array([0.05, 0.075, 0.525, 0.25, 0.099, 0.001])
Draw = Callable[[np.random.Generator], Outcome | None]


def test_chi_square_is_pearsons() -> None:
    counts = [4_100, 6_900, 11_000]
    found = chi_square(counts, [2, 3, 5])
    statistic, p = stats.chisquare(counts, np.array([0.2, 0.3, 0.5]) * sum(counts))
    assert found
    assert found.statistic == pytest.approx(statistic)
    assert found.p == pytest.approx(p, rel=1e-3)
    assert (found.size, found.classes, found.worst, found.seen) == (22_000, 3, 0, 4_100)


def test_small_classes_are_put_together() -> None:
    found = chi_square([3, 2, 4, 1, 90], [2, 2, 2, 2, 92])
    assert found
    assert (found.classes, found.size) == (2, 100)
    uniform = chi_square(np.ones(1_000, int), np.ones(1_000))
    assert uniform
    assert uniform.classes == 200
    assert chi_square([3, 1], [1, 1]) is None
    assert chi_square([0, 0], [1, 1]) is None


def test_classes_without_share_are_left_out() -> None:
    with_empty, without = chi_square([50, 7, 60, 40], [1, 0, 1, 1]), chi_square([50, 60, 40], [1, 1, 1])
    assert with_empty
    assert without
    assert with_empty.p == without.p
    assert with_empty.worst == 2  # among all classes


def test_a_drawn_p_value_is_the_binomial_one() -> None:
    """Fourteen of fourteen: 2 of 2^14, and the same on every call."""
    found, again = chi_square([0, 14], [1, 1]), chi_square([0, 14], [1, 1])
    assert found
    assert found == again
    assert found.p == pytest.approx(2 / 2**14, rel=0.7)


def test_stratified_is_pearsons_for_one_sample() -> None:
    counts, shares = [400, 500, 300], [4, 5, 3.5]
    one, same = stratified([counts], [shares]), chi_square(counts, shares)
    assert one
    assert same
    assert one.statistic == pytest.approx(same.statistic)
    assert one.p == pytest.approx(same.p, rel=1e-2)


def test_stratified_knows_that_sizes_are_fixed() -> None:
    """Two samples that can only be what they are leave nothing to chance."""
    assert stratified([[100, 0], [0, 100]], [[1, 0], [0, 1]]) is None
    assert stratified([[0, 0]], [[1, 1]]) is None


def test_kolmogorov_is_that_of_scipy() -> None:
    values = np.random.default_rng(3).integers(0, 1_000_000, 500) ** 2 // 1_000_000
    tally = Uniform(0, 1_000_000, most=1_000_000)
    tally.add(values)
    found = tally.distance()
    expected = stats.ks_1samp(np.sort(values) + 1.0, stats.uniform(0, 1_000_000).cdf)
    assert found
    assert found.statistic == pytest.approx(expected.statistic, abs=2e-3)
    assert found.p == pytest.approx(expected.pvalue, rel=0.1)
    assert kolmogorov([0, 0], [1, 1]) is None
    assert kolmogorov([5], [1]) is None


GOOD: dict[str, Draw] = {
    "20 in 4 classes": lambda r: chi_square(r.multinomial(20, np.ones(4) / 4), np.ones(4)),
    "20 in 810 classes": lambda r: chi_square(r.multinomial(20, np.ones(810) / 810), np.ones(810)),
    "20 amounts": lambda r: chi_square(r.multinomial(20, SHARES), SHARES),
    "500 amounts": lambda r: chi_square(r.multinomial(500, SHARES), SHARES),
    "52,000 amounts": lambda r: chi_square(r.multinomial(52_000, SHARES), SHARES),
    "a rare class": lambda r: chi_square(r.multinomial(5_000, [0.001, 0.999]), [0.001, 0.999]),
    "1,000 of many names": lambda r: chi_square(r.multinomial(1_000, ZIPF), ZIPF),
    "cash cards": lambda r: hypergeometric(r.multivariate_hypergeometric(STOCK, 1_000), STOCK),
    "three samples": lambda r: stratified([r.multinomial(n, s) for n, s in STRATA], [s for _, s in STRATA]),
    "300 of 2,001 values": lambda r: kolmogorov(np.bincount(r.integers(0, 2_001, 300), minlength=2_001), np.ones(2_001)),
    "300 of 7 values": lambda r: kolmogorov(np.bincount(r.integers(0, 7, 300), minlength=7), np.ones(7)),
}
ZIPF = 1 / np.arange(1, 400) / (1 / np.arange(1, 400)).sum()
STOCK = [145, 18, 18, 217, 217, 217, 217, 361]
STRATA = [(300, [0.1, 0.2, 0.7]), (40, [0.5, 0.5, 0.0]), (9, [0.0, 0.3, 0.7])]


@pytest.mark.parametrize("name", GOOD)
def test_p_values_are_as_rare_as_they_say(name: str) -> None:
    """Or rarer; nothing depends on larger ones. If p-values are exact, each bound fails once in 100,000 times."""
    random, samples = np.random.default_rng(29), 4_000
    values = np.array([found.p for _ in range(samples) if (found := GOOD[name](random))])
    assert values.size == samples
    for level in (0.05, 0.01, 0.001):
        assert (values <= level).sum() <= stats.binom.isf(1e-5, samples, level), level


def test_p_values_of_many_values_are_uniform() -> None:
    random = np.random.default_rng(31)
    for draw in (GOOD["52,000 amounts"], GOOD["cash cards"], GOOD["300 of 2,001 values"]):
        values = [found.p for _ in range(2_000) if (found := draw(random))]
        assert stats.kstest(values, "uniform").pvalue > 1e-4


@given(st.lists(st.floats(1e-12, 1), min_size=1, max_size=20), st.floats(1e-6, 0.5))
def test_holm_is_the_procedure(ps: list[float], alpha: float) -> None:
    """From the smallest on, each is compared with alpha divided by the number left, until one is above."""
    rejected = set()
    for rank, i in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        if min(1.0, ps[i] * (len(ps) - rank)) > alpha:
            break
        rejected.add(i)
    assert {i for i, p in enumerate(holm(ps)) if p <= alpha} == rejected


@given(st.integers(-50, 50), st.integers(1, 200), st.integers(1, 40), st.lists(st.integers(-100, 300)))
def test_uniform_counts_in_steps(low: int, size: int, most: int, values: list[int]) -> None:
    tally = Uniform(low, size, most)
    tally.add(np.array(values, np.int64))
    inside = [value for value in values if low <= value < low + size]
    assert tally.counts.size <= most
    assert tally.masses.sum() == size
    assert tally.counts.sum() == len(inside)
    for step, count in enumerate(tally.counts.tolist()):
        start = low if step == 0 else tally.ends(step - 1) + 1
        assert count == sum(start <= value <= tally.ends(step) for value in inside)
        assert tally.masses[step] == tally.ends(step) + 1 - start
    assert tally.ends(tally.counts.size - 1) == low + size - 1
