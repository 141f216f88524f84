"""Content digests: 64 bits over the values of rows in their order, the same for every format.

A row's hash chains its columns: h = mix((h + GOLDEN) ^ value), from h = 0. A text's value is
t = length, then t = mix(t ^ word) for each eight bytes of its UTF-8 (little-endian, the last padded
with zeros), the tid's of its 16 bytes; a number is itself: cents, millionths of a degree, days or seconds since 1970, the
label. Rows are added up as total = total * MULTIPLIER + h, modulo 2^64, so that the digests of
consecutive parts combine. `mix` is the finalizer of splitmix64 (Steele, Lea, Flood, 2014).
"""

import numpy as np

from fastgen.kernels.digits import digit_pairs
from fastgen.kernels.jit import helper, kernel, part
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


@part
def chain_numbers(hashes, numbers, offset):
    """Rows' hashes with a column of whole numbers, to which an offset is added."""
    for i in range(hashes.size):
        hashes[i] = chain(hashes[i], u64(np.int64(numbers[i]) + offset))


@part
def chain_codes(hashes, codes, values):
    """Rows' hashes with a column of codes of these values."""
    for i in range(hashes.size):
        hashes[i] = chain(hashes[i], values[codes[i]])


@part
def chain_cards(hashes, numbers, cards, found):
    """Rows' hashes with the texts of card numbers; found: scratch. Look-ups by themselves: then many of them are under way."""
    for i in range(hashes.size):
        found[i] = cards[numbers[i]]
    for i in range(hashes.size):
        packed = found[i]
        hashes[i] = chain(hashes[i], mix(mix(u64(16) ^ digit_pairs(packed)) ^ digit_pairs(packed >> u64(32))))


@part
def chain_tids(hashes, tids):
    """Rows' hashes with their MD5 digests, uint8[16 n]."""
    for i in range(hashes.size):
        hashes[i] = chain(hashes[i], words_value(tids, i * 16, 16))


@kernel
def transactions_digest(rows, tids, wanted, cards, categories, cities, countries, origin, scratch):
    """The digest of a block of transactions.

    Args:
        tids: uint8[16 n], the MD5 digests. wanted: bool[10], which of the table's columns there are.
        cards: uint64[cards], two digits to a byte. categories, cities, countries: uint64, values of their texts by category and
            place.
        origin: seconds since 1970 to which the block's seconds are added.
        scratch: uint64[2, tile]. Columns are chained one after the other for a tile of rows: the steps of a row wait for each
            other, those of different rows do not.
    """
    total = u64(0)
    hashes, found = scratch
    for start in range(0, rows.second.size, hashes.size):
        stop = min(start + hashes.size, rows.second.size)
        tile = hashes[: stop - start]
        tile[:] = u64(0)
        if wanted[0]:
            chain_tids(tile, tids[16 * start : 16 * stop])
        if wanted[1]:
            chain_numbers(tile, rows.second[start:stop], origin)
        if wanted[2]:
            chain_cards(tile, rows.card[start:stop], cards, found)
        if wanted[3]:
            chain_codes(tile, rows.category[start:stop], categories)
        if wanted[4]:
            chain_numbers(tile, rows.cents[start:stop], 0)
        if wanted[5]:
            chain_numbers(tile, rows.latitude[start:stop], 0)
        if wanted[6]:
            chain_numbers(tile, rows.longitude[start:stop], 0)
        if wanted[7]:
            chain_codes(tile, rows.place[start:stop], cities)
        if wanted[8]:
            chain_codes(tile, rows.place[start:stop], countries)
        if wanted[9]:
            chain_numbers(tile, rows.label[start:stop], 0)
        for row in tile:
            total = total * MULTIPLIER + row
    return total
