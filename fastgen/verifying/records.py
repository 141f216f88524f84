"""A position in the records of a partition, which are compared with the messages sent to it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.errors import InputError
from fastgen.kernels.comparing import common_start
from fastgen.pipeline import prefetch
from fastgen.reading.parsing import NdjsonParser
from fastgen.reading.pieces import Damage
from fastgen.reading.typed import typed
from fastgen.sinks.kafka.consuming import Records
from fastgen.sinks.kafka.messages import PackedTexts

NONE = -1
"""The length of an absent text."""
KEY, TIMESTAMP = "key", "timestamp"
"""What records have besides the columns of their values."""


class PackedMessages(NamedTuple):
    """Messages of one partition, sent or received, end to end. lengths: int64[2, n], of values and keys, NONE if absent.

    times: int64[n], milliseconds since 1970, or None if they do not matter.
    """

    values: PackedTexts
    keys: PackedTexts
    lengths: NDArray[np.int64]
    times: NDArray[np.int64] | None

    @property
    def size(self) -> int:
        """How many messages."""
        return int(self.lengths.shape[1])


class Form(NamedTuple):
    """How messages become rows: columns of the values, in their order; whether times matter."""

    columns: tuple[str, ...]
    timed: bool

    def rows(
        self, parser: NdjsonParser, values: Sequence[bytes | None], keys: Sequence[bytes | None], times: NDArray[np.int64]
    ) -> pl.DataFrame:
        """Messages as rows: the columns of the values, the key and the time; a value that is not a row becomes nulls."""
        lines = b"".join((b"" if value is None or b"\n" in value else value) + b"\n" for value in values)
        more = [pl.Series(KEY, keys, pl.Binary()).cast(pl.String(), strict=False)]
        if self.timed:
            more.append(pl.Series(TIMESTAMP, times).cast(pl.Datetime("ms")))
        return typed("transactions", parser.parse(lines, self.columns)).with_columns(more)


class RecordCursor:
    """A position in a partition; see `Cursor`. Rows are numbered by their offsets."""

    def __init__(self, batches: Iterator[Records], form: Form, what: str, first: int) -> None:
        self._batches, self._form, self._parser = prefetch(batches), form, NdjsonParser(what)
        self._held = Records(np.empty(0, np.int64), np.empty(0, np.int64), [], [])
        self._packed = packed(self._held, form.timed)
        self._at, self._next = 0, first
        self._frame: pl.DataFrame | None = None
        self._reason = ""

    @property
    def row(self) -> int:
        """The offset of the next record."""
        return int(self._held.offsets[self._at]) if self._at < len(self._held.values) else self._next

    @property
    def damages(self) -> list[Damage]:
        """See `Cursor.damages`."""
        return [Damage(self._next, None, self._reason)] if self._reason else []

    @property
    def done(self) -> bool:
        """See `Cursor.done`."""
        return self._at == len(self._held.values) and not self._extend()

    def same_text(self, chunk: PackedMessages, first: int, rows: int) -> int:
        """See `Cursor.same_text`."""
        at = first
        while at < rows and not self.done:
            most = min(rows - at, self._packed.size - self._at)
            same = _same_messages(self._packed, self._at, chunk, at, most)
            self._pass(same)
            at += same
            if same < most:
                break
        return at - first

    def look(self, rows: int) -> pl.DataFrame:
        """See `Cursor.look`; rows end where offsets have a gap."""
        while len(self._held.values) - self._at < rows and self._extend():
            pass
        if self._frame is None or self._frame.height < min(rows, self._run()):
            part = slice(self._at, self._at + min(rows, self._run()))
            offsets, times, keys, values = self._held
            try:
                self._frame = self._form.rows(self._parser, values[part], keys[part], times[part])
            except InputError as error:
                self._reason, self._batches = error.message, iter(())
                self._hold(Records(offsets[:0], times[:0], [], []))
                self._frame = self._form.rows(self._parser, [], [], times[:0])
        return self._frame.head(rows)

    def ends_with(self, rows: int) -> bool:
        """See `Cursor.ends_with`."""
        return self._at + rows >= len(self._held.values) and not self._extend()

    def go(self, rows: int) -> None:
        """See `Cursor.go`."""
        frame = self._frame
        self._pass(rows)
        self._frame = None if frame is None else frame.slice(rows)

    def _pass(self, rows: int) -> None:
        self._at += rows
        if rows:
            self._next, self._frame = int(self._held.offsets[self._at - 1]) + 1, None

    def _run(self) -> int:
        """How many of the next held records have offsets without a gap."""
        gaps = np.flatnonzero(np.diff(self._held.offsets[self._at :]) != 1)
        return int(gaps[0]) + 1 if gaps.size else len(self._held.values) - self._at

    def _extend(self) -> bool:
        """Hold one more batch, if there is one."""
        more = next(self._batches, None)
        if more is None:
            return False
        if self._at < len(self._held.values):
            offsets, times, keys, values = self._held
            more = Records(
                np.concatenate([offsets[self._at :], more.offsets]),
                np.concatenate([times[self._at :], more.times]),
                keys[self._at :] + more.keys,
                values[self._at :] + more.values,
            )
        self._hold(more)
        return True

    def _hold(self, records: Records) -> None:
        self._held, self._at = records, 0
        self._packed = packed(records, self._form.timed)


def packed(records: Records, timed: bool) -> PackedMessages:
    """Records as messages that can be compared with those sent."""
    (values, of_values), (keys, of_keys) = (_end_to_end(parts) for parts in (records.values, records.keys))
    return PackedMessages(values, keys, np.stack([of_values, of_keys]), records.times if timed else None)


def _end_to_end(parts: list[bytes | None]) -> tuple[PackedTexts, NDArray[np.int64]]:
    """Concatenate texts; also return their lengths."""
    lengths = np.array([NONE if part is None else len(part) for part in parts], np.int64)
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.maximum(lengths, 0))])
    return PackedTexts(np.frombuffer(b"".join([part for part in parts if part]), np.uint8), ends), lengths


def _same_messages(one: PackedMessages, at: int, other: PackedMessages, begin: int, most: int) -> int:
    """How many messages are equal, from `at` and `begin` on, of at most `most`."""
    same = (one.lengths[:, at : at + most] == other.lengths[:, begin : begin + most]).all(axis=0)
    if one.times is not None and other.times is not None:
        same &= one.times[at : at + most] == other.times[begin : begin + most]
    count = most if same.all() else int(np.argmin(same))
    for mine, theirs in ((one.values, other.values), (one.keys, other.keys)):
        first, last = mine.ends[at], mine.ends[at + count]
        size = common_start(mine.memory[first:last], theirs.memory[theirs.ends[begin] : theirs.ends[begin + count]])
        if size < last - first:
            count = int(np.searchsorted(mine.ends[at : at + count + 1] - first, size, side="right")) - 1
    return count
