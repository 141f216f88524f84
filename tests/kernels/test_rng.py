"""Draws compared with the published vectors, the plain twins and their distributions."""

import math
from collections import Counter
from itertools import permutations

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray
from scipy import stats

from fastgen.kernels import rng
from tests.kernels import LEAST_P

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
    streams = {name: value for name, value in vars(rng).items() if type(value) is int and name != "RUN"}
    assert streams.keys() >= {"SPLIT_PAYMENTS", "TIMES", "PAYMENT", "CHAIN", "FOREIGN", "KEYS", "PROFILE"}
    assert len(set(streams.values())) == len(streams)


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
    """Over many keys: images of the first, a middle and the last number, in at most 50 bins."""
    tries = 6_000
    found = np.array([permutation(seed, 1, size)[[0, size // 2, -1]] for seed in range(tries)])
    bins = min(size, 50)
    edges = np.linspace(0, size, bins + 1).round()
    for position in range(3):
        observed, _ = np.histogram(found[:, position], edges)
        assert stats.chisquare(observed, tries * np.diff(edges) / size).pvalue > LEAST_P


@pytest.mark.parametrize("size", [4, 5, 6])
def test_every_order_of_a_few_is_equally_likely(size: int) -> None:
    orders = [*permutations(range(size))]
    found = Counter(tuple(permutation(seed, 1, size).tolist()) for seed in range(50 * len(orders)))
    assert stats.chisquare([found[order] for order in orders]).pvalue > LEAST_P


@pytest.mark.parametrize(("size", "multiple"), [(7, 1), (8, 8), (9, 1), (12, 1), (16, 8), (20, 1), (24, 8), (50, 50), (100, 50)])
def test_pairs_of_images_are_equally_likely(size: int, multiple: int) -> None:
    """Over many keys: of neighbours, of numbers one row of the smallest grid apart, and of distant ones; and orders of both parities."""
    images = np.array([permutation(seed, 1, size, multiple) for seed in range(50 * size)], np.int64)
    for distance in {1, math.isqrt(size), size // 2}:
        steps = (images[:, distance:] - images[:, :-distance]) % size
        assert stats.chisquare(np.bincount(steps[:, 0], minlength=size)[1:]).pvalue > LEAST_P
        assert stats.chisquare(np.bincount(steps[:, -1], minlength=size)[1:]).pvalue > LEAST_P
    inversions = sum((images[:, :i] > images[:, i : i + 1]).sum(axis=1) for i in range(size))
    assert stats.binomtest(int((inversions % 2).sum()), len(images)).pvalue > LEAST_P


def test_neighbours_are_strangers() -> None:
    """The distance between the images of i and i + 1, modulo the size, is uniform over all i."""
    size = 10_007
    observed: Counter[int] = Counter()
    for seed in range(20):
        image = permutation(seed, 1, size).astype(np.int64)
        observed.update((np.diff(image) % size * 50 // size).tolist())
    assert stats.chisquare([observed[i] for i in range(50)]).pvalue > LEAST_P
