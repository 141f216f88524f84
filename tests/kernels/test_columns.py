"""Column values: string views, exact doubles, times."""

import hashlib
import struct
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fastgen.kernels import columns, lines
from fastgen.kernels.digits import TILE, Tile
from fastgen.kernels.jit import kernel
from fastgen.kernels.md5 import Hashing, transaction_digests
from fastgen.kernels.structs import Block
from kernels import DAY_WORDS, DAYS

whole = st.integers(-(2**31), 2**31 - 1)


def views_of(views: np.ndarray) -> list[tuple[int, bytes, int, int]]:
    """Length, first four characters, buffer and offset, as Arrow's BinaryView lays them out."""
    return list(struct.iter_unpack("<i4sii", views.tobytes()))


@given(st.integers(0, 30), st.sampled_from([16, 32, 64]), st.integers(0, 2**20))
def test_views_of_consecutive_texts(n: int, size: int, first: int) -> None:
    text = np.random.default_rng(n).bytes(n * size)
    views = np.empty(2 * n, np.uint64)
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


@kernel
def whole_lines(out, first, count):
    return lines.whole_lines(out, first, count)


ITEMS = {"tid": 16, "tid_views": 2, "cc_num": 8, "cc_num_views": 2}
"""Items per row of each field of `Columns`, where there are several."""


HASHING = Hashing(DAY_WORDS, Tile.empty())


class Filled(NamedTuple):
    """Columns of a frame, the digests of its rows, and which rows fill whole lines."""

    frame: columns.Columns
    digests: NDArray[np.uint8]
    whole: range


def filled(names: set[str], rows: Block, first: int, misplaced: int) -> Filled:
    """Fill the columns of a frame from row `first` on; arrays begin so many bytes past a line."""
    count = rows.second.size
    fields: dict[str, NDArray[Any]] = {}
    for name, empty in columns.NO_COLUMNS._asdict().items():
        if name.removesuffix("_views") in names:
            size = empty.itemsize * ITEMS.get(name, 1)
            memory = np.full((first + count) * size + 128, 255, np.uint8)
            start = -memory.ctypes.data % 64 + misplaced
            fields[name] = memory[start : start + (first + count) * size].view(empty.dtype)
    frame = columns.NO_COLUMNS._replace(**fields)
    part = frame._replace(**{name: array[first * ITEMS.get(name, 1) :] for name, array in fields.items()})
    digests = np.empty(16 * count if "tid" in names else 0, np.uint8)
    columns.fill_columns(part, first, rows, digests, 1_640_995_200, HASHING)
    return Filled(frame, digests, range(*whole_lines(part, first, count)))


@given(
    st.sets(st.sampled_from([*columns.NO_COLUMNS._fields]).filter(lambda name: not name.endswith("_views")), min_size=1),
    st.integers(0, 140),
    st.integers(0, 400),
)
def test_lines_hold_the_values_of_loops(names: set[str], first: int, count: int) -> None:
    random, rows = np.random.default_rng(count), Block.empty(count)
    for array in rows:
        array[:] = random.integers(0, min(np.iinfo(array.dtype).max, 10**7), count)
    rows.second[:] = np.sort(random.integers(0, DAYS * 86_400, count))
    rows.latitude[: count // 2] *= -1
    in_lines, in_loops = filled(names, rows, first, 0), filled(names, rows, first, 8)
    assert all(line.tobytes() == loop.tobytes() for line, loop in zip(in_lines.frame, in_loops.frame, strict=True))
    assert all((array.view(np.uint8)[: first * array.nbytes // (first + count or 1)] == 255).all() for array in in_lines.frame)
    expected = np.empty(in_lines.digests.size, np.uint8)
    if expected.size:
        transaction_digests(expected, rows, *HASHING)
    assert in_lines.digests.tobytes() == in_loops.digests.tobytes() == expected.tobytes()
    assert not in_loops.whole
    start = min(count, -first % 64)
    assert in_lines.whole == range(start, start + (count - start) // 64 * 64)


def test_rows_at_once_fit_a_tile() -> None:
    assert columns.ROWS_AT_ONCE <= TILE


def test_lines_of_text() -> None:
    rows = Block.empty(64)
    for array in rows:
        array[:] = 0
    rows.digits[:] = 0x6745230123456789
    rows.cents[:] = np.arange(1, 65)
    frame, digests, whole = filled({"tid", "cc_num"}, rows, 0, 0)
    assert whole == range(64)
    assert digests[:16].tobytes() == hashlib.md5(b"1999-12-30 00:00:0089674523012345670.01").digest()
    assert frame.tid.tobytes() == digests.tobytes().hex().encode()
    assert frame.cc_num.tobytes() == 64 * b"8967452301234567"
    assert views_of(frame.tid_views) == [(32, digests[16 * i : 16 * i + 2].tobytes().hex().encode(), 0, 32 * i) for i in range(64)]
    assert views_of(frame.cc_num_views) == [(16, b"8967", 0, 16 * i) for i in range(64)]
