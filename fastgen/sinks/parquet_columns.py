"""Kinds of columns in a Parquet file: the data that each takes, its encoding into pages, its statistics.

Sources: parquet.thrift (the numbers), Encodings.md, LogicalTypes.md and Compression.md in apache/parquet-format. All
columns are REQUIRED. Little-endian machines only.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import lru_cache
from struct import pack
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastgen.ids import hexadecimal
from fastgen.kernels import packing
from fastgen.kernels.units import MICROSECONDS
from fastgen.sinks import compression
from fastgen.sinks.output import Buffer
from fastgen.sinks.thrift import EMPTY, FALSE, TRUE, Field, struct, varint
from fastgen.sinks.zstd_frames import hex_frame, word_frame

Loaded = Any
"""A column's data once checked: an array, or a tuple of arrays."""
Vocabulary = tuple[int, Buffer]
"""The number of values in a dictionary, and its page."""
Bounds = tuple[bytes, bytes] | None
"""The least and the greatest value in PLAIN encoding (strings without their lengths); None if unknown."""

LONGEST_BOUND = 4096
"""Bytes; statistics are left out if a bound would be longer."""


UNCOMPRESSED, SNAPPY, GZIP, ZSTD, LZ4_RAW = 0, 1, 2, 6, 7
ZSTD_LEVEL = -3


class Codec(NamedTuple):
    """A codec: its number in the format, and a function that returns a compressed copy of a page and releases the GIL."""

    number: int
    compress: Callable[[Buffer], Buffer]


def codec(name: str, zstd_level: int = ZSTD_LEVEL) -> Codec:
    """The codec named "zstd", "snappy", "lz4", "gzip" or "none"."""
    codecs = {
        "none": Codec(UNCOMPRESSED, lambda page: np.frombuffer(page, np.uint8).copy()),
        "snappy": Codec(SNAPPY, compression.snappy),
        "lz4": Codec(LZ4_RAW, compression.lz4),
        "gzip": Codec(GZIP, compression.gzip),
        "zstd": Codec(ZSTD, compression.Zstd(zstd_level)),
    }
    if name not in codecs:
        raise ValueError(f"no compression {name!r}: there are {', '.join(codecs)}")
    return codecs[name]


INT32, INT64, DOUBLE, BYTE_ARRAY = 1, 2, 5, 6
PLAIN, RLE, DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY, RLE_DICTIONARY = 0, 3, 5, 6, 8


class Column(ABC):
    """A column: its type in the schema, and how its data are encoded into pages."""

    physical: int
    logical: Field | None = None
    converted: int | None = None  # the logical type for older readers
    encoding: int
    dtype: Any
    zstd_level = ZSTD_LEVEL  # overridden where another level pays
    vocabulary: Vocabulary | None = None  # the dictionary, if it is the same for all row groups

    def __init__(self, name: str) -> None:
        self.name = name

    def _array(self, data: ArrayLike, dtype: Any, size: int) -> NDArray[Any]:
        array = np.asarray(data).reshape(-1)
        if array.size != size or not np.can_cast(array.dtype, dtype):
            raise ValueError(f"column {self.name!r}: {array.size} {array.dtype} instead of {size} {np.dtype(dtype)}")
        return np.ascontiguousarray(array, dtype)

    def load(self, data: Any, rows: int) -> Loaded:
        """Check and convert the caller's data for `rows` rows, at least one."""
        return self._array(data, self.dtype, rows)

    def dictionary(self, data: Loaded) -> Vocabulary | None:
        """The row group's own dictionary, if the column has one for each row group."""
        return None

    def row_bytes(self, data: Loaded) -> float:
        """The approximate bytes of a row in a page."""
        return float(data.itemsize)

    def bounds(self, data: Loaded) -> Bounds:
        """The bounds for the statistics."""
        return data.min().tobytes(), data.max().tobytes()

    @abstractmethod
    def page(self, data: Loaded, start: int, stop: int) -> Buffer:
        """The rows from `start` up to `stop`, encoded."""

    def compressed_page(self, data: Loaded, start: int, stop: int, codec: Codec) -> tuple[int, Buffer]:
        """The uncompressed size of that page, and the compressed page."""
        page = self.page(data, start, stop)
        return len(page), codec.compress(page)


class Double(Column):
    """float64; for values some of which occur often and all others once, as Zstandard frames are made without a search."""

    # Not BYTE_STREAM_SPLIT: Spark does not read it.
    physical, dtype, encoding = DOUBLE, np.float64, PLAIN

    def bounds(self, data: Loaded) -> Bounds:
        low, high = data.min(), data.max()  # NaN, which has no order, if there is one
        # -0.0 and 0.0 are equal here but not to every reader: the format requires -0.0 as minimum and 0.0 as maximum.
        return None if np.isnan(low) else (pack("<d", low or -0.0), pack("<d", high or 0.0))

    def page(self, data: Loaded, start: int, stop: int) -> Buffer:
        return data[start:stop].view(np.uint8)

    def compressed_page(self, data: Loaded, start: int, stop: int, codec: Codec) -> tuple[int, Buffer]:
        if codec.number != ZSTD:
            return super().compressed_page(data, start, stop, codec)
        words = data[start:stop].view(np.uint64)
        return words.nbytes, word_frame(words)


class Hundredths(Column):
    """uint32: hundredths; float64 in the file, with a dictionary for each row group.

    Prices repeat: a row group of 131,072 rows has about 30,000 distinct ones. They are small integers, so a bitmap finds
    them without hashing or sorting. Codes take two bytes; doubles would take seven after compression.
    """

    physical, encoding, dtype = DOUBLE, RLE_DICTIONARY, np.uint32
    zstd_level = -50  # only the dictionary compresses: codes do not

    def load(self, data: Any, rows: int) -> Loaded:
        values = self._array(data, self.dtype, rows)
        least = int(values.min())
        bitmap = np.zeros((int(values.max()) - least) // 64 + 1, np.uint64)
        codes = np.empty(rows, np.uint32)
        count = packing.rank_values(values, least, codes, bitmap, np.empty(bitmap.size, np.uint32))
        ranked = np.empty(count, np.uint32)
        packing.ranked_values(ranked, least, bitmap)
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
    logical, converted = struct({6: EMPTY}), 6

    def page(self, data: Loaded, start: int, stop: int) -> Buffer:
        return data[start:stop].view(np.uint8)


class Int64(Column):
    """int64, delta-encoded."""

    physical, encoding = INT64, DELTA_BINARY_PACKED
    dtype: Any = np.int64

    def page(self, data: Loaded, start: int, stop: int) -> Buffer:
        return _deltas(data[start:stop])


class Timestamp(Int64):
    """int64: seconds since 1970-01-01 00:00:00, without a time zone; microseconds in the file, a unit that all readers support."""

    zstd_level = -300  # a quarter of the time of level -3, which searches long among the trailing zeros of microseconds

    logical = struct({8: struct({1: FALSE, 2: struct({2: EMPTY})})})

    def load(self, data: Any, rows: int) -> Loaded:
        return super().load(data, rows) * MICROSECONDS


class Int8(Int64):
    """int8, delta-encoded: runs of one value take almost no space."""

    physical, dtype = INT32, np.int8
    logical, converted = struct({10: struct({1: (3, b"\x08"), 2: TRUE})}), 15

    def bounds(self, data: Loaded) -> Bounds:
        return pack("<i", data.min()), pack("<i", data.max())


class String(Column):
    """UTF-8 strings."""

    physical, logical, converted = BYTE_ARRAY, struct({1: EMPTY}), 0


class Dictionary(String):
    """uint8, uint16 or uint32: codes of `values` (str, or a numpy array of bytes), which are the dictionary of every row group."""

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
        # One type, so that the packing kernel is compiled once.
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
    """uint8[rows * width / 2]: bytes, stored as lower-case hexadecimal strings of `width` digits, a multiple of 16.

    For digests; Zstandard frames of them are made without a search.
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
        # Bytes sort like their digits.
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
        lengths, digests = _equal_lengths(stop - start, self.width), data[start * self._size : stop * self._size]
        return len(lengths) + 2 * len(digests), hex_frame(digests, lengths)


def _width(values: int) -> int:
    """The bits of a code for this many values; at least 1, as readers disagree on 0 for a single value."""
    return max(1, (values - 1).bit_length())


def _packed(codes: NDArray[np.uint32], width: int) -> Buffer:
    """Encode codes as a page: the width, then a single bit-packed run."""
    groups = (codes.size + 7) // 8
    words = np.zeros(1 + (groups * width + 7) // 8, np.uint64)
    packing.pack_bits(codes, width, words[1:])
    # The width and the header of the run fit into the first word.
    head = bytes([width]) + varint(groups << 1 | 1)
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
