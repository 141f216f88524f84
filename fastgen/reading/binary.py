"""Readers of Parquet and Arrow IPC files, piece by piece."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
from pyarrow import parquet as pq

from fastgen.origin import from_metadata
from fastgen.reading.pieces import REFUSALS, Damage, ReadRows, cut, message_of, readable
from fastgen.schema import TABLES

FEW_VALUES: Final = ("category", "city", "country", "word")
"""The kinds of columns that are read as dictionaries, which are checked and converted faster than strings."""
HEAD = 100
"""Rows at the beginning of a file that `head` returns."""


class ParquetReader:
    """A Parquet file; see `Reader`. An unreadable row group is reported as damage, and reading continues with the next one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with readable(path, "Parquet file"), opened(path) as source, pq.ParquetFile(source) as file:
            self.columns = tuple(file.schema_arrow.names)
            self.origin = from_metadata(file.metadata.metadata)
            leaves = [file.schema.column(i) for i in range(len(file.schema))]
        few = {column.name for table in TABLES.values() for column in table.columns if column.kind in FEW_VALUES}
        self._dictionaries = [leaf.path for leaf in leaves if leaf.path in few and leaf.physical_type == "BYTE_ARRAY"]

    def head(self, columns: Sequence[str]) -> pl.DataFrame:
        """See `Reader.head`."""
        return head(self.pieces(columns, HEAD), columns)

    def pieces(self, columns: Sequence[str], rows: int) -> Iterator[ReadRows | Damage]:
        """See `Reader.pieces`."""
        first = 0
        with ExitStack() as stack:
            with readable(self._path, "Parquet file"):
                source = stack.enter_context(opened(self._path))
                file = stack.enter_context(pq.ParquetFile(source, read_dictionary=self._dictionaries))
            for group in range(file.metadata.num_row_groups):
                stop = first + file.metadata.row_group(group).num_rows
                try:
                    for batch in file.iter_batches(rows, [group], list(columns)):
                        frame = frame_of(batch, columns)
                        yield ReadRows(first, frame)
                        first += frame.height
                except (*REFUSALS, KeyError) as error:
                    yield Damage(first, stop - first, message_of(error))
                else:
                    if first < stop:
                        yield Damage(first, stop - first, "the row group has fewer rows than it says")
                first = stop


class IpcReader:
    """An Arrow IPC file; see `Reader`. An unreadable record batch ends the reading, as its number of rows is unknown."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with readable(path, "Arrow IPC file"), opened(path) as source:
            schema = pa.ipc.open_file(source).schema
        self.columns, self.origin = tuple(schema.names), from_metadata(schema.metadata)

    def head(self, columns: Sequence[str]) -> pl.DataFrame:
        """See `Reader.head`."""
        return head(self.pieces(columns, HEAD), columns)

    def pieces(self, columns: Sequence[str], rows: int) -> Iterator[ReadRows | Damage]:
        """See `Reader.pieces`."""
        first = 0
        with ExitStack() as stack:
            with readable(self._path, "Arrow IPC file"):
                file = pa.ipc.open_file(stack.enter_context(opened(self._path)))
            for number in range(file.num_record_batches):
                try:
                    frame = frame_of(file.get_batch(number), columns)
                except (*REFUSALS, KeyError) as error:
                    yield Damage(first, None, message_of(error))
                    return
                yield from cut(frame, first, rows)
                first += frame.height


def opened(path: Path) -> pa.OSFile:
    """A file to read; its name is given as bytes, as Arrow would encode a text, and not every name is UTF-8."""
    path.stat()  # its errors are shorter than Arrow's
    return pa.OSFile(os.fsencode(path))


def frame_of(batch: pa.RecordBatch, columns: Sequence[str]) -> pl.DataFrame:
    """These columns of a record batch as a frame; raises one of `REFUSALS` or a KeyError if that is not possible."""
    selected = batch.select(list(columns))
    selected.validate(full=True)  # Polars would accept invalid UTF-8
    # Column by column, which drops the metadata of Polars' own types: if damaged, it would make Polars panic.
    return pl.DataFrame([pl.Series(name, selected.column(name)) for name in columns])


def head(pieces: Iterator[ReadRows | Damage], columns: Sequence[str]) -> pl.DataFrame:
    """The first piece; a frame without rows if there is none or it is damaged."""
    first = next(pieces, None)
    return first.frame if isinstance(first, ReadRows) else pl.DataFrame(schema=dict.fromkeys(columns, pl.String()))
