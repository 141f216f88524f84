"""Permutations compared with the plain twin, and how random they are."""

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

from fastgen.kernels import permutation, streams
from tests.kernels import LEAST_P

seeds = st.integers(0, 2**64 - 1)


@njit
def image(number, keys):
    return permutation.permute(number, keys)


def permuted(seed: int, name: int, size: int, multiple: int = 1) -> NDArray[np.uint64]:
    out = np.empty(size, np.uint64)
    permutation.permuted_range(out, 0, permutation.permutation_keys(seed, name, size, multiple))
    return out


@pytest.mark.parametrize("multiple", [1, 2, 3, 8, 11])
def test_small_permutations(multiple: int) -> None:
    for size in [*range(1, 301), 997, 1_021]:
        image = permuted(9, size, size, multiple).tolist()
        twin = naive.Permutation(9, size, size, multiple)
        assert image == [twin(i) for i in range(size)]
        assert sorted(image) == list(range(size))
        assert permutation.permutation_keys(9, size, size, multiple)[2] % multiple == 0


@pytest.mark.parametrize(("size", "multiple"), [(10_007, 1), (10_007, 8), (65_536, 1), (99_999, 7), (10**6, 1)])
def test_large_permutations(size: int, multiple: int) -> None:
    image = permuted(2**64 - 1, 5, size, multiple)
    twin = naive.Permutation(2**64 - 1, 5, size, multiple)
    assert np.array_equal(np.sort(image), np.arange(size))
    for i in range(0, size, 997):
        assert image[i] == twin(i)


@given(seeds, st.integers(0, 9), st.integers(1, 2**62 - 1), st.data(), st.integers(1, 20))
def test_permutations_of_any_size(seed: int, name: int, size: int, data: st.DataObject, multiple: int) -> None:
    number = data.draw(st.integers(0, size - 1))
    keys = permutation.permutation_keys(seed, name, size, multiple)
    assert image(np.uint64(number), keys) == naive.Permutation(seed, name, size, multiple)(number)


@given(seeds, st.integers(1, 2**52 - 1), st.data(), st.sampled_from([1, 11]))
def test_images_from_any_number_on(seed: int, size: int, data: st.DataObject, multiple: int) -> None:
    first = data.draw(st.integers(0, max(0, size - 40)))
    found = np.empty(min(40, size), np.uint64)
    permutation.permuted_range(found, first, permutation.permutation_keys(seed, 2, size, multiple))
    twin = naive.Permutation(seed, 2, size, multiple)
    assert found.tolist() == [twin(first + i) for i in range(found.size)]


def test_keys_differ_by_seed_and_name() -> None:
    kinds = [(seed, name) for seed in (0, 1, 2**32, 2**64 - 1) for name in (1, 2, 3)]
    assert len({tuple(permuted(*kind, 1_000).tolist()) for kind in kinds}) == len(kinds)


def test_the_greatest_seed_after_another_one() -> None:
    permutation.permutation_keys(1, 1, 100)
    keys = permutation.permutation_keys(2**64 - 1, 1, 100)
    assert keys[3:].tolist() == [*naive.draw(2**64 - 1, streams.KEYS, 1), *naive.draw(2**64 - 1, streams.KEYS, 1, 1)[:2]]


@pytest.mark.parametrize("size", [2, 3, 7, 10, 24, 97, 1_000])
def test_every_image_is_equally_likely(size: int) -> None:
    """Over many keys: images of the first, a middle and the last number, in at most 50 bins."""
    tries = 6_000
    found = np.array([permuted(seed, 1, size)[[0, size // 2, -1]] for seed in range(tries)])
    bins = min(size, 50)
    edges = np.linspace(0, size, bins + 1).round()
    for position in range(3):
        observed, _ = np.histogram(found[:, position], edges)
        assert stats.chisquare(observed, tries * np.diff(edges) / size).pvalue > LEAST_P


@pytest.mark.parametrize("size", [4, 5, 6])
def test_every_order_of_a_few_is_equally_likely(size: int) -> None:
    orders = [*permutations(range(size))]
    found = Counter(tuple(permuted(seed, 1, size).tolist()) for seed in range(50 * len(orders)))
    assert stats.chisquare([found[order] for order in orders]).pvalue > LEAST_P


@pytest.mark.parametrize(
    ("size", "multiple"), [(7, 1), (8, 8), (9, 1), (12, 1), (16, 8), (20, 1), (24, 8), (50, 50), (100, 50), (256, 1)]
)
def test_pairs_of_images_are_equally_likely(size: int, multiple: int) -> None:
    """Over many keys: of neighbours, of numbers one row of the smallest grid apart, and of distant ones; and orders of both parities."""
    images = np.array([permuted(seed, 1, size, multiple) for seed in range(50 * size)], np.int64)
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
        image = permuted(seed, 1, size).astype(np.int64)
        observed.update((np.diff(image) % size * 50 // size).tolist())
    assert stats.chisquare([observed[i] for i in range(50)]).pvalue > LEAST_P
