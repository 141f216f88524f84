"""Content digests: 64 bits over the values of rows in their order, the same for every format.

A row's hash chains its columns: h = mix((h + GOLDEN) ^ value), from h = 0. A text's value is
t = length, then t = mix(t ^ word) for each eight bytes of its UTF-8 (little-endian, the last padded
with zeros), the tid's of its 16 bytes; a number is itself: cents, millionths of a degree, days or seconds since 1970, the
label. Rows are added up as total = total * MULTIPLIER + h, modulo 2^64, so that the digests of
consecutive parts combine. `mix` is the finalizer of splitmix64 (Steele, Lea, Flood, 2014).
"""

import numpy as np

from fastgen.kernels.digits import digit_pairs
from fastgen.kernels.jit import helper, kernel
from fastgen.kernels.memory import load_8
from fastgen.kernels.rng import u64

GOLDEN = u64(0x9E3779B97F4A7C15)
MULTIPLIER = u64(0xD1342543DE82EF95)


@helper
def mix(x):
    """An avalanche of 64 bits."""
    x = (x ^ (x >> u64(30))) * u64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> u64(27))) * u64(0x94D049BB133111EB)
    return x ^ (x >> u64(31))


@helper
def chain(row, value):
    """A row's hash with one more column."""
    return mix((row + GOLDEN) ^ value)


@helper
def words_value(text, at, size):
    """The value of a text whose size is a multiple of eight."""
    value = u64(size)
    for offset in range(0, size, 8):
        value = mix(value ^ load_8(text, at + offset))
    return value


@kernel
def text_values(values, offsets, text):
    """The values of texts that lie end to end, from offsets[i] to offsets[i + 1]; SLACK bytes follow the last."""
    for i in range(values.size):
        size = offsets[i + 1] - offsets[i]
        value = u64(size)
        for at in range(0, size, 8):
            word = load_8(text, offsets[i] + at)
            if size - at < 8:
                word &= (u64(1) << u64(8 * (size - at))) - u64(1)
            value = mix(value ^ word)
        values[i] = value


@kernel
def rows_digest(columns):
    """The digest of rows that are given as values, uint64[columns, n]."""
    total = u64(0)
    for i in range(columns.shape[1]):
        row = u64(0)
        for column in range(columns.shape[0]):
            row = chain(row, columns[column, i])
        total = total * MULTIPLIER + row
    return total


@kernel
def transactions_digest(rows, tid, wanted, cards, categories, cities, countries, origin):
    """The digest of a block of transactions.

    Args:
        tid: uint8[16 n], the MD5 digests. wanted: bool[10], which of the table's columns there are.
        cards: uint64[cards], two digits to a byte. categories, cities, countries: uint64, values of their texts by category and
            place.
        origin: seconds since 1970 to which the block's seconds are added.
    """
    total = u64(0)
    for i in range(rows.second.size):
        row = u64(0)
        place = rows.place[i]
        if wanted[0]:
            row = chain(row, words_value(tid, i * 16, 16))
        if wanted[1]:
            row = chain(row, u64(np.int64(rows.second[i]) + origin))
        if wanted[2]:
            packed = cards[rows.card[i]]
            row = chain(row, mix(mix(u64(16) ^ digit_pairs(packed)) ^ digit_pairs(packed >> u64(32))))
        if wanted[3]:
            row = chain(row, categories[rows.category[i]])
        if wanted[4]:
            row = chain(row, u64(rows.cents[i]))
        if wanted[5]:
            row = chain(row, u64(np.int64(rows.latitude[i])))
        if wanted[6]:
            row = chain(row, u64(np.int64(rows.longitude[i])))
        if wanted[7]:
            row = chain(row, cities[place])
        if wanted[8]:
            row = chain(row, countries[place])
        if wanted[9]:
            row = chain(row, u64(rows.label[i]))
        total = total * MULTIPLIER + row
    return total
