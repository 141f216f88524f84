"""Groups of windows filled with rows: what one thread does, with memory that it reuses."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from fastgen.kernels import atm, chains, payments, timeline
from fastgen.kernels.tables import Block, Events, Listed
from fastgen.plan import Plan

SPARE = 1.25


class Worker:
    """Makes the rows of groups, one group at a time. One worker a thread: it owns its scratch memory."""

    def __init__(self, plan: Plan, positions: bool = True) -> None:
        """Set up for a plan; without `positions` withdrawals' coordinates are left undefined, and cost nothing."""
        self.plan = plan
        self.positions = positions
        self.rows = Block.empty(0)
        self.payments = Block.empty(0)
        self._grow_payments(0)
        self._grow_events(0)
        self._grow_listed(0)
        self._ranges = np.empty(plan.config.fraud.chain_lengths.high, np.int64)
        self._digits = np.empty(4097, np.int64)
        self._order = np.empty(0, np.uint32)

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
        latitude, longitude = plan.place_coordinates
        offsets = plan.payment_offsets
        low = group * grid.group
        keys = self._inject(group)
        at = kept or 0
        event = 0
        for window in range(group * grid.windows, (group + 1) * grid.windows):
            start = window * grid.window
            until = timeline.first_from(keys, event, start - low + grid.window)
            payments = int(offsets[window + 1] - offsets[window])
            rows = payments + until - event
            if not rows:
                continue
            drawn = self._pay(window, int(offsets[window]), payments, start, min(grid.window, plan.period - start))
            self._grow_rows(at, rows)
            if self._order.size < rows + 2:
                self._order = np.empty(int((rows + 2) * SPARE), np.uint32)
            block = self.rows.rows(at, at + rows)
            timeline.merge(
                block, drawn, keys, event, self.events, low, latitude, longitude, plan.day_offset, self._order[: rows + 2]
            )
            event = until
            yield block
            if kept is not None:
                at += rows

    def _pay(self, window: int, first: int, count: int, start: int, width: int) -> Block:
        """The ordinary payments of a window, and room for one more."""
        self._grow_payments(count)
        drawn = self.payments.rows(0, count)
        if count:
            payments.payment_rows(drawn, first, self.plan.payment_rules, self._word_slot[:count], self._word_offset[:count])
            timeline.sorted_times(drawn.second, self.plan.seed, window, start, width, self._spacing)
        return self.payments.rows(0, count + 1)

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
        plan, grid = self.plan, self.plan.grid
        rules = plan.sequence_rules
        cells = grid.group // grid.cell
        first_cell = group * cells
        count = atm.list_withdrawals(self._listed, first_cell, cells, rules)
        if count + atm.AT_ONCE > self._listed.number.size:
            self._grow_listed(count)
            atm.list_withdrawals(self._listed, first_cell, cells, rules)
        kept = atm.keep_long_enough(self._listed, count, rules)
        if kept <= self.events.second.size:
            atm.withdrawal_rows(self.events, self._listed, kept, rules, plan.payment_rules, *plan.place_coordinates, self.positions)
        return int(atm.foreign_rows(self.events, kept, first_cell, cells, rules, plan.payment_rules, *plan.place_coordinates))

    def _grow_rows(self, kept: int, rows: int) -> None:
        """Make room for so many rows more than the kept ones."""
        if self.rows.second.size < kept + rows:
            self.rows = self.rows.moved(int((kept + rows) * SPARE), kept)

    def _grow_payments(self, rows: int) -> None:
        if self.payments.second.size <= rows:
            size = int((rows + 1) * SPARE)
            self.payments = Block.empty(size)
            self._word_slot, self._word_offset = np.empty((2, size), np.uint32)
            self._spacing = np.empty(size + 8)

    def _grow_events(self, count: int) -> None:
        size = int((count + 1) * SPARE)
        self.events = Events(np.empty(size, np.int32), np.empty((size, 3), np.uint64))
        self._keys = np.empty((2, size + 1), np.uint64)

    def _grow_listed(self, count: int) -> None:
        self._listed = Listed.empty(int(count * SPARE) + atm.AT_ONCE, self.plan.config.atm.lengths.high)
