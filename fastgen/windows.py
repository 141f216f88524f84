"""Groups of windows filled with rows: what one thread does, with memory that it reuses."""

import threading
from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fastgen.ids import TransactionIds
from fastgen.kernels import tables
from fastgen.kernels.calls import Repeated
from fastgen.kernels.groups import SPARE, Filled, Memory, Rules, Steps, fill_groups
from fastgen.kernels.tables import Block
from fastgen.plan import GROUP_ROWS, Plan
from fastgen.schema import TRANSACTIONS

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
    """Makes the rows of groups. One worker a thread: it owns its scratch memory."""

    def __init__(self, plan: Plan, names: Collection[str] = TRANSACTIONS.names) -> None:
        """Set up for a plan and columns of the table; what only others are made of is left undefined, and costs nothing."""
        self.plan = plan
        self.wanted = 0
        for name in names:
            self.wanted |= PARTS[name]
        self.hashed = "tid" in names
        self.ids = TransactionIds(plan)
        self.rows = Block.empty(0)
        # About what a group has; memory that nobody touches costs nothing, and to grow is to begin the group again.
        self._memory = Memory.empty(GROUP_ROWS, plan.config.fraud.chain_lengths.high)
        self._fill_groups = Repeated(fill_groups)

    def fill(self, groups: range) -> Block:
        """All rows of these groups, in event-time order, hashed where a tid is wanted: a view, valid until the next call."""
        return self._fill(groups, self.wanted, self.hashed)

    def pieces(self, groups: range) -> Iterator[Block]:
        """The rows of these groups, not hashed but with their seconds, in blocks small enough for the cache.

        A block is a view that is valid until the next one is asked for.
        """
        for group in groups:
            rows = self._fill(range(group, group + 1), self.wanted | tables.SECOND, hashed=False)
            total = rows.second.size
            pieces = -(-total // PIECE_ROWS)
            for i in range(pieces):
                yield rows.rows(total * i // pieces, total * (i + 1) // pieces)

    def count(self, group: int) -> int:
        """How many rows a group has: its payments are planned, all other events are made and counted."""
        nowhere = Block.empty(0)
        while True:
            filled = self._filled(nowhere, Filled(group), group + 1, 0, hashed=False)
            memory, self._memory = self._memory, self._memory.with_room(filled)
            if self._memory is memory:
                return filled.room

    def _fill(self, groups: range, wanted: int, hashed: bool) -> Block:
        expected = self.plan.expected_rows
        self._grow_rows(0, int(expected[groups.stop] - expected[groups.start]))
        filled = Filled(groups.start)
        while True:
            filled = self._filled(self.rows, filled, groups.stop, wanted, hashed)
            if filled.group == groups.stop:
                return self.rows.rows(0, filled.rows)
            self._memory = self._memory.with_room(filled)
            self._grow_rows(filled.rows, filled.room)

    def _filled(self, out: Block, filled: Filled, stop: int, wanted: int, hashed: bool) -> Filled:
        """Go on with groups up to `stop`, or until one needs more room."""
        digests = self.ids.room(out.second.size, filled.rows) if hashed else NO_DIGESTS
        given = self._steps, self.plan.grid, self._rules, self._memory, wanted, self.ids.hashing
        return Filled(*self._fill_groups(out, digests, filled.rows, filled.group, stop, *given))

    @cached_property
    def _rules(self) -> Rules:
        plan = self.plan
        rules = plan.sequence_rules, plan.chain_rules, plan.payment_rules
        return Rules(*rules, *plan.place_coordinates, plan.day_offset, plan.payment_offsets)

    @cached_property
    def _steps(self) -> Steps:
        return Steps.of(self._rules, self._memory, self.ids.hashing)

    def compile_first(self) -> None:
        """Compile the kernel that calls the others, before any of these."""
        self._steps = Steps.of(self._rules, self._memory, self.ids.hashing, are_called=False)
        self.fill(range(0))
        del self._steps

    def _grow_rows(self, kept: int, count: int) -> None:
        """Make room for so many rows, the kept ones included."""
        if self.rows.second.size < count:
            self.rows = self.rows.moved(int(count * SPARE), kept)


class RowSource(threading.local):
    """Makes rows and their ids: each thread that touches it gets its own worker and scratch memory."""

    def __init__(self, plan: Plan, names: Collection[str]) -> None:
        self.worker = Worker(plan, names)
        self.ids = self.worker.ids

    def fill(self, groups: range) -> tuple[Block, NDArray[np.uint8]]:
        """The rows of these groups, and their MD5 digests, uint8[16 n]; empty where no tid is wanted."""
        rows = self.worker.fill(groups)
        return rows, self.ids.room(rows.second.size if self.worker.hashed else 0)
