"""Aligns the rows found with the expected rows: equal ones pass at once, others are classified.

Where a row differs, it and those after it are looked up among all rows that the configuration makes. By its time or card, each can
be in one chunk only, which is regenerated if need be. So lost, doubled, moved and inserted rows are recognised wherever they are,
and nothing is kept but a bit for each row of a chunk that is not complete.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.verifying.chunks import Chunk, Chunks
from fastgen.verifying.cursors import Cursor
from fastgen.verifying.log import Log, changed
from fastgen.verifying.matching import Altered, Found, Matcher
from fastgen.verifying.order import MASK, SHIFT, Order, Places, follows, place
from fastgen.verifying.seen import Seen

WINDOW = 1 << 14
"""Rows to classify at once."""
MOST_FOREIGN = 1_000_000
"""Foreign rows, with hardly any others, after which there is no point in continuing."""
MOST_BITS = 1 << 26
"""The most bytes to keep about the rows of incomplete chunks."""
MOST_GAPS = 1 << 10
"""Gaps to keep besides those at the ends of files. Many more than are shown, as rows that come later may fill most of them."""


class Gap(NamedTuple):
    """Rows may be missing before row `row` of a file: those from place `start` up to `stop`, or all from `start` on if None."""

    file: int
    row: int
    start: int
    stop: int | None


class Aligner:
    """Compares a table's files with its chunks.

    Args:
        expected: the expected rows. files: names and cursors, in the order of their contents. log: takes the notes.
    """

    def __init__(self, expected: Chunks, files: Iterator[tuple[str, Cursor]], log: Log) -> None:
        self.seen = Seen(expected.last + 1)
        self.log = log
        self._expected, self._files = expected, files
        self._chunk = self._offset = 0  # where the next row should be
        self._cursor: Cursor | None = None
        self._matcher, self._order = Matcher(expected, self.seen), Order()
        self.gaps: list[Gap] = []

    @property
    def kept(self) -> int:
        """How many rows are in order."""
        return self._order.kept

    @property
    def stopped(self) -> str | None:
        """Why there is no point in continuing; None if there is."""
        counts = self.log.counts
        if counts.foreign >= MOST_FOREIGN and counts.same * 100 < counts.found:
            return f"of the first {counts.found:,} rows {counts.same:,} are rows of this configuration: these are other data"
        if self._expected.made_again > 3 * self._expected.last + 100:
            return f"the first {counts.found:,} rows are in so little order that it would take too long to find each one's place"
        if self.seen.size > MOST_BITS:
            return f"too many rows are missing to keep account of after the first {counts.found:,} rows"
        return None

    def step(self, chunk: Chunk) -> None:
        """Compare the rows found with the next chunk; do nothing if the files are past it."""
        self.seen.begin(chunk.number, chunk.rows)
        self._move(place(self._chunk, self._offset))
        while self._chunk <= chunk.number:
            cursor = self._current()
            if cursor is None or self.stopped:
                return
            if not self._pass_same(cursor, chunk if self._chunk == chunk.number else self._expected.again(self._chunk)):
                self._settle(cursor)

    def finish(self) -> None:
        """Classify what is left in the files."""
        while (cursor := self._current()) is not None and not self.stopped:
            self._settle(cursor)

    def _current(self) -> Cursor | None:
        """The first file that has rows left; None if none has."""
        while self._cursor is None or self._cursor.done:
            if self._cursor is not None:
                self.gaps.append(self._gap(self._cursor.row, place(self._chunk, self._offset), None))
            name, self._cursor = next(self._files, ("", None))
            if self._cursor is None:
                return None
            self.log.begin(name)
        return self._cursor

    def _move(self, to: int) -> None:
        self._chunk, self._offset = to >> SHIFT, to & MASK
        if self._chunk <= self._expected.last and 0 <= self.seen.rows(self._chunk) <= self._offset:
            self._chunk, self._offset = self._chunk + 1, 0

    def _gap(self, row: int, start: int, stop: int | None) -> Gap:
        """A gap in the current file."""
        return Gap(len(self.log.counts.files) - 1, row, start, stop)

    def first_missing(self, start: int, stop: int | None) -> int | None:
        """The place of the first row between two places that was not seen, if there is one."""
        last = self._expected.last
        for chunk in range(start >> SHIFT, min(last, last if stop is None else stop >> SHIFT) + 1):
            number = self.seen.first_missing(chunk, start & MASK if chunk == start >> SHIFT else 0)
            if number is not None:
                found = place(chunk, number)
                return found if stop is None or found < stop else None
        return None

    def missing_from(self, first: int) -> int:
        """How many consecutive rows of one part were not seen, from a place on."""
        parts, rows = self._expected.parts, 0
        for chunk in range(first >> SHIFT, self._expected.last + 1):
            start = first & MASK if chunk == first >> SHIFT else 0
            end = self.seen.next_seen(chunk, start) if parts[chunk] == parts[first >> SHIFT] else start
            rows += end - start
            if end < self.seen.rows(chunk):
                break
        return rows

    def _pass_same(self, cursor: Cursor, chunk: Chunk) -> bool:
        """Pass the next rows as far as they are the next of the chunk; return whether any are."""
        row = cursor.row
        rows = cursor.same_text(chunk.text, self._offset, chunk.rows) if chunk.text is not None else 0
        if not rows:
            frame = self._expected.frame(chunk.number) if chunk.frame is None else chunk.frame
            rows = _same_rows(cursor.look(chunk.rows - self._offset), frame.slice(self._offset))
            cursor.go(rows)
        if not rows:
            return False
        if self._offset == 0 and rows == chunk.rows and self.seen.pass_whole(chunk.number):
            new = rows
        else:
            new = self.seen.mark(chunk.number, slice(self._offset, self._offset + rows))
        self.log.found(rows, new, self._parts([chunk.number]))
        if new < rows:  # some came too early, and are here again at their place
            self.log.add("doubled", rows - new)
            if self.log.wants("doubled"):
                self.log.show("doubled", row)
        self._order.go_on(place(chunk.number, self._offset), rows)
        self._move(place(chunk.number, self._offset + rows))
        return True

    def _parts(self, chunks: NDArray[np.int64] | list[int]) -> NDArray[np.int64]:
        return np.unique(self._expected.parts[chunks])

    def _settle(self, cursor: Cursor) -> None:
        """Classify the rows of a window."""
        window = cursor.look(WINDOW)
        if not window.height:  # what was left could not be read as rows
            return
        if not self._expected.keyed:
            self._settle_by_place(cursor, window)
            return
        before = place(self._chunk, self._offset)
        final = cursor.ends_with(window.height)
        found = self._matcher.find(window, min(self._chunk, self._expected.last))
        found = found.head(_taken(found, final))
        self._matcher.mark(found.places[found.new])
        kept = found.known[self._order.take(found.places[found.known])]
        bounded = found.known.size and found.known[-1] == found.places.size - 1 and not final
        altered = self._matcher.altered(found, before, self._order.top if bounded else None)
        self._note(cursor.row, found, kept, altered)
        self._note_gaps(
            cursor.row, np.concatenate([kept, altered.rows]), np.concatenate([found.places[kept], altered.places]), before
        )
        cursor.go(found.frame.height)

    def _note(self, row: int, found: Found, kept: NDArray[np.int64], altered: Altered) -> None:
        """Count the rows of a window, which begins at row `row` of the file."""
        log, known = self.log, found.known
        log.found(found.frame.height, int(found.new.sum()), self._parts(found.chunks[known]))
        log.add_rows("doubled", known[~found.new[known]], row, found.frame)
        log.add_rows("foreign", np.setdiff1d(found.foreign, altered.rows), row, found.frame)
        log.show_rows("out of order", np.setdiff1d(known[found.new[known]], kept), row, found.frame)
        log.add_altered(row, altered.rows, found.frame[altered.rows], altered.expected)

    def _note_gaps(self, row: int, rows: NDArray[np.int64], places: Places, before: int) -> None:
        """Note where places are skipped, and move on past the last place.

        Args:
            row: number of the window's first row in the file. rows: those of the window that are at their places.
            places: their places. before: the place where the window's first row should be.
        """
        if not rows.size:
            return
        order = np.argsort(rows)
        rows, places = rows[order], np.maximum.accumulate(places[order])
        expected = np.concatenate([[before], places[:-1] + 1])
        behind = places > expected
        skips = behind & ~follows(expected - 1, places)
        for at in np.flatnonzero(behind & ~skips).tolist():  # the first rows of chunks: the end of the chunk before may be missing
            chunk, number = int(expected[at]) >> SHIFT, int(expected[at]) & MASK
            skips[at] = number < self.seen.rows(chunk)
        skipped = np.flatnonzero(skips)
        room = self._room_for_gaps(skipped.size)
        self.gaps += [self._gap(row + int(rows[at]), int(expected[at]), int(places[at])) for at in skipped[:room].tolist()]
        self._move(int(places[-1]) + 1)

    def _room_for_gaps(self, wanted: int) -> int:
        """How many more gaps can be kept; if not as many as wanted, those that have been filled are dropped."""
        most = MOST_GAPS + len(self.log.counts.files) - 1  # each of the files before has one at its end
        if len(self.gaps) + wanted > most:
            self.gaps = [gap for gap in self.gaps if gap.stop is None or self.first_missing(gap.start, gap.stop) is not None]
        return most - len(self.gaps)

    def _settle_by_place(self, cursor: Cursor, window: pl.DataFrame) -> None:
        """Compare place by place, as far as there are rows, since the columns do not identify rows."""
        chunk = min(self._chunk, self._expected.last)
        frame = self._expected.frame(chunk)
        self.seen.begin(chunk, frame.height)
        expected = frame.slice(self._offset if chunk == self._chunk else frame.height, window.height)
        rows = expected.height or window.height
        window = window.head(rows)
        if expected.height:
            differ = _unequal(window, expected)
            self.seen.mark(chunk, slice(self._offset, self._offset + rows))
            self.log.found(rows, rows - differ.size, self._parts([chunk]))
            self.log.add_altered(cursor.row, differ, window[differ], expected[differ])
            self._order.go_on(place(chunk, self._offset), rows - differ.size)
            self._move(place(chunk, self._offset + rows))
        else:
            self.log.found(rows, 0, [])
            self.log.add_rows("foreign", np.arange(rows), cursor.row, window)
        cursor.go(rows)


def _taken(found: Found, final: bool) -> int:
    """How many rows of a window to classify now: foreign ones at its end wait for what comes after them."""
    height = found.frame.height
    known = found.known
    if final or not known.size or height - known[-1] > height // 2:
        return height
    return int(known[-1]) + 1


def _unequal(one: pl.DataFrame, other: pl.DataFrame) -> NDArray[np.int64]:
    """The numbers of the rows in which two frames of equal height differ."""
    differ = np.zeros(one.height, bool)
    for _, numbers in changed(one, other):
        differ[numbers] = True
    return np.flatnonzero(differ)


def _same_rows(one: pl.DataFrame, other: pl.DataFrame) -> int:
    """How many of their first rows two frames have in common."""
    rows = min(one.height, other.height)
    if one.height > rows or other.height > rows:
        one, other = one.head(rows), other.head(rows)
    if not one.head(1).equals(other.head(1)):  # quickly decided, and done for every window of unrelated data
        return 0
    return rows if one.equals(other) else min(int(numbers[0]) for _, numbers in changed(one, other))
