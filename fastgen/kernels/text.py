"""Rows as text: one renderer for NDJSON, CSV and messages.

Text that repeats is rendered once (fragments) and copied; only times, amounts and walked positions
are made of digits. Copies overshoot, the next step overwrites the surplus. All rows take the same branches
(a position at its place and a walked one are both rendered, then one is chosen): what the processor
cannot predict costs more than the work.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.jit import helper, kernel
from fastgen.kernels.md5 import DAY, TILE, MessageText, hex_digits, transaction_digests
from fastgen.kernels.memory import copy_16, copy_32, store_8
from fastgen.kernels.rng import u32, u64
from fastgen.kernels.tables import Block

LINES = 2 * TILE
"""Rows that are hashed and then written."""

TID, DATETIME, CARD, CATEGORY, AMOUNT, LATITUDE, LONGITUDE, PLACE, LABEL = range(9)
"""The parts of a row, in their order; PLACE is the city, the country or both."""


class Layout(NamedTuple):
    """How a row is written.

    wanted: a bit for each part that there is.
    prefixes: uint8[9 * 32], the text before each part, unless it is in the fragments before it; prefix_lengths: int64[9].
    starts: int64[9, codes + 1], where the fragments of categories and places (prefix included) lie in `fragments`: uint8.
    strides: int64[9], copies of 32 bytes that hold a part's longest fragment.
    tail: the row's last characters, packed. tail_length: how many they are.
    days: uint8[days * 16], "YYYY-MM-DD ". minutes: uint64[1440], "HH:MM". seconds: uint64[60], ":SS" shifted by five bytes.
    latitudes, longitudes: uint64[places, 3], a place's digits in two words, and how many they are.
    degrees: uint64[2 * 181], whole degrees with their point, packed, from "0." on and from "-0." on.
    thousandths: uint64[1000], three digits, and in the top byte how many are left without zeros at the end.
    shortest: 1 where zeros at the end are dropped.
    """

    wanted: int
    prefixes: NDArray[np.uint8]
    prefix_lengths: NDArray[np.int64]
    starts: NDArray[np.int64]
    fragments: NDArray[np.uint8]
    strides: NDArray[np.int64]
    tail: np.uint64
    tail_length: int
    days: NDArray[np.uint8]
    minutes: NDArray[np.uint64]
    seconds: NDArray[np.uint64]
    latitudes: NDArray[np.uint64]
    longitudes: NDArray[np.uint64]
    degrees: NDArray[np.uint64]
    thousandths: NDArray[np.uint64]
    shortest: int
    numbers: MessageText


@helper
def copy_prefix(out, position, layout, part):
    """Copy the text before a part and return the position behind it."""
    copy_32(out, position, layout.prefixes, part * 32)
    return position + layout.prefix_lengths[part]


@helper
def copy_fragment(out, position, layout, part, code):
    """Copy a fragment and return the position behind it."""
    start = layout.starts[part, code]
    for stride in range(layout.strides[part]):
        copy_32(out, position + 32 * stride, layout.fragments, start + 32 * stride)
    return position + layout.starts[part, code + 1] - start


@helper
def write_coordinate(out, position, micro, walked, texts, place, layout):
    """A coordinate: a place's own digits, or six decimals (without zeros at the end where they are dropped)."""
    size = u32(abs(micro))
    whole = size // u32(1_000_000)
    rest = u32(size - whole * u32(1_000_000))
    head = layout.degrees[u64(whole) + u64(181) * u64(micro < 0)]
    shift = head >> u64(56)
    high = layout.thousandths[rest // u32(1000)]
    low = layout.thousandths[rest % u32(1000)]
    decimals = (high & u64(0xFFFFFF)) | ((low & u64(0xFFFFFF)) << u64(24))
    significant = low >> u64(56)
    kept = significant + u64(3) if significant else max(high >> u64(56), u64(1))
    length = (shift >> u64(3)) + (kept if layout.shortest else u64(6))
    first = (head & u64(0xFFFFFFFFFFFFFF)) | (decimals << shift)
    second = decimals >> (u64(64) - shift)
    # Loaded in any case: a load in one arm only would make a branch of the choice.
    own_first = texts[place, 0]
    own_second = texts[place, 1]
    own_length = texts[place, 2]
    store_8(out, position, first if walked else own_first)
    store_8(out, position + 8, second if walked else own_second)
    return position + np.int64(length if walked else own_length)


@helper
def write_second(out, position, second, layout):
    """YYYY-MM-DD HH:MM:SS."""
    day = u32(second) // u32(DAY)
    rest = u32(u32(second) - day * u32(DAY))
    minute = rest // u32(60)
    copy_16(out, position, layout.days, np.int64(day) * 16)
    store_8(out, position + 11, layout.minutes[minute] | layout.seconds[u32(rest - minute * u32(60))])
    return position + 19


@helper
def write_amount(out, position, cents, numbers):
    """An amount as Python prints the float."""
    whole = cents // u32(100)
    units = numbers.units[whole]
    decimals = numbers.hundredths[u32(cents - whole * u32(100))]
    shift = units >> u64(56)
    store_8(out, position, (units & u64(0xFFFFFFFFFFFFFF)) | ((decimals & u64(0xFFFFFF)) << shift))
    return position + np.int64((shift + (decimals >> u64(56))) >> u64(3))


@kernel
def transaction_text(out, position, ends, tids, rows, cards, layout, tile, numbers, hexadecimal):
    """Render a block's rows one behind the other, a few at a time: what one step makes is in the cache for the next.

    Args:
        out: uint8, with room for the longest rows and SLACK behind them. position: where to begin.
        ends: int64[n], filled with the position behind each row; or of size 0.
        tids: uint8[16 n], filled with the MD5 digests where the layout has a tid.
        rows: Block of n rows, sorted by second. cards: uint64[cards, 2], all card numbers.
        tile, numbers: scratch of `transaction_digests`. hexadecimal: uint16[16 * LINES], scratch.

    Returns:
        The position behind the last row.
    """
    for start in range(0, rows.second.size, LINES):
        stop = min(start + LINES, rows.second.size)
        few = Block(
            rows.second[start:stop],
            rows.card[start:stop],
            rows.category[start:stop],
            rows.cents[start:stop],
            rows.place[start:stop],
            rows.latitude[start:stop],
            rows.longitude[start:stop],
            rows.walked[start:stop],
            rows.label[start:stop],
        )
        if layout.wanted & 1 << TID:
            digests = tids[16 * start : 16 * stop]
            transaction_digests(digests, few, cards, layout.numbers, tile, numbers)
            hex_digits(digests, hexadecimal)
        position = write_lines(out, position, ends[start:stop], few, cards, hexadecimal, layout)
    return position


@helper
def write_lines(out, position, ends, rows, cards, tid, layout):
    """Rows whose tids are there as text."""
    wanted = layout.wanted
    for i in range(rows.second.size):
        if wanted & 1 << TID:
            position = copy_prefix(out, position, layout, TID)
            copy_32(out, position, tid, i * 32)
            position += 32
        if wanted & 1 << DATETIME:
            position = copy_prefix(out, position, layout, DATETIME)
            position = write_second(out, position, rows.second[i], layout)
        if wanted & 1 << CARD:
            position = copy_prefix(out, position, layout, CARD)
            store_8(out, position, cards[rows.card[i], 0])
            store_8(out, position + 8, cards[rows.card[i], 1])
            position += 16
        if wanted & 1 << CATEGORY:
            position = copy_fragment(out, position, layout, CATEGORY, u64(rows.category[i]))
        if wanted & 1 << AMOUNT:
            position = copy_prefix(out, position, layout, AMOUNT)
            position = write_amount(out, position, rows.cents[i], layout.numbers)
        if wanted & 1 << LATITUDE:
            position = copy_prefix(out, position, layout, LATITUDE)
            position = write_coordinate(out, position, rows.latitude[i], rows.walked[i], layout.latitudes, rows.place[i], layout)
        if wanted & 1 << LONGITUDE:
            position = copy_prefix(out, position, layout, LONGITUDE)
            position = write_coordinate(out, position, rows.longitude[i], rows.walked[i], layout.longitudes, rows.place[i], layout)
        if wanted & 1 << PLACE:
            position = copy_fragment(out, position, layout, PLACE, u64(rows.place[i]))
        if wanted & 1 << LABEL:
            position = copy_prefix(out, position, layout, LABEL)
            out[position] = 48 + rows.label[i]
            position += 1
        store_8(out, position, layout.tail)
        position += layout.tail_length
        if ends.size:
            ends[i] = position
    return position


@kernel
def join_fragments(out, offsets, codes, first, starts, fragments):
    """Rows that are nothing but fragments: piece p of row i is fragment first[p] + codes[p, i].

    Args:
        out: uint8, with SLACK bytes to spare. offsets: int64[n + 1], filled with the positions of the rows.
        codes: uint32[pieces, n]. first: int64[pieces]. fragments: uint8.
        starts: int64, where the fragments of each piece begin, and behind the last of a piece where it ends.

    Returns:
        The position behind the last row.
    """
    position = np.int64(0)
    offsets[0] = 0
    for i in range(codes.shape[1]):
        for piece in range(codes.shape[0]):
            fragment = first[piece] + np.int64(codes[piece, i])
            start = starts[fragment]
            length = starts[fragment + 1] - start
            copy_16(out, position, fragments, start)
            done = 16
            while done < length:
                copy_16(out, position + done, fragments, start + done)
                done += 16
            position += length
        offsets[i + 1] = position
    return position
