"""Kernels for the encodings of Parquet columns.

All work on flat arrays of a little-endian machine and check nothing: lengths and ranges are up to the caller
(`fastgen.sinks.parquet_columns`). Source: Encodings.md of apache/parquet-format, whose sections are named in quotes.

Indices are unsigned where speed matters: numba tests whether a signed index counts from the end, and that test
prevents vector instructions (16 bytes are reversed in 24 ns instead of 0.4).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.bits import ones
from fastgen.kernels.jit import helper, kernel
from fastgen.kernels.memory import reversed_8

u8, u64 = np.uint8, np.uint64
Bytes = NDArray[np.uint8]

DELTA_BLOCK = 128
"""Values that share one minimum; the format requires a multiple of 128."""
DELTA_GROUP = 32
"""Values that share one bit width; the format requires a multiple of 32."""


def delta_room(count: int) -> int:
    """Bytes that `pack_deltas` may need: 64-bit differences, minima and widths, and the padding of the last group."""
    return 9 * count + 512


@helper
def _pack(values: Any, first: Any, count: Any, width: Any, words: Any) -> None:
    """Pack `count` values from `first` on, `width` bits each (1 to 64), into 64-bit words, lowest bit first."""
    word, used, at = u64(0), u64(0), u64(0)
    for i in range(first, first + count):
        value = u64(values[i])
        word |= value << used
        used += width
        if used >= u64(64):
            words[at] = word
            at += u64(1)
            used -= u64(64)
            # The bits that did not fit. There may be none, and a shift by 64 is undefined: two shifts instead.
            word = value >> u64(1) >> (width - used - u64(1))
    if used:
        words[at] = word


@kernel
def pack_bits(codes: NDArray[Any], width: int, words: NDArray[np.uint64]) -> None:
    """Write the bit-packed groups of "Run Length Encoding / Bit-Packing Hybrid".

    Args:
        codes: of an unsigned type. width: bits for each. words: zeros, filled; those that remain pad the last group of 8.
    """
    _pack(codes, u64(0), u64(codes.size), u64(width), words)


@helper
def _varint(value: Any, out: Any, at: Any) -> Any:
    """Write an unsigned LEB128 number at `at`, and return the position after it."""
    while value >= u64(128):
        out[at] = u8(value) | u8(128)
        value >>= u64(7)
        at += u64(1)
    out[at] = u8(value)
    return at + u64(1)


@helper
def _zigzag(value: Any) -> Any:
    """Map small signed numbers to small unsigned ones (zigzag encoding)."""
    return u64((value << np.int64(1)) ^ (value >> np.int64(63)))


@kernel
def pack_deltas(values: NDArray[np.int64], out: Bytes, scratch: NDArray[np.uint64]) -> int:
    """Write at least one value by "Delta Encoding", header included, and return the number of bytes.

    Differences wrap around at 64 bits, as the format requires: any value may follow any other.

    Args:
        out: uint8[delta_room(values.size)]. scratch: uint64[DELTA_BLOCK + DELTA_GROUP].
    """
    count = u64(values.size)
    groups = u64(DELTA_BLOCK // DELTA_GROUP)
    at = _varint(u64(DELTA_BLOCK), out, u64(0))
    at = _varint(groups, out, at)
    at = _varint(count, out, at)
    at = _varint(_zigzag(values[0]), out, at)
    excess = scratch[:DELTA_BLOCK]  # differences, less the least one of the block
    words = scratch[DELTA_BLOCK:]
    octets = words.view(np.uint8)
    for start in range(u64(1), count, u64(DELTA_BLOCK)):
        size = min(u64(DELTA_BLOCK), count - start)
        least = values[start] - values[start - u64(1)]
        for i in range(start, start + size):
            least = min(least, values[i] - values[i - u64(1)])
        for i in range(size):
            excess[i] = u64(values[start + i] - values[start + i - u64(1)] - least)
        for i in range(size, u64(DELTA_BLOCK)):
            excess[i] = u64(0)
        at = _varint(_zigzag(least), out, at)
        widths = at
        at += groups
        for group in range(groups):
            first = group * u64(DELTA_GROUP)
            highest = u64(0)
            for i in range(first, first + u64(DELTA_GROUP)):
                highest |= excess[i]
            width = u64(0)
            while highest:
                highest >>= u64(1)
                width += u64(1)
            out[widths + group] = width
            if width:
                _pack(excess, first, u64(DELTA_GROUP), width, words)
                for i in range(u64(DELTA_GROUP // 8) * width):
                    out[at] = octets[i]
                    at += u64(1)
    return int(at)


@kernel
def rank_values(values: NDArray[np.uint32], least: int, codes: NDArray[np.uint32], bitmap: Any, before: Any) -> int:
    """Replace numbers by their ranks among the distinct ones, and return how many distinct ones there are.

    Args:
        values: uint32[n], the minimum of which is `least`. codes: uint32[n], filled.
        bitmap: uint64, zeros, with a bit for each number from the least to the greatest; filled. before: uint32, one for each
            word of `bitmap`, filled with how many distinct numbers come before its bits.
    """
    low = u64(least)
    for i in range(values.size):
        bit = u64(values[i]) - low
        bitmap[bit >> u64(6)] |= u64(1) << (bit & u64(63))
    count: Any = u64(0)
    for word in range(bitmap.size):
        before[word] = count
        count += ones(bitmap[word])
    for i in range(values.size):
        bit = u64(values[i]) - low
        at = bit >> u64(6)
        codes[i] = u64(before[at]) + ones(bitmap[at] & ((u64(1) << (bit & u64(63))) - u64(1)))
    return int(count)


@kernel
def ranked_values(out: NDArray[np.uint32], least: int, bitmap: Any) -> None:
    """Write the distinct numbers in ascending order, as `rank_values` left them in `bitmap`; out: uint32[their number], filled."""
    at = u64(0)
    for word in range(bitmap.size):
        bits = bitmap[word]
        while bits:
            lowest = bits & (~bits + u64(1))
            out[at] = u64(least) + u64(word) * u64(64) + ones(lowest - u64(1))
            at += u64(1)
            bits ^= lowest


@kernel
def rank_range(codes: NDArray[Any], ranks: NDArray[np.uint32]) -> tuple[int, int]:
    """Return the least and the greatest rank of at least one code."""
    low = high = ranks[codes[0]]
    for code in codes:
        low = min(low, ranks[code])
        high = max(high, ranks[code])
    return int(low), int(high)


@helper
def _precedes(text: Any, a: Any, a_end: Any, b: Any, b_end: Any) -> Any:
    """Whether text[a:a_end] comes before text[b:b_end], byte by byte."""
    while a < a_end and b < b_end and text[a] == text[b]:
        a += u64(1)
        b += u64(1)
    return b < b_end and (a == a_end or text[a] < text[b])


@kernel
def text_range(text: Bytes, offsets: NDArray[np.uint64]) -> tuple[int, int]:
    """Return the rows of the least and the greatest of at least one text, compared byte by byte.

    Args:
        text: not empty. offsets: row i is text[offsets[i]:offsets[i + 1]].
    """
    low: Any = u64(0)
    high: Any = u64(0)
    least, greatest = u8(255), u8(0)  # first bytes of the two, which decide nearly every row
    last = u64(text.size - 1)
    for i in range(u64(offsets.size - 1)):
        start, end = offsets[i], offsets[i + u64(1)]
        if start < end and least < text[start] < greatest:
            continue
        if _precedes(text, start, end, offsets[low], offsets[low + u64(1)]):
            low = i
        if _precedes(text, offsets[high], offsets[high + u64(1)], start, end):
            high = i
        least = text[min(offsets[low], last)]
        greatest = text[min(offsets[high], last)]
    return int(low), int(high)


@kernel
def bytes_range(words: NDArray[np.uint64], size: int) -> tuple[int, int]:
    """Return which of at least one row of bytes are the least and the greatest, compared byte by byte.

    Args:
        words: the rows end to end, `size` words each.
    """
    octets = words.view(np.uint8)
    length = u64(8 * size)
    low: Any = u64(0)
    high: Any = u64(0)
    least = greatest = reversed_8(words[0])  # first words of the two, which decide nearly every row
    for i in range(u64(words.size) // u64(size)):
        first = reversed_8(words[i * u64(size)])
        if least < first < greatest:
            continue
        start = i * length
        if _precedes(octets, start, start + length, low * length, (low + u64(1)) * length):
            low, least = i, first
        if _precedes(octets, high * length, (high + u64(1)) * length, start, start + length):
            high, greatest = i, first
    return int(low), int(high)
