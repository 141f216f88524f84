"""The rows of a window: ordinary payments are drawn, merged with injected events, and hashed."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels import fields
from fastgen.kernels.cards import card_digits
from fastgen.kernels.jit import inlined_kernel, interleaved_kernel
from fastgen.kernels.md5 import transaction_digests
from fastgen.kernels.payments import payment_rows
from fastgen.kernels.structs import Events
from fastgen.kernels.timeline import LANES, merge, sorted_times


class Drawn(NamedTuple):
    """Payments, one array per column, see Block; their position is that of their place."""

    second: NDArray[np.int32]
    card: NDArray[np.uint32]
    category: NDArray[np.uint8]
    cents: NDArray[np.uint32]
    place: NDArray[np.uint16]


class Scratch(NamedTuple):
    """Scratch memory for making a window's rows, up to as many as word_slot has items.

    drawn: its payments, with space for one more. word_slot, word_offset: uint32, words of their amounts.
    spacing: float64, of their times. order: uint32, where rows go; quarters: uint64[2, LANES + 1].
    """

    drawn: Drawn
    word_slot: NDArray[np.uint32]
    word_offset: NDArray[np.uint32]
    spacing: NDArray[np.float64]
    order: NDArray[np.uint32]
    quarters: NDArray[np.uint64]

    @classmethod
    def empty(cls, rows: int) -> "Scratch":
        """Scratch memory for this many rows."""
        kinds: list[Any] = [np.int32, np.uint32, np.uint8, np.uint32, np.uint16]
        drawn: list[Any] = [np.empty(rows + 1, kind) for kind in kinds]
        word_slot, word_offset = np.empty((2, rows), np.uint32)
        order, quarters = np.empty(rows + 2 * LANES, np.uint32), np.empty((2, LANES + 1), np.uint64)
        return cls(Drawn(*drawn), word_slot, word_offset, np.empty(rows + 8), order, quarters)


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


@inlined_kernel
def draw(drawn, window, payments, scratch, needed):
    """Draw the window's payments."""
    count = window.payments
    made = Drawn(drawn.second[:count], drawn.card[:count], drawn.category[:count], drawn.cents[:count], drawn.place[:count])
    payment_rows(made, window.payment, payments, scratch.word_slot[:count], scratch.word_offset[:count], needed)
    sorted_times(made.second, payments.seed, window.number, window.start, window.width, scratch.spacing)


@interleaved_kernel
def window_rows(out, digests, window, injected, payments, place_latitude, place_longitude, day_offset, scratch, needed, hashing):
    """Make the rows of a window in event-time order; each step finds the output of the one before in the cache.

    Args:
        out: Block of as many rows as the window has. digests: uint8[16 n], filled with the MD5 digests; of size 0 for none.
        window: Window. injected: Injected. payments: Payments. scratch: Scratch, large enough. needed: see `merge`.
        hashing: Hashing.
    """
    all_drawn = scratch.drawn
    size = window.payments + 1
    drawn = Drawn(
        all_drawn.second[:size], all_drawn.card[:size], all_drawn.category[:size], all_drawn.cents[:size], all_drawn.place[:size]
    )
    if window.payments:
        draw(drawn, window, payments, scratch, needed)
    count = out.second.size
    merge(
        out,
        drawn,
        injected.keys,
        window.event,
        injected.events,
        injected.origin,
        place_latitude,
        place_longitude,
        day_offset,
        scratch.order[: count + 2 * LANES],
        scratch.quarters,
        needed,
    )
    if needed & fields.DIGITS:
        card_digits(out.digits, out.card, payments.card_keys, scratch.word_slot[:count], scratch.word_offset[:count])
    if digests.size:
        transaction_digests(digests, out, hashing.days, hashing.tile)
