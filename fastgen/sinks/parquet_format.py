"""A Parquet encoder for columns that are numpy arrays; no Arrow, no Polars.

    encoder = RowGroupEncoder([Hex("tid", 32), Timestamp("datetime"), Dictionary("city", cities)], "zstd")
    writer = Writer(encoder, file, "fastgen version 1.0.0", {"seed": "7"})
    writer.append(encoder.encode({"tid": digests, "datetime": seconds, "city": codes}, rows=262_144))
    writer.close()

`RowGroupEncoder.encode` touches no file, has no side effects and releases the GIL while it works, so threads may encode
row groups concurrently. `Writer` appends them and never seeks, so it can write to a pipe. All columns are REQUIRED. Source:
parquet.thrift of apache/parquet-format (all the field numbers). Little-endian machines only.
"""

from collections.abc import Mapping, Sequence
from struct import pack
from typing import Any, NamedTuple

from fastgen.sinks.output import Buffer, Out
from fastgen.sinks.parquet_columns import PLAIN, RLE, Bounds, Codec, Column, Loaded, Vocabulary, codec
from fastgen.sinks.thrift import EMPTY, TRUE, Field, binary, i32, i64, listed, struct

PAGE_BYTES, LEAST_ROW_BYTES = 1 << 20, 8
"""The approximate bytes of a page before compression (readers hold one in memory); shorter rows count as 8 bytes."""


class Page(NamedTuple):
    """A page as it is written, and the size of its header and uncompressed body."""

    header: bytes
    body: Buffer
    plain_size: int


class Chunk(NamedTuple):
    """A column chunk of a row group."""

    column: Column
    bounds: Bounds
    dictionary: list[Page]  # at most one
    pages: list[Page]


class RowGroup(NamedTuple):
    """Encoded rows, independent of their place in a file."""

    rows: int
    chunks: list[Chunk]


def _page(kind: int, plain_size: int, body: Buffer, about: Mapping[int, Field]) -> Page:
    header = struct({1: i32(kind), 2: i32(plain_size), 3: i32(len(body)), **about})[1]
    return Page(header, body, len(header) + plain_size)


def _dictionary(vocabulary: Vocabulary | None, codec: Codec) -> list[Page]:
    """The dictionary page, if there is one."""
    if vocabulary is None:
        return []
    count, values = vocabulary
    about = struct({1: i32(count), 2: i32(PLAIN)})
    return [_page(2, len(values), codec.compress(values), {7: about})]


class RowGroupEncoder:
    """Encodes arrays into row groups. It is immutable: threads may share it."""

    def __init__(self, columns: Sequence[Column], compression: str = "zstd") -> None:
        self.columns = tuple(columns)
        self.codec = codec(compression)
        self._codecs = [codec(compression, column.zstd_level) for column in self.columns]
        self._dictionaries = [_dictionary(column.vocabulary, self.codec) for column in self.columns]

    def encode(self, arrays: Mapping[str, Any], rows: int) -> RowGroup:
        """Encode a row group; each column's class says what data it takes. The arrays may be reused afterwards."""
        chunks = []
        for column, own_codec, dictionary in zip(self.columns, self._codecs, self._dictionaries, strict=True):
            if rows:
                data = column.load(arrays[column.name], rows)
                first = dictionary or _dictionary(column.dictionary(data), own_codec)
                chunks.append(Chunk(column, column.bounds(data), first, self._pages(column, own_codec, data, rows)))
        return RowGroup(rows, chunks)

    def _pages(self, column: Column, own_codec: Codec, data: Loaded, rows: int) -> list[Page]:
        step = max(1, int(PAGE_BYTES / max(column.row_bytes(data), LEAST_ROW_BYTES)))
        pages = []
        for start in range(0, rows, step):
            stop = min(start + step, rows)
            size, body = column.compressed_page(data, start, stop, own_codec)
            about = struct({1: i32(stop - start), 2: i32(column.encoding), 3: i32(RLE), 4: i32(RLE)})
            pages.append(_page(0, size, body, {5: about}))
        return pages


class Writer:
    """Writes row groups to a file; of the file it needs only a `write` that writes everything it is given."""

    def __init__(self, encoder: RowGroupEncoder, file: Out, created_by: str, metadata: Mapping[str, str]) -> None:
        """`created_by` has the form "fastgen version 1.0.0", which readers parse; `metadata` is that of the file."""
        self.rows = self.size = 0
        self._encoder, self._file, self._created_by, self._metadata = encoder, file, created_by, metadata
        self._groups: list[Field] = []
        self._write(b"PAR1")

    def _write(self, data: Buffer) -> None:
        self._file.write(data)
        self.size += len(data)

    def append(self, group: RowGroup) -> None:
        """Write the next row group; one without rows is skipped."""
        if group.rows:
            start, plain_size = self.size, sum(p.plain_size for c in group.chunks for p in c.dictionary + c.pages)
            chunks = [self._chunk(chunk, group.rows) for chunk in group.chunks]
            sizes = {2: i64(plain_size), 3: i64(group.rows), 5: i64(start), 6: i64(self.size - start)}
            self._groups.append(struct({1: listed(chunks), **sizes}))
            self.rows += group.rows

    def _chunk(self, chunk: Chunk, rows: int) -> Field:
        column, bounds, dictionary, pages = chunk
        start = first_page = self.size
        for page in dictionary:
            self._write(page.header)
            self._write(page.body)
            first_page = self.size
        for page in pages:
            self._write(page.header)
            self._write(page.body)
        low, high = map(binary, bounds) if bounds else (None, None)
        exact = TRUE if bounds else None
        metadata = {
            1: i32(column.physical),
            2: listed(map(i32, [PLAIN, column.encoding] if dictionary else [column.encoding])),
            3: listed([binary(column.name.encode())]),
            4: i32(self._encoder.codec.number),
            5: i64(rows),
            6: i64(sum(page.plain_size for page in dictionary + pages)),
            7: i64(self.size - start),
            9: i64(first_page),
            11: i64(start) if dictionary else None,
            12: struct({3: i64(0), 5: high, 6: low, 7: exact, 8: exact}),
        }
        return struct({2: i64(0), 3: struct(metadata)})

    def close(self) -> None:
        """Write the footer, which completes the Parquet file. The file stays open."""
        columns = self._encoder.columns
        schema = [struct({4: binary(b"schema"), 5: i32(len(columns))})]
        for column in columns:
            converted = None if column.converted is None else i32(column.converted)
            about = {1: i32(column.physical), 3: i32(0), 4: binary(column.name.encode())}
            schema.append(struct({**about, 6: converted, 10: column.logical}))
        pairs = [struct({1: binary(k.encode()), 2: binary(v.encode())}) for k, v in self._metadata.items()]
        metadata = {
            1: i32(2),
            2: listed(schema),
            3: i64(self.rows),
            4: listed(self._groups),
            5: listed(pairs),
            6: binary(self._created_by.encode()),
            7: listed(struct({1: EMPTY}) for _ in columns),  # column orders: the order of the type
        }
        footer = struct(metadata)[1]
        self._write(footer + pack("<I", len(footer)) + b"PAR1")
