"""`tid`: the hexadecimal MD5 of a row's own `datetime + cc_num + amount`.

The message has 38 to 43 characters, so one MD5 block holds it. Messages are laid out by word, one
lane a row, and hashed eight rows to a vector, three vectors in flight.

Source: Rivest, "The MD5 Message-Digest Algorithm", RFC 1321, 1992.
"""

import math
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from fastgen.kernels.jit import helper, kernel
from fastgen.kernels.rng import u32, u64

DIGITS = 32
TILE = 384
LANES = 8
STREAMS = 3
WORDS = 12
"""Words of the block that are not always zero: 0 .. 10 hold text, the length takes the place of word 11."""

LENGTH_WORD = 14
DAY = 86_400
ROTATIONS = [7, 12, 17, 22] * 4 + [5, 9, 14, 20] * 4 + [4, 11, 16, 23] * 4 + [6, 10, 15, 21] * 4
CONSTANTS = [int(abs(math.sin(step + 1)) * 2**32) for step in range(64)]
INITIAL = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)


def word_of_step(step: int) -> int:
    """Which word of the block an MD5 step adds."""
    return (step, 5 * step + 1, 3 * step + 5, 7 * step)[step // 16] % 16


def _round_function(builder: Any, step: int, b: Any, c: Any, d: Any) -> list[Any]:
    """The terms whose sum is MD5's round function; disjoint bits let round 2 add instead of or."""
    if step < 16:
        return [builder.xor(d, builder.and_(b, builder.xor(c, d)))]
    if step < 32:
        return [builder.and_(c, builder.not_(d)), builder.and_(b, d)]
    if step < 48:
        return [builder.xor(b, builder.xor(c, d))]
    return [builder.xor(c, builder.or_(b, builder.not_(d)))]


@intrinsic
def hash_lanes(typing_context: Any, tile: Any, lane: Any) -> Any:
    """hash_lanes(tile, lane): MD5 of the messages of STREAMS * LANES rows from `lane` on.

    `tile` is uint32[(WORDS + 4) * TILE]: word w of row i at w * TILE + i, digests row by row behind.
    Vectors are written down here since no loop vectorizer keeps two streams in registers.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        i32, i64 = ir.IntType(32), ir.IntType(64)
        vector = ir.VectorType(i32, LANES)
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        base = builder.bitcast(data, i32.as_pointer())
        rotate = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fshl.v{LANES}i32")

        def splat(value: int) -> Any:
            return ir.Constant(vector, [value] * LANES)

        def word(number: int, stream: int) -> Any:
            row = 11 if number == LENGTH_WORD else number
            offset = builder.add(args[1], ir.Constant(i64, row * TILE + stream * LANES))
            return builder.load(builder.bitcast(builder.gep(base, [offset]), vector.as_pointer()), align=4)

        states = [[splat(value) for value in INITIAL] for _ in range(STREAMS)]
        for step in range(64):
            number = word_of_step(step)
            for stream in range(STREAMS):
                a, b, c, d = states[stream]
                total = builder.add(a, splat(CONSTANTS[step]))
                if number < 11 or number == LENGTH_WORD:
                    total = builder.add(total, word(number, stream))
                for term in _round_function(builder, step, b, c, d):
                    total = builder.add(total, term)
                turned = builder.call(rotate, [total, total, splat(ROTATIONS[step])])
                states[stream] = [d, builder.add(b, turned), b, c]

        def mask(indices: list[int]) -> Any:
            return ir.Constant(ir.VectorType(i32, len(indices)), indices)

        both = mask(list(range(2 * LANES)))
        by_row = mask([part * LANES + row for row in range(LANES) for part in range(4)])
        for stream in range(STREAMS):
            a, b, c, d = (builder.add(x, splat(y)) for x, y in zip(states[stream], INITIAL, strict=True))
            front, back = builder.shuffle_vector(a, b, both), builder.shuffle_vector(c, d, both)
            digests = builder.shuffle_vector(front, back, by_row)
            offset = builder.add(builder.mul(args[1], ir.Constant(i64, 4)), ir.Constant(i64, WORDS * TILE + 4 * stream * LANES))
            builder.store(digests, builder.bitcast(builder.gep(base, [offset]), digests.type.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(tile, types.int64), codegen


class MessageText(NamedTuple):
    """Text of days and amounts as little-endian words.

    days: uint32[days, 3], "YYYY-MM-DD " (11 characters).
    units: uint64, a whole amount's digits in the low bytes, eight times their number in the top byte.
    hundredths: uint64[100], ".5" or ".25" and a closing 0x80, eight times the length without it on top.
    """

    days: NDArray[np.uint32]
    units: NDArray[np.uint64]
    hundredths: NDArray[np.uint64]


def little_endian(text: bytes) -> int:
    """Up to eight bytes as a number, the first one lowest."""
    return int.from_bytes(text, "little")


def packed(text: bytes, closing: bytes = b"") -> int:
    """Text in the low bytes, eight times its length in the top byte."""
    return little_endian(text + closing) | (8 * len(text)) << 56


def hundredths_text(cents: int) -> bytes:
    """The decimals of an amount as Python prints the float.

    Example:
        >>> hundredths_text(40), hundredths_text(5), hundredths_text(0)
        (b'.4', b'.05', b'.0')
    """
    return b".%d" % (cents // 10) if cents % 10 == 0 else b".%02d" % cents


def message_text(origin: datetime, days: int, largest_cents: int) -> MessageText:
    """The tables for `days` days from `origin` and amounts up to `largest_cents`."""
    day_words = np.zeros((days, 3), np.uint32)
    for day in range(days):
        text = f"{origin + timedelta(days=day):%Y-%m-%d} ".encode()
        day_words[day] = [little_endian(text[i : i + 4]) for i in (0, 4, 8)]
    whole = np.arange(largest_cents // 100 + 1).astype("S8")
    units = whole.view(np.uint64) | (np.char.str_len(whole).astype(np.uint64) << np.uint64(59))
    hundredths = np.array([packed(hundredths_text(cents), b"\x80") for cents in range(100)], np.uint64)
    return MessageText(day_words, units, hundredths)


@helper
def write_times(tile, seconds, midnight, word_0, word_1, word_2):
    """Words 0 .. 4 of rows of one day: 32-bit lane arithmetic with exact reciprocals, so that it vectorizes."""
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
        tile[i] = word_0
        tile[i + TILE] = word_1
        tile[i + 2 * TILE] = u32(word_2 | u32((hour_tens + u32(48)) << u32(24)))
        tile[i + 3 * TILE] = u32(hour + u32(0x30303A30) + u32(minute_tens << u32(16)) + u32(minute << u32(24)))
        tile[i + 4 * TILE] = u32(u32(0x30303A) + u32(second_tens << u32(8)) + u32(second << u32(16)))


@helper
def write_day_runs(tile, seconds, days):
    """Words 0 .. 4 of sorted seconds, a run of rows on one day at a time."""
    n = seconds.size
    start = 0
    while start < n:
        day = np.int64(seconds[start]) // DAY
        midnight = np.int32(day * DAY)
        stop = n
        if seconds[n - 1] >= midnight + DAY:
            stop = start + 1
            while seconds[stop] < midnight + DAY:
                stop += 1
        write_times(tile[start:], seconds[start:stop], midnight, days[day, 0], days[day, 1], days[day, 2])
        start = stop


@helper
def look_up_cards(numbers, indices, cards):
    """Card numbers of a tile; a loop of its own keeps many cache misses in flight."""
    for i in range(indices.size):
        numbers[i, 0] = cards[indices[i], 0]
        numbers[i, 1] = cards[indices[i], 1]


@helper
def write_cards_and_amounts(tile, cards, cents, text):
    """The last byte of word 4 and words 5 .. 11: card number, amount, the closing bit, the length in bits."""
    for i in range(cents.size):
        low = cards[i, 0]
        high = cards[i, 1]
        whole = u32(cents[i] // u32(100))
        units = text.units[whole]
        decimals = text.hundredths[u32(cents[i] - u32(whole * u32(100)))]
        shift = units >> u64(56)
        decimal_text = decimals & u64(0xFFFFFFFF)
        amount = (units & u64(0xFFFFFFFFFFFFFF)) | (decimal_text << shift)
        tile[i + 4 * TILE] |= u32(low << u64(24))
        tile[i + 5 * TILE] = u32(low >> u64(8))
        tile[i + 6 * TILE] = u32((low >> u64(40)) | (high << u64(24)))
        tile[i + 7 * TILE] = u32(high >> u64(8))
        tile[i + 8 * TILE] = u32((high >> u64(40)) | (amount << u64(24)))
        tile[i + 9 * TILE] = u32(amount >> u64(8))
        # With five digits before the point the text and its closing bit take nine bytes.
        tile[i + 10 * TILE] = u32((amount >> u64(40)) | ((decimal_text >> (u64(64) - shift)) << u64(24)))
        tile[i + 11 * TILE] = u32(u64(35 * 8) + shift + (decimals >> u64(56)))


@kernel
def transaction_digests(out, rows, cards, text, tile, numbers):
    """The digests of a block's rows.

    Args:
        out: uint8[n * 16], filled. rows: Block of n rows, sorted by second. cards: uint64[cards, 2], all card numbers.
        text: MessageText. tile: uint32[(WORDS + 4) * TILE], numbers: uint64[TILE, 2], scratch.
    """
    n = rows.second.size
    # Words, not bytes: copying byte by byte would take as long as hashing.
    words = out.view(np.uint64)
    digests = tile[WORDS * TILE :].view(np.uint64)
    for start in range(0, n, TILE):
        stop = min(n, start + TILE)
        write_day_runs(tile, rows.second[start:stop], text.days)
        look_up_cards(numbers, rows.card[start:stop], cards)
        write_cards_and_amounts(tile, numbers, rows.cents[start:stop], text)
        for lane in range(0, stop - start, STREAMS * LANES):
            hash_lanes(tile, lane)
        into = words[2 * start : 2 * stop]
        for i in range(into.size):
            into[i] = digests[i]


@kernel
def hex_digits(digests, text):
    """The hexadecimal digits of bytes, two to a uint16 lane; text: uint16, of the same size, filled."""
    for i in range(digests.size):
        byte = np.uint16(digests[i])
        nibbles = np.uint16(np.uint16(byte >> np.uint16(4)) | np.uint16(np.uint16(byte & np.uint16(15)) << np.uint16(8)))
        letters = np.uint16(np.uint16(np.uint16(nibbles + np.uint16(0x0606)) >> np.uint16(4)) & np.uint16(0x0101))
        text[i] = np.uint16(nibbles + np.uint16(0x3030) + np.uint16(letters * np.uint16(39)))
