"""Groups of windows by one call: their events are made and put in order, then their rows.

Between kernels that have filled the caches with rows, a call from Python takes several times as long as by itself.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from fastgen.kernels.atm import FEW, withdrawals
from fastgen.kernels.calls import Callee, call
from fastgen.kernels.chains import chain_events
from fastgen.kernels.jit import kernel, part
from fastgen.kernels.md5 import Hashing
from fastgen.kernels.tables import Block, Chains, Events, Listed, Payments, Sequences
from fastgen.kernels.timeline import order_by_second
from fastgen.kernels.windows import Group, Injected, Scratch, group_rows, rows_between

SPARE = 1.25
"""So many times the room that was too little, when there has to be more."""


class Rules(NamedTuple):
    """What rows follow from.

    place_latitude, place_longitude: int32[places], millionths of a degree.
    day_offset: seconds from midnight to the start of the period. payment_offsets: int64, payments before each window.
    """

    sequences: Sequences
    chains: Chains
    payments: Payments
    place_latitude: NDArray[np.int32]
    place_longitude: NDArray[np.int32]
    day_offset: int
    payment_offsets: NDArray[np.int64]


class Filled(NamedTuple):
    """How far groups have been filled: the first one that has not been, and the rows of those before it.

    If it is one that was asked for, there was too little room: it has so many `listed` sequences at a time and `events`,
    unless the sequences were too many to count them, and with the rows before it `room` rows.
    """

    group: int
    rows: int = 0
    listed: int = 0
    events: int = 0
    room: int = 0


class Memory(NamedTuple):
    """What groups are made in.

    keys: uint64[2, events + 1], their order, and scratch. digits: int64[4097], see `order_by_second`.
    ranges: int64[longest chain], see `chain_events`.
    """

    events: Events
    listed: Listed
    keys: NDArray[np.uint64]
    digits: NDArray[np.int64]
    ranges: NDArray[np.int64]
    scratch: Scratch

    @classmethod
    def empty(cls, rows: int, longest: int) -> "Memory":
        """Room for groups of so many rows, or about, and for chains of so many payments."""
        digits, ranges = np.empty(4097, np.int64), np.empty(longest, np.int64)
        return cls(Events.empty(0), Listed.empty(0, FEW), np.empty((2, 1), np.uint64), digits, ranges, Scratch.empty(0)).with_room(
            Filled(0, 0, rows, rows, rows)
        )

    def with_room(self, filled: Filled) -> "Memory":
        """Itself, if it has the room that a group needs, or with more."""
        made: dict[str, Any] = {}
        if filled.listed > self.listed.number.size:
            made["listed"] = Listed.empty(int(filled.listed * SPARE), FEW)
        if filled.events > self.events.second.size:
            size = int(filled.events * SPARE)
            made["events"], made["keys"] = Events.empty(size), np.empty((2, size + 1), np.uint64)
        if filled.room - filled.rows > self.scratch.word_slot.size:
            made["scratch"] = Scratch.empty(int((filled.room - filled.rows) * SPARE))
        return self._replace(**made) if made else self


class Steps(NamedTuple):
    """The kernels that make a group, one after the other."""

    withdrawals: Callee
    chain_events: Callee
    order_by_second: Callee
    group_rows: Callee

    @classmethod
    def of(cls, rules: Rules, memory: Memory, hashing: Hashing, are_called: bool = True) -> "Steps":
        """For arguments of these types; those that make events of which there are none need not be compiled."""
        has_sequences, has_chains = bool(rules.sequences.offsets[-1]), bool(rules.chains.offsets[-1])
        called = has_sequences and are_called, has_chains and are_called, are_called, are_called
        if called not in _steps:
            _steps[called] = cls._compiled(rules, memory, hashing, called)
        return _steps[called]

    @classmethod
    def _compiled(cls, rules: Rules, memory: Memory, hashing: Hashing, called: tuple[bool, ...]) -> "Steps":
        drawn = rules.payments, rules.place_latitude, rules.place_longitude
        group, injected = Group(0, 0, 0, rules.payment_offsets), Injected(memory.events, memory.keys[0], 0)
        block, digests = Block.empty(0), np.empty(0, np.uint8)
        kernels: list[tuple[Any, types.Type, tuple[Any, ...]]] = [
            (withdrawals, types.UniTuple(types.int64, 2), (memory.events, memory.listed, 0, 0, rules.sequences, *drawn, 0)),
            (chain_events, types.int64, (memory.events, 0, 0, 0, 0, rules.chains, *drawn, memory.ranges)),
            (order_by_second, types.none, (*memory.keys, memory.events.second, 0, 0, memory.digits)),
            (group_rows, types.none, (block, digests, group, injected, *drawn, rules.day_offset, memory.scratch, 0, hashing)),
        ]
        return cls(*(Callee(*made, is_called) for made, is_called in zip(kernels, called, strict=True)))


_steps: dict[tuple[bool, ...], Steps] = {}
"""By which of them are called. What they are called with has the same types whatever the plan, which take milliseconds to find."""


@part
def group_events(steps, group, grid, rules, memory, wanted):
    """Make the events of a group, in no order: how many there are, and how many sequences have to be listed at a time.

    With too little room for either some are not made. For the arguments see `fill_groups`.
    """
    count = listed = 0
    drawn = rules.payments, rules.place_latitude, rules.place_longitude
    if rules.sequences.offsets[-1]:
        cells = grid.group // grid.cell
        given = memory.events, memory.listed, group, cells, rules.sequences, *drawn, wanted
        count, listed = call(steps.withdrawals, given)
    if rules.chains.offsets[-1]:
        low = group * grid.group
        count = call(
            steps.chain_events,
            (memory.events, count, group, low, low + grid.group, rules.chains, *drawn, memory.ranges),
        )
    return count, listed


@kernel
def fill_groups(out, digests, done, group, stop, steps, grid, rules, memory, wanted, hashing):
    """The rows of groups in event-time order, one group behind the other.

    Args:
        out: Block, filled behind its first `done` rows. digests: uint8[16 n], filled with the MD5 digests; of size 0 for none.
        group, stop: the first group, and the one behind the last. steps: Steps. grid: see `plan.Grid`. rules: Rules.
        memory: Memory. wanted: see `merge`. hashing: Hashing.

    Returns:
        As `Filled` says.
    """
    windows = grid.group // grid.window
    while group < stop:
        payments = rules.payment_offsets[group * windows : (group + 1) * windows + 1]
        count, listed = group_events(steps, group, grid, rules, memory, wanted)
        behind = done + payments[windows] - payments[0] + count
        room = min(out.second.size, done + memory.scratch.word_slot.size)
        if listed > memory.listed.number.size or count > memory.events.second.size or behind > room:
            return group, done, listed, count, behind
        low = group * grid.group
        keys, spare = memory.keys[0, : count + 1], memory.keys[1, : count + 1]
        call(steps.order_by_second, (keys, spare, memory.events.second[:count], low, grid.group, memory.digits))
        rows, hashes = rows_between(out, done, behind), digests[16 * done : 16 * behind]
        windows_of_group = Group(group * windows, grid.window, rules.chains.period, payments)
        injected = Injected(memory.events, keys, low)
        drawn = rules.payments, rules.place_latitude, rules.place_longitude, rules.day_offset
        call(steps.group_rows, (rows, hashes, windows_of_group, injected, *drawn, memory.scratch, wanted, hashing))
        done = behind
        group += 1
    return group, done, 0, 0, 0
