"""Columns cast to the types of their table, whatever types a file gave them; values that do not convert become null."""

from collections.abc import Sequence

import polars as pl

from fastgen.frames import column_type
from fastgen.kernels.units import DAY, MICROSECONDS

MOMENTS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f")
"""Formats of times: fastgen's own, with fractions of seconds, ISO 8601."""

YEARS: dict[pl.DataType, tuple[int, int]] = {
    pl.Datetime("us"): (-719_162 * DAY * MICROSECONDS, 2_932_897 * DAY * MICROSECONDS - 1),
    pl.Date(): (-719_162, 2_932_896),
}
"""The years 1 to 9999, in microseconds or days since 1970."""


def empty(table: str, names: Sequence[str]) -> pl.DataFrame:
    """A frame with these columns and no rows."""
    return pl.DataFrame(schema={name: column_type(table, name) for name in names})


def typed(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with the types of the table.

    Raises:
        pl.exceptions.PolarsError: a column's type, such as a list, cannot be cast to the table's at all.
    """
    return frame.with_columns([_typed(column, column_type(table, column.name)) for column in frame])


def _typed(column: pl.Series, target: pl.DataType) -> pl.Series:
    dtype = column.dtype
    if dtype.is_nested():  # Polars would cast the fields of a struct, or write them as text
        raise pl.exceptions.InvalidOperationError(f"column {column.name} is {dtype}")
    if dtype == pl.String and target == pl.Datetime:
        column = _moments(column)
    elif dtype == pl.String and target == pl.Date:
        column = column.str.to_date("%Y-%m-%d", strict=False)
    elif isinstance(dtype, pl.Datetime) and dtype.time_zone:
        column = column.dt.replace_time_zone(None).cast(target, strict=False)
    elif dtype != target:
        column = column.cast(target, strict=False)
    return _of_our_time(column) if target in YEARS else column


def _of_our_time(column: pl.Series) -> pl.Series:
    """Replace times and dates outside Python's range, the years 1 to 9999, with null."""
    low, high = YEARS[column.dtype]
    numbers = column.to_physical()
    if numbers.is_between(low, high).all():
        return column
    return column.set(~numbers.is_between(low, high), None)


def _moments(texts: pl.Series) -> pl.Series:
    """Parse times in the first format, and what remains null in the next ones."""
    ways = (texts.str.to_datetime(way, time_unit="us", strict=False) for way in MOMENTS)
    found = next(ways)
    while found.null_count() > texts.null_count() and (other := next(ways, None)) is not None:
        found = found.fill_null(other)
    return found
