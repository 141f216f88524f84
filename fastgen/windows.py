"""Groups of windows filled with rows: what one thread does, with memory that it reuses."""

import threading
from collections.abc import Collection, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fastgen.ids import TransactionIds
from fastgen.kernels import atm, chains, tables, timeline
from fastgen.kernels.jit import Repeated
from fastgen.kernels.tables import Block, Events, Listed
from fastgen.kernels.windows import Group, Injected, Scratch, group_rows
from fastgen.plan import GROUP_ROWS, Plan
from fastgen.schema import TRANSACTIONS

SPARE = 1.25
PIECE_ROWS = 12_000
"""At most so many rows are rendered at once: their text stays in the cache until it is written."""
NO_DIGESTS: Final = np.empty(0, np.uint8)

PARTS: Final = {
    "tid": tables.SECOND | tables.CARD | tables.DIGITS | tables.CENTS,
    "datetime": tables.SECOND,
    "cc_num": tables.CARD | tables.DIGITS,
    "category": tables.CATEGORY,
    "amount": tables.CENTS,
    "latitude": tables.POSITION | tables.PLACE,
    "longitude": tables.POSITION | tables.PLACE,
    "city": tables.PLACE,
    "country": tables.PLACE,
    "fraud_label": tables.LABEL,
}
"""The columns of a block that a column of the table is made of."""


class Worker:
    """Makes the rows of groups, one group at a time. One worker a thread: it owns its scratch memory."""

    def __init__(self, plan: Plan, names: Collection[str] = TRANSACTIONS.names) -> None:
        """Set up for a plan and columns of the table; what only others are made of is left undefined, and costs nothing."""
        self.plan = plan
        self.wanted = 0
        for name in names:
            self.wanted |= PARTS[name]
        self.hashed = "tid" in names
        self.ids = TransactionIds(plan)
        self.rows = Block.empty(0)
        self.scratch = Scratch.empty(0)
        # About what a group has; memory that nobody touches costs nothing, and to grow is to begin the group again.
        self._grow_events(GROUP_ROWS)
        self._grow_listed(GROUP_ROWS)
        self._ranges = np.empty(plan.config.fraud.chain_lengths.high, np.int64)
        self._digits = np.empty(4097, np.int64)
        self._group_rows, self._withdrawals = Repeated(group_rows), Repeated(atm.withdrawals)
        self._chain_events, self._order_by_second = Repeated(chains.chain_events), Repeated(timeline.order_by_second)

    def fill(self, groups: range) -> Block:
        """All rows of these groups, in event-time order, hashed where a tid is wanted: a view, valid until the next call."""
        count = 0
        for group in groups:
            count = self._fill(group, count, self.wanted, self.hashed)
        return self.rows.rows(0, count)

    def pieces(self, groups: range) -> Iterator[Block]:
        """The rows of these groups, not hashed but with their seconds, in blocks small enough for the cache.

        A block is a view that is valid until the next one is asked for.
        """
        for group in groups:
            total = self._fill(group, 0, self.wanted | tables.SECOND, hashed=False)
            pieces = -(-total // PIECE_ROWS)
            for i in range(pieces):
                yield self.rows.rows(total * i // pieces, total * (i + 1) // pieces)

    def count(self, group: int) -> int:
        """How many rows a group has: its payments are planned, all other events are made and counted."""
        offsets, windows = self.plan.payment_offsets, self.plan.grid.windows
        payments = int(offsets[(group + 1) * windows] - offsets[group * windows])
        return payments + self._inject(group).size - 1  # behind the last key there is one more

    def _fill(self, group: int, kept: int, wanted: int, hashed: bool) -> int:
        """Put the rows of a group behind the `kept` ones; returns how many there are then."""
        plan, grid = self.plan, self.plan.grid
        first = group * grid.windows
        keys = self._inject(group)
        payments = plan.payment_offsets[first : first + grid.windows + 1]
        count = kept + int(payments[-1] - payments[0]) + keys.size - 1
        if count > kept:
            self._grow_rows(kept, count)
        self._group_rows(
            self.rows.rows(kept, count),
            self.ids.room(count, kept)[16 * kept :] if hashed else NO_DIGESTS,
            Group(first, grid.window, plan.period, payments),
            Injected(self.events, keys, group * grid.group),
            plan.payment_rules,
            *plan.place_coordinates,
            plan.day_offset,
            self.scratch,
            wanted,
            self.ids.hashing,
        )
        return count

    def _inject(self, group: int) -> NDArray[np.uint64]:
        """Fill `self.events` with the events that are not ordinary payments; returns their sorted keys."""
        plan, grid = self.plan, self.plan.grid
        low = group * grid.group
        while True:
            count = self._withdraw(group) if plan.sequences else 0
            if plan.chains:
                count = self._chain_events(
                    self.events,
                    count,
                    group,
                    low,
                    low + grid.group,
                    plan.chain_rules,
                    plan.payment_rules,
                    *plan.place_coordinates,
                    self._ranges,
                )
            if count <= self.events.second.size:
                break
            self._grow_events(count)
        seconds = self.events.second[:count]
        keys: NDArray[np.uint64]
        keys, spare = self._keys[:, : count + 1]
        self._order_by_second(keys, spare, seconds, low, grid.group, self._digits)
        return keys

    def _withdraw(self, group: int) -> int:
        """Append withdrawals, foreign ones last, and return how many; more than there is room for means: grow."""
        plan, cells = self.plan, self.plan.grid.group // self.plan.grid.cell
        rules = plan.sequence_rules, plan.payment_rules, *plan.place_coordinates, self.wanted
        while True:
            count, needed = self._withdrawals(self.events, self._listed, group, cells, *rules)
            if needed <= self._listed.number.size:
                return int(count)
            self._grow_listed(needed)

    def _grow_rows(self, kept: int, count: int) -> None:
        """Make room for so many rows, the kept ones included."""
        if self.rows.second.size < count:
            self.rows = self.rows.moved(int(count * SPARE), kept)
        if self.scratch.word_slot.size < count - kept:
            self.scratch = Scratch.empty(int((count - kept) * SPARE))

    def _grow_events(self, count: int) -> None:
        size = int((count + 1) * SPARE)
        self.events = Events(np.empty(size, np.int32), np.empty((size, 3), np.uint64))
        self._keys = np.empty((2, size + 1), np.uint64)

    def _grow_listed(self, count: int) -> None:
        self._listed = Listed.empty(int(count * SPARE) + atm.AT_ONCE, atm.FEW)


class RowSource(threading.local):
    """Makes rows and their ids: each thread that touches it gets its own worker and scratch memory."""

    def __init__(self, plan: Plan, names: Collection[str]) -> None:
        self.worker = Worker(plan, names)
        self.ids = self.worker.ids

    def fill(self, groups: range) -> tuple[Block, NDArray[np.uint8]]:
        """The rows of these groups, and their MD5 digests, uint8[16 n]; empty where no tid is wanted."""
        rows = self.worker.fill(groups)
        return rows, self.ids.room(rows.second.size if self.worker.hashed else 0)
