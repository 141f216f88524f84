"""Rows as text: one renderer for NDJSON, CSV and messages.

Text that repeats is rendered once (fragments) and copied. What is made of digits is made for a tile of rows, a column
at a time; then rows are put together by copies. Copies overshoot, the next step overwrites the surplus.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.digits import (
    DAY,
    TILE,
    amount_texts,
    card_texts,
    clock_texts,
    coordinate_texts,
    cut_places,
    cut_zeros,
    time_texts,
)
from fastgen.kernels.jit import helper, kernel
from fastgen.kernels.md5 import hex_digits, tile_digests
from fastgen.kernels.memory import copy_16, copy_32, copy_64, store_8
from fastgen.kernels.rng import u32, u64
from fastgen.kernels.tables import Block

TID, DATETIME, CARD, CATEGORY, AMOUNT, LATITUDE, LONGITUDE, PLACE, LABEL = range(9)
"""The parts of a row, in their order; PLACE is the city, the country or both."""


class Layout(NamedTuple):
    """How a row is written.

    wanted: a bit for each part that there is.
    heads: uint8, for each day what a row begins with, up to the card number: text that does not change, the date, and gaps for
        the rest, padded to a whole number of strides of 64 bytes. head_strides: of each. head_length: bytes of it, gaps included.
    tid_at, clock_at, card_at: where the gaps begin.
    prefixed: a bit for each part behind the head that has text of its own before it: prefixes, uint8[9 * 32]; prefix_lengths:
        int64[9]. Text behind a fragment belongs to the fragment.
    categories, places: uint8, fragments (prefix included), each padded to a whole number of strides of 64 bytes.
    category_lengths, place_lengths: int64, bytes of the fragments. category_strides, place_strides: of each.
    tail: the row's last characters, packed, behind the label where there is one. tail_length: how many they are.
    days: uint32[days, 3], "YYYY-MM-DD ".
    latitude_cuts, longitude_cuts: uint64[places], how many of six decimals a place does not have; with none, the point too.
    shortest: 1 where zeros at the end are dropped instead.
    """

    wanted: int
    heads: NDArray[np.uint8]
    head_strides: int
    head_length: int
    tid_at: int
    clock_at: int
    card_at: int
    prefixed: int
    prefixes: NDArray[np.uint8]
    prefix_lengths: NDArray[np.int64]
    categories: NDArray[np.uint8]
    category_lengths: NDArray[np.int64]
    category_strides: int
    places: NDArray[np.uint8]
    place_lengths: NDArray[np.int64]
    place_strides: int
    tail: np.uint64
    tail_length: int
    days: NDArray[np.uint32]
    latitude_cuts: NDArray[np.uint64]
    longitude_cuts: NDArray[np.uint64]
    shortest: int


@kernel
def transaction_text(out, position, ends, tids, rows, cards, layout, tile):
    """Render a block's rows one behind the other, a tile at a time: what one step makes is in the cache for the next.

    Args:
        out: uint8, with room for the longest rows and SLACK behind them. position: where to begin.
        ends: int64[n], filled with the position behind each row; or of size 0.
        tids: uint8[16 n], filled with the MD5 digests where the layout has a tid.
        rows: Block of n rows, sorted by second. cards: uint64[cards], all card numbers, two digits to a byte. tile: Tile.

    Returns:
        The position behind the last row.
    """
    digests = tids.view(np.uint64)
    for start in range(0, rows.second.size, TILE):
        stop = min(start + TILE, rows.second.size)
        few = Block(
            rows.second[start:stop],
            rows.card[start:stop],
            rows.category[start:stop],
            rows.cents[start:stop],
            rows.place[start:stop],
            rows.latitude[start:stop],
            rows.longitude[start:stop],
            rows.walked[start:stop],
            rows.label[start:stop],
        )
        write_values(tile, digests[2 * start : 2 * stop], few, cards, layout)
        position = write_lines(out, position, ends[start:stop], few, tile, layout)
    return position


@helper
def write_values(tile, digests, rows, cards, layout):
    """Fill a tile with the texts that the layout wants."""
    hashed = layout.wanted & 1 << TID
    if hashed | layout.wanted & 1 << DATETIME:
        time_texts(tile.words, rows.second, layout.days)
        clock_texts(tile.clocks, tile.words, rows.second.size)
    if hashed | layout.wanted & 1 << CARD:
        card_texts(tile.cards, rows.card, cards)
    if hashed | layout.wanted & 1 << AMOUNT:
        amount_texts(tile.amounts, tile.lengths, rows.cents)
    if hashed:
        tile_digests(digests, tile)
        hex_digits(digests.view(np.uint8), tile.hexadecimal)
    if layout.wanted & 1 << LATITUDE:
        write_coordinates(tile.latitudes, rows.latitude, layout.latitude_cuts, rows, layout)
    if layout.wanted & 1 << LONGITUDE:
        write_coordinates(tile.longitudes, rows.longitude, layout.longitude_cuts, rows, layout)


@helper
def write_coordinates(out, micro, cuts, rows, layout):
    """Latitudes or longitudes of a tile, with the decimals that are written."""
    coordinate_texts(out, micro)
    if layout.shortest:
        cut_zeros(out.lengths, micro)
    else:
        cut_places(out.lengths, rows.place, rows.walked, cuts)


@helper
def copy_prefix(out, position, layout, part):
    """Copy the text before a part and return the position behind it."""
    if layout.prefixed & 1 << part:
        copy_32(out, position, layout.prefixes, part * 32)
        position += layout.prefix_lengths[part]
    return position


@helper
def copy_fragment(out, position, fragments, strides, code):
    """Copy the fragment of a code. Most have one or two strides: only the others take a loop, which costs some nanoseconds."""
    start = 64 * strides * code
    copy_64(out, position, fragments, start)
    if strides > 1:
        copy_64(out, position + 64, fragments, start + 64)
    if strides > 2:
        for at in range(128, 64 * strides, 64):
            copy_64(out, position + at, fragments, start + at)


@helper
def copy_head(out, position, layout, tile, i, second):
    """Write a row up to its card number and return the position behind it."""
    copy_fragment(out, position, layout.heads, layout.head_strides, np.int64(u32(second) // u32(DAY)))
    if layout.wanted & 1 << TID:
        copy_32(out, position + layout.tid_at, tile.hexadecimal, 32 * i)
    if layout.wanted & 1 << DATETIME:
        store_8(out, position + layout.clock_at, tile.clocks[i])
    if layout.wanted & 1 << CARD:
        copy_16(out, position + layout.card_at, tile.cards, 16 * i)
    return position + layout.head_length


@helper
def write_lines(out, position, ends, rows, tile, layout):
    """Rows whose texts are in the tile."""
    wanted = layout.wanted
    for i in range(rows.second.size):
        tail = layout.tail
        if layout.head_length:
            position = copy_head(out, position, layout, tile, i, rows.second[i])
        if wanted & 1 << CATEGORY:
            category = np.int64(rows.category[i])
            copy_fragment(out, position, layout.categories, layout.category_strides, category)
            position += layout.category_lengths[category]
        if wanted & 1 << AMOUNT:
            position = copy_prefix(out, position, layout, AMOUNT)
            store_8(out, position, tile.amounts[i])
            position += np.int64(tile.lengths[i])
        if wanted & 1 << LATITUDE:
            position = copy_prefix(out, position, layout, LATITUDE)
            copy_16(out, position, tile.latitudes.texts, 16 * i)
            position += np.int64(tile.latitudes.lengths[i])
        if wanted & 1 << LONGITUDE:
            position = copy_prefix(out, position, layout, LONGITUDE)
            copy_16(out, position, tile.longitudes.texts, 16 * i)
            position += np.int64(tile.longitudes.lengths[i])
        if wanted & 1 << PLACE:
            place = np.int64(rows.place[i])
            copy_fragment(out, position, layout.places, layout.place_strides, place)
            position += layout.place_lengths[place]
        if wanted & 1 << LABEL:
            position = copy_prefix(out, position, layout, LABEL)
            tail += u64(rows.label[i])
        store_8(out, position, tail)
        position += layout.tail_length
        if ends.size:
            ends[i] = position
    return position


@kernel
def join_fragments(out, offsets, codes, first, starts, fragments):
    """Rows that are nothing but fragments: piece p of row i is fragment first[p] + codes[p, i].

    Args:
        out: uint8, with SLACK bytes to spare. offsets: int64[n + 1], filled with the positions of the rows.
        codes: uint32[pieces, n]. first: int64[pieces]. fragments: uint8.
        starts: int64, where the fragments of each piece begin, and behind the last of a piece where it ends.

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
