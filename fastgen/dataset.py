"""The dataset: a pure function of its configuration, generated window by window."""

import hashlib
from bisect import bisect_left
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from fastgen.arguments import check_columns, check_table, positive, thread_count
from fastgen.config import Config
from fastgen.errors import ConfigError, OptionError
from fastgen.locked import locked_property
from fastgen.pipeline import map_ordered
from fastgen.plan import Plan
from fastgen.schema import TABLES
from fastgen.workers import Worker

if TYPE_CHECKING:
    import polars as pl

    from fastgen.frames import Stock

BATCH_BYTES = 49_600_000
"""Size of a frame, about: 400,000 rows of all columns. With fewer, calls take more of the time and threads wait for the interpreter
more often; more take more memory."""
MOST_BATCH_ROWS = 700_000
"""Frames of few columns are no faster with more rows, and take more memory."""
BATCH_ROWS = 200_000
"""Frames have fewer bytes, down to so many rows, if there would be fewer than FEW_BATCHES."""
KEPT_BATCHES = 4
"""So many dropped frames leave their memory to those of the next call, unless rows are so dense that a frame has far more bytes."""
FEW_BATCHES = 16
"""Threads share fewer frames unevenly."""


class Share(NamedTuple):
    """Part `number` of `of`, counted from 1."""

    number: int
    of: int


WHOLE: Final = Share(1, 1)


class Dataset:
    """Card payments, ATM withdrawals and the fraud hidden in them, with the cards and their holders.

    Creating one is cheap: counts and lookup tables are computed on first use, and not pickled. Rows do not depend on
    threads, batches or columns. docs/data.md describes the tables.

    Args:
        config: the configuration, also an attribute of the dataset. Default: `Config()`.

    Attributes:
        share: which part of the whole this is, as `number` and `of`; the whole is part 1 of 1.

    Raises:
        ConfigError: `config` is not a `Config`. Methods that need rows or counts raise it as well if the configuration gives a
            number of cash cards, but no card has a holder in one of `atm.bands` that has room for it.

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
        """Return one of several parts; all parts in order are the whole, for the transactions and each card table.

        A part is a dataset, generated without the rest; it shares the plan. Parts are cut between groups of time windows and
        can differ in size: see docs/scale.md.

        Args:
            number: which part, 1 to `of`.
            of: the number of parts; at most one per group of windows.

        Raises:
            OptionError: there is no such part, there are more parts than groups, or this is already a part.

        Example:
            >>> data = Dataset(Config(rows=200_000))
            >>> [data.part(number, of=3).transactions().height for number in (1, 2, 3)]
            [107165, 64451, 28384]
        """
        if self.is_part:
            raise OptionError("part", number, "must be taken of a whole dataset")
        groups = self.plan.grid.groups
        number, of = positive("part", number), positive("parts", of)
        if of > groups:
            raise OptionError(
                "parts", of, f"must be at most {groups:,}: this dataset is made in so many groups of rows, which are not cut"
            )
        if number > of:
            raise OptionError("part", number, f"must be among 1 to {of:,}")
        part = Dataset(self.config)
        part.share = Share(number, of)
        part.plan = self.plan
        return part

    def remade(self, config: Config) -> "Dataset":
        """Return the dataset of another configuration; for a part, the part of it with the same number.

        Raises:
            OptionError: the other dataset cannot be divided into as many parts.
        """
        whole = Dataset(config)
        return whole.part(*self.share) if self.is_part else whole

    @property
    def is_part(self) -> bool:
        """Whether this is a part of a dataset."""
        return self.share != WHOLE

    @locked_property
    def plan(self) -> Plan:
        """Exact counts; raises ConfigError if there are no holders for the requested cash cards."""
        return Plan(self.config)

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of everything that decides the rows: configuration, data version, Faker's vocabularies.

        A part has the fingerprint of the whole.
        """
        return hashlib.sha256(f"{self.config.settings_digest} {self.plan.pools.digest}".encode()).hexdigest()

    @locked_property
    def num_rows(self) -> int:
        """Rows of the table `transactions`. For a part they are counted, which takes about an eighth of generating them."""
        if not self.is_part:
            return self.plan.rows
        return sum(map(Worker(self.plan, names=()).count, self.groups))

    def expected_rows(self, table: str = "transactions") -> int:
        """Rows of a table; for the transactions of a part, an estimate."""
        if not self.is_part or check_table(table) != "transactions":
            return self.count(table)
        expected = self.plan.expected_rows
        return round(float(expected[self.groups.stop] - expected[self.groups.start]))

    def count(self, table: str = "transactions") -> int:
        """Return the number of rows of a table.

        Args:
            table: transactions, credit_cards or profiles.

        Raises:
            OptionError: there is no such table.

        Example:
            >>> Dataset().count("credit_cards")
            2000
        """
        return self.num_rows if check_table(table) == "transactions" else len(self.cards)

    @locked_property
    def groups(self) -> range:
        """The groups of windows that contain the transactions."""
        return self.plan.part(*self.share)

    @property
    def cards(self) -> range:
        """The cards in the card tables."""
        number, of = self.share
        return range(self.plan.cards * (number - 1) // of, self.plan.cards * number // of)

    def columns(self, table: str = "transactions", columns: Sequence[str] | None = None) -> tuple[str, ...]:
        """Return the requested columns of a table, in the table's order.

        Args:
            table: transactions, credit_cards or profiles.
            columns: names in any order. Default: all columns.

        Raises:
            OptionError: there is no such table or column, a column is requested twice, or the list is empty.

        Example:
            >>> Dataset().columns("transactions", ["amount", "cc_num"])
            ('cc_num', 'amount')
        """
        names = TABLES[check_table(table)].names
        if columns is None:
            return names
        check_columns(table, columns)
        return tuple(name for name in names if name in columns)

    @property
    def schema(self) -> "pl.Schema":
        """Names and Polars types of the columns of the table `transactions`."""
        return self.frame_schema("transactions", self.columns())

    def frame_schema(self, table: str, names: Sequence[str]) -> "pl.Schema":
        """Names and Polars types of some columns of a table."""
        from fastgen.frames import HolderFrames, TransactionFrames

        frames = TransactionFrames(self.stock, names) if table == "transactions" else HolderFrames(self.plan, table, names)
        return frames.schema

    def batches(
        self, columns: Sequence[str] | None = None, *, batch_rows: int | None = None, threads: int | None = 1
    ) -> Generator["pl.DataFrame"]:
        """Yield the transactions in event-time order, frame by frame, in constant memory.

        To stop early, drop the generator or close it: its threads end with the frames that they have begun. The dataset keeps the
        memory of up to four frames, some 50 MB each, for the next call with the same columns, until there is one with others or
        the dataset is dropped.

        Args:
            columns: the columns to generate, returned in the table's order. Default: all.
            batch_rows: rows of every frame except the last, at least 1. Default: frames of varying size, about 400,000 rows with
                all columns and at most about 700,000 with fewer; fewer rows of small datasets.
            threads: number of threads that generate rows, at least 1; None for one per processor.

        Raises:
            OptionError: unknown columns, or a number below 1; raised by the call, before the first frame.

        Example:
            >>> [frame.height for frame in Dataset(Config(rows=1_000)).batches(["amount"], batch_rows=400)]
            [400, 400, 200]
        """
        names = self.columns("transactions", columns)
        frames = self.frames("transactions", names, thread_count(threads))
        return frames if batch_rows is None else _rechunked(frames, positive("batch_rows", batch_rows))

    @locked_property
    def stock(self) -> "Stock":
        """What frames of transactions share, also those of several calls."""
        from fastgen.frames import Stock

        return Stock(self.plan, kept=KEPT_BATCHES, largest=2 * BATCH_BYTES)

    def frames(self, table: str, names: Sequence[str], threads: int, among: range | None = None) -> Generator["pl.DataFrame"]:
        """Yield the rows of any table in order, in frames with these columns; of transactions, only those of groups in `among`."""
        from fastgen.frames import HolderFrames, TransactionFrames
        from fastgen.workers import RowSource

        if table != "transactions":
            return map_ordered(HolderFrames(self.plan, table, names).frame, self.card_chunks(), threads)
        spans = self.batch_spans(names, among)
        frames, source = TransactionFrames(self.stock, names, spans), RowSource(self.plan, names)
        made = map_ordered(lambda groups: frames.frame(source.worker, groups), spans, threads)
        return (frame for frame in made if len(frame))

    def _groups(self, among: range | None) -> range:
        """The groups of windows, restricted to those in `among`."""
        own = self.groups
        return own if among is None else range(max(own.start, among.start), min(own.stop, among.stop))

    def spans(self, rows: float, among: range | None = None) -> list[range]:
        """Cut the groups of windows, or those in `among`, into runs of about `rows` rows.

        Groups differ in size: after the period, when withdrawals run out, many have few rows or none.
        """
        groups, expected = self._groups(among), self.plan.expected_rows.tolist()
        first, spans = groups.start, []
        while first < groups.stop:
            target = expected[first] + rows
            behind = min(bisect_left(expected, target, first), groups.stop)
            # Of two possible ends, take the nearer one.
            if behind > first + 1 and expected[behind] - target > target - expected[behind - 1]:
                behind -= 1
            spans.append(range(first, behind))
            first = behind
        return spans

    def batch_spans(self, names: Sequence[str], among: range | None = None) -> list[range]:
        """Cut the groups of windows, or those in `among`, into runs that each fill a frame with these columns."""
        from fastgen.frames import row_bytes

        groups, expected = self._groups(among), self.plan.expected_rows
        shared = (expected[groups.stop] - expected[groups.start]) / FEW_BATCHES if groups else 0
        return self.spans(min(BATCH_BYTES / row_bytes(names), MOST_BATCH_ROWS, max(BATCH_ROWS, shared)), among)

    def transactions(self, columns: Sequence[str] | None = None, *, threads: int | None = 1) -> "pl.DataFrame":
        """Return all transactions as one frame, in event-time order; `batches` needs less memory.

        Args:
            columns: the columns to generate, returned in the table's order. Default: all.
            threads: number of threads that generate rows, at least 1; None for one per processor.

        Raises:
            OptionError: as for `batches`.

        Example:
            >>> Dataset(Config(rows=1_000)).transactions(["cc_num", "fraud_label"]).shape
            (1000, 2)
        """
        return self._whole("transactions", self.columns("transactions", columns), thread_count(threads))

    def credit_cards(self) -> "pl.DataFrame":
        """Return all cards as one frame: cc_num, provider, expires."""
        return self._whole("credit_cards", self.columns("credit_cards"))

    def profiles(self) -> "pl.DataFrame":
        """Return all card holders as one frame: name, sex, mail, birthdate, City, Country, cc_num."""
        return self._whole("profiles", self.columns("profiles"))

    def _whole(self, table: str, names: Sequence[str], threads: int = 1) -> "pl.DataFrame":
        import polars as pl

        frames = list(self.frames(table, names, threads))
        return pl.concat(frames, rechunk=False) if frames else pl.DataFrame(schema=self.frame_schema(table, names))

    def card_chunks(self) -> list[range]:
        """The cards in chunks."""
        from fastgen.holders import CHUNK

        own = self.cards
        return [range(start, min(start + CHUNK, own.stop)) for start in range(own.start, own.stop, CHUNK)]

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export the transactions as an Arrow stream of batches, for DuckDB, pyarrow and other consumers.

        Pass the dataset to a consumer, which calls this method of the Arrow PyCapsule interface. Texts are string views unless
        the consumer requests other types.

        Args:
            requested_schema: a capsule with the requested Arrow schema: the same columns, of types that pyarrow can cast theirs to.
                Default: the table's own schema.

        Returns:
            A capsule with the stream.

        Example:
            >>> import pyarrow as pa
            >>> pa.RecordBatchReader.from_stream(Dataset(Config(rows=1_000))).read_all().num_rows
            1000
        """
        import polars as pl
        import pyarrow as pa

        requested = None if requested_schema is None else pa.schema(_SchemaCapsule(requested_schema))
        # pyarrow casts hardly anything to string views, and hardly anything from them.
        has_views = requested is None or pa.string_view() in requested.types
        level = pl.CompatLevel.newest() if has_views else pl.CompatLevel.oldest()
        schema = pl.DataFrame(schema=self.schema).to_arrow(compat_level=level).schema
        batches = (batch for frame in self.batches() for batch in frame.to_arrow(compat_level=level).to_batches())
        reader = pa.RecordBatchReader.from_batches(schema, batches)
        return (reader if requested is None else reader.cast(requested)).__arrow_c_stream__()


class _SchemaCapsule(NamedTuple):
    """A capsule with an Arrow schema, as an object that pyarrow takes for one."""

    capsule: object

    def __arrow_c_schema__(self) -> object:
        """Return the capsule."""
        return self.capsule


def dataset_of(data: Dataset | Config | None) -> Dataset:
    """Return a dataset unchanged, or the dataset of a configuration; None is the default configuration.

    Raises:
        ConfigError: it is neither a dataset nor a configuration.
    """
    if not isinstance(data, Dataset | Config | None):
        raise ConfigError("data", data, "must be a Dataset or a Config", hint="load_config reads one from a file")
    return data if isinstance(data, Dataset) else Dataset(data)


def _rechunked(frames: Iterator["pl.DataFrame"], rows: int) -> Generator["pl.DataFrame"]:
    """Cut the same rows into frames of `rows` rows."""
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
