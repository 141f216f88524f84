"""Rows as Arrow record batches of plain columns, for readers that support neither string views nor dictionaries."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fastgen.holders import Holders
from fastgen.ids import hexadecimal
from fastgen.kernels.structs import Block
from fastgen.locked import locked_property
from fastgen.plan import Plan
from fastgen.schema import TABLES, Kind
from fastgen.text_columns import TextPart, Texts, joined
from fastgen.values import Values

_NOT_TEXT: Final[dict[Kind, pa.DataType]] = {
    "datetime": pa.timestamp("us"),
    "amount": pa.float64(),
    "latitude": pa.float64(),
    "longitude": pa.float64(),
    "label": pa.int8(),
    "date": pa.date32(),
}


def plain_schema(table: str, names: Sequence[str]) -> pa.Schema:
    """The Arrow schema of these columns in plain types: text is `string`, with 32-bit offsets.

    Example:
        >>> plain_schema("transactions", ["cc_num", "datetime"]).types
        [DataType(string), TimestampType(timestamp[us])]
    """
    return pa.schema([(name, _NOT_TEXT.get(TABLES[table].kind(name), pa.string())) for name in names])


class TransactionBatches:
    """Turns blocks into record batches with the columns of a schema, whose types are those of `plain_schema`.

    The texts of `tid` and `cc_num` are made end to end anyway, so their columns need no copy.
    """

    def __init__(self, plan: Plan, schema: pa.Schema) -> None:
        self.schema = schema
        self.values = Values(plan)

    @locked_property
    def _vocabularies(self) -> dict[str, Texts]:
        """The texts of the categorical columns."""
        return {name: Texts.of(map(str.encode, vocabulary.values)) for name, vocabulary in self.values.vocabularies.items()}

    def batch(self, rows: Block, tids: NDArray[np.uint8]) -> pa.RecordBatch:
        """A record batch that owns its data: the block and `tids`, uint8[16 n], may be overwritten."""
        return pa.RecordBatch.from_arrays([self._column(name, rows, tids) for name in self.schema.names], schema=self.schema)

    def _column(self, name: str, rows: Block, tids: NDArray[np.uint8]) -> pa.Array:
        match name:
            case "tid":
                return _texts_of_one_size(hexadecimal(tids), 32)
            case "cc_num":
                return _texts_of_one_size(hexadecimal(rows.digits), 16)
            case "category" | "city" | "country":
                codes = self.values.codes(name, rows).astype(np.uint32)
                return _texts([TextPart(self._vocabularies[name], codes)])
            case "datetime":
                return _numbers(pa.timestamp("us"), self.values.microseconds(rows))
            case "fraud_label":
                return _numbers(pa.int8(), rows.label.copy())
        return _numbers(pa.float64(), self.values.numbers(name, rows))


class HolderBatches:
    """Turns ranges of cards into record batches of `credit_cards` or `profiles`, with the columns of a schema."""

    def __init__(self, plan: Plan, table: str, schema: pa.Schema) -> None:
        self.holders = Holders(plan)
        self.table, self.schema = table, schema

    def batch(self, cards: range) -> pa.RecordBatch:
        """The rows of these cards."""
        pieces = self.holders.pieces(self.table, cards)
        return pa.RecordBatch.from_arrays(
            [self._column(field.type, pieces[field.name]) for field in self.schema], schema=self.schema
        )

    def _column(self, kind: pa.DataType, pieces: list[TextPart]) -> pa.Array:
        return _numbers(kind, self.holders.birthdates(pieces)) if kind == pa.date32() else _texts(pieces)


def _numbers(kind: pa.DataType, values: NDArray[Any]) -> pa.Array:
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _texts_of_one_size(text: NDArray[Any], size: int) -> pa.Array:
    """Texts of `size` bytes each, end to end in an array of any type."""
    rows = text.nbytes // size
    offsets = np.arange(0, (rows + 1) * size, size, dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(text)])


def _texts(pieces: list[TextPart]) -> pa.Array:
    column = joined(pieces)
    buffers = [None, pa.py_buffer(column.offsets.astype(np.int32)), pa.py_buffer(column.text)]
    return pa.Array.from_buffers(pa.string(), len(column.offsets) - 1, buffers)
