"""Groups of windows in one call: make their events, sort them, then make the rows.

Once kernels have filled the caches with rows, a call from Python takes several times as long as otherwise.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numba import literal_unroll, types
from numpy.typing import NDArray

from fastgen.kernels.atm import BATCH_SIZE, withdrawals
from fastgen.kernels.calls import Callee, call
from fastgen.kernels.chains import chain_events
from fastgen.kernels.columns import Columns, columns_between, fill_columns
from fastgen.kernels.jit import helper, inlined_kernel, kernel
from fastgen.kernels.md5 import Hashing, transaction_digests
from fastgen.kernels.rng import u64
from fastgen.kernels.structs import Block, Chains, Events, Payments, SequenceList, Sequences, rows_between
from fastgen.kernels.timeline import order_by_second
from fastgen.kernels.windows import Injected, Scratch, Window, window_rows

FRAUDS: Final[dict[type, Any]] = {Chains: chain_events}
"""The kernel that makes the events of each injected kind of fraud, by the type of its table; all take the same arguments."""
SPARE = 1.25
"""Buffers that are too small are replaced by ones of this many times the space needed."""


class RowRules(NamedTuple):
    """What determines the rows.

    frauds: a table for each kind that is injected, see `FRAUDS`. period: seconds in which payments occur.
    positions: uint64[places], of places, as in a record: see `records.where_word`.
    day_offset: seconds from midnight to the start of the period. midnight: seconds since 1970 to it.
    payment_offsets: int64, payments before each window.
    """

    sequences: Sequences
    frauds: tuple[Any, ...]
    period: int
    payments: Payments
    positions: NDArray[np.uint64]
    day_offset: int
    midnight: int
    payment_offsets: NDArray[np.int64]


class Filled(NamedTuple):
    """How far groups have been filled: the first one that has not been, and the rows of those before it.

    If that group was requested, memory was too small: it needs space for `listed_needed` sequences at a time, `events_needed`
    events (more if there was no space to list the sequences) and, together with the rows before it, `rows_needed` rows.
    """

    group: int
    rows: int = 0
    listed_needed: int = 0
    events_needed: int = 0
    rows_needed: int = 0


class Memory(NamedTuple):
    """Buffers in which groups are made.

    keys: uint64[2, events + 1], the order of the events, and scratch. digits: int64[4097], see `order_by_second`.
    attack: int64[payments of the longest attack], scratch for making one.
    """

    events: Events
    listed: SequenceList
    keys: NDArray[np.uint64]
    digits: NDArray[np.int64]
    attack: NDArray[np.int64]
    scratch: Scratch

    @classmethod
    def empty(cls, rows: int, longest: int) -> "Memory":
        """Buffers for groups of about `rows` rows and attacks of up to `longest` payments."""
        digits, attack = np.empty(4097, np.int64), np.empty(longest, np.int64)
        nothing = Events.empty(0), SequenceList.empty(0, BATCH_SIZE), np.empty((2, 1), np.uint64)
        return cls(*nothing, digits, attack, Scratch.empty(0)).grown_for(Filled(0, 0, rows, rows, rows))

    def grown_for(self, filled: Filled) -> "Memory":
        """Return these buffers if they are large enough for a group, otherwise larger ones."""
        made: dict[str, Any] = {}
        if filled.listed_needed > self.listed.number.size:
            made["listed"] = SequenceList.empty(int(filled.listed_needed * SPARE), BATCH_SIZE)
        rows, events = self.scratch.word_slot.size, self.events.second.size
        if filled.rows_needed - filled.rows > rows:
            rows = int((filled.rows_needed - filled.rows) * SPARE)
            made["scratch"] = Scratch.empty(rows)
        if filled.events_needed > events:
            events = int(filled.events_needed * SPARE)
            made["keys"] = np.empty((2, events + 1), np.uint64)
        if "scratch" in made or "keys" in made:
            made["events"] = Events.empty(events, rows)
        return self._replace(**made) if made else self


class RowTarget(NamedTuple):
    """Where rows go.

    rows: Block. If `is_kept`, all rows are in it, one after the other; otherwise each window overwrites the one before.
    digests: uint8[16 n], their MD5 digests; of size 0 for none.
    columns: Columns for `column_rows` rows, which are filled too; 0 for none.
    """

    rows: Block
    digests: NDArray[np.uint8]
    is_kept: bool
    columns: Columns
    column_rows: int

    def steps(self, rules: RowRules, memory: Memory, hashing: Hashing, are_called: bool = True) -> "Steps":
        """The steps for arguments of these types; those not called, for lack of events or columns, are not compiled."""
        frauds = (bool(table.starts.offsets[-1]) for table in rules.frauds)
        filled = bool(self.column_rows)
        made = bool(rules.sequences.offsets[-1]), *frauds, True, True, bool(self.digests.size) and not filled, filled
        called = tuple(step and are_called for step in made)
        if called not in _steps:
            first, *kinds, order, rows, digests, columns = self._callees(rules, memory, hashing, called)
            _steps[called] = Steps(first, tuple(kinds), order, rows, digests, columns)
        return _steps[called]

    def _callees(self, rules: RowRules, memory: Memory, hashing: Hashing, called: tuple[bool, ...]) -> Iterator[Callee]:
        events, pair = memory.events, types.UniTuple(types.int64, 2)
        drawn = rules.payments, rules.positions
        window, injected = Window(0, 0, 0, 0, 0, 0), Injected(events, memory.keys[0], 0)
        rest = *drawn, rules.day_offset, memory.scratch, 0
        is_called = iter(called)
        yield Callee(withdrawals, pair, (events, memory.listed, 0, 0, rules.sequences, *drawn, 0), next(is_called))
        for table in rules.frauds:
            given = events, 0, 0, 0, 0, table, *drawn, memory.attack
            yield Callee(FRAUDS[type(table)], types.int64, given, next(is_called))
        yield Callee(order_by_second, types.none, (*memory.keys, events.second, 0, 0, memory.digits), next(is_called))
        yield Callee(window_rows, types.none, (self.rows, window, injected, *rest), next(is_called))
        yield Callee(transaction_digests, types.none, (self.digests, self.rows, *hashing), next(is_called))
        yield Callee(fill_columns, types.none, (self.columns, 0, self.rows, self.digests, 0, hashing), next(is_called))


class Steps(NamedTuple):
    """The kernels that make a group, in order; `frauds` has one for each kind. Columns are filled with digests, or these alone."""

    withdrawals: Callee
    frauds: tuple[Callee, ...]
    order_by_second: Callee
    window_rows: Callee
    transaction_digests: Callee
    fill_columns: Callee

    def kinds(self, rules: RowRules) -> tuple[tuple[Callee, Any], ...]:
        """The kinds of fraud: the kernel that makes the events of each, and its table."""
        return tuple(zip(self.frauds, rules.frauds, strict=True))


_steps: dict[tuple[bool, ...], Steps] = {}
"""Steps, by which of them are called. Their arguments' types are the same for all datasets, and take milliseconds to resolve."""


@helper
def fraud_events(count, kinds, group, width, events, drawn, attack):
    """Append the events of all kinds of fraud that fall into a group, and return the new count of events."""
    low = group * width
    for kind in literal_unroll(kinds):
        if kind[1].starts.offsets[-1]:
            count = call(kind[0], (events, count, group, low, low + width, kind[1], *drawn, attack))
    return count


@inlined_kernel
def group_events(steps, kinds, group, grid, rules, memory, needed):
    """Make the events of a group, unsorted; return how many there are, and how many sequences must be listed at a time.

    Without enough space for both, some events are not made. For the arguments see `fill_groups`.
    """
    count = listed = 0
    drawn = rules.payments, rules.positions
    if rules.sequences.offsets[-1]:
        cells = grid.group // grid.cell
        given = memory.events, memory.listed, group, cells, rules.sequences, *drawn, needed
        count, listed = call(steps.withdrawals, given)
    return fraud_events(count, kinds, group, grid.group, memory.events, drawn, memory.attack), listed


@inlined_kernel
def first_event(keys, low, second):
    """Find the first event from `low` on that is not before a second (counted from the keys' origin)."""
    high = keys.size - 1  # the last key is no event's
    bound = u64(second) << u64(32)
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < bound:
            low = middle + 1
        else:
            high = middle
    return low


@inlined_kernel
def group_windows(target, done, steps, group, grid, injected, payments, rules, memory, needed, hashing):
    """Make a group's rows window by window, so that each step finds them in the cache; return the new count of rows.

    Args:
        done: rows of the groups before. injected: Injected. payments: int64, payments before each window, and before the end of
            the last one. For the others see `fill_groups`.
    """
    event = 0
    drawn = rules.payments, rules.positions, rules.day_offset
    for i in range(payments.size - 1):
        behind = first_event(injected.keys, event, (i + 1) * grid.window)
        count = payments[i + 1] - payments[i] + behind - event
        if count:
            start = group * grid.group + i * grid.window
            width = min(grid.window, rules.period - start)
            window = Window(start // grid.window, start, width, payments[i], payments[i + 1] - payments[i], event)
            at = done if target.is_kept else 0
            rows, digests = rows_between(target.rows, at, at + count), target.digests[16 * at : 16 * (at + count)]
            call(steps.window_rows, (rows, window, injected, *drawn, memory.scratch, needed))
            if target.column_rows:
                columns = columns_between(target.columns, done, done + count)
                call(steps.fill_columns, (columns, done, rows, digests, rules.midnight, hashing))
            elif digests.size:
                call(steps.transaction_digests, (digests, rows, hashing.days, hashing.tile))
            done += count
        event = behind
    return done


@kernel
def fill_groups(target, done, group, stop, steps, kinds, grid, rules, memory, needed, hashing):
    """Make the rows of groups in event-time order, one group after the other.

    Args:
        target: RowTarget. done: rows already made. group, stop: the first group, and the one after the last.
        steps: Steps. kinds: see `Steps.kinds`. grid: see `plan.Grid`. rules: RowRules. memory: Memory. needed: see `merge`.
        hashing: Hashing.

    Returns:
        The fields of `Filled`.
    """
    windows = grid.group // grid.window
    while group < stop:
        payments = rules.payment_offsets[group * windows : (group + 1) * windows + 1]
        count, listed = group_events(steps, kinds, group, grid, rules, memory, needed)
        rows = payments[windows] - payments[0] + count
        space = min(memory.scratch.word_slot.size, target.rows.second.size - (done if target.is_kept else 0))
        if target.column_rows:
            space = min(space, target.column_rows - done)
        if listed > memory.listed.number.size or count > memory.events.second.size or rows > space:
            return group, done, listed, count, done + rows
        low = group * grid.group
        keys, spare = memory.keys[0, : count + 1], memory.keys[1, : count + 1]
        call(steps.order_by_second, (keys, spare, memory.events.second[:count], low, grid.group, memory.digits))
        injected = Injected(memory.events, keys, low)
        done = group_windows(target, done, steps, group, grid, injected, payments, rules, memory, needed, hashing)
        group += 1
    return group, done, 0, 0, 0
