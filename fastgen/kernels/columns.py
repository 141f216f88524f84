"""A block's codes as column values: string views, times, amounts, degrees."""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from fastgen.kernels import lines
from fastgen.kernels.digits import amount_texts, card_texts, time_texts
from fastgen.kernels.jit import helper, inlined_kernel, interleaved_kernel
from fastgen.kernels.md5 import AT_ONCE, hex_digits, tile_digests
from fastgen.kernels.memory import LINE
from fastgen.kernels.rng import u64
from fastgen.kernels.structs import rows_between
from fastgen.kernels.units import MICROSECONDS

ROWS_AT_ONCE = math.lcm(AT_ONCE, LINE)
"""Rows that are hashed and written at a time: few, since the processor can queue some 64 lines while it computes."""


class Columns(NamedTuple):
    """Buffers for columns of n rows; those that are not requested are empty.

    tid: uint16[16 n], text. tid_views, cc_num_views: uint64[2 n], see `text_views`. datetime: int64, microseconds since 1970.
    cc_num: uint16[8 n], text. amount, latitude, longitude: float64. category, place: uint32, codes. fraud_label: int8.
    """

    tid: NDArray[np.uint16]
    tid_views: NDArray[np.uint64]
    datetime: NDArray[np.int64]
    cc_num: NDArray[np.uint16]
    cc_num_views: NDArray[np.uint64]
    category: NDArray[np.uint32]
    amount: NDArray[np.float64]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    place: NDArray[np.uint32]
    fraud_label: NDArray[np.int8]


NO_COLUMNS = Columns(
    tid=np.empty(0, np.uint16),
    tid_views=np.empty(0, np.uint64),
    datetime=np.empty(0, np.int64),
    cc_num=np.empty(0, np.uint16),
    cc_num_views=np.empty(0, np.uint64),
    category=np.empty(0, np.uint32),
    amount=np.empty(0),
    latitude=np.empty(0),
    longitude=np.empty(0),
    place=np.empty(0, np.uint32),
    fraud_label=np.empty(0, np.int8),
)


@inlined_kernel
def text_views(views, size, text, first):
    """Write Arrow string views of consecutive values of equal size: length, first four characters, buffer 0, offset.

    Args:
        views: uint64[2 n], filled. text: uint32 words of the values, size // 4 words a value.
        first: number of the first value in its buffer.
    """
    words = size // 4
    for i in range(views.size // 2):
        views[2 * i] = u64(size) | (u64(text[words * i]) << u64(32))
        views[2 * i + 1] = u64((first + i) * size) << u64(32)


@intrinsic
def fused(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    """fused(a, b, c): a * b + c of doubles, rounded once."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fma(*args)

    return types.float64(*[types.float64] * 3), codegen


@inlined_kernel
def scaled(out, values, divisor):
    """Divide whole numbers by a power of ten, rounding once: the results are the doubles that the decimal texts denote.

    The product with the reciprocal is corrected by its remainder, which is exact. This takes a third of the time of a division.

    Source: Markstein, "Computation of elementary functions on the IBM RISC System/6000 processor", 1990.
    """
    reciprocal = 1.0 / divisor
    for i in range(values.size):
        value = np.float64(values[i])
        near = value * reciprocal
        out[i] = fused(fused(-divisor, near, value), reciprocal, near)


@inlined_kernel
def epoch_times(out, seconds, origin, unit):
    """Write int64 times since 1970, from seconds since `origin` (seconds since 1970); unit: how many make a second."""
    for i in range(seconds.size):
        out[i] = (np.int64(seconds[i]) + origin) * unit


@helper
def columns_between(columns, start, stop):
    """A view of the rows [start, stop)."""
    return Columns(
        columns.tid[16 * start : 16 * stop],
        columns.tid_views[2 * start : 2 * stop],
        columns.datetime[start:stop],
        columns.cc_num[8 * start : 8 * stop],
        columns.cc_num_views[2 * start : 2 * stop],
        columns.category[start:stop],
        columns.amount[start:stop],
        columns.latitude[start:stop],
        columns.longitude[start:stop],
        columns.place[start:stop],
        columns.fraud_label[start:stop],
    )


@helper
def write_values(out, first, rows, digests, origin):
    """Fill the columns of rows that do not fill whole lines, see `fill_columns`: the plain twin of what `lines` writes."""
    if out.tid.size:
        hex_digits(digests, out.tid)
        text_views(out.tid_views, 32, out.tid.view(np.uint32), first)
    if out.datetime.size:
        epoch_times(out.datetime, rows.second, origin, MICROSECONDS)
    if out.cc_num.size:
        hex_digits(rows.digits.view(np.uint8), out.cc_num)
        text_views(out.cc_num_views, 16, out.cc_num.view(np.uint32), first)
    if out.amount.size:
        scaled(out.amount, rows.cents, 100.0)
    if out.latitude.size:
        scaled(out.latitude, rows.latitude, 1e6)
    if out.longitude.size:
        scaled(out.longitude, rows.longitude, 1e6)
    for i in range(out.category.size):
        out.category[i] = rows.category[i]
    for i in range(out.place.size):
        out.place[i] = rows.place[i]
    for i in range(out.fraud_label.size):
        out.fraud_label[i] = rows.label[i]


@helper
def hash_and_write(out, first, start, stop, written, rows, digests, origin, hashing):
    """Hash the rows [start, stop) and fill the columns of those before `written`, in whole lines; see `fill_columns`.

    Both alternate in short steps: the processor computes while it has lines to send to memory, as long as there are not many.
    """
    tile, hashed = hashing.tile, digests.size > 0
    if hashed:
        time_texts(tile.words, rows.second[start:stop], hashing.days)
    lines.write_times(out.datetime, rows.second, start, written, origin)
    lines.write_scaled(out.amount, rows.cents, start, written, 100.0)
    if hashed:
        card_texts(tile.cards, rows.digits[start:stop])
    lines.write_cards(out.cc_num, out.cc_num_views, rows.digits, start, written, first)
    if hashed:
        amount_texts(tile.amounts, tile.lengths, rows.cents[start:stop])
    lines.write_scaled(out.latitude, rows.latitude, start, written, 1e6)
    lines.write_scaled(out.longitude, rows.longitude, start, written, 1e6)
    lines.write_codes(out.category, rows.category, start, written)
    lines.write_codes(out.place, rows.place, start, written)
    if hashed:
        tile_digests(digests.view(np.uint64)[2 * start : 2 * stop], tile)
    lines.write_tids(out.tid, out.tid_views, digests, start, written, first)
    lines.write_bytes(out.fraud_label, rows.label, start, written)


@interleaved_kernel
def fill_columns(out, first, rows, digests, origin, hashing):
    """Fill the requested columns; category and place are filled with codes.

    Rows that fill whole cache lines of all columns are written past the caches.

    Args:
        out: Columns, filled. first: the first row's index in its frame. rows: Block of n rows, sorted by second.
        digests: uint8[16 n], filled with the MD5 digests; of size 0 if tid is not requested.
        origin: seconds since 1970 to which the block's are added. hashing: Hashing.
    """
    count = rows.second.size
    front, back = lines.whole_lines(out, first, count)
    for start, stop in ((0, front), (front, back), (back, count)):
        for at in range(start, stop, ROWS_AT_ONCE):
            behind = min(at + ROWS_AT_ONCE, stop)
            written = behind if start == front and stop == back else at
            hash_and_write(out, first, at, behind, written, rows, digests, origin, hashing)
    lines.finish_lines()
    for start, stop in ((0, front), (back, count)):
        part, between = rows_between(rows, start, stop), columns_between(out, start, stop)
        write_values(between, first + start, part, digests[16 * start : 16 * stop], origin)


@inlined_kernel
def looked_up(out, codes, table):
    """out[i] = table[codes[i]]."""
    for i in range(codes.size):
        out[i] = table[codes[i]]
