"""Tables as Parquet files."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgen import __version__
from fastgen.holders import Holders
from fastgen.ids import hexadecimal
from fastgen.kernels.structs import Block
from fastgen.origin import as_metadata
from fastgen.schema import TABLES
from fastgen.sinks import parquet_columns as kinds
from fastgen.sinks.encoder import Encoded, HolderSource, Request, TransactionSource
from fastgen.sinks.output import Out
from fastgen.sinks.parquet_format import RowGroupEncoder, Writer
from fastgen.text_columns import TextPart, joined
from fastgen.values import Values

ROWS_IN_ROW_GROUP = 1 << 17
"""About 6 MB: large enough for readers, small enough to bound memory and to stay in the cache until it is encoded."""

MOST_CARDS_IN_DICTIONARY = 1 << 16
"""With more cards, numbers hardly repeat within a row group, and the dictionary would be larger than the column."""


class ParquetFile:
    """What the encoders of both kinds of tables share: row groups are encoded by threads and written in order."""

    def __init__(self, request: Request, columns: Sequence[kinds.Column]) -> None:
        self._encoder = RowGroupEncoder(columns, request.compression)
        self._origin = as_metadata(request.data)

    def begin(self, out: Out) -> None:
        """Write the magic number."""
        self._writer = Writer(self._encoder, out, f"fastgen version {__version__}", self._origin)

    def append(self, out: Out, content: Any) -> None:
        """Write a row group."""
        self._writer.append(content)

    def end(self, out: Out) -> None:
        """Write the footer."""
        self._writer.close()


class TransactionParquetFile(ParquetFile):
    """Transactions, a few groups of windows to a row group."""

    def __init__(self, request: Request) -> None:
        plan = request.data.plan
        self.items = request.data.spans(ROWS_IN_ROW_GROUP)
        self._values = Values(plan)
        self._few_cards = plan.cards <= MOST_CARDS_IN_DICTIONARY
        self._source = TransactionSource(request)
        columns = {name: self._column(name) for name in request.names}
        self._arrays = {name: array for name, (_, array) in columns.items()}
        super().__init__(request, [column for column, _ in columns.values()])

    def _column(self, name: str) -> tuple[kinds.Column, Callable[[Block, Any], Any]]:
        """A column, and the function that returns its data from rows and their ids."""
        values = self._values
        match name:
            case "tid":
                return kinds.Hex(name, 32), lambda _, tids: tids
            case "datetime":
                return kinds.Timestamp(name), lambda rows, _: values.seconds(rows)
            case "cc_num" if self._few_cards:
                return kinds.Dictionary(name, self._all_cards()), lambda rows, _: rows.card
            case "cc_num":
                return kinds.Hex(name, 16), lambda rows, _: rows.digits.view(np.uint8)
            case "category" | "city" | "country":
                return kinds.Dictionary(name, values.vocabularies[name].values), lambda rows, _: values.codes(name, rows)
            case "amount":
                return kinds.Hundredths(name), lambda rows, _: rows.cents
            case "fraud_label":
                return kinds.Int8(name), lambda rows, _: rows.label
        return kinds.Double(name), lambda rows, _: values.numbers(name, rows)

    def _all_cards(self) -> NDArray[np.bytes_]:
        plan = self._values.plan
        return hexadecimal(plan.card_digits(range(plan.cards))).view("S16")

    def encode(self, item: range) -> Iterator[Encoded]:
        """Make and encode a row group."""
        rows, tids = self._source.fill(item)
        arrays = {name: array(rows, tids) for name, array in self._arrays.items()}
        size = rows.second.size
        yield Encoded(size, self._encoder.encode(arrays, size), self._source.digest(range(size), tids))


class HolderParquetFile(ParquetFile):
    """A card table, a range of cards to a row group."""

    def __init__(self, request: Request) -> None:
        self.items = request.data.card_chunks()
        self._holders = Holders(request.data.plan)
        self._values = Values(request.data.plan)
        self._source = HolderSource(request)
        self._table, self._names = TABLES[request.table], request.names
        nobody = self._holders.pieces(request.table, range(0))
        super().__init__(request, [self._column(name, nobody[name]) for name in request.names])

    def _column(self, name: str, pieces: list[TextPart]) -> kinds.Column:
        match self._table.kind(name):
            case "date":
                return kinds.Date(name)
            case "city" | "country" as kind:
                return kinds.Dictionary(name, self._values.vocabularies[kind].values)
            case "word":
                return kinds.Dictionary(name, pieces[0].texts.values)
        return kinds.Text(name)

    def encode(self, item: range) -> Iterator[Encoded]:
        """Make and encode a row group."""
        pieces = self._holders.pieces(self._table.name, item)
        arrays = {name: self._array(name, pieces[name]) for name in self._names}
        yield Encoded(len(item), self._encoder.encode(arrays, len(item)), self._source.digest(item))

    def _array(self, name: str, pieces: list[TextPart]) -> Any:
        match self._table.kind(name):
            case "date":
                return self._holders.birthdates(pieces)
            case "city" | "country" as kind:
                return self._values.vocabularies[kind].of_code[pieces[0].codes]
            case "word":
                return pieces[0].codes
        return joined(pieces)
