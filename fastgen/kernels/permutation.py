"""Keyed permutations of [0, n): a random order of any number of things, of which each place is computed alone.

Source: Black, Rogaway, "Ciphers with Arbitrary Finite Domains", 2002 (a generalized Feistel network with cycle walking).
"""

from math import isqrt

import numpy as np

from fastgen.kernels import streams
from fastgen.kernels.jit import helper, interleaved_kernel
from fastgen.kernels.rng import TWO_52_BITS, bits_to_float, fill_words, high_product, u32, u64

RUN = 64
"""Pairs checked at a time for one that needs cycle walking."""
LEAST_SIDE = 16
"""Rows and columns of a permutation's grid, at least. On smaller ones the rounds are so alike that some orders hardly occur, and
on a single row they only shift it."""


@helper
def mix32(value, key):
    """A keyed hash of 32 bits (the round function of the permutation): its high bits depend on all bits of the value."""
    x = u32(u32(value ^ key) * u32(0x7FEB352D))
    return u32(u32(x ^ u32(x >> u32(15))) * u32(0x846CA68B))


@helper
def feistel_add(left, right, key, modulus):
    """(left + F(right)) mod modulus without a division: both terms are below the modulus."""
    added = high_product(mix32(right, key), modulus)
    total = u32(left + added)
    return min(total, u32(total - modulus))


@helper
def round_keys(keys):
    """The keys as scalars. Loops unpack them first: for all the compiler knows, a store to an array may change the keys."""
    return u32(keys[1]), u32(keys[2]), u32(keys[3]), u32(keys[4]), u32(keys[5]), u32(keys[6]), u32(keys[7]), u32(keys[8])


@helper
def four_rounds(left, right, unpacked):
    """The first four rounds of `feistel`: enough on grids with millions of rows, where their faults are too small to be seen."""
    rows, columns, key_0, key_1, key_2, key_3, _, _ = unpacked
    left = feistel_add(left, right, key_0, rows)
    right = feistel_add(right, left, key_1, columns)
    left = feistel_add(left, right, key_2, rows)
    right = feistel_add(right, left, key_3, columns)
    return left, right


@helper
def feistel(left, right, unpacked):
    """One pass of the network over a pair (left < rows, right < columns); see `permutation_keys`.

    Six rounds: with four or five, the images of numbers one row of the grid apart can be distinguished from random ones.
    """
    rows, columns, _, _, _, _, key_4, key_5 = unpacked
    left, right = four_rounds(left, right, unpacked)
    left = feistel_add(left, right, key_4, rows)
    right = feistel_add(right, left, key_5, columns)
    return left, right


@helper
def walk_cycle(left, right, keys):
    """Permute a pair until it stands for a number below the size; rarely needed, so it is not vectorized."""
    unpacked = round_keys(keys)
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
    left, right = feistel(u32(index // keys[2]), u32(index % keys[2]), round_keys(keys))
    left, right = walk_cycle(left, right, keys)
    return u64(left) * keys[2] + u64(right)


@helper
def grid_row(number, columns):
    """Divide numbers below 2^52 for quotients below 2^31, rounding down: dividing doubles is exact enough, and vectorizes."""
    value = bits_to_float(number | TWO_52_BITS) - 4503599627370496.0
    return u32(np.int32(value / columns))


@interleaved_kernel
def permuted_range(out, first, keys):
    """Write the images of first, first + 1, ... under the keyed permutation of [0, keys[0]); they stay below 2^52.

    Args:
        out: uint64[n], filled.
    """
    unpacked = round_keys(keys)
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
    columns = max(LEAST_SIDE, isqrt(max(size, 1) - 1) + 1)
    columns = -(-columns // multiple) * multiple
    rows = max(LEAST_SIDE, -(-size // columns))
    keys = np.empty(11, np.uint64)
    keys[:3] = size, rows, columns
    fill_words(keys[3:], np.uint64(seed), streams.KEYS, name)
    return keys[:9]
