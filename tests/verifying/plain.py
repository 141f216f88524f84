"""Slow, obvious twins: what `verify` should count, from two lists of rows."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import naive

Row = tuple[Any, ...]
KEYS = (("tid",), ("datetime", "cc_num"), ("cc_num", "amount", "latitude", "longitude"))
"""Columns that identify an altered transaction."""


class Counts(NamedTuple):
    """What is wrong with rows, by kind."""

    same: int
    missing: int
    truncated: int
    doubled: int
    foreign: int
    altered: int
    out_of_order: int


def compare(columns: list[str], expected: list[Row], found: list[Row]) -> Counts:
    """Compare all rows with all rows; expected ones are unique."""
    expected_counts, found_counts = Counter(expected), Counter(found)
    same = sum((expected_counts & found_counts).values())
    doubled = sum(
        count - expected_counts[row]
        for row, count in found_counts.items()
        if row in expected_counts and count > expected_counts[row]
    )
    missing = [number for number, row in enumerate(expected) if row not in found_counts]
    numbers = {row: number for number, row in enumerate(expected)}
    places = [numbers.get(row) for row in found]
    order = [place for place in places if place is not None]
    for key in KEYS:
        at = [columns.index(name) for name in key]
        for number, row in enumerate(found):
            if places[number] is not None:
                continue
            values = [row[i] for i in at]
            match = next((place for place in missing if [expected[place][i] for i in at] == values), None)
            if match is not None:
                places[number] = match
                missing.remove(match)
    for number, place in list(standing(places)):
        if place in missing and unlike(found[number], expected[place]) <= len(columns) // 3:
            places[number] = place
            missing.remove(place)
    foreign = places.count(None)
    altered = len(found) - same - doubled - foreign
    last = max((number for number in range(len(expected)) if number not in missing), default=-1)
    truncated = len(expected) - 1 - last if last >= 0 else 0
    return Counts(same, len(missing) - truncated, truncated, doubled, foreign, altered, same - naive.longest_increasing(order))


def unlike(found: Row, expected: Row) -> int:
    """In how many columns a row differs from the expected one; a value that cannot be read may be any."""
    return sum(value not in (None, right) for value, right in zip(found, expected, strict=True))


def standing(places: list[int | None]) -> Iterator[tuple[int, int]]:
    """Yield the rows without a place, and the places that they are at, by the last row before them that has one."""
    before, since = -1, 0
    for number, place in enumerate(places):
        since += 1
        if place is None:
            yield number, before + since
        else:
            before, since = place, 0
