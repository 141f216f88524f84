"""Blocks of rows."""

import numpy as np

from fastgen.kernels.structs import Block
from kernels import read_rows


def block(n: int) -> Block:
    made = Block.empty(n)
    for i, column in enumerate(made):
        column[:] = np.arange(n) + i
    return made


def test_columns_have_their_types() -> None:
    kinds = {name: getattr(Block.empty(3), name).dtype.name for name in Block._fields}
    assert kinds == {
        "second": "int32", "card": "uint32", "category": "uint8", "cents": "uint32", "place": "uint16",
        "latitude": "int32", "longitude": "int32", "walked": "uint8", "label": "int8", "digits": "uint64",
    }  # fmt: skip
    assert all(column.size == 3 for column in Block.empty(3))


def test_rows_are_a_view() -> None:
    whole = block(20)
    part = whole.rows(5, 9)
    assert read_rows(part) == read_rows(whole)[5:9]
    part.cents[0] = 1_000
    assert whole.cents[5] == 1_000


def test_moved_keeps_the_first_rows() -> None:
    small = block(20)
    large = small.moved(50, 7)
    assert all(column.size == 50 for column in large)
    assert read_rows(large)[:7] == read_rows(small)[:7]
    large.card[0] = 99
    assert small.card[0] != 99
