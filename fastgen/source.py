"""`scan`: tables as lazy Polars frames, which generate only what a query needs."""

from collections.abc import Iterator

import polars as pl
from polars.io.plugins import register_io_source

from fastgen.arguments import thread_count
from fastgen.config import Config
from fastgen.dataset import Dataset, dataset_of
from fastgen.intervals import time_interval
from fastgen.kernels.units import MICROSECONDS
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
        ConfigError: `data` is neither a dataset nor a configuration, or there are no holders for the requested cash cards.
        OptionError: an unknown table, or a number of threads that is not positive.

    Example:
        >>> import polars as pl
        >>> rows = scan(Config(rows=100_000))
        >>> rows.filter(pl.col("datetime") < pl.datetime(2022, 1, 2)).select(pl.col("amount").count()).collect().item()
        877
    """
    dataset = dataset_of(data)
    names = dataset.columns(table)
    workers = thread_count(threads)
    plan = dataset.plan  # raises here what Polars would wrap in an error of its own

    def frames(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _batch_rows: int | None
    ) -> Iterator[pl.DataFrame]:
        selected = names if columns is None else tuple(columns)
        needed = {*selected, *(predicate.meta.root_names() if predicate is not None else ())}
        made = tuple(name for name in names if name in needed) or names[:1]
        # If Polars gives both a number of rows and a predicate, the predicate applies to those rows only.
        groups = _groups(plan, predicate) if table == "transactions" and rows is None else None
        for frame in _first(dataset.frames(table, made, workers, groups), rows):
            yield (frame if predicate is None else frame.filter(predicate)).select(selected)

    return register_io_source(frames, schema=lambda: dataset.frame_schema(table, names), validate_schema=True, is_pure=True)


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


def _groups(plan: Plan, predicate: pl.Expr | None) -> range:
    """The groups of windows that may have events for which a predicate holds."""
    times = time_interval(predicate, "datetime")
    start = plan.start_seconds * MICROSECONDS
    length = plan.grid.group * MICROSECONDS
    first = 0 if times.low is None else max(0, (times.low - start) // length)
    last = plan.grid.groups if times.high is None else max(0, (times.high - start) // length + 1)
    return range(first, last)
