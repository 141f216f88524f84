"""Counter-based random draws: every number is a pure function of (seed, stream, index, lane).

There is no generator state, so any draw can be made anywhere, by any thread, in any order.
Draws are turned into data with integers and plain IEEE arithmetic only: our own logarithm, no libm,
no fused operations. The same configuration therefore gives the same rows on every machine.

Sources:
    Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
    Bounded integers by multiplication: Lemire, "Fast Random Integer Generation in an Interval", 2019.
    Permutation of [0, n): Black, Rogaway, "Ciphers with Arbitrary Finite Domains", 2002
    (a generalized Feistel network with cycle walking).
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastgen.kernels.jit import helper, inlined, interleaved_kernel, kernel

u32 = np.uint32
u64 = np.uint64

# Streams: the second coordinate of every draw. A number is never reused for another purpose.
SPLIT_PAYMENTS = 1
SPLIT_CHAINS = 2
SPLIT_SEQUENCES = 3
SPLIT_CLONED = 4
TIMES = 5
PAYMENT = 6
CHAIN = 7
CHAIN_STEP = 8
SEQUENCE = 9
WALK = 10
WITHDRAWAL = 11
FOREIGN = 12
KEYS = 13
CARD = 14
PROFILE = 15

LOW32 = u64(0xFFFFFFFF)
MULTIPLIER_0 = u64(0xD2511F53)
MULTIPLIER_1 = u64(0xCD9E8D57)
WEYL_0 = u64(0x9E3779B9)
WEYL_1 = u64(0xBB67AE85)
ONE_BITS = u64(0x3FF0000000000000)
ROOT_HALF_BITS = u64(0x3FE6A09E667F3BCD)
TWO_52_BITS = u64(0x4330000000000000)
RUN = 64
"""Pairs checked at a time for one that needs cycle walking."""
LEAST_SIDE = 16
"""Rows and columns of a permutation's grid, at least. On smaller ones the rounds are so alike that some orders hardly occur, and
on a single row they only shift it."""
LN_2 = 0.6931471805599453


@intrinsic
def bits_to_float(typing_context: Any, bits: Any) -> Any:
    """The double whose IEEE 754 bits are given."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.uint64), codegen


@intrinsic
def float_to_bits(typing_context: Any, value: Any) -> Any:
    """The IEEE 754 bits of a double."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.uint64(types.float64), codegen


@inlined
def philox(seed, stream, index, lane):
    """Four independent 32-bit words (as uint64) for one counter. `lane` is a second, 32-bit index."""
    return philox_rounds(u64(seed), u64(stream), u64(index), u64(lane))


@helper
def philox_rounds(seed, stream, index, lane):
    """Philox4x32-10 of four uint64."""
    c0 = index & LOW32
    c1 = index >> u64(32)
    c2 = stream
    c3 = lane
    k0 = seed & LOW32
    k1 = seed >> u64(32)
    for _ in range(10):
        p0 = MULTIPLIER_0 * c0
        p1 = MULTIPLIER_1 * c2
        c0 = (p1 >> u64(32)) ^ c1 ^ k0
        c2 = (p0 >> u64(32)) ^ c3 ^ k1
        c1 = p1 & LOW32
        c3 = p0 & LOW32
        k0 = (k0 + WEYL_0) & LOW32
        k1 = (k1 + WEYL_1) & LOW32
    return c0, c1, c2, c3


@helper
def below(word, bound):
    """A uniform integer in [0, bound) from one 32-bit word; bound up to 2^32."""
    return (word * u64(bound)) >> u64(32)


@helper
def minus_log(uniform):
    """-ln(u) for u in (0, 1], to about 1e-15, from + - * / alone.

    u = m * 2^e with m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh((m - 1) / (m + 1)) as a series.
    """
    bits = float_to_bits(uniform)
    shifted = bits + (ONE_BITS - ROOT_HALF_BITS)
    exponent = shifted >> u64(52)
    mantissa = bits_to_float(bits - ((exponent << u64(52)) - ONE_BITS))
    scale = bits_to_float(exponent | TWO_52_BITS) - (4503599627370496.0 + 1023.0)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    w = z * z
    odd = 2.0 / 3 + w * (2.0 / 7 + w * (2.0 / 11 + w * (2.0 / 15)))
    even = 2.0 / 5 + w * (2.0 / 9 + w * (2.0 / 13 + w * (2.0 / 17)))
    return -(scale * LN_2 + s * (2.0 + z * (odd + z * even)))


@helper
def mix32(value, key):
    """A keyed avalanche of 32 bits (the round function of the permutation)."""
    x = u32(u32(value ^ key) * u32(0x7FEB352D))
    x = u32(x ^ u32(x >> u32(15)))
    x = u32(x * u32(0x846CA68B))
    return u32(x ^ u32(x >> u32(16)))


@helper
def feistel_add(left, right, key, modulus):
    """(left + F(right)) mod modulus without a division: both terms are below the modulus."""
    added = u32((u64(mix32(right, key)) * u64(modulus)) >> u64(32))
    total = u32(left + added)
    return min(total, u32(total - modulus))


@helper
def network(keys):
    """The keys as scalars. Loops unpack them first: for all the compiler knows, a store to an array may change the keys."""
    return u32(keys[1]), u32(keys[2]), u32(keys[3]), u32(keys[4]), u32(keys[5]), u32(keys[6]), u32(keys[7]), u32(keys[8])


@helper
def feistel(left, right, unpacked):
    """One pass of the network over a pair (left < rows, right < columns); see `permutation_keys`.

    Six rounds: with four, the images of numbers one row of the grid apart can be distinguished from random ones.
    """
    rows, columns, key_0, key_1, key_2, key_3, key_4, key_5 = unpacked
    left = feistel_add(left, right, key_0, rows)
    right = feistel_add(right, left, key_1, columns)
    left = feistel_add(left, right, key_2, rows)
    right = feistel_add(right, left, key_3, columns)
    left = feistel_add(left, right, key_4, rows)
    right = feistel_add(right, left, key_5, columns)
    return left, right


@helper
def walk_cycle(left, right, keys):
    """Permute a pair until it stands for a number below the size; rarely needed, so it is not vectorized."""
    unpacked = network(keys)
    while u64(left) * keys[2] + u64(right) >= keys[0]:
        left, right = feistel(left, right, unpacked)
    return left, right


@helper
def walk_cycles(left, right, keys):
    """Cycle-walk the pairs, two uint32[n], that stand for no number. Most runs have none, which a vectorized test finds."""
    columns, size = keys[2], keys[0]
    for start in range(0, left.size, RUN):
        lefts, rights = left[start : start + RUN], right[start : start + RUN]
        outside = u64(0)
        for i in range(lefts.size):
            outside += u64(u64(lefts[i]) * columns + u64(rights[i]) >= size)
        for i in range(lefts.size if outside else 0):
            lefts[i], rights[i] = walk_cycle(lefts[i], rights[i], keys)


@helper
def permute(index, keys):
    """The image of index under the keyed permutation of [0, keys[0])."""
    left, right = feistel(u32(index // keys[2]), u32(index % keys[2]), network(keys))
    left, right = walk_cycle(left, right, keys)
    return u64(left) * keys[2] + u64(right)


@helper
def grid_row(number, columns):
    """Divide numbers below 2^52 for quotients below 2^31, rounding down: dividing doubles is exact enough, and vectorizes."""
    value = bits_to_float(number | TWO_52_BITS) - 4503599627370496.0
    return u32(np.int32(value / columns))


@interleaved_kernel
def images(out, first, keys):
    """Write the images of first, first + 1, ... under the keyed permutation of [0, keys[0]); they stay below 2^52.

    Args:
        out: uint64[n], filled.
    """
    unpacked = network(keys)
    size, columns = keys[0], keys[2]
    divisor = np.float64(columns)
    for i in range(out.size):
        number = u64(first) + u64(i)
        row = grid_row(number, divisor)
        left, right = feistel(row, u32(number - u64(row) * columns), unpacked)
        out[i] = u64(left) * columns + u64(right)
    for i in range(out.size):
        if out[i] >= size:
            left, right = walk_cycle(u32(out[i] // columns), u32(out[i] % columns), keys)
            out[i] = u64(left) * columns + u64(right)


def permutation_keys(seed: int, name: int, size: int, multiple: int = 1) -> np.ndarray:
    """The parameters of one keyed permutation of [0, size).

    Args:
        seed: the dataset's seed.
        name: which permutation; equal names give equal permutations.
        size: 0 <= size < 2^62.
        multiple: the number of columns of the network's grid is rounded up to a multiple of this.

    Returns:
        uint64[9]: size, rows, columns, six round keys. rows * columns >= size.
    """
    columns = max(LEAST_SIDE, int(size**0.5))
    while columns * columns < size:
        columns += 1
    columns = -(-columns // multiple) * multiple
    rows = max(LEAST_SIDE, -(-size // columns))
    keys = np.empty(11, np.uint64)
    keys[:3] = size, rows, columns
    fill_words(keys[3:], np.uint64(seed), KEYS, name)
    return keys[:9]


@kernel
def fill_words(words, seed, stream, index):
    """Fill uint64[8] with the 32-bit words of one index, four of lane 0 and four of lane 1."""
    words[0], words[1], words[2], words[3] = philox(seed, stream, index, 0)
    words[4], words[5], words[6], words[7] = philox(seed, stream, index, 1)
