"""A Parquet encoder for columns that are numpy arrays already; no Arrow, no Polars.

    encoder = Encoder([Hex("tid", 32), Timestamp("datetime"), Dictionary("city", cities)], "zstd")
    writer = Writer(encoder, file, created_by="fastgen version 1.0.0")
    writer.append(encoder.encode({"tid": digests, "datetime": seconds, "city": codes}, rows=262_144))
    writer.close()

`Encoder.encode` touches no file, changes nothing and leaves the GIL to others while it works, so threads may
encode row groups side by side; `Writer` puts them one behind the other and never seeks: a pipe will do. All
columns are REQUIRED. Sources, in apache/parquet-format: parquet.thrift (all the field numbers), Encodings.md,
LogicalTypes.md, Compression.md; and Thrift's compact protocol. Little-endian machines only.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from struct import pack
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastgen.ids import hexadecimal
from fastgen.kernels import packing
from fastgen.sinks import compression
from fastgen.sinks.output import Buffer, Out

Loaded = Any
"""A column's data when they are checked: an array, or offsets and text."""
Vocabulary = tuple[int, Buffer]
"""How many values a dictionary has, and its page."""
Bounds = tuple[bytes, bytes] | None
"""The least and the greatest value as PLAIN has them (a text without its length); None if there is no telling."""

PAGE_BYTES, LEAST_ROW_BYTES = 1 << 20, 8
"""A page has about so many bytes before compression (readers hold one in memory); short rows count as 8 bytes."""
LONGEST_BOUND = 4096
"""Statistics are left out where they would repeat a longer text."""

# --- Thrift's compact protocol: a value is the number of its type and its bytes -------------------------------------

Field = tuple[int, bytes]
TRUE, FALSE = (1, b""), (2, b"")


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def _integer(kind: int, number: int) -> Field:
    return kind, _varint(2 * number if number >= 0 else -2 * number - 1)


_i32, _i64 = partial(_integer, 5), partial(_integer, 6)


def _binary(content: bytes) -> Field:
    return 8, _varint(len(content)) + content


def _list(items: Iterable[Field]) -> Field:
    items = list(items)
    kind = items[0][0] if items else 12
    head = bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xF0 | kind]) + _varint(len(items))
    return 9, head + b"".join(content for _, content in items)


def _struct(fields: Mapping[int, Field | None]) -> Field:
    """Fields by number, rising in steps below 16; a None is left out."""
    out, last = b"", 0
    for number, field in fields.items():
        if field is not None:
            out += bytes([number - last << 4 | field[0]]) + field[1]
            last = number
    return 12, out + b"\0"


EMPTY = _struct({})

# --- Codecs ---------------------------------------------------------------------------------------------------------

UNCOMPRESSED, SNAPPY, GZIP, ZSTD, LZ4_RAW = 0, 1, 2, 6, 7


class Codec(NamedTuple):
    """Its number in the format, and what makes a compressed copy of a page without holding the GIL."""

    number: int
    compress: Callable[[Buffer], Buffer]


def codec(name: str, level: int | None = None) -> Codec:
    """The codec called "zstd", "snappy", "lz4", "gzip" or "none"; zstd (-3 unless told) and gzip (6) have levels."""
    codecs = {
        "none": Codec(UNCOMPRESSED, lambda page: np.frombuffer(page, np.uint8).copy()),
        "snappy": Codec(SNAPPY, compression.snappy),
        "lz4": Codec(LZ4_RAW, compression.lz4),
        "gzip": Codec(GZIP, compression.gzip(6 if level is None else level)),
        "zstd": Codec(ZSTD, compression.Zstd(-3 if level is None else level)),
    }
    if name not in codecs:
        raise ValueError(f"no compression {name!r}: there are {', '.join(codecs)}")
    if level is not None and name not in ("zstd", "gzip"):
        raise ValueError(f"compression {name!r} has no levels")
    return codecs[name]


# --- Kinds of column ------------------------------------------------------------------------------------------------

INT32, INT64, DOUBLE, BYTE_ARRAY = 1, 2, 5, 6
PLAIN, RLE, DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY, RLE_DICTIONARY = 0, 3, 5, 6, 8


class Column(ABC):
    """A column: its place in the schema, and how its data become pages."""

    physical: int
    logical: Field | None = None
    converted: int | None = None  # the logical type for older readers
    encoding: int
    dtype: Any
    zstd_level: int | None = None  # where another than the codec's own default is worth it
    vocabulary: Vocabulary | None = None  # of a column whose dictionary is the same for all row groups

    def __init__(self, name: str) -> None:
        self.name = name

    def _array(self, data: ArrayLike, dtype: Any, size: int) -> NDArray[Any]:
        array = np.asarray(data).reshape(-1)
        if array.size != size or not np.can_cast(array.dtype, dtype):
            raise ValueError(f"column {self.name!r}: {array.size} {array.dtype} instead of {size} {np.dtype(dtype)}")
        return np.ascontiguousarray(array, dtype)

    def load(self, data: Any, rows: int) -> Loaded:
        """Check what the caller gave for at least one row."""
        return self._array(data, self.dtype, rows)

    def dictionary(self, data: Loaded) -> Vocabulary | None:
        """The dictionary of a row group, if it has one of its own."""
        return None

    def row_bytes(self, data: Loaded) -> float:
        """Bytes of a row in a page, about."""
        return float(data.itemsize)

    def bounds(self, data: Loaded) -> Bounds:
        """For the statistics."""
        return data.min().tobytes(), data.max().tobytes()

    @abstractmethod
    def page(self, data: Loaded, start: int, stop: int) -> Buffer:
        """The rows from `start` up to `stop`, encoded."""

    def compressed_page(self, data: Loaded, start: int, stop: int, codec: Codec) -> tuple[int, Buffer]:
        """The size of that page, and the page compressed."""
        page = self.page(data, start, stop)
        return len(page), codec.compress(page)


class Double(Column):
    """float64."""

    # Not Byte Stream Split, which would be quicker: Spark does not read it.
    physical, dtype, encoding = DOUBLE, np.float64, PLAIN
    zstd_level = -20  # half the time of level -3, and a quarter more bytes: there is little to find in doubles

    def bounds(self, data: Loaded) -> Bounds:
        low, high = data.min(), data.max()  # NaN, which has no place in an order, if there is one
        # The zeros of both signs are equal here but not to every reader: the format asks for the outer ones.
        return None if np.isnan(low) else (pack("<d", low or -0.0), pack("<d", high or 0.0))

    def page(self, data: Loaded, start: int, stop: int) -> Buffer:
        return data[start:stop].view(np.uint8)


class Hundredths(Column):
    """uint32: hundredths; float64 in the file, by a dictionary that each row group has of its own.

    Prices repeat: a row group of 131,072 rows has about 30,000 different ones, which are found without a search since
    they are small whole numbers. Codes take two bytes where doubles take seven after compression.
    """

    physical, encoding, dtype = DOUBLE, RLE_DICTIONARY, np.uint32
    zstd_level = -50  # for the dictionary: there is nothing to find in codes

    def load(self, data: Any, rows: int) -> Loaded:
        values = self._array(data, self.dtype, rows)
        least = int(values.min())
        there = np.zeros((int(values.max()) - least) // 64 + 1, np.uint64)
        codes = np.empty(rows, np.uint32)
        count = packing.rank_values(values, least, codes, there, np.empty(there.size, np.uint32))
        ranked = np.empty(count, np.uint32)
        packing.ranked_values(ranked, least, there)
        return codes, ranked / 100.0

    def dictionary(self, data: Loaded) -> Vocabulary:
        _, values = data
        return values.size, values.view(np.uint8)

    def row_bytes(self, data: Loaded) -> float:
        codes, _ = data
        return float(codes.itemsize)

    def bounds(self, data: Loaded) -> Bounds:
        _, values = data
        return pack("<d", values[0] or -0.0), pack("<d", values[-1])

    def page(self, data: Loaded, start: int, stop: int) -> Buffer:
        codes, values = data
        return _packed(codes[start:stop], _width(values.size))


class Date(Column):
    """int32: days since 1970-01-01."""

    physical, dtype, encoding = INT32, np.int32, PLAIN
    logical, converted = _struct({6: EMPTY}), 6

    def page(self, data: Loaded, start: int, stop: int) -> Buffer:
        return data[start:stop].view(np.uint8)


class Int64(Column):
    """int64, as differences."""

    physical, encoding = INT64, DELTA_BINARY_PACKED
    dtype: Any = np.int64

    def page(self, data: Loaded, start: int, stop: int) -> Buffer:
        return _deltas(data[start:stop])


class Timestamp(Int64):
    """int64: seconds since 1970-01-01 00:00:00 of no time zone; in the file microseconds, which all readers have."""

    zstd_level = -300  # a third of the time of level -3; zstd looks long for the zeros at the end of microseconds

    logical = _struct({8: _struct({1: FALSE, 2: _struct({2: EMPTY})})})

    def load(self, data: Any, rows: int) -> Loaded:
        return super().load(data, rows) * 1_000_000


class Int8(Int64):
    """int8; stretches of one value take next to nothing."""

    physical, dtype = INT32, np.int8
    logical, converted = _struct({10: _struct({1: (3, b"\x08"), 2: TRUE})}), 15

    def bounds(self, data: Loaded) -> Bounds:
        return pack("<i", data.min()), pack("<i", data.max())


class String(Column):
    """Texts in UTF-8."""

    physical, logical, converted = BYTE_ARRAY, _struct({1: EMPTY}), 0


class Dictionary(String):
    """uint8, uint16 or uint32: codes of `values` (str, or an array of numpy bytes), which every row group repeats."""

    encoding = RLE_DICTIONARY

    def __init__(self, name: str, values: Sequence[str] | NDArray[np.bytes_]) -> None:
        super().__init__(name)
        texts = values.tolist() if isinstance(values, np.ndarray) else [value.encode() for value in values]
        self.vocabulary = len(texts), b"".join(pack("<I", len(text)) + text for text in texts)
        self._width = _width(len(texts))
        order = sorted(range(len(texts)), key=texts.__getitem__)
        self._sorted = [texts[code] for code in order]
        self._ranks = np.empty(len(texts), np.uint32)
        self._ranks[order] = np.arange(len(texts))

    def load(self, data: Any, rows: int) -> Loaded:
        codes = self._array(data, data.dtype, rows)
        if codes.dtype not in (np.uint8, np.uint16, np.uint32):
            raise ValueError(f"column {self.name!r}: codes of type {codes.dtype}")
        if codes.max() >= self._ranks.size:
            raise ValueError(f"column {self.name!r}: code {codes.max()} in a vocabulary of {self._ranks.size}")
        # One type, so that what packs them is compiled once.
        return codes.astype(np.uint32, copy=False)

    def bounds(self, data: Loaded) -> Bounds:
        low, high = packing.rank_range(data, self._ranks)
        return self._sorted[low], self._sorted[high]

    def page(self, data: Loaded, start: int, stop: int) -> Buffer:
        return _packed(data[start:stop], self._width)


class Text(String):
    """(offsets, text), integers and uint8: row i is text[offsets[i]:offsets[i + 1]]."""

    encoding = DELTA_LENGTH_BYTE_ARRAY

    def load(self, data: Any, rows: int) -> Loaded:
        offsets, text = self._array(data[0], np.int64, rows + 1), np.ascontiguousarray(data[1], np.uint8)
        if offsets[0] < 0 or offsets[-1] > text.size or (offsets[1:] < offsets[:-1]).any():
            raise ValueError(f"column {self.name!r}: offsets that fall, or lie outside the text")
        return offsets.view(np.uint64), text if text.size else np.zeros(1, np.uint8)

    def row_bytes(self, data: Loaded) -> float:
        offsets, _ = data
        return int(offsets[-1] - offsets[0]) / (len(offsets) - 1)

    def bounds(self, data: Loaded) -> Bounds:
        offsets, text = data
        low, high = (text[offsets[i] : offsets[i + 1]].tobytes() for i in packing.text_range(text, offsets))
        return (low, high) if max(len(low), len(high)) <= LONGEST_BOUND else None

    def page(self, data: Loaded, start: int, stop: int) -> Buffer:
        offsets, text = data
        lengths = np.diff(offsets[start : stop + 1].view(np.int64))
        return np.concatenate([_deltas(lengths), text[offsets[start] : offsets[stop]]])


class Hex(String):
    """uint8[rows * width / 2]: bytes, shown as lower-case hexadecimal texts of `width` digits, a multiple of 16.

    For digests. Their digits are random, so all that zstd can do is to store each in four bits: `hex_blocks` does
    it without the search.
    """

    encoding = DELTA_LENGTH_BYTE_ARRAY

    def __init__(self, name: str, width: int) -> None:
        super().__init__(name)
        if width <= 0 or width % 16:
            raise ValueError(f"column {name!r}: a width of {width} digits is no multiple of 16")
        self.width, self._size = width, width // 2

    def load(self, data: Any, rows: int) -> Loaded:
        return self._array(data, np.uint8, rows * self._size)

    def row_bytes(self, data: Loaded) -> float:
        return self.width

    def bounds(self, data: Loaded) -> Bounds:
        # Bytes and their digits have the same order.
        low, high = packing.bytes_range(data.view(np.uint64), self._size // 8)
        least, greatest = (data[row * self._size :][: self._size].tobytes() for row in (low, high))
        return least.hex().encode(), greatest.hex().encode()

    def page(self, data: Loaded, start: int, stop: int) -> Buffer:
        lengths = _equal_lengths(stop - start, self.width)
        page = np.empty(len(lengths) + (stop - start) * self.width, np.uint8)
        page[: len(lengths)] = np.frombuffer(lengths, np.uint8)
        page[len(lengths) :] = hexadecimal(data[start * self._size : stop * self._size])
        return page

    def compressed_page(self, data: Loaded, start: int, stop: int, codec: Codec) -> tuple[int, Buffer]:
        if codec.number != ZSTD:
            return super().compressed_page(data, start, stop, codec)
        lengths = _equal_lengths(stop - start, self.width)
        digests = data[start * self._size : stop * self._size]
        size = len(lengths) + 2 * len(digests)
        # RFC 8878, 3.1.1: a frame that tells its size and asks for a window of 128 KiB. The lengths are a raw block
        # and, for the zeros at their end, one of a repeated byte; then come the blocks of digits.
        start_of_lengths = lengths.rstrip(b"\0")
        zeros = len(lengths) - len(start_of_lengths)
        head = b"\x28\xb5\x2f\xfd\x80\x38" + pack("<I", size)
        head += pack("<I", len(start_of_lengths) << 3)[:3] + start_of_lengths
        head += pack("<I", zeros << 3 | 1 << 1)[:3] + b"\0" if zeros else b""
        page = np.empty(len(head) + packing.hex_room(len(digests)), np.uint8)
        page[: len(head)] = np.frombuffer(head, np.uint8)
        return size, page[: len(head) + packing.hex_blocks(digests, HEX_WEIGHTS, page[len(head) :])]


def _hex_weights() -> NDArray[np.uint8]:
    """A Huffman tree as RFC 8878, 4.2.1.1 writes it: weights of the symbols from 0 on, two in a byte.

    The digits have weight 1. The last of them, "f", is left out: its weight follows from the others.
    """
    weights = [int(chr(symbol) in "0123456789abcde") for symbol in range(ord("f"))]
    pairs = zip(weights[::2], weights[1::2], strict=True)
    return np.array([127 + len(weights), *(a << 4 | b for a, b in pairs)], np.uint8)


HEX_WEIGHTS = _hex_weights()


def _width(values: int) -> int:
    """Bits of a code for so many values: a single value needs none, but readers differ on that."""
    return max(1, (values - 1).bit_length())


def _packed(codes: NDArray[np.uint32], width: int) -> Buffer:
    """Codes as a page: the width, then a single bit-packed run."""
    groups = (codes.size + 7) // 8
    words = np.zeros(1 + (groups * width + 7) // 8, np.uint64)
    packing.pack_bits(codes, width, words[1:])
    # The width and the header of the run fit into the word before.
    head = bytes([width]) + _varint(groups << 1 | 1)
    page = words.view(np.uint8)[8 - len(head) : 8 + groups * width]
    page[: len(head)] = np.frombuffer(head, np.uint8)
    return page


def _deltas(values: NDArray[Any]) -> NDArray[np.uint8]:
    out = np.empty(packing.delta_room(values.size), np.uint8)
    scratch = np.empty(packing.DELTA_BLOCK + packing.DELTA_GROUP, np.uint64)
    return out[: packing.pack_deltas(values.astype(np.int64, copy=False), out, scratch)]


@lru_cache(16)
def _equal_lengths(rows: int, width: int) -> bytes:
    return _deltas(np.full(rows, width)).tobytes()


# --- Row groups and files -------------------------------------------------------------------------------------------


class Page(NamedTuple):
    """A page as it goes into the file, and the size of header and body if nothing were compressed."""

    header: bytes
    body: Buffer
    plain_size: int


class Chunk(NamedTuple):
    """A column in a row group."""

    column: Column
    bounds: Bounds
    dictionary: list[Page]  # at most one
    pages: list[Page]


class RowGroup(NamedTuple):
    """Encoded rows, good for any place in a file."""

    rows: int
    chunks: list[Chunk]


def _page(kind: int, plain_size: int, body: Buffer, about: Mapping[int, Field]) -> Page:
    header = _struct({1: _i32(kind), 2: _i32(plain_size), 3: _i32(len(body)), **about})[1]
    return Page(header, body, len(header) + plain_size)


def _dictionary(vocabulary: Vocabulary | None, codec: Codec) -> list[Page]:
    """The dictionary page, if there is one."""
    if vocabulary is None:
        return []
    count, values = vocabulary
    about = _struct({1: _i32(count), 2: _i32(PLAIN)})
    return [_page(2, len(values), codec.compress(values), {7: about})]


class Encoder:
    """From arrays to row groups. It never changes: threads may share it."""

    def __init__(self, columns: Sequence[Column], compression: str = "zstd", level: int | None = None) -> None:
        self.columns = tuple(columns)
        self.codec = codec(compression, level)
        own_levels = compression == "zstd" and level is None
        self._codecs = [codec(compression, column.zstd_level if own_levels else level) for column in self.columns]
        self._dictionaries = [_dictionary(column.vocabulary, self.codec) for column in self.columns]

    def encode(self, arrays: Mapping[str, Any], rows: int) -> RowGroup:
        """A row group; each column's class says what it takes. The arrays may be used again afterwards."""
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
            about = _struct({1: _i32(stop - start), 2: _i32(column.encoding), 3: _i32(RLE), 4: _i32(RLE)})
            pages.append(_page(0, size, body, {5: about}))
        return pages


class Writer:
    """Row groups into a file, of which it needs a `write` that takes all it is given."""

    def __init__(self, encoder: Encoder, file: Out, created_by: str, metadata: Mapping[str, str] | None = None) -> None:
        """`created_by` is in the form "fastgen version 1.0.0", which readers take apart."""
        self.rows = self.size = 0
        self._encoder, self._file, self._created_by, self._metadata = encoder, file, created_by, metadata or {}
        self._groups: list[Field] = []
        self._write(b"PAR1")

    def _write(self, data: Buffer) -> None:
        self._file.write(data)
        self.size += len(data)

    def append(self, group: RowGroup) -> None:
        """Write the next row group; one without rows leaves no trace."""
        if group.rows:
            start, plain_size = self.size, sum(p.plain_size for c in group.chunks for p in c.dictionary + c.pages)
            chunks = [self._chunk(chunk, group.rows) for chunk in group.chunks]
            sizes = {2: _i64(plain_size), 3: _i64(group.rows), 5: _i64(start), 6: _i64(self.size - start)}
            self._groups.append(_struct({1: _list(chunks), **sizes}))
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
        low, high = map(_binary, bounds) if bounds else (None, None)
        exact = TRUE if bounds else None
        metadata = {
            1: _i32(column.physical),
            2: _list(map(_i32, [PLAIN, column.encoding] if dictionary else [column.encoding])),
            3: _list([_binary(column.name.encode())]),
            4: _i32(self._encoder.codec.number),
            5: _i64(rows),
            6: _i64(sum(page.plain_size for page in dictionary + pages)),
            7: _i64(self.size - start),
            9: _i64(first_page),
            11: _i64(start) if dictionary else None,
            12: _struct({3: _i64(0), 5: high, 6: low, 7: exact, 8: exact}),
        }
        return _struct({2: _i64(0), 3: _struct(metadata)})

    def close(self) -> None:
        """Write the footer, without which it is no Parquet file. The file stays open."""
        columns = self._encoder.columns
        schema = [_struct({4: _binary(b"schema"), 5: _i32(len(columns))})]
        for column in columns:
            converted = None if column.converted is None else _i32(column.converted)
            about = {1: _i32(column.physical), 3: _i32(0), 4: _binary(column.name.encode())}
            schema.append(_struct({**about, 6: converted, 10: column.logical}))
        pairs = [_struct({1: _binary(k.encode()), 2: _binary(v.encode())}) for k, v in self._metadata.items()]
        metadata = {
            1: _i32(2),
            2: _list(schema),
            3: _i64(self.rows),
            4: _list(self._groups),
            5: _list(pairs) if pairs else None,
            6: _binary(self._created_by.encode()),
            7: _list(_struct({1: EMPTY}) for _ in columns),  # statistics are in the order of the type
        }
        footer = _struct(metadata)[1]
        self._write(footer + pack("<I", len(footer)) + b"PAR1")
