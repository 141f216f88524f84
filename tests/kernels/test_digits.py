"""Values as text in words: each loop compared with Python's own formatting."""

from collections.abc import Iterable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from fastgen.kernels import digits
from fastgen.kernels.digits import TILE, Tile
from fastgen.kernels.memory import LINE


@njit
def eight_digits(values, out):
    for i in range(values.size):
        out[i] = digits.eight_digits(values[i])


@njit
def day_end(seconds, start, day):
    return digits.day_end(seconds, start, day)


@njit
def amount_texts(tile, cents):
    digits.amount_texts(tile.amounts, tile.lengths, cents)


@njit
def coordinate_texts(coordinates, micro):
    digits.coordinate_texts(coordinates, micro)


@njit
def cut_zeros(lengths, micro):
    digits.cut_zeros(lengths, micro)


@njit
def cut_places(codes, places, walked, cuts):
    digits.cut_places(codes, places, walked, cuts)


@njit
def clock_texts(tile, seconds, days):
    digits.time_texts(tile.words, seconds, days)
    digits.clock_texts(tile.clocks, tile.words, seconds.size)


def tiles(values: Iterable[int]) -> Iterable[list[int]]:
    """The values, as many at a time as a tile holds."""
    values = list(values)
    return (values[start : start + TILE] for start in range(0, len(values), TILE))


def test_columns_of_a_tile_begin_with_cache_lines() -> None:
    for tile in [Tile.empty() for _ in range(5)]:
        arrays = [
            tile.words,
            tile.codes,
            tile.clocks,
            tile.cards,
            tile.amounts,
            *tile.latitudes,
            *tile.longitudes,
            tile.tids,
            tile.lengths,
        ]
        assert [array.ctypes.data % LINE for array in arrays] == [0] * len(arrays)
        assert not any(array.any() for array in arrays)


def amounts(cents: list[int]) -> list[str]:
    tile = Tile.empty()
    amount_texts(tile, np.array(cents, np.uint32))
    words = zip(tile.amounts.tolist(), tile.lengths.tolist(), cents, strict=False)
    return [word.to_bytes(8, "little")[:length].decode() for word, length, _ in words]


def coordinates(micro: list[int], shortest: bool) -> list[str]:
    """The texts, with six decimals or only as many as are needed."""
    found = digits.Tile.empty().latitudes
    coordinate_texts(found, np.array(micro, np.int32))
    if shortest:
        cut_zeros(found.lengths[: len(micro)], np.array(micro, np.int32))
    return [found.texts[2 * i : 2 * i + 2].tobytes()[: int(found.lengths[i])].decode() for i in range(len(micro))]


def six_decimals(micro: int, shortest: bool) -> str:
    text = f"{'-' if micro < 0 else ''}{abs(micro) // 10**6}.{abs(micro) % 10**6:06d}"
    return text[: max(len(text.rstrip("0")), text.index(".") + 2)] if shortest else text


@given(st.lists(st.integers(0, 99_999_999), max_size=50))
def test_eight_digits(values: list[int]) -> None:
    out: NDArray[np.uint64] = np.empty(len(values), np.uint64)
    eight_digits(np.array(values, np.uint64), out)
    assert out.tobytes() == b"".join(bytes(map(int, f"{value:08d}")) for value in values)


def test_amounts_of_all_lengths() -> None:
    """All amounts below a thousand, some around each power of ten, and every 997th up to the greatest."""
    edges = [10**power + step for power in range(2, 8) for step in range(-101, 102) if 0 < 10**power + step < 10**7]
    for cents in tiles([*range(1, 100_000), *edges, *range(1, 10**7, 997), 10**7 - 1]):
        assert amounts(cents) == [str(value / 100) for value in cents]


def test_coordinates_of_all_lengths() -> None:
    """Around every degree, and with every number of zeros at the end."""
    around = [sign * (degree * 10**6 + step) for sign in (1, -1) for degree in range(180) for step in (0, 1, 10, 500_000, 999_999)]
    for micro in tiles([*around, *range(-180_000_000, 180_000_001, 49_999)]):
        for shortest in (False, True):
            assert coordinates(micro, shortest) == [six_decimals(value, shortest) for value in micro]


@given(st.lists(st.integers(-180_000_000, 180_000_000), max_size=TILE), st.booleans())
def test_coordinates(micro: list[int], shortest: bool) -> None:
    assert coordinates(micro, shortest) == [six_decimals(value, shortest) for value in micro]


def test_places_own_digits() -> None:
    """A position that has left its place has all six decimals; whatever else is packed stays."""
    other, latitude, longitude = 5 + (1 << 24) + (3 << 48), 1 << 8, 1 << 16
    codes = np.full(4, other + 9 * latitude + 11 * longitude, np.uint64)
    cuts = np.array([0, latitude + 2 * longitude, 7 * latitude], np.uint64)
    cut_places(codes, np.array([0, 1, 1, 2], np.uint16), np.array([0, 0, 1, 0], np.uint8), cuts)
    lengths = [(9, 11), (8, 9), (9, 11), (2, 11)]
    assert codes.tolist() == [other + one * latitude + two * longitude for one, two in lengths]


def test_every_time_of_a_day() -> None:
    days = np.frombuffer(b"2022-01-01 \0", np.uint32).reshape(-1, 3)
    tile = Tile.empty()
    for seconds in tiles(range(86_400)):
        clock_texts(tile, np.array(seconds, np.int32), days)
        expected = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in seconds]
        assert tile.clocks[: len(seconds)].tobytes().decode() == "".join(expected)


@given(st.integers(0, 24_855), st.lists(st.integers(0, 3 * 86_400 - 1), min_size=1, max_size=9))
def test_days_end_where_the_next_one_begins(day: int, seconds: list[int]) -> None:
    """Up to the last second that a row can have."""
    times = sorted(min(day * 86_400 + second, 2**31 - 1) for second in seconds)
    first = times[0] // 86_400
    assert day_end(np.array(times, np.int32), 0, first) == sum(time // 86_400 == first for time in times)
