"""Time intervals of Polars predicates: outside of its interval, a predicate does not hold.

An interval may be too wide, never too narrow: rows are still filtered by the predicate itself.
"""

import json
from io import StringIO
from typing import Any, NamedTuple

import polars as pl

from fastgen.kernels.units import DAY, MICROSECONDS

MIRRORED = {"Gt": "Lt", "GtEq": "LtEq", "Lt": "Gt", "LtEq": "GtEq", "Eq": "Eq"}


class TimeInterval(NamedTuple):
    """Microseconds since 1970, both ends included; None: no bound."""

    low: int | None
    high: int | None

    def intersection(self, other: "TimeInterval") -> "TimeInterval":
        """The interval where both predicates may hold."""
        lows, highs = [[end for end in ends if end is not None] for ends in zip(self, other, strict=True)]
        return TimeInterval(max(lows, default=None), min(highs, default=None))

    def hull(self, other: "TimeInterval") -> "TimeInterval":
        """The interval where at least one of them may hold."""
        low = None if self.low is None or other.low is None else min(self.low, other.low)
        return TimeInterval(low, None if self.high is None or other.high is None else max(self.high, other.high))


ALWAYS = TimeInterval(None, None)


def time_interval(predicate: pl.Expr | None, column: str) -> TimeInterval:
    """An interval of a Datetime column outside of which the predicate does not hold.

    It takes into account comparisons of the column or its date with constants, `is_between`, and their "and" and "or".

    Example:
        >>> low, high = time_interval(pl.col("t") >= pl.datetime(1970, 1, 2), "t")
        >>> low, high
        (86400000000, None)
    """
    if predicate is None:
        return ALWAYS
    try:
        tree = json.loads(predicate.meta.serialize(format="json"))
    except pl.exceptions.PolarsError:  # such as for a Python function
        return ALWAYS
    return _of(tree, column)


def _of(node: Any, column: str) -> TimeInterval:
    match node:
        case {"BinaryExpr": {"left": left, "op": "And" | "LogicalAnd", "right": right}}:
            return _of(left, column).intersection(_of(right, column))
        case {"BinaryExpr": {"left": left, "op": "Or" | "LogicalOr", "right": right}}:
            return _of(left, column).hull(_of(right, column))
        case {"BinaryExpr": {"left": left, "op": operator, "right": right}} if operator in MIRRORED:
            return _compared(left, operator, right, column).intersection(_compared(right, MIRRORED[operator], left, column))
        case {"Function": {"input": [value, low, high], "function": {"Boolean": {"IsBetween": _}}}}:
            return _compared(value, "GtEq", low, column).intersection(_compared(value, "LtEq", high, column))
    return ALWAYS


def _compared(value: Any, operator: str, bound: Any, column: str) -> TimeInterval:
    """The interval of `value operator bound`, if the value is the column or its date, and the bound a constant."""
    match value:
        case {"Column": name} if name == column:
            width = 1  # the bound may have been cut to microseconds
        case {"Function": {"input": [{"Column": name}], "function": {"TemporalExpr": "Date"}}} if name == column:
            width = DAY * MICROSECONDS
        case _:
            return ALWAYS
    moment = _constant(bound)
    if moment is None:
        return ALWAYS
    low = None if operator in ("Lt", "LtEq") else moment
    return TimeInterval(low, None if operator in ("Gt", "GtEq") else moment + width)


def _constant(node: Any) -> int | None:
    """The value of an expression without columns in microseconds, if it is a datetime or a date; None for any other."""
    expression = pl.Expr.deserialize(StringIO(json.dumps(node)), format="json")
    if expression.meta.root_names():
        return None
    try:
        value = pl.select(expression).to_series()
        if value.len() != 1 or value.dtype.base_type() not in (pl.Datetime, pl.Date):
            return None
        moment: int | None = value.cast(pl.Datetime("us")).to_physical().item()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):  # the latter from dates that are too far away
        return None
    return moment
