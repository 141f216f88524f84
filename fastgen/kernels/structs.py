"""The data structures of kernels: blocks of rows, and the small tables that rules are turned into.

Plain named tuples of numbers and arrays, so that Python and compiled code read the same fields.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels.jit import helper


class Block(NamedTuple):
    """Rows of `transactions` as numbers, one array per column; every sink renders from these.

    second: int32, since midnight of the day on which the period starts.
    card: uint32, index of the card.
    category: uint8, index of the category; the last one is the cash withdrawal.
    cents: uint32.
    place: uint16, index of the place; the places at home come first.
    latitude, longitude: int32, millionths of a degree.
    walked: uint8, 1 where the position has left its place and is written with six decimals.
    label: int8, 1 for fraud.
    digits: uint64, the card's number, two digits to a byte, the first in the first byte's high half.
    """

    second: NDArray[np.int32]
    card: NDArray[np.uint32]
    category: NDArray[np.uint8]
    cents: NDArray[np.uint32]
    place: NDArray[np.uint16]
    latitude: NDArray[np.int32]
    longitude: NDArray[np.int32]
    walked: NDArray[np.uint8]
    label: NDArray[np.int8]
    digits: NDArray[np.uint64]

    @classmethod
    def empty(cls, rows: int) -> "Block":
        """A block of uninitialized rows."""
        kinds: list[Any] = [np.int32, np.uint32, np.uint8, np.uint32, np.uint16, np.int32, np.int32, np.uint8, np.int8, np.uint64]
        return cls(*(np.empty(rows, kind) for kind in kinds))

    def rows(self, start: int, stop: int) -> "Block":
        """A view of the rows [start, stop)."""
        columns: tuple[Any, ...] = self
        return Block(*(column[start:stop] for column in columns))

    def moved(self, rows: int, kept: int) -> "Block":
        """A larger block that begins with the first `kept` rows of this one."""
        larger = Block.empty(rows)
        columns: tuple[Any, ...] = self
        for new, old in zip(list[Any](larger), columns, strict=True):
            new[:kept] = old[:kept]
        return larger


@helper
def rows_between(block, start, stop):
    """`Block.rows`, for kernels."""
    return Block(
        block.second[start:stop],
        block.card[start:stop],
        block.category[start:stop],
        block.cents[start:stop],
        block.place[start:stop],
        block.latitude[start:stop],
        block.longitude[start:stop],
        block.walked[start:stop],
        block.label[start:stop],
        block.digits[start:stop],
    )


RECORD = 3
"""Words in the record of a row, see `records`."""


class Events(NamedTuple):
    """Injected events: everything but ordinary payments.

    second: int32[n], since the start of the period.
    records: uint64[RECORD * (n + payments)], one record after the other; words in which nothing is needed are undefined. The
        last ones are of the payments of a window, while its rows are made.
    """

    second: NDArray[np.int32]
    records: NDArray[np.uint64]

    @classmethod
    def empty(cls, events: int, payments: int = 0) -> "Events":
        """Buffers for this many events and payments."""
        return cls(np.empty(events, np.int32), np.empty(RECORD * (events + payments), np.uint64))


class SequenceList(NamedTuple):
    """Sequences whose k-th withdrawals fall into a group, with scratch for computing a batch of them at a time.

    number: uint64, of the sequence. second: int32. width: uint32, of the cell that it starts in, then the word of the second step,
        then one of the amount.
    left, right: uint32, the number's row and column in the permutation's grid, permuted. Then `left` is the position among the
        cash cards, then the card; `right` the word of the first step, then one of the amount.
    place: uint16. latitude, longitude: int32. cents: uint32, the least amount of a range, then the amount. span: uint32, how many
        amounts the range has.
    """

    number: NDArray[np.uint64]
    second: NDArray[np.int32]
    width: NDArray[np.uint32]
    left: NDArray[np.uint32]
    right: NDArray[np.uint32]
    place: NDArray[np.uint16]
    latitude: NDArray[np.int32]
    longitude: NDArray[np.int32]
    cents: NDArray[np.uint32]
    span: NDArray[np.uint32]

    @classmethod
    def empty(cls, rows: int, batch: int) -> "SequenceList":
        """Buffers for `rows` sequences, of which `batch` are computed at a time."""
        listed: list[Any] = [np.empty(rows, kind) for kind in (np.uint64, np.int32, np.uint32, np.uint32, np.uint32)]
        drawn: list[Any] = [np.empty(batch, kind) for kind in (np.uint16, np.int32, np.int32, np.uint32, np.uint32)]
        return cls(*listed, *drawn)


class Amounts(NamedTuple):
    """Alias tables (Walker 1977, Vose 1991) of a payment's amount given its category, `slots` per category.

    threshold: uint64[categories * slots], below it (of 2^32) the slot's own segment is taken.
    low, width: uint64[categories * slots * 2], cents: the own segment, then the alias.
    bits: log2(slots).
    """

    threshold: NDArray[np.uint64]
    low: NDArray[np.uint64]
    width: NDArray[np.uint64]
    bits: int


class AmountRanges(NamedTuple):
    """Ranges of amounts, for withdrawals: all rows draw from the same few ranges, which are compared faster than looked up.

    upper: uint32[ranges - 1], the first word (of 2^32) that is past each range but the last. low, width: uint32[ranges], cents.
    """

    upper: NDArray[np.uint32]
    low: NDArray[np.uint32]
    width: NDArray[np.uint32]


class Quota(NamedTuple):
    """Exact shares in random order: item i belongs to the class whose range holds permute(i).

    keys: see `permutation.permutation_keys`. upper: uint64[classes], ends of the ranges, ascending.
    first: uint8, the first class that a slot of 2^shift numbers can hold.
    """

    keys: NDArray[np.uint64]
    upper: NDArray[np.uint64]
    first: NDArray[np.uint8]
    shift: int


class Payments(NamedTuple):
    """What a payment needs besides its number.

    card_keys: the permutation that numbers cards, see `cards.card_digits`.
    category_low, category_high: int64[categories], cents.
    """

    seed: np.uint64
    cards: int
    card_keys: NDArray[np.uint64]
    places: int
    amounts: Amounts
    quota: Quota
    category_low: NDArray[np.int64]
    category_high: NDArray[np.int64]


class AttackStarts(NamedTuple):
    """Where the attacks of a kind of fraud start. They are numbered in the order of the groups in which they start.

    offsets: int64[groups + 1], attacks before each group. group_seconds: width of a group.
    period: seconds in which attacks may start. reach: how many groups past its own an attack can extend into.
    """

    offsets: NDArray[np.int64]
    group_seconds: int
    period: int
    reach: int


class Chains(NamedTuple):
    """Attack chains.

    first_payment: number of chain 0's first payment.
    shortest, lengths: chain lengths are shortest .. shortest + lengths - 1. last_length: of the last chain.
    gap_low, gaps: seconds between payments.
    range_counts: int64[longest, ranges], later payments in each amount range, by their total.
    range_low, range_width: uint64[ranges], cents.
    """

    starts: AttackStarts
    first_payment: int
    shortest: int
    lengths: int
    last_length: int
    gap_low: int
    gaps: int
    range_counts: NDArray[np.int64]
    range_low: NDArray[np.uint64]
    range_width: NDArray[np.uint64]


class Sequences(NamedTuple):
    """ATM sequences, numbered by cell: first by their step in hours, then by the time cell of their start.

    A shift by whole hours maps cells onto cells, so the k-th withdrawals that fall into a range of
    cells are the sequences of one range of cells for each step.

    offsets: int64[steps * cells + 1], sequences before each cell.
    cloned: int64[steps * cells + 1], cloned cards' sequences before each cell; within a cell they come first.
    cells: time cells in the period. cell_seconds: width of a cell, a divisor of 3600. period: seconds.
    step_low, steps: hours. shortest, lengths: withdrawals in a sequence.
    keys: the permutation that gives a number its card and length. cash_cards: uint32[n], card indices.
    foreign_low, foreign_hours: hours from the first withdrawal to the foreign one.
    home, abroad: places in and outside the country. radius: largest step of the walk, millionths of a degree.
    cash: the category of withdrawals. amounts: their distribution.
    """

    offsets: NDArray[np.int64]
    cloned: NDArray[np.int64]
    cells: int
    cell_seconds: int
    period: int
    step_low: int
    steps: int
    shortest: int
    lengths: int
    keys: NDArray[np.uint64]
    cash_cards: NDArray[np.uint32]
    foreign_low: int
    foreign_hours: int
    home: int
    abroad: int
    radius: int
    cash: int
    amounts: AmountRanges
