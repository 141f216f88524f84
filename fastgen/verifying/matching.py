"""Rows found and their places among all expected rows: for rows that are as expected, and for altered ones."""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.verifying.chunks import UNKNOWN, Chunks
from fastgen.verifying.order import MASK, SHIFT, Places, place
from fastgen.verifying.pairing import PLACE, ROW, pairs, standing
from fastgen.verifying.seen import Seen


class Found(NamedTuple):
    """Rows with the chunks they would belong to, their places (-1 for foreign rows), and whether each is seen first now."""

    frame: pl.DataFrame
    chunks: NDArray[np.int64]
    places: Places
    new: NDArray[np.bool_]

    def head(self, rows: int) -> "Found":
        """The first rows."""
        return Found(self.frame.head(rows), self.chunks[:rows], self.places[:rows], self.new[:rows])

    @property
    def known(self) -> NDArray[np.int64]:
        """The numbers of the rows that belong to the data."""
        return np.flatnonzero(self.places >= 0)

    @property
    def foreign(self) -> NDArray[np.int64]:
        """The numbers of the others."""
        return np.flatnonzero(self.places < 0)


class Altered(NamedTuple):
    """Altered rows: their numbers among those found, ascending, their places, and the rows as expected."""

    rows: NDArray[np.int64]
    places: Places
    expected: pl.DataFrame


class Matcher:
    """Looks rows up among the expected ones, and marks them as seen."""

    def __init__(self, expected: Chunks, seen: Seen) -> None:
        self._expected, self._seen = expected, seen

    def find(self, frame: pl.DataFrame, here: int) -> Found:
        """Look rows up without marking them; `here`: the chunk for rows that do not say theirs."""
        chunks = self._expected.locate(frame)
        chunks[chunks == UNKNOWN] = here
        hashes = frame.hash_rows().to_numpy()
        places, new = np.full(frame.height, -1, np.int64), np.zeros(frame.height, bool)
        for chunk in np.unique(chunks).tolist():
            own = np.flatnonzero(chunks == chunk)
            lookup = self._expected.lookup(chunk)
            self._seen.begin(chunk, lookup.rows)
            numbers, first = lookup.find(hashes[own], self._seen.of(chunk))
            places[own] = np.where(numbers >= 0, place(chunk, 0) + numbers, -1)
            new[own] = first
        return Found(frame, chunks, places, new)

    def mark(self, places: Places) -> None:
        """Mark the rows at these places as seen."""
        for chunk in np.unique(places >> SHIFT).tolist():
            self._seen.mark(chunk, places[places >> SHIFT == chunk] & MASK)

    def altered(self, found: Found, before: int, until: int | None) -> Altered:
        """Find the foreign rows that are altered ones, and mark their places as seen.

        A foreign row is a missing one, altered, if both agree in columns that identify a row. It is the one missing at its own
        place if readable values differ in no more than a third of the columns, or in a single one.

        Args:
            before: the place where the first found row should be. until: only places before this one; None for all.
        """
        foreign = found.foreign
        places = found.places.copy()
        if foreign.size:
            here = min(before >> SHIFT, self._expected.last)
            chunks = np.unique([*found.chunks[foreign].tolist(), here]).tolist()
            if reached := [chunk for chunk in chunks if until is None or chunk <= until >> SHIFT]:
                missing = pl.concat([self._missing(chunk, until) for chunk in reached])
                nobody = found.frame[foreign].with_columns(pl.Series(ROW, foreign))
                paired = pairs(self._expected.table, nobody, missing)
                places[paired[ROW].to_numpy()] = paired[PLACE].to_numpy()
                self.mark(paired[PLACE].to_numpy())
            self._stand_in(found.frame, foreign[places[foreign] < 0], places, before, until)
        rows = foreign[places[foreign] >= 0]
        return Altered(rows, places[rows], self._rows(places[rows]) if rows.size else found.frame.clear())

    def _missing(self, chunk: int, until: int | None) -> pl.DataFrame:
        """The rows of a chunk not seen so far, with their places."""
        frame = self._expected.frame(chunk)
        self._seen.begin(chunk, frame.height)
        places = place(chunk, 0) + np.flatnonzero(~self._seen.of(chunk))
        places = places if until is None else places[places < until]
        return frame[places & MASK].with_columns(pl.Series(PLACE, places))

    def _stand_in(self, frame: pl.DataFrame, foreign: NDArray[np.int64], places: Places, before: int, until: int | None) -> None:
        """Give foreign rows the places that they are at, if the rows there are missing and agree in most columns."""
        targets = standing(foreign, places, before - 1)
        _, first = np.unique(targets, return_index=True)
        first = first[self._are_missing(targets[first], until)]
        foreign, targets = foreign[first], targets[first]
        if not targets.size:
            return
        found, expected = frame[foreign], self._rows(targets)
        unlike = np.zeros(foreign.size, np.int64)
        for column in found:
            unlike += (column != expected[column.name]).fill_null(value=False).to_numpy()
        taken = unlike <= max(1, found.width // 3)
        places[foreign[taken]] = targets[taken]
        self.mark(targets[taken])

    def _are_missing(self, places: Places, until: int | None) -> NDArray[np.bool_]:
        """bool[n]: whether these places, if before `until`, have rows that were not seen so far."""
        found = np.zeros(places.size, bool)
        for chunk in np.unique(places >> SHIFT).tolist():
            if chunk <= self._expected.last:
                own = np.flatnonzero((places >> SHIFT == chunk) & ((places & MASK) < self._seen.rows(chunk)))
                found[own] = ~self._seen.of(chunk)[places[own] & MASK]
        return found if until is None else found & (places < until)

    def _rows(self, places: Places) -> pl.DataFrame:
        """The expected rows at these places, at least one."""
        order = np.argsort(places >> SHIFT, kind="stable")
        chunks = (places >> SHIFT)[order]
        parts = [self._expected.frame(chunk)[places[order][chunks == chunk] & MASK] for chunk in np.unique(chunks).tolist()]
        rows: pl.DataFrame = pl.concat(parts)[np.argsort(order)]
        return rows
