"""Draws compared with the published vectors, the plain twins and their distributions."""

import math

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from fastgen.kernels import rng, streams

words = st.integers(0, 2**32 - 1)
seeds = st.integers(0, 2**64 - 1)


@njit
def philox(seed, stream, index, lane):
    return rng.philox(seed, stream, index, lane)


@njit
def below(word, bound):
    return rng.below(word, bound)


@njit
def high_products(out, values, others):
    for i in range(values.size):
        out[i] = rng.high_product(values[i], others[i])


@njit
def minus_logs(out, values):
    for i in range(values.size):
        out[i] = rng.minus_log(values[i])


# Philox


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000", "5f6fb709 0d893f64 4f121f81 4f730a48"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "5207ddc2 45165e59 4d8ee751 8c52f662"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "4dfccaba 190a87f0 c47362ba b6b5242a"),
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
    numbers = {name: value for name, value in vars(streams).items() if type(value) is int}
    assert numbers.keys() >= {"SPLIT_PAYMENTS", "TIMES", "PAYMENT", "CHAIN", "FOREIGN", "KEYS", "PROFILE"}
    assert len(set(numbers.values())) == len(numbers)


@given(words, st.integers(1, 2**32))
def test_bounded_integers(word: int, bound: int) -> None:
    assert below(np.uint64(word), np.uint64(bound)) == naive.pick(word, bound) < bound


@given(st.lists(st.tuples(words, words), max_size=100))
def test_high_products(pairs: list[tuple[int, int]]) -> None:
    """Alone, and in the vectors of a loop; greatest values included."""
    values, others = np.array([(2**32 - 1, 2**32 - 1), *pairs], np.uint32).T.copy()
    found = np.empty(values.size, np.uint32)
    high_products(found, values, others)
    assert found.tolist() == [int(value) * int(other) >> 32 for value, other in zip(values, others, strict=True)]


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
