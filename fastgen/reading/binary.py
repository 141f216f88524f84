"""Readers of Parquet and Arrow IPC files, piece by piece."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
from pyarrow import parquet as pq

from fastgen.origin import from_metadata
from fastgen.reading.pieces import REFUSALS, Damage, ReadRows, message_of, readable

MOST = 1 << 17
"""The most rows of a row group that are read at once."""
HEAD = 100
"""Rows at the beginning of a file that `head` returns."""


class ParquetReader:
    """A Parquet file; see `Reader`. An unreadable row group is reported as damage, and reading continues with the next one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with readable(path, "Parquet file"), pq.ParquetFile(path) as file:
            self.columns = tuple(file.schema_arrow.names)
            self.origin = from_metadata(file.metadata.metadata)
            groups = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
        self._spans = [range(start, min(start + MOST, rows)) for rows in groups for start in range(0, rows, MOST)]

    def head(self, columns: Sequence[str]) -> pl.DataFrame:
        """See `Reader.head`."""
        return head(self._read(columns, 0, min(HEAD, sum(map(len, self._spans))), HEAD), columns)

    def pieces(self, columns: Sequence[str], rows: int) -> Iterator[ReadRows | Damage]:
        """See `Reader.pieces`."""
        first = 0
        for span in self._spans:
            yield from self._read(columns, first, len(span), rows)
            first += len(span)

    def _read(self, columns: Sequence[str], first: int, count: int, rows: int) -> Iterator[ReadRows | Damage]:
        # A new lazy frame for each span: once one has met a damaged row group, it keeps failing.
        lazy = pl.scan_parquet(self._path, glob=False, hive_partitioning=False).select(columns)
        try:
            frame = lazy.slice(first, count).collect()
        except REFUSALS as error:
            yield Damage(first, count, message_of(error))
            return
        yield from cut(frame, first, rows)
        if frame.height < count:
            yield Damage(first + frame.height, count - frame.height, "the row group has fewer rows than it says")


class IpcReader:
    """An Arrow IPC file; see `Reader`. An unreadable record batch ends the reading, as its number of rows is unknown."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with readable(path, "Arrow IPC file"), pa.OSFile(str(path)) as file:
            schema = pa.ipc.open_file(file).schema
        self.columns, self.origin = tuple(schema.names), from_metadata(schema.metadata)

    def head(self, columns: Sequence[str]) -> pl.DataFrame:
        """See `Reader.head`."""
        return head(self.pieces(columns, HEAD), columns)

    def pieces(self, columns: Sequence[str], rows: int) -> Iterator[ReadRows | Damage]:
        """See `Reader.pieces`."""
        first = 0
        with pa.OSFile(str(self._path)) as source:
            file = pa.ipc.open_file(source)
            for number in range(file.num_record_batches):
                try:
                    batch = file.get_batch(number).select(list(columns))
                    batch.validate(full=True)  # Polars would accept invalid UTF-8
                    # Column by column, which drops the metadata of Polars' own types: if damaged, it would make Polars panic.
                    frame = pl.DataFrame([pl.Series(name, batch.column(name)) for name in columns])
                except (*REFUSALS, KeyError) as error:
                    yield Damage(first, None, message_of(error))
                    return
                yield from cut(frame, first, rows)
                first += frame.height


def cut(frame: pl.DataFrame, first: int, rows: int) -> Iterator[ReadRows]:
    """Cut a frame, whose first row is number `first` of its file, into frames of at most `rows` rows."""
    for start in range(0, frame.height, rows):
        yield ReadRows(first + start, frame.slice(start, rows))


def head(pieces: Iterator[ReadRows | Damage], columns: Sequence[str]) -> pl.DataFrame:
    """The first piece; a frame without rows if there is none or it is damaged."""
    first = next(pieces, None)
    return first.frame if isinstance(first, ReadRows) else pl.DataFrame(schema=dict.fromkeys(columns, pl.String()))
