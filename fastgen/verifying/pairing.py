"""Altered rows: unexpected rows, each paired with the expected row that it was."""

from typing import Final

import numpy as np
import polars as pl

from fastgen.verifying.order import Places

KEYS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "transactions": (("tid",), ("datetime", "cc_num"), ("cc_num", "amount", "latitude", "longitude")),
    "credit_cards": (("cc_num",),),
    "profiles": (("cc_num",), ("name", "mail", "birthdate")),
}
"""Columns that identify a row although others changed, the surest first."""
ROW, PLACE, RANK = "\0row", "\0place", "\0rank"


def pairs(table: str, foreign: pl.DataFrame, missing: pl.DataFrame) -> pl.DataFrame:
    """Pair foreign rows with the missing ones that they were: columns ROW and PLACE, each value once.

    Args:
        foreign: rows with a column ROW. missing: rows with a column PLACE.
    """
    found = []
    for key in KEYS[table]:
        if not foreign.height or not missing.height:
            break
        if not set(key) <= set(foreign.columns):
            continue
        alike = missing.join(foreign, on=key, how="semi")
        if not alike.height:
            continue
        joined = _ranked(foreign, key).join(_ranked(alike, key), on=[*key, RANK], how="inner").select(ROW, PLACE)
        found.append(joined)
        if joined.height:
            foreign = foreign.join(joined, on=ROW, how="anti")
            missing = missing.join(joined, on=PLACE, how="anti")
    return pl.concat(found) if found else pl.DataFrame(schema={ROW: pl.Int64, PLACE: pl.Int64})


def _ranked(frame: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """Number equal keys, so that each row is joined to at most one other."""
    return frame.with_columns(pl.int_range(pl.len()).over(key).alias(RANK))


def standing(rows: Places, anchors: Places, before: int) -> Places:
    """int64[n]: the places that rows are at, by what comes before them.

    Args:
        rows: numbers of rows among those found. anchors: the places of all those found, -1 if unknown.
        before: the place of the row before the first one.

    Example:
        >>> standing(np.array([0, 3]), np.array([-1, 7, -1, -1]), 5).tolist()
        [6, 9]
    """
    numbers = np.arange(anchors.size)
    last = np.maximum.accumulate(np.where(anchors >= 0, numbers, -1))[rows]
    return np.where(last >= 0, anchors[last] + rows - last, before + 1 + rows)
