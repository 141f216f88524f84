"""`tid`: the hexadecimal MD5 of a row's own `datetime + cc_num + amount`.

The message has 38 to 43 characters, so it fits one MD5 block. Messages are laid out word by word, one
lane per row, and several vectors of rows are hashed at a time.

Source: Rivest, "The MD5 Message-Digest Algorithm", RFC 1321, 1992.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from fastgen.kernels.digits import TILE, Tile, amount_texts, card_texts, time_texts
from fastgen.kernels.jit import inlined, inlined_kernel, kernel
from fastgen.kernels.rng import u32, u64
from fastgen.kernels.vectors import FEATURES, WIDEST

LANES = WIDEST
TERNARY = "+avx512vl" in FEATURES
"""Whether one instruction computes any function of three vectors."""
STREAMS = 4 if TERNARY else 3
"""Vectors in flight, four registers each: AVX-512 has 32 of them, AVX2 has 16 and would spill with a fourth vector."""
AT_ONCE = STREAMS * LANES
"""Rows hashed at a time."""
WORDS = 12
"""Words of the block that are not always zero: 0 .. 10 hold text; the length, word 14 of the block, is stored as word 11."""

LENGTH_WORD = 14
ROTATIONS = [7, 12, 17, 22] * 4 + [5, 9, 14, 20] * 4 + [4, 11, 16, 23] * 4 + [6, 10, 15, 21] * 4
CONSTANTS = [int(abs(math.sin(step + 1)) * 2**32) for step in range(64)]
INITIAL = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)


class Hashing(NamedTuple):
    """What rows are hashed with; days: uint32[days, 3], "YYYY-MM-DD ". tile: scratch."""

    days: NDArray[np.uint32]
    tile: Tile


def word_of_step(step: int) -> int:
    """Which word of the block an MD5 step adds."""
    return (step, 5 * step + 1, 3 * step + 5, 7 * step)[step // 16] % 16


def _round_function(builder: Any, step: int, b: Any, c: Any, d: Any) -> list[Any]:
    """The terms whose sum is MD5's round function.

    In round 2 there are two without common bits: adding them replaces `or`, and only one of them waits for the step before.
    """
    if step < 16:
        return [builder.xor(d, builder.and_(b, builder.xor(c, d)))]
    if step < 32:
        terms = [builder.and_(c, builder.not_(d)), builder.and_(b, d)]
        return [builder.or_(*terms)] if TERNARY else terms
    if step < 48:
        return [builder.xor(b, builder.xor(c, d))]
    return [builder.xor(c, builder.or_(b, builder.not_(d)))]


@intrinsic
def hash_lanes(typing_context: Any, digests: Any, words: Any, lane: Any) -> Any:
    """hash_lanes(digests, words, lane): write the MD5 digests of the messages of AT_ONCE rows from `lane` on, row by row.

    `words` is uint32: word w of row i at w * TILE + i. `digests` is uint64[2 * AT_ONCE].
    The vectors are explicit, since no loop vectorizer keeps two streams in registers.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        i32, i64 = ir.IntType(32), ir.IntType(64)
        vector = ir.VectorType(i32, LANES)
        out, base = (
            builder.bitcast(context.make_array(kind)(context, builder, array).data, i32.as_pointer())
            for kind, array in zip(signature.args[:2], args[:2], strict=True)
        )
        rotate = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fshl.v{LANES}i32")

        def splat(value: int) -> Any:
            return ir.Constant(vector, [value] * LANES)

        def word(number: int, stream: int) -> Any:
            row = 11 if number == LENGTH_WORD else number
            offset = builder.add(args[2], ir.Constant(i64, row * TILE + stream * LANES))
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
            made = builder.shuffle_vector(front, back, by_row)
            place = builder.gep(out, [ir.Constant(i64, 4 * stream * LANES)])
            builder.store(made, builder.bitcast(place, made.type.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(digests, words, types.int64), codegen


@inlined
def message_words(words, cards, amounts, lengths, n):
    """Write the last byte of word 4 and words 5 .. 11: card number, amount, padding bit, length in bits."""
    for i in range(n):
        low = cards[2 * i]
        high = cards[2 * i + 1]
        length = lengths[i]
        full = length >> u64(3)
        amount = amounts[i] | ((u64(0x80) << (u64(8) * (length & u64(7)))) * (u64(1) - full))
        words[i + 4 * TILE] |= u32(low << u64(24))
        words[i + 5 * TILE] = u32(low >> u64(8))
        words[i + 6 * TILE] = u32((low >> u64(40)) | (high << u64(24)))
        words[i + 7 * TILE] = u32(high >> u64(8))
        words[i + 8 * TILE] = u32((high >> u64(40)) | (amount << u64(24)))
        words[i + 9 * TILE] = u32(amount >> u64(8))
        # With five digits before the point, the text and the padding bit take nine bytes.
        words[i + 10 * TILE] = u32((amount >> u64(40)) | ((u64(0x80) * full) << u64(24)))
        words[i + 11 * TILE] = u32(u64(8) * (length + u64(35)))


@inlined
def tile_digests(out, tile):
    """Hash a tile whose times, cards and amounts are filled; out: uint64[2 n], filled with the digests."""
    n = out.size // 2
    message_words(tile.words, tile.cards, tile.amounts, tile.lengths, n)
    whole = n - n % AT_ONCE
    rest = tile.words[WORDS * TILE :].view(np.uint64)
    for lane in range(0, n, AT_ONCE):
        hash_lanes(out[2 * lane :] if lane < whole else rest, tile.words, lane)
    for i in range(2 * (n - whole)):
        out[2 * whole + i] = rest[i]


@inlined_kernel
def transaction_digests(out, rows, days, tile):
    """Hash a block's rows.

    Args:
        out: uint8[n * 16], filled. rows: Block of n rows, sorted by second.
        days: uint32[days, 3], "YYYY-MM-DD ". tile: Tile.
    """
    # Copied as words: byte by byte would take as long as hashing.
    digests = out.view(np.uint64)
    for start in range(0, rows.second.size, TILE):
        stop = min(rows.second.size, start + TILE)
        time_texts(tile.words, rows.second[start:stop], days)
        card_texts(tile.cards, rows.digits[start:stop])
        amount_texts(tile.amounts, tile.lengths, rows.cents[start:stop])
        tile_digests(digests[2 * start : 2 * stop], tile)


@kernel
def hex_digits(digests, text):
    """Write the hexadecimal digits of bytes, two to a uint16 lane; text: uint16, of the same size, filled."""
    for i in range(digests.size):
        byte = np.uint16(digests[i])
        nibbles = np.uint16(np.uint16(byte >> np.uint16(4)) | np.uint16(np.uint16(byte & np.uint16(15)) << np.uint16(8)))
        letters = np.uint16(np.uint16(np.uint16(nibbles + np.uint16(0x0606)) >> np.uint16(4)) & np.uint16(0x0101))
        text[i] = np.uint16(nibbles + np.uint16(0x3030) + np.uint16(letters * np.uint16(39)))
