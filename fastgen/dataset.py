"""The dataset: a pure function of its configuration, made window by window."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from fastgen.config import Config
from fastgen.errors import OptionError
from fastgen.pipeline import in_order
from fastgen.plan import Plan
from fastgen.schema import TABLES

if TYPE_CHECKING:
    import polars as pl

GROUPS_IN_BATCH = 1


class Dataset:
    """Card payments, ATM withdrawals and the fraud hidden in them, with the cards and their holders.

    Making one is cheap; counts and lookup tables are worked out when they are first needed, and not
    pickled. Rows are the same whatever the threads, batches and columns.

    Args:
        config: what the data are; the tutorial's dataset unless given.

    Example:
        >>> data = Dataset(Config(rows=1_000, seed=7))
        >>> data.num_rows, data.transactions().height
        (1000, 1000)
    """

    def __init__(self, config: Config | None = None) -> None:
        self.config = Config() if config is None else config

    def __repr__(self) -> str:
        return f"Dataset({self.config!r})"

    def __getstate__(self) -> Config:
        return self.config

    def __setstate__(self, config: Config) -> None:
        self.config = config

    @cached_property
    def plan(self) -> Plan:
        """Exact counts; raises ConfigError where the cards' holders cannot make what is asked for."""
        return Plan(self.config)

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of all that decides the rows: configuration, data version and Faker's vocabularies."""
        return hashlib.sha256(f"{self.config.fingerprint()} {self.plan.pools.digest}".encode()).hexdigest()

    @property
    def num_rows(self) -> int:
        """Rows of `transactions`."""
        return self.plan.rows

    def count(self, table: str = "transactions") -> int:
        """Rows of a table."""
        return self.plan.rows if _known(table) == "transactions" else self.plan.cards

    def columns(self, table: str = "transactions", columns: Sequence[str] | None = None) -> tuple[str, ...]:
        """The asked columns of a table, in the table's order; all of them for None.

        Raises:
            OptionError: a column that the table does not have, one that is asked for twice, or none.
        """
        names = TABLES[_known(table)].names
        if columns is None:
            return names
        for name in columns:
            if name not in names:
                raise OptionError("columns", name, f"must be among {', '.join(names)}")
        if len(set(columns)) != len(columns) or not columns:
            raise OptionError("columns", ",".join(columns), "must name each column once, and at least one")
        return tuple(name for name in names if name in columns)

    @property
    def schema(self) -> "pl.Schema":
        """Names and Polars types of the columns of `transactions`."""
        from fastgen.frames import TransactionFrames

        return TransactionFrames(self.plan, self.columns()).schema

    def batches(
        self, columns: Sequence[str] | None = None, *, batch_rows: int | None = None, threads: int = 1
    ) -> Iterator["pl.DataFrame"]:
        """Yield `transactions` in event-time order, as frames, in flat memory.

        Args:
            columns: which columns; they come in the table's order, and what is not asked for is not made.
            batch_rows: rows of each frame but the last; unless given, frames are as they come, up to about 65,000 rows.
            threads: how many threads make them.

        Raises:
            OptionError: unknown columns, or a number that is not positive.
        """
        names = self.columns("transactions", columns)
        positive("threads", threads)
        if batch_rows is None:
            return self._frames(names, threads)
        return _rechunked(self._frames(names, threads), positive("batch_rows", batch_rows))

    def _frames(self, names: Sequence[str], threads: int) -> Iterator["pl.DataFrame"]:
        from fastgen.frames import TransactionFrames
        from fastgen.ids import RowSource

        frames = TransactionFrames(self.plan, names)
        source = RowSource(self.plan, names)
        made = in_order(lambda groups: frames.frame(*source.fill(groups)), self.spans(GROUPS_IN_BATCH), threads)
        return (frame for frame in made if frame.height)

    def spans(self, groups: int) -> list[range]:
        """The groups of windows, so many at a time."""
        total = self.plan.grid.groups
        return [range(start, min(start + groups, total)) for start in range(0, total, groups)]

    def row_spans(self, rows: int) -> list[range]:
        """The groups of windows, as many at a time as have about so many rows: withdrawals are taken to be spread evenly."""
        plan, grid = self.plan, self.plan.grid
        of_group = np.diff(plan.payment_offsets[:: grid.windows]) + plan.withdrawals / grid.groups
        numbers = (np.cumsum(of_group) - of_group) // rows
        edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), grid.groups]
        return [range(start, stop) for start, stop in pairwise(edges)]

    def transactions(self, columns: Sequence[str] | None = None, *, threads: int = 1) -> "pl.DataFrame":
        """All transactions as one frame."""
        import polars as pl

        return pl.concat(self.batches(columns, threads=threads), rechunk=False)

    def credit_cards(self) -> "pl.DataFrame":
        """All cards as one frame: cc_num, provider, expires."""
        return self._cards("credit_cards")

    def profiles(self) -> "pl.DataFrame":
        """The cards' holders as one frame: name, sex, mail, birthdate, City, Country, cc_num."""
        return self._cards("profiles")

    def _cards(self, table: str) -> "pl.DataFrame":
        import polars as pl

        from fastgen.frames import HolderFrames

        frames = HolderFrames(self.plan, table, self.columns(table))
        return pl.concat([frames.frame(cards) for cards in self.card_chunks()], rechunk=False)

    def card_chunks(self) -> list[range]:
        """The cards, a chunk at a time."""
        from fastgen.holders import CHUNK

        return [range(start, min(start + CHUNK, self.plan.cards)) for start in range(0, self.plan.cards, CHUNK)]


def positive(name: str, value: object) -> int:
    """The value, if it is a whole number above zero."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise OptionError(name, value, "must be a whole number of at least 1")
    return value


def _known(table: str) -> str:
    if table not in TABLES:
        raise OptionError("table", table, f"must be one of {', '.join(TABLES)}")
    return table


def _rechunked(frames: Iterator["pl.DataFrame"], rows: int) -> Iterator["pl.DataFrame"]:
    """The same rows in frames of `rows` rows."""
    import polars as pl

    waiting: list[pl.DataFrame] = []
    height = 0
    for frame in frames:
        waiting.append(frame)
        height += frame.height
        if height < rows:
            continue
        whole = pl.concat(waiting, rechunk=False)
        full = height // rows * rows
        for start in range(0, full, rows):
            yield whole.slice(start, rows)
        waiting = [whole.slice(full)]
        height -= full
    if height:
        yield pl.concat(waiting, rechunk=False)
