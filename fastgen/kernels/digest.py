"""Content digests: 64 bits over the values of rows in order, the same for every format.

A row's hash chains its columns: h = mix((h + GOLDEN) ^ value), from h = 0. The value of a text starts
as t = length and becomes t = mix(t ^ word) for each eight bytes of its UTF-8 (little-endian, the last
padded with zeros); the tid counts as its 16 bytes. The value of a number is the number: cents, millionths
of a degree, days or seconds since 1970, the label. Rows are summed as total = total * MULTIPLIER + h, modulo 2^64, so
that the digests of consecutive parts combine. `mix` is the finalizer of splitmix64 (Steele, Lea, Flood, 2014).
"""

import numpy as np

from fastgen.kernels.bits import GOLDEN
from fastgen.kernels.columns import looked_up
from fastgen.kernels.digits import digit_pairs
from fastgen.kernels.jit import helper, inlined_kernel, interleaved_kernel, kernel
from fastgen.kernels.memory import load_8
from fastgen.kernels.rng import u64

MULTIPLIER = u64(0xD1342543DE82EF95)


@helper
def mix(x):
    """Mix 64 bits so that each bit depends on all (avalanche)."""
    x = (x ^ (x >> u64(30))) * u64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> u64(27))) * u64(0x94D049BB133111EB)
    return x ^ (x >> u64(31))


@helper
def combine(row, value):
    """Add a column's value to a row's hash."""
    return mix((row + GOLDEN) ^ value)


@kernel
def text_values(values, offsets, text):
    """Compute the values of texts that lie end to end, from offsets[i] to offsets[i + 1]; SLACK bytes follow the last."""
    for i in range(values.size):
        size = offsets[i + 1] - offsets[i]
        value = u64(size)
        for at in range(0, size, 8):
            word = load_8(text, offsets[i] + at)
            if size - at < 8:
                word &= (u64(1) << u64(8 * (size - at))) - u64(1)
            value = mix(value ^ word)
        values[i] = value


@interleaved_kernel
def rows_digest(columns):
    """Return the digest of rows given as values, uint64[columns, n]."""
    total = u64(0)
    for i in range(columns.shape[1]):
        row = u64(0)
        for column in range(columns.shape[0]):
            row = combine(row, columns[column, i])
        total = total * MULTIPLIER + row
    return total


@inlined_kernel
def numbers(values, column, offset):
    """Compute the values of whole numbers plus an offset."""
    for i in range(values.size):
        values[i] = u64(np.int64(column[i]) + offset)


@inlined_kernel
def column_values(values, words, column, rows, start, tids, categories, cities, countries, origin):
    """Compute the values of a column, by its number in the table, for rows from `start` on; words: scratch of equal size."""
    stop = start + values.size
    if column == 0:
        for i in range(values.size):
            values[i] = load_8(tids, 16 * (start + i))
            words[i] = load_8(tids, 16 * (start + i) + 8)
    elif column == 1:
        numbers(values, rows.second[start:stop], origin)
    elif column == 2:
        digits = rows.digits[start:stop]
        for i in range(values.size):
            values[i] = digit_pairs(digits[i])
            words[i] = digit_pairs(digits[i] >> u64(32))
    elif column == 3:
        looked_up(values, rows.category[start:stop], categories)
    elif column == 4:
        numbers(values, rows.cents[start:stop], 0)
    elif column == 5:
        numbers(values, rows.latitude[start:stop], 0)
    elif column == 6:
        numbers(values, rows.longitude[start:stop], 0)
    elif column == 7:
        looked_up(values, rows.place[start:stop], cities)
    elif column == 8:
        looked_up(values, rows.place[start:stop], countries)
    else:
        numbers(values, rows.label[start:stop], 0)
    if column == 0 or column == 2:  # texts of sixteen bytes
        for i in range(values.size):
            values[i] = mix(mix(u64(16) ^ values[i]) ^ words[i])


@interleaved_kernel
def transactions_digest(rows, tids, included, categories, cities, countries, origin, scratch):
    """Return the digest of a block of transactions.

    Args:
        tids: uint8[16 n], the MD5 digests. included: bool[10], which of the table's columns.
        categories, cities, countries: uint64, values of their texts by category and place.
        origin: seconds since 1970 to which the block's seconds are added.
        scratch: uint64[3, tile]. A tile of rows is chained column by column: the steps of one row depend on each other, those
            of different rows do not.
    """
    total = u64(0)
    for start in range(0, rows.second.size, scratch.shape[1]):
        size = min(scratch.shape[1], rows.second.size - start)
        hashes, values, words = scratch[0, :size], scratch[1, :size], scratch[2, :size]
        hashes[:] = u64(0)
        for column in range(included.size):
            if included[column]:
                column_values(values, words, column, rows, start, tids, categories, cities, countries, origin)
                for i in range(size):
                    hashes[i] = combine(hashes[i], values[i])
        for row in hashes:
            total = total * MULTIPLIER + row
    return total
