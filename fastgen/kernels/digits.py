"""Values of a tile of rows as text in machine words: one loop per column, without branches or tables, so that it vectorizes.

Texts are in the low bytes of uint64 words, the first character lowest.

Source of the parallel digits: Khuong, "How to Print Integers Really Fast", 2017.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.jit import helper, inlined
from fastgen.kernels.memory import aligned_zeros
from fastgen.kernels.rng import u32, u64
from fastgen.kernels.units import DAY

TILE = 384
"""Rows rendered at a time: few enough to stay in the first-level cache."""
CODES, CLOCKS, CARDS, AMOUNTS, LATITUDES, LONGITUDES, TIDS, WORDS = (TILE * words for words in (0, 1, 2, 4, 5, 7, 9, 13))
"""Where each column begins in `Tile.texts`, and how many words there are."""


class Coordinates(NamedTuple):
    """Texts of a tile's latitudes or longitudes.

    texts: uint64[2 * TILE], two words a row: six decimals, up to 16 characters. lengths: uint64[TILE], how many of them are
    written.
    """

    texts: NDArray[np.uint64]
    lengths: NDArray[np.uint64]


class Tile(NamedTuple):
    """Texts of up to TILE rows; scratch memory, one for each thread.

    words: uint32[16 * TILE]. Word w of the message hashed for row i is at w * TILE + i; words 0 .. 3 and three bytes of word 4
        are the time, YYYY-MM-DD HH:MM:SS. The digests follow, four words a row.
    texts: uint64[WORDS], the columns below one after the other, so that reading a row takes one address instead of seven.
    codes: uint64[TILE], see `text.write_codes`. clocks: uint64[TILE], HH:MM:SS. cards: uint64[2 * TILE], two words a row.
    amounts: uint64[TILE], as Python prints the float. latitudes, longitudes: see Coordinates. tids: uint16[16 * TILE], hexadecimal.
    lengths: uint64[TILE], of the amounts.
    """

    words: NDArray[np.uint32]
    texts: NDArray[np.uint64]
    codes: NDArray[np.uint64]
    clocks: NDArray[np.uint64]
    cards: NDArray[np.uint64]
    amounts: NDArray[np.uint64]
    latitudes: Coordinates
    longitudes: Coordinates
    tids: NDArray[np.uint16]
    lengths: NDArray[np.uint64]

    @classmethod
    def empty(cls) -> "Tile":
        """A tile of zeros: rows past the last one are hashed too."""
        texts = aligned_zeros(WORDS, np.uint64)
        lengths = aligned_zeros(3 * TILE, np.uint64).reshape(3, TILE)
        return cls(
            words=aligned_zeros(16 * TILE, np.uint32),
            texts=texts,
            codes=texts[CODES:CLOCKS],
            clocks=texts[CLOCKS:CARDS],
            cards=texts[CARDS:AMOUNTS],
            amounts=texts[AMOUNTS:LATITUDES],
            latitudes=Coordinates(texts[LATITUDES:LONGITUDES], lengths[0]),
            longitudes=Coordinates(texts[LONGITUDES:TIDS], lengths[1]),
            tids=texts[TIDS:].view(np.uint16),
            lengths=lengths[2],
        )


@helper
def eight_digits(value):
    """The decimal digits of a number below 10^8 as eight bytes 0 .. 9, the most significant one lowest.

    Each step cuts all pieces in two: (piece - size * high) above, and high below, are a shift minus one product.
    """
    high = (value * u64(109951163)) >> u64(40)
    fours = (value << u64(32)) - high * u64((10_000 << 32) - 1)
    high = ((fours * u64(10486)) >> u64(20)) & u64(0x0000007F0000007F)
    twos = (fours << u64(16)) - high * u64((100 << 16) - 1)
    high = ((twos * u64(103)) >> u64(10)) & u64(0x000F000F000F000F)
    return (twos << u64(8)) - high * u64((10 << 8) - 1)


@inlined
def write_times(words, seconds, midnight, word_0, word_1, word_2):
    """Write the times of rows of one day, in 32-bit lanes with exact reciprocals."""
    for i in range(seconds.size):
        rest = u32(seconds[i] - midnight)
        hour = u32(u32(rest * u32(37283)) >> u32(27))
        rest = u32(rest - u32(hour * u32(3600)))
        minute = u32(u32(rest * u32(34953)) >> u32(21))
        second = u32(rest - u32(minute * u32(60)))
        hour_tens = u32(u32(hour * u32(205)) >> u32(11))
        minute_tens = u32(u32(minute * u32(205)) >> u32(11))
        second_tens = u32(u32(second * u32(205)) >> u32(11))
        hour = u32(hour - u32(hour_tens * u32(10)))
        minute = u32(minute - u32(minute_tens * u32(10)))
        second = u32(second - u32(second_tens * u32(10)))
        words[i] = word_0
        words[i + TILE] = word_1
        words[i + 2 * TILE] = u32(word_2 | u32((hour_tens + u32(48)) << u32(24)))
        words[i + 3 * TILE] = u32(hour + u32(0x30303A30) + u32(minute_tens << u32(16)) + u32(minute << u32(24)))
        words[i + 4 * TILE] = u32(u32(0x30303A) + u32(second_tens << u32(8)) + u32(second << u32(16)))


@helper
def day_end(seconds, start, day):
    """Find the end of the rows from `start` on that are on one day; seconds are sorted."""
    next_day = (day + 1) * DAY
    if seconds[seconds.size - 1] < next_day:
        return seconds.size
    stop = start + 1
    while seconds[stop] < next_day:
        stop += 1
    return stop


@inlined
def time_texts(words, seconds, days):
    """Write the times of sorted seconds, one day's run of rows at a time; days: uint32[days, 3], "YYYY-MM-DD "."""
    start = 0
    while start < seconds.size:
        day = np.int64(seconds[start]) // DAY
        stop = day_end(seconds, start, day)
        write_times(words[start:], seconds[start:stop], np.int32(day * DAY), days[day, 0], days[day, 1], days[day, 2])
        start = stop


@helper
def clock_texts(clocks, words, n):
    """Extract the times of day, HH:MM:SS, from the texts of times."""
    for i in range(n):
        ends = (u64(words[i + 3 * TILE]) << u64(8)) | (u64(words[i + 4 * TILE]) << u64(40))
        clocks[i] = u64(words[i + 2 * TILE] >> u32(24)) | ends


@helper
def digit_pairs(packed):
    """Eight digits as text, from the low half of a word with two digits to a byte, the first in the byte's high half."""
    pairs = packed & u64(0xFFFFFFFF)
    pairs = (pairs | (pairs << u64(16))) & u64(0x0000FFFF0000FFFF)
    pairs = (pairs | (pairs << u64(8))) & u64(0x00FF00FF00FF00FF)
    low = u64(0x000F000F000F000F)
    return ((pairs >> u64(4)) & low) + ((pairs & low) << u64(8)) + u64(0x3030303030303030)


@inlined
def card_texts(texts, digits):
    """Card numbers, two words each, from their digits, two to a byte."""
    for i in range(digits.size):
        texts[2 * i] = digit_pairs(digits[i])
        texts[2 * i + 1] = digit_pairs(digits[i] >> u64(32))


@inlined
def amount_texts(texts, lengths, cents):
    """Amounts below 100,000 as Python prints the float: up to eight characters."""
    for i in range(cents.size):
        amount = u64(cents[i])
        eight = eight_digits(amount)
        digits = (
            u64(1) + u64(amount >= u64(1000)) + u64(amount >= u64(10_000)) + u64(amount >= u64(100_000)) + u64(amount >= u64(10**6))
        )
        two = eight >> u64(56) != u64(0)
        units = ((eight & u64(0xFFFFFFFFFFFF)) | u64(0x303030303030)) >> (u64(48) - u64(8) * digits)
        decimals = u64(0x302E) + ((eight >> u64(40)) & u64(0xFF00)) + (((eight >> u64(56)) + u64(48)) << u64(16)) * u64(two)
        texts[i] = units | (decimals << (u64(8) * digits))
        lengths[i] = digits + u64(2) + u64(two)


@helper
def cut_zeros(lengths, micro):
    """Shorten lengths by the trailing zeros of the six decimals; the first decimal stays."""
    for i in range(micro.size):
        rest = u32(abs(micro[i]))
        count = u64(rest == u32(rest // u32(10)) * u32(10))
        count += u64(rest == u32(rest // u32(100)) * u32(100))
        count += u64(rest == u32(rest // u32(1000)) * u32(1000))
        count += u64(rest == u32(rest // u32(10_000)) * u32(10_000))
        count += u64(rest == u32(rest // u32(100_000)) * u32(100_000))
        lengths[i] -= count


@helper
def cut_places(codes, places, walked, cuts):
    """Where a position has not left its place, shorten the packed lengths of its coordinates to the place's own digits."""
    for i in range(places.size):
        codes[i] -= cuts[places[i]] * u64(walked[i] ^ np.uint8(1))


@helper
def coordinate_texts(out, micro):
    """Degrees with six decimals; micro: int32, millionths of a degree."""
    for i in range(micro.size):
        negative = u64(micro[i] < 0)
        size = u64(abs(np.int64(micro[i])))
        hundreds = u64(size >= u64(10**8))
        eight = eight_digits(size - u64(10**8) * hundreds) | u64(0x3030303030303030)
        decimals = eight >> u64(16)
        digits = u64(1) + u64(size >= u64(10**7)) + hundreds
        units = (u64(0x2E000030) + hundreds + ((eight & u64(0xFFFF)) << u64(8))) >> (u64(24) - u64(8) * digits)
        shift = u64(8) * (digits + u64(1) + negative)
        out.texts[2 * i] = (units << (u64(8) * negative)) | (u64(0x2D) * negative) | (decimals << shift)
        out.texts[2 * i + 1] = decimals >> (u64(64) - shift)
        out.lengths[i] = digits + u64(7) + negative
