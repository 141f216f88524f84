"""`scan`: tables as lazy Polars frames, which generate only what a query needs."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import polars as pl
from polars.io.plugins import register_io_source

from fastgen.config import Config
from fastgen.dataset import Dataset, dataset_of, thread_count
from fastgen.frames import HolderFrames, TransactionFrames
from fastgen.intervals import TimeInterval, time_interval
from fastgen.kernels.units import MICROSECONDS
from fastgen.pipeline import map_ordered
from fastgen.windows import RowSource

if TYPE_CHECKING:
    from fastgen.plan import Plan


def scan(data: Dataset | Config | None = None, *, table: str = "transactions", threads: int | None = None) -> pl.LazyFrame:
    """A table as a lazy frame: rows are generated when a query is collected or sunk, in flat memory, and never stored.

    A query generates only the columns that it uses: without `tid`, nothing is hashed. A condition on `datetime` limits it
    to the windows in which the condition may hold, and `head` to the first windows.

    Args:
        data: a dataset, or the configuration of one (default: the default dataset). Of a part, only its rows are scanned.
        table: transactions, credit_cards or profiles.
        threads: how many threads generate rows, at least 1 (default: one for each processor).

    Raises:
        OptionError: an unknown table, or a number of threads that is not positive.

    Example:
        >>> import polars as pl
        >>> rows = scan(Config(rows=100_000))
        >>> rows.filter(pl.col("datetime") < pl.datetime(2022, 1, 2)).select(pl.col("amount").count()).collect().item()
        866
    """
    dataset = dataset_of(data)
    names = dataset.columns(table)
    workers = thread_count(threads)
    if table == "transactions":
        make: _Make = _TransactionSource(dataset, workers).frames
    else:
        make = _HolderSource(dataset, table, workers).frames

    def frames(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _batch_rows: int | None
    ) -> Iterator[pl.DataFrame]:
        wanted = names if columns is None else tuple(columns)
        needed = {*wanted, *(predicate.meta.root_names() if predicate is not None else ())}
        # If Polars gives both a number of rows and a predicate, the predicate applies to those rows only.
        made = _first(make(tuple(name for name in names if name in needed) or names[:1], predicate if rows is None else None), rows)
        for frame in made:
            yield (frame if predicate is None else frame.filter(predicate)).select(wanted)

    return register_io_source(frames, schema=lambda: _schema(dataset, table), validate_schema=True, is_pure=True)


_Make = Callable[[tuple[str, ...], pl.Expr | None], Iterator[pl.DataFrame]]


def _schema(data: Dataset, table: str) -> pl.Schema:
    return data.schema if table == "transactions" else HolderFrames(data.plan, table, data.columns(table)).schema


def _first(frames: Iterator[pl.DataFrame], rows: int | None) -> Iterator[pl.DataFrame]:
    """The first `rows` rows of the frames, or all of them for None."""
    for frame in frames:
        if rows is None:
            yield frame
            continue
        yield frame.head(rows)
        rows -= frame.height
        if rows <= 0:
            return


class _TransactionSource:
    def __init__(self, data: Dataset, threads: int) -> None:
        self._data, self._threads = data, threads

    def frames(self, names: tuple[str, ...], predicate: pl.Expr | None) -> Iterator[pl.DataFrame]:
        """Frames of the windows in which the predicate may hold, with these columns."""
        plan = self._data.plan
        frames, source = TransactionFrames(plan, names), RowSource(plan, names)
        items = self._data.batch_spans(frames.row_bytes, _groups(plan, time_interval(predicate, "datetime")))
        return map_ordered(lambda item: frames.frame(source.worker, item), items, self._threads)


class _HolderSource:
    def __init__(self, data: Dataset, table: str, threads: int) -> None:
        self._data, self._table, self._threads = data, table, threads

    def frames(self, names: tuple[str, ...], _predicate: pl.Expr | None) -> Iterator[pl.DataFrame]:
        """Frames of the cards, with these columns."""
        return map_ordered(HolderFrames(self._data.plan, self._table, names).frame, self._data.card_chunks(), self._threads)


def _groups(plan: "Plan", times: TimeInterval) -> range:
    """The groups of windows that may have events in a time interval."""
    start = (plan.origin_seconds + plan.day_offset) * MICROSECONDS
    length = plan.grid.group * MICROSECONDS
    first = 0 if times.low is None else max(0, (times.low - start) // length)
    last = plan.grid.groups if times.high is None else max(0, (times.high - start) // length + 1)
    return range(first, last)
