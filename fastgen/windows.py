"""Groups of windows filled with rows: what one thread does, with memory that it reuses."""

from collections.abc import Callable, Collection, Iterator
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels import atm, chains, tables, timeline
from fastgen.kernels.tables import Block, Events, Listed
from fastgen.kernels.windows import Injected, Scratch, Window, window_rows
from fastgen.plan import Plan
from fastgen.schema import TRANSACTIONS

SPARE = 1.25

PARTS: Final = {
    "tid": tables.CARD | tables.CENTS,
    "datetime": 0,
    "cc_num": tables.CARD,
    "category": tables.CATEGORY,
    "amount": tables.CENTS,
    "latitude": tables.POSITION | tables.PLACE,
    "longitude": tables.POSITION | tables.PLACE,
    "city": tables.PLACE,
    "country": tables.PLACE,
    "fraud_label": tables.LABEL,
}
"""The columns of a block that a column of the table is made of, besides `second`."""


class Worker:
    """Makes the rows of groups, one group at a time. One worker a thread: it owns its scratch memory."""

    def __init__(self, plan: Plan, names: Collection[str] = TRANSACTIONS.names) -> None:
        """Set up for a plan and columns of the table; what only others are made of is left undefined, and costs nothing."""
        self.plan = plan
        self.wanted = 0
        for name in names:
            self.wanted |= PARTS[name]
        self.rows = Block.empty(0)
        self.scratch = Scratch.empty(0)
        self._grow_events(0)
        self._grow_listed(0)
        self._ranges = np.empty(plan.config.fraud.chain_lengths.high, np.int64)
        self._digits = np.empty(4097, np.int64)
        self._window_keys = (np.arange(1, plan.grid.windows + 1) * plan.grid.window).astype(np.uint64) << np.uint64(32)

    def fill(self, groups: range, each: Callable[[Block, int], object] | None = None) -> Block:
        """All rows of these groups, in event-time order: a view that is valid until the next call.

        `each` is called with each window's rows, while they are in the cache, and how many rows are before them.
        """
        count = 0
        for group in groups:
            for block in self._group_windows(group, count):
                if each:
                    each(block, count)
                count += block.second.size
        return self.rows.rows(0, count)

    def windows(self, groups: range) -> Iterator[Block]:
        """The rows of these groups, a block for each window that has any, while they are in the cache.

        A block is a view that is valid until the next one is asked for.
        """
        for group in groups:
            yield from self._group_windows(group, None)

    def count(self, group: int) -> int:
        """How many rows a group has: its payments are planned, all other events are made and counted."""
        offsets, windows = self.plan.payment_offsets, self.plan.grid.windows
        payments = int(offsets[(group + 1) * windows] - offsets[group * windows])
        return payments + self._inject(group).size - 1  # behind the last key there is one more

    def _group_windows(self, group: int, kept: int | None) -> Iterator[Block]:
        """The windows of a group; their rows are put behind the `kept` ones, or all to the same place for None."""
        plan, grid = self.plan, self.plan.grid
        first = group * grid.windows
        keys = self._inject(group)
        injected = Injected(self.events, keys, group * grid.group)
        events = [0, *np.searchsorted(keys[:-1], self._window_keys).tolist()]
        payments = plan.payment_offsets[first : first + grid.windows + 1].tolist()
        rules = plan.payment_rules, *plan.place_coordinates, plan.day_offset
        at = kept or 0
        for number, ((payment, next_payment), (event, next_event)) in enumerate(
            zip(pairwise(payments), pairwise(events), strict=True)
        ):
            start = (first + number) * grid.window
            window = Window(first + number, start, min(grid.window, plan.period - start), payment, next_payment - payment, event)
            rows = window.payments + next_event - event
            if not rows:
                continue
            self._grow_rows(at, rows)
            block = self.rows.rows(at, at + rows)
            window_rows(block, window, injected, *rules, self.scratch, self.wanted)
            yield block
            if kept is not None:
                at += rows

    def _inject(self, group: int) -> NDArray[np.uint64]:
        """Fill `self.events` with the events that are not ordinary payments; returns their sorted keys."""
        plan, grid = self.plan, self.plan.grid
        low = group * grid.group
        while True:
            count = self._withdraw(group) if plan.sequences else 0
            if plan.chains:
                count = chains.chain_events(
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
        timeline.order_by_second(keys, spare, seconds, low, grid.group, self._digits)
        return keys

    def _withdraw(self, group: int) -> int:
        """Append withdrawals, foreign ones last, and return how many; more than there is room for means: grow."""
        plan, cells = self.plan, self.plan.grid.group // self.plan.grid.cell
        rules = plan.sequence_rules, plan.payment_rules, *plan.place_coordinates, bool(self.wanted & tables.POSITION)
        while True:
            count, needed = atm.withdrawals(self.events, self._listed, group, cells, *rules)
            if needed <= self._listed.number.size:
                return int(count)
            self._grow_listed(needed)

    def _grow_rows(self, kept: int, rows: int) -> None:
        """Make room for so many rows more than the kept ones."""
        if self.rows.second.size < kept + rows:
            self.rows = self.rows.moved(int((kept + rows) * SPARE), kept)
        if self.scratch.word_slot.size < rows:
            self.scratch = Scratch.empty(int(rows * SPARE))

    def _grow_events(self, count: int) -> None:
        size = int((count + 1) * SPARE)
        self.events = Events(np.empty(size, np.int32), np.empty((size, 3), np.uint64))
        self._keys = np.empty((2, size + 1), np.uint64)

    def _grow_listed(self, count: int) -> None:
        self._listed = Listed.empty(int(count * SPARE) + atm.AT_ONCE, self.plan.config.atm.lengths.high)
