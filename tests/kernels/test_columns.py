"""Column values: string views, exact doubles, times."""

import struct
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fastgen.kernels import columns

whole = st.integers(-(2**31), 2**31 - 1)


def views_of(views: np.ndarray) -> list[tuple[int, bytes, int, int]]:
    """Length, first four characters, buffer and offset, as Arrow's BinaryView lays them out."""
    return list(struct.iter_unpack("<i4sii", views.tobytes()))


@given(st.integers(0, 30), st.sampled_from([16, 32, 64]), st.integers(0, 2**20))
def test_views_of_consecutive_texts(n: int, size: int, first: int) -> None:
    text = np.random.default_rng(n).bytes(n * size)
    views = np.empty((n, 2), np.uint64)
    columns.text_views(views, size, np.frombuffer(text, np.uint32), first)
    assert views_of(views) == [(size, text[i * size : i * size + 4], 0, (first + i) * size) for i in range(n)]


@given(st.lists(st.integers(0, 2**32 - 1)))
def test_amounts_are_the_doubles_that_their_text_names(cents: list[int]) -> None:
    out = np.empty(len(cents))
    columns.scaled(out, np.array(cents, np.uint32), 100.0)
    assert out.tolist() == [float(f"{Decimal(value).scaleb(-2)}") for value in cents]


@given(st.lists(whole))
def test_degrees_are_the_doubles_that_their_text_names(millionths: list[int]) -> None:
    out = np.empty(len(millionths))
    columns.scaled(out, np.array(millionths, np.int32), 1e6)
    assert out.tolist() == [float(f"{Decimal(value).scaleb(-6):.6f}") for value in millionths]


def test_every_amount_below_a_thousand() -> None:
    cents = np.arange(100_000, dtype=np.uint32)
    out = np.empty(cents.size)
    columns.scaled(out, cents, 100.0)
    assert out.tolist() == [float(f"{value // 100}.{value % 100:02}") for value in range(100_000)]


@pytest.mark.parametrize(
    ("values", "divisor"),
    [
        (np.arange(10**7, dtype=np.uint32), 100.0),
        (np.arange(2**32 - 10**6, 2**32, dtype=np.uint32), 100.0),
        (np.arange(-180 * 10**6, 180 * 10**6 + 1, 37, dtype=np.int32), 1e6),
        (np.arange(-(10**6), 10**6, dtype=np.int32), 1e6),
    ],
)
def test_scaling_is_dividing(values: NDArray[Any], divisor: float) -> None:
    """Even where a product with the reciprocal is not. When written, this held for every uint32 over 100 and all degrees."""
    out = np.empty(values.size)
    columns.scaled(out, values, divisor)
    assert np.array_equal(out, values / divisor)
    assert not np.array_equal(values * (1 / divisor), values / divisor)


@given(st.lists(whole), st.integers(0, 2**38), st.sampled_from([1, 1_000, 1_000_000]))
def test_times_since_1970(seconds: list[int], origin: int, unit: int) -> None:
    out = np.empty(len(seconds), np.int64)
    columns.epoch_times(out, np.array(seconds, np.int32), origin, unit)
    assert out.tolist() == [(origin + second) * unit for second in seconds]


@pytest.mark.parametrize(("code", "value"), [(np.uint8, np.uint8), (np.uint16, np.uint8), (np.uint16, np.uint16)])
def test_looked_up(code: type, value: type) -> None:
    table = np.random.default_rng(3).integers(0, np.iinfo(value).max, 200, value, endpoint=True)
    codes = np.random.default_rng(4).integers(0, 200, 1_000).astype(code)
    out = np.empty(1_000, value)
    columns.looked_up(out, codes, table)
    assert out.tolist() == [table[i] for i in codes]
