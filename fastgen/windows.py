"""Groups of windows filled with rows: what one thread does, with memory that it reuses."""

import threading
from collections.abc import Callable, Collection, Iterator
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fastgen.ids import TransactionIds
from fastgen.kernels import tables
from fastgen.kernels.calls import Repeated
from fastgen.kernels.columns import NO_COLUMNS, Columns
from fastgen.kernels.groups import SPARE, Filled, Memory, RowRules, RowTarget, fill_groups
from fastgen.kernels.tables import Block
from fastgen.plan import GROUP_ROWS, Plan
from fastgen.schema import TRANSACTIONS

SPAN_ROWS = GROUP_ROWS
"""Of groups with few rows, as many are filled at once as have about so many."""
PIECE_ROWS = 6_000
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
        rows, _ = self._fill(groups, self.wanted, self.hashed)
        return self.rows.rows(0, rows)

    def columns(self, groups: range, room: Callable[[int], Columns], is_kept: bool = False) -> tuple[int, Columns]:
        """How many rows these groups have, and all of them in columns, which `room` makes room for, more than there are rows.

        The rows themselves are kept, as `fill` gives them, only if that is asked for.
        """
        return self._fill(groups, self.wanted, self.hashed, room, is_kept)

    def pieces(self, groups: range) -> Iterator[range]:
        """Fill `rows` with those of these groups, not hashed but with their seconds, and say in turn which few are next.

        So many stay in the cache between the steps of what is made of them. They are there until the worker fills others.
        """
        total, _ = self._fill(groups, self.wanted | tables.SECOND, hashed=False)
        pieces = -(-total // PIECE_ROWS)
        for i in range(pieces):
            yield range(total * i // pieces, total * (i + 1) // pieces)

    def count(self, group: int) -> int:
        """How many rows a group has: its payments are planned, all other events are made and counted."""
        nowhere = RowTarget(Block.empty(0), NO_DIGESTS, True, NO_COLUMNS, 0)
        while True:
            filled = self._filled(nowhere, Filled(group), group + 1, 0)
            memory, self._memory = self._memory, self._memory.with_room(filled)
            if self._memory is memory:
                return filled.room

    def _fill(
        self, groups: range, wanted: int, hashed: bool, room: Callable[[int], Columns] | None = None, is_kept: bool = True
    ) -> tuple[int, Columns]:
        expected = self.plan.expected_rows
        count = int(expected[groups.stop] - expected[groups.start]) + 1
        column_rows = int(count * SPARE) if room else 0
        columns = room(column_rows) if room else NO_COLUMNS
        self._grow_rows(0, count if is_kept else min(count, GROUP_ROWS))
        filled = Filled(groups.start)
        while True:
            digests = self.ids.room(self.rows.second.size, filled.rows if is_kept else 0) if hashed else NO_DIGESTS
            filled = self._filled(RowTarget(self.rows, digests, is_kept, columns, column_rows), filled, groups.stop, wanted)
            if filled.group == groups.stop:
                return filled.rows, columns
            self._memory = self._memory.with_room(filled)
            kept = filled.rows if is_kept else 0
            self._grow_rows(kept, kept + filled.room - filled.rows)
            if room and column_rows < filled.room:
                column_rows = int(filled.room * SPARE)
                columns, filled = room(column_rows), Filled(groups.start)

    def _filled(self, target: RowTarget, filled: Filled, stop: int, wanted: int, are_called: bool = True) -> Filled:
        """Go on with groups up to `stop`, or until one needs more room."""
        rules, memory, hashing = self._rules, self._memory, self.ids.hashing
        steps = target.steps(rules, memory, hashing, are_called)
        given = steps, steps.kinds(rules), self.plan.grid, rules, memory, wanted, hashing
        return Filled(*self._fill_groups(target, filled.rows, filled.group, stop, *given))

    def compile_first(self) -> None:
        """Compile the kernel that calls the others, before any of these."""
        self._filled(RowTarget(self.rows, NO_DIGESTS, True, NO_COLUMNS, 0), Filled(0), 0, 0, are_called=False)

    @cached_property
    def _rules(self) -> RowRules:
        return rules_of(self.plan)

    def _grow_rows(self, kept: int, count: int) -> None:
        """Make room for so many rows, the kept ones included."""
        if self.rows.second.size < count:
            self.rows = self.rows.moved(int(count * SPARE), kept)


def rules_of(plan: Plan) -> RowRules:
    """What a plan's rows follow from."""
    latitude, longitude = plan.place_coordinates
    return RowRules(
        sequences=plan.sequence_rules,
        frauds=plan.fraud_rules,
        period=plan.period,
        payments=plan.payment_rules,
        place_latitude=latitude,
        place_longitude=longitude,
        day_offset=plan.day_offset,
        origin=plan.origin_seconds,
        payment_offsets=plan.payment_offsets,
    )


class RowSource(threading.local):
    """Makes rows and their ids: each thread that touches it gets its own worker and scratch memory."""

    def __init__(self, plan: Plan, names: Collection[str]) -> None:
        self.worker = Worker(plan, names)

    def fill(self, groups: range) -> tuple[Block, NDArray[np.uint8]]:
        """The rows of these groups, and their MD5 digests, uint8[16 n]; empty where no tid is wanted."""
        return self.kept(self.worker.fill(groups).second.size)

    def kept(self, rows: int) -> tuple[Block, NDArray[np.uint8]]:
        """So many of the rows that were filled last, and their digests."""
        return self.worker.rows.rows(0, rows), self.worker.ids.room(rows if self.worker.hashed else 0)
