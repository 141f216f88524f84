"""The dataset: a pure function of its configuration, made window by window."""

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Final, NamedTuple

from fastgen.config import Config
from fastgen.errors import ConfigError, OptionError, did_you_mean
from fastgen.pipeline import available_threads, in_order
from fastgen.plan import Plan
from fastgen.schema import TABLES
from fastgen.windows import Worker

if TYPE_CHECKING:
    import polars as pl

BATCH_ROWS = 200_000
"""About how many rows a frame of all columns has. With fewer, threads meet at the interpreter between kernels more often; more
leave the cache."""
BATCH_BYTES = 24_800_000
"""What such a frame takes, and one of fewer columns with more rows."""
MOST_BATCH_ROWS = 700_000
"""More are no quicker, and take more memory."""
FEW_BATCHES = 16
"""Threads share fewer frames unevenly: there are as many before any has more rows than those of all columns."""


class Share(NamedTuple):
    """Part `number`, counted from 1, `of` so many."""

    number: int
    of: int


WHOLE: Final = Share(1, 1)


class Dataset:
    """Card payments, ATM withdrawals and the fraud hidden in them, with the cards and their holders.

    Making one is cheap; counts and lookup tables are worked out when they are first needed, and not
    pickled. Rows are the same whatever the threads, batches and columns. The tables are explained in docs/data.md.

    Args:
        config: what the data are, kept as the attribute `config`; the default dataset unless given.

    Attributes:
        share: which part of the whole it is: its `number`, and how many there are, `of`; 1 of 1 for the whole.

    Raises:
        ConfigError: `config` is no `Config`. What needs rows or counts raises it too, where the configuration asks for cash
            cards by number and no card has a holder of the ages in `atm.bands`.

    Example:
        >>> data = Dataset(Config(rows=1_000, seed=7))
        >>> data.num_rows, data.transactions().height
        (1000, 1000)
    """

    def __init__(self, config: Config | None = None) -> None:
        if not isinstance(config, Config | None):
            raise ConfigError("config", config, "must be a Config", hint="load_config reads one from a file")
        self.config = Config() if config is None else config
        self.share = WHOLE

    def __repr__(self) -> str:
        return f"Dataset({self.config!r})" + (f".part({self.share.number}, of={self.share.of})" if self.is_part else "")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dataset) and self.__getstate__() == other.__getstate__()

    def __hash__(self) -> int:
        return hash(self.__getstate__())

    def __getstate__(self) -> tuple[Config, "Share"]:
        return self.config, self.share

    def __setstate__(self, state: tuple[Config, "Share"]) -> None:
        self.config, self.share = state

    def part(self, number: int, of: int) -> "Dataset":
        """One of several parts, which in order are the whole: of the transactions, and of each card table.

        It is a dataset like any other, made without the rest. The plan is shared. Parts are cut between groups of windows of
        time, and need not be of one size: see docs/scale.md.

        Args:
            number: which one, 1 to `of`.
            of: how many there are; at most one for each group of windows.

        Raises:
            OptionError: a part that there is not, more parts than groups, or a part of a part.

        Example:
            >>> data = Dataset(Config(rows=200_000))
            >>> [data.part(number, of=3).transactions().height for number in (1, 2, 3)]
            [107733, 63480, 28787]
        """
        if self.is_part:
            raise OptionError("part", number, "must be taken of a whole dataset")
        groups = self.plan.grid.groups
        if positive("parts", of) > groups:
            raise OptionError(
                "parts", of, f"must be at most {groups:,}: this dataset is made in so many groups of rows, which are not cut"
            )
        if positive("part", number) > of:
            raise OptionError("part", number, f"must be among 1 to {of:,}")
        part = Dataset(self.config)
        part.share = Share(number, of)
        part.plan = self.plan
        return part

    def remade(self, config: Config) -> "Dataset":
        """The dataset of another configuration, or, of a part, the part of it with the same number.

        Raises:
            OptionError: it cannot be had in so many parts.
        """
        whole = Dataset(config)
        return whole.part(*self.share) if self.is_part else whole

    @property
    def is_part(self) -> bool:
        """Whether it is a part of a dataset."""
        return self.share != WHOLE

    @cached_property
    def plan(self) -> Plan:
        """Exact counts; raises ConfigError where the cards' holders cannot make what is asked for."""
        return Plan(self.config)

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of all that decides the rows: configuration, data version and Faker's vocabularies.

        A part has the fingerprint of the whole.
        """
        return hashlib.sha256(f"{self.config.fingerprint()} {self.plan.pools.digest}".encode()).hexdigest()

    @cached_property
    def num_rows(self) -> int:
        """Rows of the table `transactions`; those of a part are counted, which takes about an eighth of the time of making them."""
        if not self.is_part:
            return self.plan.rows
        return sum(map(Worker(self.plan, names=()).count, self.groups))

    def expected_rows(self, table: str = "transactions") -> int:
        """Rows of a table; of the transactions of a part, about how many."""
        if not self.is_part or _known(table) != "transactions":
            return self.count(table)
        expected = self.plan.expected_rows
        return round(float(expected[self.groups.stop] - expected[self.groups.start]))

    def count(self, table: str = "transactions") -> int:
        """Rows of a table.

        Args:
            table: transactions, credit_cards or profiles.

        Raises:
            OptionError: there is no such table.

        Example:
            >>> Dataset().count("credit_cards")
            2000
        """
        return self.num_rows if _known(table) == "transactions" else len(self.cards)

    @cached_property
    def groups(self) -> range:
        """The groups of windows whose rows are its transactions."""
        return self.plan.part(*self.share)

    @property
    def cards(self) -> range:
        """The cards that its card tables have."""
        number, of = self.share
        return range(self.plan.cards * (number - 1) // of, self.plan.cards * number // of)

    def columns(self, table: str = "transactions", columns: Sequence[str] | None = None) -> tuple[str, ...]:
        """The asked columns of a table, in the table's order.

        Args:
            table: transactions, credit_cards or profiles.
            columns: names in any order; all columns unless given.

        Raises:
            OptionError: no such table, a column that it does not have, one that is asked for twice, or none.

        Example:
            >>> Dataset().columns("transactions", ["amount", "cc_num"])
            ('cc_num', 'amount')
        """
        names = TABLES[_known(table)].names
        if columns is None:
            return names
        check_columns(table, columns)
        return tuple(name for name in names if name in columns)

    @property
    def schema(self) -> "pl.Schema":
        """Names and Polars types of the columns of the table `transactions`."""
        return self._schema(None)

    def _schema(self, columns: Sequence[str] | None) -> "pl.Schema":
        from fastgen.frames import TransactionFrames

        return TransactionFrames(self.plan, self.columns("transactions", columns)).schema

    def batches(
        self, columns: Sequence[str] | None = None, *, batch_rows: int | None = None, threads: int = 1
    ) -> Iterator["pl.DataFrame"]:
        """The transactions in event-time order, frame by frame, in flat memory.

        Args:
            columns: which columns; they come in the table's order, and what is not asked for is not made. All unless given.
            batch_rows: rows of each frame but the last, at least 1; unless given, frames are as they come: of some 200,000
                rows where all columns are asked for, and of some 700,000 at most with fewer.
            threads: how many threads make them, at least 1.

        Raises:
            OptionError: unknown columns, or a number that is not positive; raised by the call, before the first frame.

        Example:
            >>> [frame.height for frame in Dataset(Config(rows=1_000)).batches(["amount"], batch_rows=400)]
            [400, 400, 200]
        """
        names = self.columns("transactions", columns)
        positive("threads", threads)
        if batch_rows is None:
            return self._frames(names, threads)
        return _rechunked(self._frames(names, threads), positive("batch_rows", batch_rows))

    def _frames(self, names: Sequence[str], threads: int) -> Iterator["pl.DataFrame"]:
        from fastgen.frames import TransactionFrames
        from fastgen.windows import RowSource

        frames = TransactionFrames(self.plan, names)
        source = RowSource(self.plan, names)
        made = in_order(lambda groups: frames.frame(source.worker, groups), self.batch_spans(frames.row_bytes), threads)
        return (frame for frame in made if frame.height)

    def _groups(self, among: range | None) -> range:
        """Its groups of windows, or those of them that are `among` some."""
        own = self.groups
        return own if among is None else range(max(own.start, among.start), min(own.stop, among.stop))

    def spans(self, rows: float, among: range | None = None) -> list[range]:
        """The groups of windows, or those `among` some, as many at a time as have about so many rows.

        Groups differ: at the end of the period, when withdrawals run out, many have few rows or none.
        """
        groups, expected = self._groups(among), self.plan.expected_rows.tolist()
        first, spans = groups.start, []
        while first < groups.stop:
            wanted = expected[first] + rows
            behind = min(bisect_left(expected, wanted, first), groups.stop)
            # Where there are two ends to choose from, the nearer one.
            if behind > first + 1 and expected[behind] - wanted > wanted - expected[behind - 1]:
                behind -= 1
            spans.append(range(first, behind))
            first = behind
        return spans

    def batch_spans(self, row_bytes: int, among: range | None = None) -> list[range]:
        """The groups of windows, or those `among` some, as many at a time as make a frame of so many bytes a row."""
        groups, expected = self._groups(among), self.plan.expected_rows
        shared = (expected[groups.stop] - expected[groups.start]) / FEW_BATCHES if groups else 0
        return self.spans(min(BATCH_BYTES / row_bytes, MOST_BATCH_ROWS, max(BATCH_ROWS, shared)), among)

    def transactions(self, columns: Sequence[str] | None = None, *, threads: int = 1) -> "pl.DataFrame":
        """All transactions as one frame, in event-time order. `batches` does with less memory.

        Args:
            columns: which columns, in the table's order; all unless given.
            threads: how many threads make them, at least 1.

        Raises:
            OptionError: as for `batches`.

        Example:
            >>> Dataset(Config(rows=1_000)).transactions(["cc_num", "fraud_label"]).shape
            (1000, 2)
        """
        import polars as pl

        made = list(self.batches(columns, threads=threads))
        return pl.concat(made, rechunk=False) if made else pl.DataFrame(schema=self._schema(columns))

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
        made = [frames.frame(cards) for cards in self.card_chunks()]
        return pl.concat(made, rechunk=False) if made else pl.DataFrame(schema=frames.schema)

    def card_chunks(self) -> list[range]:
        """The cards, a chunk at a time."""
        from fastgen.holders import CHUNK

        own = self.cards
        return [range(start, min(start + CHUNK, own.stop)) for start in range(own.start, own.stop, CHUNK)]

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The transactions as an Arrow stream, a batch at a time, for DuckDB, pyarrow and all else that takes one.

        Users hand over the dataset, and what takes it calls this method of the Arrow PyCapsule interface.

        Args:
            requested_schema: a capsule with the Arrow schema that is asked for; the table's own unless given.

        Returns:
            A capsule with the stream.

        Example:
            >>> import pyarrow as pa
            >>> pa.RecordBatchReader.from_stream(Dataset(Config(rows=1_000))).read_all().num_rows
            1000
        """
        import polars as pl
        import pyarrow as pa

        level = pl.CompatLevel.newest()
        schema = pl.DataFrame(schema=self.schema).to_arrow(compat_level=level).schema
        batches = (batch for frame in self.batches() for batch in frame.to_arrow(compat_level=level).to_batches())
        return pa.RecordBatchReader.from_batches(schema, batches).__arrow_c_stream__(requested_schema)


def dataset_of(data: Dataset | Config | None) -> Dataset:
    """A dataset, or that of a configuration; the default one for None.

    Raises:
        ConfigError: it is neither.
    """
    return data if isinstance(data, Dataset) else Dataset(data)


def positive(name: str, value: object) -> int:
    """The value, if it is a whole number above zero."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise OptionError(name, value, "must be a whole number of at least 1")
    return int(value)


def thread_count(threads: int | None) -> int:
    """How many threads a run has: so many, or, unless given, as many as there are processors that it may use.

    Raises:
        OptionError: it is not a whole number above zero.
    """
    return available_threads() if threads is None else positive("threads", threads)


def check_columns(table: str, columns: object) -> None:
    """Raise OptionError for a column that the table does not have, one that is named twice, or none."""
    names = TABLES[table].names
    if not isinstance(columns, Sequence) or isinstance(columns, str) or not all(isinstance(name, str) for name in columns):
        raise OptionError("columns", columns, f"must be a list of names among {', '.join(names)}")
    for name in columns:
        if name not in names:
            raise OptionError("columns", name, f"must be among {', '.join(names)}", hint=did_you_mean(name, names))
    if len(set(columns)) != len(columns) or not columns:
        raise OptionError("columns", ",".join(columns), "must name each column once, and at least one")


def _known(table: str) -> str:
    if str(table) not in TABLES:
        raise OptionError("table", table, f"must be one of {', '.join(TABLES)}", hint=did_you_mean(table, TABLES))
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
