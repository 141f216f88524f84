"""The rows of a window: ordinary payments are drawn and merged with injected events."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels import fields
from fastgen.kernels.cards import card_digits
from fastgen.kernels.jit import helper, inlined_kernel, interleaved_kernel
from fastgen.kernels.payments import payment_rows
from fastgen.kernels.records import AHEAD, AT_ONCE, what_word, when_word, write_record
from fastgen.kernels.rng import u64
from fastgen.kernels.structs import RECORD, Events
from fastgen.kernels.timeline import merge, sorted_times


class Drawn(NamedTuple):
    """Payments, one array per column, see Block; their position is that of their place."""

    second: NDArray[np.int32]
    card: NDArray[np.uint32]
    category: NDArray[np.uint8]
    cents: NDArray[np.uint32]
    place: NDArray[np.uint16]


class Scratch(NamedTuple):
    """Scratch memory for making a window's rows, up to as many as word_slot has items.

    drawn: its payments. word_slot, word_offset: uint32, words of their amounts.
    longs: uint64[rows + 8], for one step after the other, so that they take less of the cache: the spacing of times, the third
        words of payments' records, then `fill_bounds`.
    source: uint32[rows + records.AHEAD], words: uint64[3, records.AT_ONCE], see `put_records`.
    """

    drawn: Drawn
    word_slot: NDArray[np.uint32]
    word_offset: NDArray[np.uint32]
    longs: NDArray[np.uint64]
    source: NDArray[np.uint32]
    words: NDArray[np.uint64]

    @classmethod
    def empty(cls, rows: int) -> "Scratch":
        """Scratch memory for this many rows."""
        kinds: list[Any] = [np.int32, np.uint32, np.uint8, np.uint32, np.uint16]
        drawn: list[Any] = [np.empty(rows, kind) for kind in kinds]
        word_slot, word_offset = np.empty((2, rows), np.uint32)
        source, words = np.empty(rows + int(AHEAD), np.uint32), np.empty((3, AT_ONCE), np.uint64)
        return cls(Drawn(*drawn), word_slot, word_offset, np.empty(rows + 8, np.uint64), source, words)


class Window(NamedTuple):
    """A window: its number, its start in seconds since the start of the period, and its width in seconds.

    payment, payments: the number of its first payment, and how many it has. event: the first of its events in the keys.
    """

    number: int
    start: int
    width: int
    payment: int
    payments: int
    event: int


class Injected(NamedTuple):
    """The events of a group, and their order in `keys`, uint64[n + 1], see `order_by_second`; origin: of the keys."""

    events: Events
    keys: NDArray[np.uint64]
    origin: int


@helper
def pack_payments(records, drawn, where, positions, needed):
    """Write the records of payments, also words in which nothing is needed, so that the loop writes whole vectors.

    Args:
        records: uint64, filled from its beginning on. drawn: Drawn. where: uint64, scratch. needed: see `merge`.
    """
    place = drawn.place
    for i in range(place.size if needed & fields.POSITION else 0):
        where[i] = positions[place[i]]
    for i in range(u64(place.size)):
        what = what_word(drawn.cents[i], place[i], drawn.category[i], 0, 0)
        write_record(records, i, when_word(drawn.second[i], drawn.card[i]), what, where[i])


@inlined_kernel
def draw(drawn, window, payments, scratch, needed):
    """Draw the window's payments."""
    count = window.payments
    payment_rows(drawn, window.payment, payments, scratch.word_slot[:count], scratch.word_offset[:count], needed)
    sorted_times(drawn.second, payments.seed, window.number, window.start, window.width, scratch.longs.view(np.float64))


@interleaved_kernel
def window_rows(out, window, injected, payments, positions, day_offset, scratch, needed):
    """Make the rows of a window in event-time order; each step finds the output of the one before in the cache.

    Args:
        out: Block of as many rows as the window has. window: Window. injected: Injected. payments: Payments.
        scratch: Scratch, large enough. needed: see `merge`.
    """
    room, count = scratch.drawn, window.payments
    drawn = Drawn(room.second[:count], room.card[:count], room.category[:count], room.cents[:count], room.place[:count])
    records, first = injected.events.records, injected.events.second.size
    if count:
        draw(drawn, window, payments, scratch, needed)
        pack_payments(records[RECORD * first :], drawn, scratch.longs, positions, needed)
    rows = out.second.size
    merge(
        out,
        drawn.second,
        injected.keys,
        window.event,
        records,
        first,
        injected.origin,
        day_offset,
        scratch.longs[: count + 1],
        scratch.source[: rows + np.int64(AHEAD)],
        scratch.words,
        needed,
    )
    if needed & fields.DIGITS:
        card_digits(out.digits, out.card, payments.card_keys, scratch.word_slot[:rows], scratch.word_offset[:rows])
