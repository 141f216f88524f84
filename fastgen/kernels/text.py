"""Rows as text: one renderer for NDJSON, CSV and messages, driven by a list of steps, one a column.

Text that repeats is rendered once (fragments) and copied; only times, amounts and walked positions
are made of digits. Copies overshoot, the next step overwrites the surplus.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.jit import helper, kernel
from fastgen.kernels.md5 import DAY, MessageText
from fastgen.kernels.memory import copy_16, copy_32, store_8
from fastgen.kernels.rng import u32, u64

TID, DATETIME, CARD, CATEGORY, AMOUNT, LATITUDE, LONGITUDE, PLACE, LABEL = range(9)


class Layout(NamedTuple):
    """How a row is written.

    kinds: uint8[steps], which value follows. prefixes: uint8[steps * 32], the text before each value
    that is not a fragment. prefix_lengths: int64[steps].
    starts: int64[steps, codes + 1], where a step's fragments (prefix included) lie in `fragments`: uint8.
    tail: the row's last characters, packed. tail_length: how many they are.
    days: uint8[days * 16], "YYYY-MM-DD ". minutes: uint64[1440], "HH:MM". seconds: uint64[60], ":SS" shifted by five bytes.
    degrees: uint64[361], whole degrees with sign and point, packed with their length, for -180 .. 180 ("-0." apart).
    thousandths: uint64[1000], three digits. shortest: whether trailing zeros are dropped.
    """

    kinds: NDArray[np.uint8]
    prefixes: NDArray[np.uint8]
    prefix_lengths: NDArray[np.int64]
    starts: NDArray[np.int64]
    fragments: NDArray[np.uint8]
    tail: np.uint64
    tail_length: int
    days: NDArray[np.uint8]
    minutes: NDArray[np.uint64]
    seconds: NDArray[np.uint64]
    degrees: NDArray[np.uint64]
    thousandths: NDArray[np.uint64]
    shortest: bool
    numbers: MessageText


@helper
def copy_fragment(out, position, layout, step, code):
    """Copy a fragment in strides of 32 bytes and return the position behind it."""
    start = layout.starts[step, code]
    length = layout.starts[step, code + 1] - start
    copy_32(out, position, layout.fragments, start)
    done = 32
    while done < length:
        copy_32(out, position + done, layout.fragments, start + done)
        done += 32
    return position + length


@helper
def write_degrees(out, position, micro, layout):
    """A coordinate with six decimals, or with as many as it needs."""
    size = u32(abs(micro))
    whole = size // u32(1_000_000)
    rest = u32(size - whole * u32(1_000_000))
    head = layout.degrees[np.int64(whole) + (181 if micro < 0 else 0)]
    store_8(out, position, head)
    position += np.int64(head >> u64(59))
    high = rest // u32(1000)
    low = u32(rest - high * u32(1000))
    store_8(out, position, layout.thousandths[high] | (layout.thousandths[low] << u64(24)))
    length = 6
    if layout.shortest:
        while length > 1 and rest % u32(10) == 0:
            rest //= u32(10)
            length -= 1
    return position + length


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
def transaction_text(out, position, ends, rows, tid, layout):
    """Render a block's rows one behind the other.

    Args:
        out: uint8, with room for the longest rows and SLACK behind them. position: where to begin.
        ends: int64[n], filled with the position behind each row; or of size 0.
        tid: uint8[n * 32], not read where the layout has none.

    Returns:
        The position behind the last row.
    """
    steps = layout.kinds.size
    for i in range(rows.second.size):
        for step in range(steps):
            kind = layout.kinds[step]
            if kind == CATEGORY:
                position = copy_fragment(out, position, layout, step, np.int64(rows.category[i]))
                continue
            if kind == PLACE or (rows.walked[i] == 0 and (kind == LATITUDE or kind == LONGITUDE)):
                position = copy_fragment(out, position, layout, step, np.int64(rows.place[i]))
                continue
            copy_32(out, position, layout.prefixes, step * 32)
            position += layout.prefix_lengths[step]
            if kind == TID:
                copy_32(out, position, tid, i * 32)
                position += 32
            elif kind == DATETIME:
                position = write_second(out, position, rows.second[i], layout)
            elif kind == CARD:
                store_8(out, position, layout.numbers.cards[rows.card[i], 0])
                store_8(out, position + 8, layout.numbers.cards[rows.card[i], 1])
                position += 16
            elif kind == AMOUNT:
                position = write_amount(out, position, rows.cents[i], layout.numbers)
            elif kind == LATITUDE:
                position = write_degrees(out, position, rows.latitude[i], layout)
            elif kind == LONGITUDE:
                position = write_degrees(out, position, rows.longitude[i], layout)
            else:
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
        codes: uint32[pieces, n]. first: int64[pieces]. starts: int64[all fragments + 1]. fragments: uint8.

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
