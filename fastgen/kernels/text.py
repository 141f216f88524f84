"""Rows as text: one renderer for NDJSON, CSV and messages.

Text that repeats is rendered once (fragments) and copied. Digits are rendered for a tile of rows, a column at a time;
then rows are assembled by copying. Copies overshoot, and the next one overwrites the surplus.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.digits import (
    AMOUNTS,
    CARDS,
    CLOCKS,
    CODES,
    LATITUDES,
    LONGITUDES,
    TIDS,
    TILE,
    amount_texts,
    card_texts,
    clock_texts,
    coordinate_texts,
    cut_places,
    cut_zeros,
    day_end,
    time_texts,
)
from fastgen.kernels.jit import helper, interleaved_kernel, kernel
from fastgen.kernels.md5 import hex_digits, tile_digests
from fastgen.kernels.memory import load_8, load_16, load_32, load_64, store
from fastgen.kernels.rng import u64
from fastgen.kernels.structs import rows_between
from fastgen.kernels.units import DAY

TID, DATETIME, CARD, CATEGORY, AMOUNT, LATITUDE, LONGITUDE, PLACE, LABEL = range(9)
"""The parts of a row, in order; PLACE is the city, the country or both."""

LENGTH = 8
"""Bytes before each fragment that hold its length."""


class Head(NamedTuple):
    """How a row begins, up to its card number: pieces of text and values that have the same length in all rows.

    opening: uint8[16], before the tid. dates: uint8[32 * days], for each day the text between the tid and the time of day.
    middle: uint8[16], before the card number. tid_at, date_at, clock_at, middle_at, card_at: where pieces begin. length: in total.
    """

    opening: NDArray[np.uint8]
    tid_at: int
    dates: NDArray[np.uint8]
    date_at: int
    clock_at: int
    middle: NDArray[np.uint8]
    middle_at: int
    card_at: int
    length: int


class Layout(NamedTuple):
    """How a row is written. All parts are written; one that is not needed has no length, so the next one overwrites it.

    needed: a bit for each part that is needed. head: how the row begins.
    categories, places: uint8, fragments with the text around them: the length of each in LENGTH bytes, then the text, padded to
        category_strides or place_strides times 64 bytes.
    before_latitude, before_longitude: uint8[16], uint8[32], text. latitude_gap, longitude_gap: its length.
    tail: the row's last characters, packed, after the label if there is one. tail_length: how many there are.
    days: uint32[days, 3], "YYYY-MM-DD ".
    cuts: uint64[places], how many of six decimals the coordinates of a place do not have; if none, the point too. Packed like
        the lengths of `write_codes`.
    shortest: 1 if trailing zeros are dropped instead.
    """

    needed: int
    head: Head
    categories: NDArray[np.uint8]
    category_strides: int
    before_latitude: NDArray[np.uint8]
    latitude_gap: int
    before_longitude: NDArray[np.uint8]
    longitude_gap: int
    places: NDArray[np.uint8]
    place_strides: int
    tail: np.uint64
    tail_length: int
    days: NDArray[np.uint32]
    cuts: NDArray[np.uint64]
    shortest: int


@interleaved_kernel
def transaction_text(out, position, ends, tids, rows, first, behind, layout, tile):
    """Render rows of a block one after the other, a tile at a time, so that each step finds its input in the cache.

    Args:
        out: uint8, with space for the longest rows and SLACK bytes after them. position: where to begin.
        ends: int64[n], filled with the position after each row; or of size 0.
        tids: uint8[16 n], filled with the MD5 digests if the layout has a tid.
        rows: Block of rows sorted by second. first, behind: the first of the n rows to render, and the one after the last.
        layout: Layout. tile: Tile.

    Returns:
        The position after the last row.
    """
    digests = tids.view(np.uint64)
    count = behind - first
    for start in range(0, count, TILE):
        stop = min(start + TILE, count)
        few = rows_between(rows, first + start, first + stop)
        write_values(tile, digests[2 * start : 2 * stop], few, layout)
        position = write_lines(out, position, ends[start:stop], few, tile, layout)
    return position


@helper
def write_values(tile, digests, rows, layout):
    """Fill a tile with the texts that the layout needs."""
    hashed = layout.needed & 1 << TID
    if hashed | layout.needed & 1 << DATETIME:
        time_texts(tile.words, rows.second, layout.days)
        clock_texts(tile.clocks, tile.words, rows.second.size)
    if hashed | layout.needed & 1 << CARD:
        card_texts(tile.cards, rows.digits)
    if hashed | layout.needed & 1 << AMOUNT:
        amount_texts(tile.amounts, tile.lengths, rows.cents)
    if hashed:
        tile_digests(digests, tile)
        hex_digits(digests.view(np.uint8), tile.tids)
    if layout.needed & 1 << LATITUDE:
        write_coordinates(tile.latitudes, rows.latitude, layout)
    if layout.needed & 1 << LONGITUDE:
        write_coordinates(tile.longitudes, rows.longitude, layout)
    write_codes(tile.codes, tile, rows, layout.needed)
    if layout.needed & (1 << LATITUDE | 1 << LONGITUDE) and not layout.shortest:
        cut_places(tile.codes, rows.place, rows.walked, layout.cuts)


@helper
def write_coordinates(out, micro, layout):
    """Write latitudes or longitudes of a tile with six decimals, or without trailing zeros."""
    coordinate_texts(out, micro)
    if layout.shortest:
        cut_zeros(out.lengths, micro)


@helper
def mask(needed, part):
    """All bits if a part is needed, else none."""
    return u64(0) - u64(needed >> part & 1)


@helper
def write_codes(codes, tile, rows, needed):
    """Pack what assembling a row needs into one word: lengths of amount, latitude and longitude, then label, category, place.

    From the low end on they take 8, 8, 8, 8, 16 and 16 bits, which are 0 for parts that are not needed.
    """
    amount, latitude, longitude = mask(needed, AMOUNT), mask(needed, LATITUDE), mask(needed, LONGITUDE)
    label, category, place = mask(needed, LABEL), mask(needed, CATEGORY), mask(needed, PLACE)
    for i in range(rows.second.size):
        lengths = tile.lengths[i] & amount
        lengths |= (tile.latitudes.lengths[i] & latitude) << u64(8)
        lengths |= (tile.longitudes.lengths[i] & longitude) << u64(16)
        values = (u64(rows.label[i]) & label) << u64(24)
        values |= (u64(rows.category[i]) & category) << u64(32)
        values |= (u64(rows.place[i]) & place) << u64(48)
        codes[i] = lengths | values


@helper
def write_lines(out, position, ends, rows, tile, layout):
    """Assemble the rows whose texts are in the tile, one day's run of rows at a time."""
    start = 0
    while start < rows.second.size:
        day = np.int64(rows.second[start]) // DAY
        stop = day_end(rows.second, start, day)
        position = write_run(out, position, ends, start, stop, day, tile.texts, layout)
        start = stop
    return position


@helper
def store_rest(out, position, fragments, at, length, strides):
    """Copy what a fragment has after its first 32 bytes.

    A loop costs a nanosecond even if it is not entered, and is rarely needed. Whether a fragment has more than 32 bytes, or
    more than 64, is the same for nearly all rows, so the branches are predicted well.
    """
    if length > u64(32):
        store(out, position + 32, load_32(fragments, at + 32))
    if strides > 1:
        if length > u64(64):
            store(out, position + 64, load_64(fragments, at + 64))
        if strides > 2:
            for i in range(128, 64 * strides, 64):
                store(out, position + i, load_64(fragments, at + i))


@helper
def write_run(out, position, ends, start, stop, day, texts, layout):
    """Assemble the rows [start, stop) of a tile, which are on one day.

    Text common to all rows is kept in registers. Each row is read completely before any of it is written: the address of a store
    depends on the lengths before it, and loads after such stores were measured to be slow. Words are loaded by bytes, as an index
    would be tested for being negative.
    """
    head = layout.head
    opening, date, middle = load_16(head.opening, 0), load_32(head.dates, 32 * day), load_16(head.middle, 0)
    before_latitude, before_longitude = load_16(layout.before_latitude, 0), load_32(layout.before_longitude, 0)
    for i in range(start, stop):
        code = load_8(texts, 8 * (CODES + i))
        category_at = np.int64((code >> u64(32)) & u64(0xFF)) * (64 * layout.category_strides + LENGTH)
        place_at = np.int64(code >> u64(48)) * (64 * layout.place_strides + LENGTH)
        tid, clock, card = load_32(texts, 8 * TIDS + 32 * i), load_8(texts, 8 * (CLOCKS + i)), load_16(texts, 8 * CARDS + 16 * i)
        amount = load_8(texts, 8 * (AMOUNTS + i))
        latitude, longitude = load_16(texts, 8 * LATITUDES + 16 * i), load_16(texts, 8 * LONGITUDES + 16 * i)
        category_length, place_length = load_8(layout.categories, category_at), load_8(layout.places, place_at)
        category_at += LENGTH
        place_at += LENGTH
        category, place = load_32(layout.categories, category_at), load_32(layout.places, place_at)

        store(out, position, opening)
        store(out, position + head.tid_at, tid)
        store(out, position + head.date_at, date)
        store(out, position + head.clock_at, clock)
        store(out, position + head.middle_at, middle)
        store(out, position + head.card_at, card)
        position += head.length
        store(out, position, category)
        store_rest(out, position, layout.categories, category_at, category_length, layout.category_strides)
        position += np.int64(category_length)
        store(out, position, amount)
        position += np.int64(code & u64(0xFF))
        store(out, position, before_latitude)
        position += layout.latitude_gap
        store(out, position, latitude)
        position += np.int64((code >> u64(8)) & u64(0xFF))
        store(out, position, before_longitude)
        position += layout.longitude_gap
        store(out, position, longitude)
        position += np.int64((code >> u64(16)) & u64(0xFF))
        store(out, position, place)
        store_rest(out, position, layout.places, place_at, place_length, layout.place_strides)
        position += np.int64(place_length)
        store(out, position, layout.tail + ((code >> u64(24)) & u64(0xFF)))
        position += layout.tail_length
        if ends.size:
            ends[i] = position
    return position


@kernel
def join_fragments(out, offsets, codes, first, starts, fragments):
    """Write rows that consist of fragments only: piece p of row i is fragment first[p] + codes[p, i].

    Args:
        out: uint8, with SLACK bytes to spare. offsets: int64[n + 1], filled with the positions of the rows.
        codes: uint32[pieces, n]. first: int64[pieces]. fragments: uint8.
        starts: int64, where the fragments of each piece begin and, after these, where the last one ends.

    Returns:
        The position after the last row.
    """
    position = np.int64(0)
    offsets[0] = 0
    for i in range(codes.shape[1]):
        for piece in range(codes.shape[0]):
            fragment = first[piece] + np.int64(codes[piece, i])
            start = starts[fragment]
            length = starts[fragment + 1] - start
            store(out, position, load_16(fragments, start))
            done = 16
            while done < length:
                store(out, position + done, load_16(fragments, start + done))
                done += 16
            position += length
        offsets[i + 1] = position
    return position
