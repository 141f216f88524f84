"""Rows as Polars frames, without a Python object per row: Arrow buffers filled by kernels."""

from collections.abc import Collection, Sequence
from threading import Lock
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastgen.arenas import Shelf
from fastgen.holders import Holders
from fastgen.kernels.columns import NO_COLUMNS, Columns
from fastgen.locked import locked_property
from fastgen.plan import Plan
from fastgen.schema import TABLES, Kind
from fastgen.text_columns import TextPart, joined
from fastgen.values import Values
from fastgen.workers import Worker, column_room

BUFFERS: Final = {
    "tid": ("tid", 16, np.uint16),
    "tid_views": ("tid", 2, np.uint64),
    "datetime": ("datetime", 1, np.int64),
    "cc_num": ("cc_num", 8, np.uint16),
    "cc_num_views": ("cc_num", 2, np.uint64),
    "category": ("category", 1, np.uint32),
    "amount": ("amount", 1, np.float64),
    "latitude": ("latitude", 1, np.float64),
    "longitude": ("longitude", 1, np.float64),
    "place": ("place", 1, np.uint32),
    "fraud_label": ("fraud_label", 1, np.int8),
}
"""For each field of `Columns`: its column, its items per row, and their type."""
ARROW: Final = {
    "tid": (pa.string_view(), "tid_views", "tid"),
    "datetime": (pa.timestamp("us"), "datetime"),
    "cc_num": (pa.string_view(), "cc_num_views", "cc_num"),
    "category": (pa.uint32(), "category"),
    "amount": (pa.float64(), "amount"),
    "latitude": (pa.float64(), "latitude"),
    "longitude": (pa.float64(), "longitude"),
    "place": (pa.uint32(), "place"),
    "fraud_label": (pa.int8(), "fraud_label"),
}
"""Each column's Arrow type and the fields of `Columns` that are its buffers."""
CODES: Final = {"category": "category", "city": "place", "country": "place"}
"""The field of `Columns` with the codes of each categorical column."""


_TYPES: Final[dict[Kind, pl.DataType]] = {
    "datetime": pl.Datetime("us"),
    "date": pl.Date(),
    "amount": pl.Float64(),
    "latitude": pl.Float64(),
    "longitude": pl.Float64(),
    "label": pl.Int8(),
}


def column_type(table: str, name: str) -> pl.DataType:
    """The Polars type of a column of a table; text columns are String, also those that frames have as Enum.

    Example:
        >>> column_type("profiles", "birthdate"), column_type("transactions", "city")
        (Date, String)
    """
    return _TYPES.get(TABLES[table].kind(name), pl.String())


class Stock:
    """What frames share: the values of categorical columns (Enum, or String without `enums`) and the memory of dropped frames.

    Args:
        kept: how many dropped frames of one `TransactionFrames` leave their memory to the next, if that has the same columns and
            size. largest: the most bytes of such a frame.
    """

    def __init__(self, plan: Plan, *, enums: bool = True, kept: int = 0, largest: int = 0) -> None:
        self.plan = plan
        self._enums, self._kept, self._largest = enums, kept, largest
        self._vocabularies = Values(plan).vocabularies
        self._last: tuple[tuple[tuple[str, ...], int], Shelf] | None = None
        self._lock = Lock()

    @locked_property
    def types(self) -> dict[str, pl.DataType]:
        """The types of the categorical columns."""
        columns = self._vocabularies.items()
        return {name: pl.Enum(vocabulary.values) if self._enums else pl.String() for name, vocabulary in columns}

    @locked_property
    def repeated(self) -> dict[str, pl.Series]:
        """The values of the categorical columns, indexed by the codes of blocks: gathering from them is the cheapest way to Enums.

        To turn codes into an Enum, Polars would look up all of its values again for each frame.
        """
        columns = self._vocabularies.items()
        return {
            name: pl.Series(name, [vocabulary.values[code] for code in vocabulary.of_code], self.types[name])
            for name, vocabulary in columns
        }

    def shelf(self, names: tuple[str, ...], size: int) -> Shelf:
        """Memory for frames with these columns, of up to `size` bytes."""
        types = {field: kind for field, (_, _, kind) in BUFFERS.items()}
        if not self._kept or size > self._largest:
            return Shelf(types)
        with self._lock:
            if self._last is None or self._last[0] != (names, size):
                self._last = (names, size), Shelf(types, self._kept)
            return self._last[1]


def row_bytes(names: Sequence[str]) -> int:
    """Bytes of memory per row of a frame with these columns.

    Example:
        >>> row_bytes(["datetime", "amount"])
        16
    """
    made = {CODES.get(name, name) for name in names}
    sizes = [items * np.dtype(kind).itemsize for column, items, kind in BUFFERS.values() if column in made]
    return sum(sizes) + sum(name in CODES for name in names)


class TransactionFrames:
    """Makes frames with the given columns, in the given order.

    Args:
        spans: the groups of each frame that will be made; memory for the largest is leased each time, so that each frame can
            reuse the memory of any other. Frames of other groups are possible.
    """

    def __init__(self, stock: Stock, names: Sequence[str], spans: Collection[range] = ()) -> None:
        self.names = tuple(names)
        self._stock, self._spans = stock, spans

    @locked_property
    def schema(self) -> pl.Schema:
        """The columns' names and types."""
        return pl.Schema({name: self._stock.types.get(name) or column_type("transactions", name) for name in self.names})

    @locked_property
    def _room(self) -> int:
        """Rows that leased memory has room for, if not for more."""
        expected = self._stock.plan.expected_rows
        return column_room(max((int(expected[groups.stop] - expected[groups.start]) + 1 for groups in self._spans), default=0))

    @locked_property
    def _shelf(self) -> Shelf:
        return self._stock.shelf(self.names, self._room * row_bytes(self.names))

    def frame(self, worker: Worker, groups: range, is_kept: bool = False) -> pl.DataFrame:
        """The rows of these groups, made by the worker, which keeps them only if `is_kept`.

        The frame's memory is reused column by column: a column that is dropped gives its own back.
        """
        made = dict.fromkeys(CODES.get(name, name) for name in self.names)
        leased: dict[str, NDArray[Any]] = {}

        def allocate(rows: int) -> Columns:
            room = max(rows, self._room)
            counts = {field: items * room for field, (column, items, _) in BUFFERS.items() if column in made}
            leased.update(self._shelf.lease(counts))
            return NO_COLUMNS._replace(**leased)

        rows = worker.columns(groups, allocate, is_kept)
        columns = {name: _series(name, rows, leased) for name in made}
        # The codes are Polars series: from numpy arrays Polars would make indices in new memory each time, which costs more than
        # gathering by them.
        taken = {name: self._stock.repeated[name][columns[code]] for name, code in CODES.items() if name in self.names}
        return pl.DataFrame([taken[name] if name in taken else columns[name] for name in self.names])


def _series(name: str, rows: int, leased: dict[str, NDArray[Any]]) -> pl.Series:
    """The first rows of leased arrays as a column, which holds the arrays but exports nothing behind those rows.

    All columns take the same way to Polars: after rows have filled the caches, the first call of any function takes up to a
    hundred microseconds.
    """
    kind, *fields = ARROW[name]
    buffers: list[pa.Buffer | None] = [None]
    for field in fields:
        array = leased[field]
        buffers.append(pa.py_buffer(array).slice(0, BUFFERS[field][1] * rows * array.itemsize))
    return pl.Series(name, pa.Array.from_buffers(kind, rows, buffers))


class HolderFrames:
    """Turns ranges of cards into frames of `credit_cards` or `profiles`."""

    def __init__(self, plan: Plan, table: str, names: Sequence[str]) -> None:
        self.holders = Holders(plan)
        self.table, self.names = table, tuple(names)

    @property
    def schema(self) -> pl.Schema:
        """Names and types of the columns."""
        return pl.Schema({name: column_type(self.table, name) for name in self.names})

    def frame(self, cards: range) -> pl.DataFrame:
        """The rows of these cards."""
        columns = self.holders.pieces(self.table, cards)
        return pl.DataFrame([self._series(name, columns[name]) for name in self.names])

    def _series(self, name: str, pieces: list[TextPart]) -> pl.Series:
        if TABLES[self.table].kind(name) == "date":
            days = self.holders.birthdates(pieces)
            return pl.Series(name, pa.Array.from_buffers(pa.date32(), len(days), [None, pa.py_buffer(days)]))
        column = joined(pieces)
        buffers = [None, pa.py_buffer(column.offsets), pa.py_buffer(column.text)]
        return pl.Series(name, pa.Array.from_buffers(pa.large_string(), len(column.offsets) - 1, buffers))
