"""Draws against the published vectors, the plain twins and the distributions that they stand for."""

import math
from collections import Counter
from itertools import pairwise

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray
from scipy import stats

from fastgen.kernels import rng

LEAST_P = 1e-4
"""Of a statistic of draws with a fixed seed; a wrong distribution gives values far below."""

words = st.integers(0, 2**32 - 1)
seeds = st.integers(0, 2**64 - 1)


@njit
def philox(seed, stream, index, lane):
    return rng.philox(seed, stream, index, lane)


@njit
def below(word, bound):
    return rng.below(word, bound)


@njit
def minus_logs(out, values):
    for i in range(values.size):
        out[i] = rng.minus_log(values[i])


@njit
def image(number, keys):
    return rng.permute(number, keys)


def permutation(seed: int, name: int, size: int, multiple: int = 1) -> NDArray[np.uint64]:
    out = np.empty(size, np.uint64)
    rng.images(out, 0, rng.permutation_keys(seed, name, size, multiple))
    return out


def binomial(seed: int, index: int, n: int, p: float) -> int:
    return int(rng.binomial(np.uint64(seed), rng.SPLIT_PAYMENTS, np.uint64(index), n, p))


def split(seed: int, stream: int, total: int, edges: list[int]) -> list[int]:
    counts = np.full(len(edges) - 1, -1, np.int64)
    rng.split_counts(counts, np.uint64(seed), stream, total, np.array(edges, np.int64), np.empty((4, 64), np.uint64))
    return counts.tolist()


# Philox


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_known_answers_of_random123(counter: str, key: str, expected: str) -> None:
    c0, c1, c2, c3 = (int(word, 16) for word in counter.split())
    k0, k1 = (int(word, 16) for word in key.split())
    answer = tuple(int(word, 16) for word in expected.split())
    assert naive.philox4x32((c0, c1, c2, c3), (k0, k1)) == answer
    assert philox(np.uint64(k0 + k1 * 2**32), np.uint64(c2), np.uint64(c0 + c1 * 2**32), np.uint64(c3)) == answer


@given(seeds, st.integers(0, 99), st.integers(0, 2**64 - 1), words)
def test_every_address_has_its_own_draw(seed: int, stream: int, index: int, lane: int) -> None:
    drawn = philox(np.uint64(seed), stream, np.uint64(index), np.uint64(lane))
    assert drawn == naive.draw(seed, stream, index, lane)
    filled = np.empty(8, np.uint64)
    rng.fill_words(filled, np.uint64(seed), stream, np.uint64(index))
    assert filled.tolist() == [*naive.draw(seed, stream, index, 0), *naive.draw(seed, stream, index, 1)]


def test_no_stream_serves_two_purposes() -> None:
    streams = "SPLIT_PAYMENTS SPLIT_CHAINS SPLIT_SEQUENCES SPLIT_CLONED TIMES PAYMENT CHAIN CHAIN_STEP SEQUENCE WALK WITHDRAWAL"
    names = [*streams.split(), "FOREIGN", "KEYS", "CARD", "PROFILE"]
    assert len({getattr(rng, name) for name in names}) == len(names)


@given(words, st.integers(1, 2**32))
def test_bounded_integers(word: int, bound: int) -> None:
    assert below(np.uint64(word), np.uint64(bound)) == naive.pick(word, bound) < bound


# Logarithm


def test_logarithms_are_good_to_the_last_digits() -> None:
    spread = np.random.default_rng(1).random(200_000)
    values = np.concatenate([
        spread,
        1 - spread * 1e-6,
        2.0 ** -np.arange(80),
        np.sqrt(0.5) * (1 + np.linspace(-1e-12, 1e-12, 999)),
        (np.arange(1, 5_000) / 2**32),
        1 - np.arange(1, 5_000) / 2**32,
    ])  # fmt: skip
    found = np.empty(values.size)
    minus_logs(found, values)
    expected = np.array([-math.log(value) for value in values.tolist()])
    assert np.all(np.abs(found - expected) <= 1.2e-15 * expected)


def test_the_logarithm_of_one_is_nothing() -> None:
    found = np.empty(1)
    minus_logs(found, np.ones(1))
    assert found[0] == 0


# Permutations


@pytest.mark.parametrize("multiple", [1, 2, 3, 8, 11])
def test_small_permutations(multiple: int) -> None:
    for size in [*range(1, 301), 997, 1_021]:
        image = permutation(9, size, size, multiple).tolist()
        twin = naive.Permutation(9, size, size, multiple)
        assert image == [twin(i) for i in range(size)]
        assert sorted(image) == list(range(size))
        assert rng.permutation_keys(9, size, size, multiple)[2] % multiple == 0


@pytest.mark.parametrize(("size", "multiple"), [(10_007, 1), (10_007, 8), (65_536, 1), (99_999, 7), (10**6, 1)])
def test_large_permutations(size: int, multiple: int) -> None:
    image = permutation(2**64 - 1, 5, size, multiple)
    twin = naive.Permutation(2**64 - 1, 5, size, multiple)
    assert np.array_equal(np.sort(image), np.arange(size))
    for i in range(0, size, 997):
        assert image[i] == twin(i)


@given(seeds, st.integers(0, 9), st.integers(1, 2**62 - 1), st.data(), st.integers(1, 20))
def test_permutations_of_any_size(seed: int, name: int, size: int, data: st.DataObject, multiple: int) -> None:
    number = data.draw(st.integers(0, size - 1))
    keys = rng.permutation_keys(seed, name, size, multiple)
    assert image(np.uint64(number), keys) == naive.Permutation(seed, name, size, multiple)(number)


@given(seeds, st.integers(1, 2**52 - 1), st.data(), st.sampled_from([1, 11]))
def test_images_from_any_number_on(seed: int, size: int, data: st.DataObject, multiple: int) -> None:
    first = data.draw(st.integers(0, max(0, size - 40)))
    found = np.empty(min(40, size), np.uint64)
    rng.images(found, first, rng.permutation_keys(seed, 2, size, multiple))
    twin = naive.Permutation(seed, 2, size, multiple)
    assert found.tolist() == [twin(first + i) for i in range(found.size)]


def test_keys_differ_by_seed_and_name() -> None:
    kinds = [(seed, name) for seed in (0, 1, 2**32, 2**64 - 1) for name in (1, 2, 3)]
    assert len({tuple(permutation(*kind, 1_000).tolist()) for kind in kinds}) == len(kinds)


def test_the_greatest_seed_after_another_one() -> None:
    rng.permutation_keys(1, 1, 100)
    keys = rng.permutation_keys(2**64 - 1, 1, 100)
    assert keys[3:].tolist() == [*naive.draw(2**64 - 1, rng.KEYS, 1), *naive.draw(2**64 - 1, rng.KEYS, 1, 1)[:2]]


@pytest.mark.parametrize("size", [2, 3, 7, 10, 24, 97, 1_000])
def test_every_image_is_equally_likely(size: int) -> None:
    """Over keys: of the first, the last and a middle number, in 50 bins at most."""
    tries = 6_000
    found = np.array([permutation(seed, 1, size)[[0, size // 2, -1]] for seed in range(tries)])
    bins = min(size, 50)
    edges = np.linspace(0, size, bins + 1).round()
    for position in range(3):
        observed, _ = np.histogram(found[:, position], edges)
        assert stats.chisquare(observed, tries * np.diff(edges) / size).pvalue > LEAST_P


def test_neighbours_are_strangers() -> None:
    """The distance between the images of i and i + 1, modulo the size, is uniform over all i."""
    size = 10_007
    observed: Counter[int] = Counter()
    for seed in range(20):
        image = permutation(seed, 1, size).astype(np.int64)
        observed.update((np.diff(image) % size * 50 // size).tolist())
    assert stats.chisquare([observed[i] for i in range(50)]).pvalue > LEAST_P


# Counts

FEW = [(10, 0.3), (1, 0.5), (1_000, 0.0099), (10**9, 3e-9), (19, 0.5), (30, 0.8), (2_000, 0.999)]
MANY = [(20, 0.5), (40, 0.25), (54_000, 0.5), (1_000, 0.013), (10**6, 0.31), (10**9, 0.5), (10**12, 1e-10), (300, 0.9)]


@pytest.mark.parametrize(("n", "p"), FEW + MANY)
def test_binomial_draws_have_the_distribution(n: int, p: float) -> None:
    tries = 20_000
    drawn = np.array([binomial(1, index, n, p) for index in range(tries)])
    law = stats.binom(n, p)
    assert drawn.min() >= 0
    assert drawn.max() <= n
    assert abs(drawn.mean() - law.mean()) < 4 * law.std() / tries**0.5
    assert drawn.var() == pytest.approx(law.var(), rel=0.05)
    # Bins of at least one in a hundred each.
    edges = np.unique(law.ppf(np.linspace(0, 1, 60)[1:-1]))
    upper = law.cdf(edges)
    kept = [i for i in range(len(edges)) if 0.01 < upper[i] < 0.99]
    kept = [i for before, i in pairwise([-1, *kept]) if before < 0 or upper[i] - upper[before] > 0.005]
    cells = np.searchsorted(edges[kept], drawn)
    expected = np.diff([0, *upper[kept], 1]) * tries
    assert stats.chisquare(np.bincount(cells, minlength=len(expected)), expected).pvalue > LEAST_P


@pytest.mark.parametrize(("n", "p"), FEW + MANY)
def test_binomial_draws_are_the_twins(n: int, p: float) -> None:
    for index in range(100):
        assert binomial(77, index, n, p) == naive.binomial(77, rng.SPLIT_PAYMENTS, index, n, p)


# Shares of a period are never smaller: 2^24 cells of at most an hour.
shares = st.one_of(st.floats(1e-12, 1), st.sampled_from([0.0, 0.5, 1.0, 1e-12, 1 - 1e-12]))


@given(seeds, st.integers(0, 2**64 - 1), st.integers(0, 10**7), shares)
def test_binomial_draws_of_any_size(seed: int, index: int, n: int, p: float) -> None:
    found = binomial(seed, index, n, p)
    assert 0 <= found <= n
    assert found == naive.binomial(seed, rng.SPLIT_PAYMENTS, index, n, p)


@pytest.mark.parametrize(("n", "p", "expected"), [(0, 0.5, 0), (10**12, 0.0, 0), (10**12, 1.0, 10**12), (1, 1.0, 1), (5, 1e-12, 0)])
def test_binomial_draws_without_a_choice(n: int, p: float, expected: int) -> None:
    assert {binomial(3, index, n, p) for index in range(50)} == {expected}


@settings(max_examples=60)
@given(seeds, st.integers(1, 4), st.integers(0, 5_000), st.lists(st.integers(0, 10**6), max_size=40))
def test_counts_are_split_as_the_twin_splits_them(seed: int, stream: int, total: int, widths: list[int]) -> None:
    widths = [*widths, 1]
    edges = [7, *(7 + edge for edge in naive.running(widths)[1:])]
    counts = split(seed, stream, total, edges)
    assert counts == naive.split(seed, stream, total, widths)
    assert sum(counts) == total
    assert all(n == 0 for n, width in zip(counts, widths, strict=True) if not width)
    assert split(seed, stream, total, edges) == counts


def test_counts_of_no_leaves() -> None:
    assert split(1, 1, 0, [0]) == []


def test_counts_follow_the_widths() -> None:
    widths = [1, 5, 0, 30, 30, 2, 400, 77, 77, 3, 1_000, 12, 12]
    edges = naive.running(widths)
    wide = [width for width in widths if width]
    for seed in range(20):
        counts = [n for n, width in zip(split(seed, 1, 10**6, edges), widths, strict=True) if width]
        assert stats.chisquare(counts, 10**6 * np.array(wide) / sum(wide)).pvalue > LEAST_P


def test_counts_are_as_spread_as_a_multinomial_draw() -> None:
    edges = list(range(0, 1_100, 100))
    found = np.array([split(seed, 2, 50, edges) for seed in range(4_000)])
    assert found.mean(0) == pytest.approx(5, abs=0.15)
    assert found.var(0) == pytest.approx(50 * 0.1 * 0.9, rel=0.1)
    correlation = np.corrcoef(found.T)[~np.eye(10, dtype=bool)]
    assert correlation == pytest.approx(-1 / 9, abs=0.07)


def test_seed_and_stream_make_the_counts() -> None:
    edges = list(range(0, 3_300, 100))
    found = {tuple(split(seed, stream, 10_000, edges)) for seed in range(5) for stream in range(1, 5)}
    assert len(found) == 20
