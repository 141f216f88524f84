"""Parquet and Arrow IPC files, piece by piece."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
from pyarrow import parquet as pq

from fastgen.origin import from_metadata
from fastgen.reading.pieces import REFUSALS, Damage, ReadRows, readable, told

MOST = 1 << 17
"""Rows that are read at once, of a row group."""
HEAD = 100
"""Rows at the beginning of a file that tell what it holds."""


class ParquetReader:
    """A Parquet file; see `Reader`. A row group that cannot be read is told, and the next one is read."""

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
        # A lazy frame for each span: one that has met a damaged row group would go on to fail.
        lazy = pl.scan_parquet(self._path, glob=False, hive_partitioning=False).select(columns)
        try:
            frame = lazy.slice(first, count).collect()
        except REFUSALS as error:
            yield Damage(first, count, told(error))
            return
        yield from cut(frame, first, rows)
        if frame.height < count:
            yield Damage(first + frame.height, count - frame.height, "the row group has fewer rows than it says")


class IpcReader:
    """An Arrow IPC file; see `Reader`. A record batch that cannot be read ends the file, as nothing says how many rows it has."""

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
                    batch.validate(full=True)  # Polars takes texts for valid that are not
                    # Column by column, without what Polars says of its own types: damaged, that would make it panic.
                    frame = pl.DataFrame([pl.Series(name, batch.column(name)) for name in columns])
                except (*REFUSALS, KeyError) as error:
                    yield Damage(first, None, told(error))
                    return
                yield from cut(frame, first, rows)
                first += frame.height


def cut(frame: pl.DataFrame, first: int, rows: int) -> Iterator[ReadRows]:
    """A frame whose first row is number `first` of its file, in frames of at most so many rows."""
    for start in range(0, frame.height, rows):
        yield ReadRows(first + start, frame.slice(start, rows))


def head(pieces: Iterator[ReadRows | Damage], columns: Sequence[str]) -> pl.DataFrame:
    """The first piece, if it can be read."""
    first = next(pieces, None)
    return first.frame if isinstance(first, ReadRows) else pl.DataFrame(schema=dict.fromkeys(columns, pl.String()))
