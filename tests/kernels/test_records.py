"""Records of rows, and blocks filled from them."""

from dataclasses import dataclass

import numpy as np
import pytest
from naive import Row
from numpy.typing import NDArray

from fastgen.kernels import records
from fastgen.kernels.structs import Block
from kernels import ALL, pack_records, read_rows


@dataclass
class Limits:
    """The least and the greatest value of each column."""

    second: tuple[int, int] = (0, 2**31 - 86_401)
    card: tuple[int, int] = (0, 2**32 - 1)
    category: tuple[int, int] = (0, 255)
    cents: tuple[int, int] = (0, 2**32 - 1)
    place: tuple[int, int] = (0, 2**16 - 1)
    latitude: tuple[int, int] = (-90_000_000, 90_000_000)
    longitude: tuple[int, int] = (-180_000_000, 180_000_000)
    walked: tuple[int, int] = (0, 1)
    label: tuple[int, int] = (0, 1)


def any_rows(count: int) -> list[Row]:
    """Rows with random values, after two with all the least and all the greatest ones."""
    random = np.random.default_rng(count)
    limits = vars(Limits()).values()
    drawn = (random.integers(low, high, count, endpoint=True).tolist() for low, high in limits)
    ends = [Row(*values) for values in zip(*limits, strict=True)]
    return (ends + [Row(*values) for values in zip(*drawn, strict=True)])[:count]


def put(rows: list[Row], source: NDArray[np.uint32], day_offset: int) -> list[Row]:
    """The rows of a block that is filled with the records of some rows."""
    out = Block.empty(source.size)
    numbers = np.concatenate([source, np.full(int(records.AHEAD), 2**32 - 1, np.uint32)])
    records.put_records(out, pack_records(rows), numbers, np.empty((3, records.AT_ONCE), np.uint64), day_offset, ALL)
    return read_rows(out, day_offset)


@pytest.mark.parametrize("count", [1, 2, 15, records.AT_ONCE - 1, records.AT_ONCE, records.AT_ONCE + 1, 3 * records.AT_ONCE + 77])
@pytest.mark.parametrize("day_offset", [0, 86_399])
def test_any_record_goes_to_any_row(count: int, day_offset: int) -> None:
    rows = any_rows(count)
    source = np.random.default_rng(count).integers(0, count, 2 * count, np.uint32)
    assert put(rows, source, day_offset) == [rows[number] for number in source.tolist()]


def test_nothing_is_put_into_an_empty_block() -> None:
    assert put([], np.empty(0, np.uint32), 0) == []


def test_what_follows_the_last_number_may_be_anything() -> None:
    """It is only fetched ahead, never read: `put` has numbers there that no record has."""
    rows = any_rows(3)
    assert put(rows, np.array([2, 0, 1], np.uint32), 0) == [rows[2], rows[0], rows[1]]
