"""Workers: each fills groups of windows with rows on one thread, in memory that it reuses."""

import threading
from collections.abc import Callable, Collection, Iterator
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fastgen.ids import HashBuffers
from fastgen.kernels import fields
from fastgen.kernels.calls import Repeated
from fastgen.kernels.columns import NO_COLUMNS, Columns
from fastgen.kernels.groups import SPARE, Filled, Memory, RowRules, RowTarget, fill_groups
from fastgen.kernels.structs import Block
from fastgen.plan import GROUP_ROWS, Plan
from fastgen.schema import TRANSACTIONS

SPAN_ROWS = GROUP_ROWS
"""Groups with few rows are filled together, up to about this many rows."""
PIECE_ROWS = 6_000
"""Rows rendered at once, at most: their text stays in the cache until it is written."""
COLUMN_SPARE = 1.06
"""Columns have memory for this many times the expected rows, and for FEW_ROWS more, so that they are hardly ever begun again. It is
less than SPARE because all of their memory is filled, in large pages."""
FEW_ROWS = 6_000
NO_DIGESTS: Final = np.empty(0, np.uint8)

FIELDS: Final = {
    "tid": fields.SECOND | fields.CARD | fields.DIGITS | fields.CENTS,
    "datetime": fields.SECOND,
    "cc_num": fields.CARD | fields.DIGITS,
    "category": fields.CATEGORY,
    "amount": fields.CENTS,
    "latitude": fields.POSITION | fields.PLACE,
    "longitude": fields.POSITION | fields.PLACE,
    "city": fields.PLACE,
    "country": fields.PLACE,
    "fraud_label": fields.LABEL,
}
"""The fields of a block that each column of the table is derived from."""


class Worker:
    """Generates the rows of groups. It owns its scratch memory: use one worker per thread."""

    def __init__(self, plan: Plan, names: Collection[str] = TRANSACTIONS.names) -> None:
        """Prepare for a plan and columns of the table; fields of blocks that they do not need stay undefined, at no cost."""
        self.plan = plan
        self.needed = 0
        for name in names:
            self.needed |= FIELDS[name]
        self.hashed = "tid" in names
        self.buffers = HashBuffers(plan)
        self.rows = Block.empty(0)
        # About the rows of a group: untouched memory costs nothing, and growing means beginning the group again.
        self._memory = Memory.empty(GROUP_ROWS, plan.config.fraud.chain_lengths.high)
        self._fill_groups = Repeated(fill_groups)

    def fill(self, groups: range) -> Block:
        """Return all rows of these groups in event-time order, hashed if `tid` is requested: a view, valid until the next call."""
        rows = self._fill(groups, self.needed, self.hashed)
        return self.rows.rows(0, rows)

    def columns(self, groups: range, allocate: Callable[[int], Columns], is_kept: bool = False) -> int:
        """Fill the columns of these groups, in the memory that `allocate` returned last, and return the number of their rows.

        It is asked for memory for more than these rows, and again if that was too little. With `is_kept` the rows themselves are
        kept as well, as after `fill`.
        """
        return self._fill(groups, self.needed, self.hashed, allocate, is_kept)

    def pieces(self, groups: range) -> Iterator[range]:
        """Fill `rows` with those of these groups, with their seconds but not hashed, and yield ranges of rows to render.

        A range is small enough to stay in the cache while it is rendered and written. Rows are valid until the worker fills others.
        """
        total = self._fill(groups, self.needed | fields.SECOND, hashed=False)
        pieces = -(-total // PIECE_ROWS)
        for i in range(pieces):
            yield range(total * i // pieces, total * (i + 1) // pieces)

    def count(self, group: int) -> int:
        """Count the rows of a group: the plan has its payments, all other events are generated and counted."""
        nowhere = RowTarget(Block.empty(0), NO_DIGESTS, True, NO_COLUMNS, 0)
        while True:
            filled = self._filled(nowhere, Filled(group), group + 1, 0)
            memory, self._memory = self._memory, self._memory.grown_for(filled)
            if self._memory is memory:
                return filled.rows_needed

    def _fill(
        self, groups: range, needed: int, hashed: bool, allocate: Callable[[int], Columns] | None = None, is_kept: bool = True
    ) -> int:
        expected = self.plan.expected_rows
        count = int(expected[groups.stop] - expected[groups.start]) + 1
        column_rows = column_room(count) if allocate else 0
        columns = allocate(column_rows) if allocate else NO_COLUMNS
        self._grow_rows(0, count if is_kept else min(count, GROUP_ROWS))
        filled = Filled(groups.start)
        while True:
            digests = self.buffers.digests(self.rows.second.size, filled.rows if is_kept else 0) if hashed else NO_DIGESTS
            filled = self._filled(RowTarget(self.rows, digests, is_kept, columns, column_rows), filled, groups.stop, needed)
            if filled.group == groups.stop:
                return filled.rows
            self._memory = self._memory.grown_for(filled)
            kept = filled.rows if is_kept else 0
            self._grow_rows(kept, kept + filled.rows_needed - filled.rows)
            if allocate and column_rows < filled.rows_needed:
                column_rows = int(filled.rows_needed * SPARE)
                columns, filled = allocate(column_rows), Filled(groups.start)

    def _filled(self, target: RowTarget, filled: Filled, stop: int, needed: int, are_called: bool = True) -> Filled:
        """Continue with groups up to `stop`, or until one needs more memory."""
        rules, memory, hashing = self._rules, self._memory, self.buffers.hashing
        steps = target.steps(rules, memory, hashing, are_called)
        given = steps, steps.kinds(rules), self.plan.grid, rules, memory, needed, hashing
        return Filled(*self._fill_groups(target, filled.rows, filled.group, stop, *given))

    def compile_first(self) -> None:
        """Compile the kernel that calls the others, without them."""
        self._filled(RowTarget(self.rows, NO_DIGESTS, True, NO_COLUMNS, 0), Filled(0), 0, 0, are_called=False)

    @cached_property
    def _rules(self) -> RowRules:
        return rules_of(self.plan)

    def _grow_rows(self, kept: int, count: int) -> None:
        """Make space for `count` rows, the first `kept` of which are kept."""
        if self.rows.second.size < count:
            self.rows = self.rows.moved(int(count * SPARE), kept)


def column_room(expected: int) -> int:
    """The rows that columns have memory for, if this many are expected."""
    return int(expected * COLUMN_SPARE) + FEW_ROWS


def rules_of(plan: Plan) -> RowRules:
    """The tables that the rows of a plan are generated from."""
    return RowRules(
        sequences=plan.sequence_rules,
        frauds=plan.fraud_rules,
        period=plan.period,
        payments=plan.payment_rules,
        positions=plan.positions,
        day_offset=plan.day_offset,
        midnight=plan.midnight_seconds,
        payment_offsets=plan.payment_offsets,
    )


class RowSource(threading.local):
    """Rows and their ids; each thread that accesses it gets its own worker and scratch memory."""

    def __init__(self, plan: Plan, names: Collection[str]) -> None:
        self.worker = Worker(plan, names)

    def fill(self, groups: range) -> tuple[Block, NDArray[np.uint8]]:
        """Return the rows of these groups and their MD5 digests, uint8[16 n]; no digests unless `tid` is requested."""
        return self.kept(self.worker.fill(groups).second.size)

    def kept(self, rows: int) -> tuple[Block, NDArray[np.uint8]]:
        """Return the first `rows` rows that were filled last, and their digests."""
        return self.worker.rows.rows(0, rows), self.worker.buffers.digests(rows if self.worker.hashed else 0)
