"""The content digest of a table, combined from consecutive parts."""

import numpy as np
from numpy.typing import NDArray

from fastgen.holders import Holders
from fastgen.kernels import digest as kernels
from fastgen.kernels.memory import SLACK
from fastgen.kernels.structs import Block
from fastgen.locked import locked_property
from fastgen.plan import Plan
from fastgen.schema import TABLES, TRANSACTIONS
from fastgen.text_columns import joined
from fastgen.values import Values

MODULUS = 1 << 64
TILE = 1024
"""Rows whose hashes are computed together: few enough to stay in the first-level cache."""


class Digest:
    """A running digest: `add` the parts in order, read `text`."""

    def __init__(self) -> None:
        self.total = 0
        self.rows = 0

    def add(self, rows: int, part: int) -> None:
        """Append a part of this many rows, whose own digest is `part`."""
        moved = self.total * pow(int(kernels.MULTIPLIER), rows, MODULUS) if self.total else 0
        self.total = (moved + part) % MODULUS
        self.rows += rows

    @property
    def text(self) -> str:
        """Sixteen hexadecimal digits."""
        return f"{self.total:016x}"


def text_values(texts: list[bytes]) -> NDArray[np.uint64]:
    """uint64[n]: the value of each text in a row's hash."""
    values = np.empty(len(texts), np.uint64)
    offsets = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    kernels.text_values(values, offsets, np.frombuffer(b"".join(texts) + bytes(SLACK), np.uint8).copy())
    return values


class TransactionDigests:
    """Digests of blocks, over some of the columns, in the table's order."""

    def __init__(self, plan: Plan, names: tuple[str, ...]) -> None:
        self.plan = plan
        self.included = np.array([name in names for name in TRANSACTIONS.names])

    @locked_property
    def _values(self) -> tuple[NDArray[np.uint64], ...]:
        vocabularies = Values(self.plan).vocabularies
        columns = (vocabularies[name] for name in ("category", "city", "country"))
        return tuple(text_values([value.encode() for value in column.values])[column.of_code] for column in columns)

    def of(self, rows: Block, tid: NDArray[np.uint8]) -> int:
        """The digest of a block. tid: uint8[16 n], not read unless it is among the columns."""
        scratch = np.empty((3, TILE), np.uint64)
        return int(kernels.transactions_digest(rows, tid, self.included, *self._values, self.plan.midnight_seconds, scratch))


class HolderDigests:
    """Digests of ranges of cards, over some of the columns of a card table, in the table's order."""

    def __init__(self, plan: Plan, table: str, names: tuple[str, ...]) -> None:
        self.holders = Holders(plan)
        self.table = TABLES[table]
        self.names = names

    def of(self, cards: range) -> int:
        """The digest of these cards' rows."""
        pieces = self.holders.pieces(self.table.name, cards)
        columns = [column for column in self.table.columns if column.name in self.names]
        values = np.empty((len(columns), len(cards)), np.uint64)
        for row, column in zip(values, columns, strict=True):
            if column.kind == "date":
                row[:] = self.holders.birthdates(pieces[column.name]).astype(np.int64).view(np.uint64)
            else:
                text = joined(pieces[column.name])
                kernels.text_values(row, text.offsets, text.text)
        return int(kernels.rows_digest(values))
