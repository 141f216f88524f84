"""Gzip members of delimited text, compressed by a kernel; to readers they are ordinary members. Source: RFC 1951, RFC 1952."""

from struct import pack
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels import deflate
from fastgen.sinks.output import Buffer

HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
"""Compressed by DEFLATE, without a name or a time, on an unknown system (RFC 1952, 2.3)."""
DELIMITERS = b',"\n @'
"""Bytes after which text may be what it was before: in rows of CSV and NDJSON, between names, and in mail addresses."""


def gzip(text: Buffer) -> Buffer:
    r"""Compress delimited text as a gzip member.

    Anything may be compressed, but only what begins after a delimiter gets much shorter.

    Args:
        text: fewer than 2^32 bytes.

    Example:
        >>> from gzip import decompress
        >>> decompress(gzip(b"city,country\nBoston,US\n"))
        b'city,country\nBoston,US\n'
    """
    data = np.frombuffer(text, np.uint8)
    data.flags.writeable = False  # as that of bytes, so that the kernel is compiled for one type
    member = np.empty(len(HEADER) + deflate.room(data.size), np.uint8)
    member[: len(HEADER)] = np.frombuffer(HEADER, np.uint8)
    end = len(HEADER) + deflate.deflate(data, _ALPHABET, _memory(), member[len(HEADER) :])
    member[end : end + 8] = np.frombuffer(pack("<II", crc32(text), data.size), np.uint8)
    return member[: end + 8]


def _memory() -> deflate.Memory:
    symbols = deflate.LITERALS + deflate.DISTANCES
    return deflate.Memory(
        recent=np.empty(1 << deflate.RECENT_BITS, np.uint32),
        counts=np.empty(symbols, np.uint32),
        shares=np.empty(symbols, np.uint64),
        codes=np.empty(symbols, np.uint64),
        lengths=np.empty(deflate.LONGEST + 1, np.uint64),
    )


def _alphabet() -> deflate.Alphabet:
    """The tables of 3.2.5, which follow from the number of extra bits of each symbol."""
    ends_word = np.zeros(256, np.uint8)
    ends_word[list(DELIMITERS)] = 1
    length_widths = np.array([0] * 8 + [width for width in range(1, 6) for _ in range(4)] + [0])
    least_length = deflate.LEAST + _sums_before(1 << length_widths)
    least_length[-1] = deflate.LONGEST
    distance_widths = np.maximum(np.arange(deflate.DISTANCES) // 2 - 1, 0)
    least_distance = 1 + _sums_before(1 << distance_widths)
    distances = np.concatenate([np.arange(256), np.arange(256) << 7]) + 1
    return deflate.Alphabet(
        ends_word=ends_word,
        of_length=_last_at_most(least_length, np.arange(deflate.LONGEST + 1)).astype(np.uint8),
        least_length=least_length.astype(np.uint64),
        length_widths=length_widths.astype(np.uint64),
        of_distance=_last_at_most(least_distance, distances).astype(np.uint8),
        least_distance=least_distance.astype(np.uint64),
        distance_widths=distance_widths.astype(np.uint64),
    )


def _sums_before(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each value the sum of those before it."""
    return np.cumsum(values) - values


def _last_at_most(least: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The index of the last one of sorted numbers that is not above each value."""
    return np.maximum(np.searchsorted(least, values, side="right") - 1, 0)


_ALPHABET = _alphabet()
