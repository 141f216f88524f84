"""`scan`: every query has the result of the same query on the whole frame, and makes no more than it needs."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgen import Config, ConfigError, Dataset, OptionError, scan
from fastgen.frames import TransactionFrames
from fastgen.intervals import time_interval
from fastgen.schema import TABLES
from fastgen.workers import Worker

DATA = Dataset(Config(rows=400_000, seed=3))
WHOLE = DATA.transactions()
NAMES = TABLES["transactions"].names
ENGINES = pytest.mark.parametrize("engine", ["streaming", "in-memory"])
T = pl.col("datetime")
START, END = datetime(2021, 12, 30), datetime(2022, 5, 30)
moments = st.datetimes(START, END).map(lambda moment: moment.replace(microsecond=0))

time_conditions = st.one_of(
    st.tuples(st.sampled_from(["gt", "ge", "lt", "le", "eq", "ne"]), moments).map(lambda drawn: getattr(T, drawn[0])(drawn[1])),
    st.tuples(st.sampled_from(["gt", "ge", "lt", "le"]), moments).map(lambda drawn: getattr(pl.lit(drawn[1]), drawn[0])(T)),
    st.tuples(st.sampled_from(["gt", "ge", "lt", "le", "eq"]), moments).map(
        lambda drawn: getattr(T.dt.date(), drawn[0])(drawn[1].date())
    ),
    st.tuples(moments, st.integers(0, 10**6), st.sampled_from(["both", "left", "right", "none"])).map(
        lambda drawn: T.is_between(drawn[0], drawn[0] + timedelta(seconds=drawn[1]), closed=drawn[2])
    ),
)
other_conditions = st.sampled_from(
    [pl.col("amount") > 100, pl.col("fraud_label") == 1, pl.col("category") == "Grocery", T.dt.hour() == 3]
)
conditions = st.recursive(
    time_conditions | other_conditions,
    lambda some: (
        st.tuples(st.sampled_from(["and_", "or_"]), some, some).map(lambda drawn: getattr(drawn[1], drawn[0])(drawn[2]))
        | some.map(lambda one: ~one)
    ),
    max_leaves=4,
)


@settings(deadline=None, max_examples=60)
@given(
    conditions,
    st.lists(st.sampled_from(NAMES), unique=True, min_size=1),
    st.none() | st.integers(0, 50_000),
    st.integers(1, 3),
    st.sampled_from(["streaming", "in-memory"]),
)
def test_any_query(condition: pl.Expr, names: list[str], rows: int | None, threads: int, engine: Any) -> None:
    """For random conditions, columns, limits and threads."""

    def query(frame: pl.LazyFrame) -> pl.DataFrame:
        found = frame.filter(condition).select(names)
        return (found if rows is None else found.head(rows)).collect(engine=engine)

    assert query(scan(DATA, threads=threads)).equals(query(WHOLE.lazy()))


numbers = st.sampled_from([0, 1, 50, 1_000, 60_000])
filters = (other_conditions | conditions).map(lambda condition: lambda frame: frame.filter(condition))
cuts = st.one_of(
    numbers.map(lambda rows: lambda frame: frame.head(rows)),
    numbers.map(lambda rows: lambda frame: frame.tail(rows)),
    st.tuples(numbers, numbers).map(lambda cut: lambda frame: frame.slice(*cut)),
)
others = st.sampled_from([lambda frame: frame.with_columns(pl.col("amount") * 2), lambda frame: frame.drop("tid", strict=False)])


@settings(deadline=None, max_examples=120)
@given(st.lists(filters | cuts | filters | cuts | others, min_size=2, max_size=4), st.sampled_from(["streaming", "in-memory"]))
def test_any_order_of_steps(steps: list[Callable[[pl.LazyFrame], pl.LazyFrame]], engine: Any) -> None:
    """Filtering the first rows is not the same as taking the first rows of a filter."""

    def query(frame: pl.LazyFrame) -> pl.DataFrame:
        for step in steps:
            frame = step(frame)
        return frame.collect(engine=engine)

    assert query(scan(DATA, threads=2)).equals(query(WHOLE.lazy()))


@ENGINES
@pytest.mark.parametrize("table", list(TABLES))
def test_a_condition_on_the_first_rows(table: str, engine: Any) -> None:
    whole: pl.DataFrame = getattr(DATA, table)()
    name = whole.columns[-1]
    least = whole[name].head(1_000).max()
    for condition in (pl.col(name) > least, pl.col(name) < least):
        found = scan(DATA, table=table).head(1_000).filter(condition).collect(engine=engine)
        assert found.equals(whole.head(1_000).filter(condition))


@settings(deadline=None, max_examples=60)
@given(conditions)
def test_the_interval_is_never_too_narrow(condition: pl.Expr) -> None:
    low, high = time_interval(condition, "datetime")
    found = WHOLE.filter(condition)["datetime"].dt.epoch("us")
    if found.len():
        assert low is None or low <= found.min()  # type: ignore[operator]  # whole numbers here
        assert high is None or high >= found.max()  # type: ignore[operator]  # whole numbers here


def microseconds(moment: datetime) -> int:
    return round(moment.replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("condition", "low", "high"),
    [
        (datetime(2022, 1, 5) <= T, datetime(2022, 1, 5), None),
        (datetime(2022, 1, 5) > T, None, datetime(2022, 1, 5)),
        (T.dt.date() == date(2022, 1, 5), datetime(2022, 1, 5), datetime(2022, 1, 6)),
        (T.is_between(datetime(2022, 1, 5), datetime(2022, 1, 7)), datetime(2022, 1, 5), datetime(2022, 1, 7)),
        (
            (datetime(2022, 1, 5) < T) & (pl.col("amount") > 1) & (datetime(2022, 1, 7) > T),
            datetime(2022, 1, 5),
            datetime(2022, 1, 7),
        ),
        ((datetime(2022, 1, 5) == T) | (datetime(2022, 1, 7) == T), datetime(2022, 1, 5), datetime(2022, 1, 7)),
        (pl.lit("2022-03-01").str.to_datetime() > T, None, datetime(2022, 3, 1)),
        (pl.lit(datetime(2022, 3, 1)) + timedelta(days=1) > T, None, datetime(2022, 3, 2)),
        (pl.col("amount") > 1, None, None),
        ((datetime(2022, 1, 5) < T) | (pl.col("amount") > 1), None, None),
        (~(datetime(2022, 1, 5) < T), None, None),
        (pl.col("amount").cast(pl.Datetime("us")) < T, None, None),
        (T.map_elements(lambda _: True, return_dtype=pl.Boolean), None, None),
        (pl.lit(None, pl.Datetime("us")) < T, None, None),
        (pl.lit(2**31 - 1).cast(pl.Date) > T.dt.date(), None, None),
        (pl.lit(-(2**31)).cast(pl.Date) < T.dt.date(), None, None),
    ],
    ids=str,
)
def test_what_is_seen_in_a_condition(condition: pl.Expr, low: datetime | None, high: datetime | None) -> None:
    found = time_interval(condition, "datetime")
    assert found.low == (None if low is None else microseconds(low))
    assert found.high == pytest.approx(None if high is None else microseconds(high), abs=1)


@ENGINES
@pytest.mark.parametrize("table", list(TABLES))
def test_all_tables(table: str, engine: Any) -> None:
    frame = getattr(DATA, table)()
    lazy = scan(DATA, table=table)
    assert lazy.collect_schema() == frame.schema
    assert lazy.collect(engine=engine).equals(frame)
    assert lazy.select("cc_num").tail(5).collect(engine=engine).equals(frame.select("cc_num").tail(5))
    assert lazy.select(pl.len()).collect(engine=engine).item() == frame.height
    assert scan(DATA.part(2, of=3), table=table).collect(engine=engine).equals(getattr(DATA.part(2, of=3), table)())


def test_a_configuration_or_nothing() -> None:
    assert scan(DATA.config).collect().equals(WHOLE)
    assert scan().select(pl.len()).collect().item() == 106_020


@pytest.mark.parametrize(
    ("options", "line"), [({"table": "cards"}, "table = 'cards': must be one of"), ({"threads": 0}, "threads = 0: must be")]
)
def test_bad_options(options: dict[str, Any], line: str) -> None:
    with pytest.raises(OptionError, match=line):
        scan(DATA, **options)


def test_unknown_columns_are_named() -> None:
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match="amout"):
        scan(DATA).select("amout").collect()


# What a query costs


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is made while a test runs: columns, groups and hashes."""
    seen: dict[str, Any] = {"columns": set(), "groups": [], "hashes": 0}
    frame = TransactionFrames.frame

    def noting(self: TransactionFrames, worker: Worker, groups: range) -> pl.DataFrame:
        seen["columns"].update(self.names)
        seen["groups"].extend(groups)
        made = frame(self, worker, groups)
        seen["hashes"] += worker.buffers._digests.size // 16
        return made

    monkeypatch.setattr(TransactionFrames, "frame", noting)
    return seen


@ENGINES
def test_columns_that_are_not_asked_for_are_not_made(made: dict[str, Any], engine: Any) -> None:
    lazy = scan(DATA, threads=1)
    lazy.group_by("category").agg(pl.col("amount").sum()).collect(engine=engine)
    assert made["columns"] == {"category", "amount"}
    assert made["hashes"] == 0
    lazy.select("tid").head(1).collect(engine=engine)
    assert made["hashes"] > 0


@ENGINES
def test_a_time_range_touches_only_its_groups(made: dict[str, Any], engine: Any) -> None:
    low, high = datetime(2022, 2, 1), datetime(2022, 2, 2)
    scan(DATA).filter(T.is_between(low, high)).select("amount").collect(engine=engine)
    group = timedelta(seconds=DATA.plan.grid.group)
    first = (low - DATA.plan.midnight) // group
    assert sorted(made["groups"]) == list(range(first, (high - DATA.plan.midnight) // group + 1))
    made["groups"].clear()
    assert scan(DATA).filter(datetime(2030, 1, 1) < T).collect(engine=engine).is_empty()
    assert made["groups"] == []


@ENGINES
def test_the_first_rows_make_only_the_first_batch(made: dict[str, Any], engine: Any) -> None:
    scan(DATA, threads=1).head(10).collect(engine=engine)
    assert made["groups"] == list(DATA.batch_spans(DATA.schema.names())[0])


# Arrow


def test_an_arrow_stream() -> None:
    reader = pa.RecordBatchReader.from_stream(DATA)
    batches = list(reader)
    assert len(batches) == sum(1 for _ in DATA.batches())
    assert pl.from_arrow(batches).equals(WHOLE)  # type: ignore[union-attr]  # batches are a frame
    assert pl.DataFrame(DATA).equals(WHOLE)
    assert pa.table(DATA).num_rows == WHOLE.height
    assert pa.table(DATA.part(1, of=2)).num_rows == DATA.part(1, of=2).num_rows


def test_an_arrow_stream_of_a_requested_schema() -> None:
    schema = pa.schema(pa.RecordBatchReader.from_stream(DATA).schema)
    at = schema.get_field_index("fraud_label")
    requested = schema.set(at, schema.field(at).with_type(pa.int64()))
    read = pa.RecordBatchReader.from_stream(DATA, schema=requested)
    assert read.schema == requested
    assert read.read_all()["fraud_label"].to_pylist() == DATA.transactions(["fraud_label"])["fraud_label"].to_list()


@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())], ids=str)
def test_an_arrow_stream_of_texts_that_pyarrow_can_filter(text: pa.DataType) -> None:
    own = pa.RecordBatchReader.from_stream(DATA).schema
    kinds = [text if pa.types.is_dictionary(kind) or kind == pa.string_view() else kind for kind in own.types]
    requested = pa.schema(list(zip(own.names, kinds, strict=True)))
    read = pa.RecordBatchReader.from_stream(DATA, schema=requested).read_all()
    assert read.schema == requested
    frauds = read.filter(pc.equal(read["fraud_label"], 1)).cast(pa.schema([(name, pa.string()) for name in own.names]))
    assert frauds["city"].to_pylist() == WHOLE.filter(pl.col("fraud_label") == 1)["city"].to_list()
    assert read["tid"].to_pylist() == WHOLE["tid"].to_list()


def test_duckdb_reads_the_stream() -> None:
    data = DATA
    [found] = duckdb.sql("select count(*), count(distinct cc_num), min(datetime), max(tid), sum(fraud_label) from data").fetchall()
    assert found == (WHOLE.height, WHOLE["cc_num"].n_unique(), WHOLE["datetime"][0], WHOLE["tid"].max(), WHOLE["fraud_label"].sum())
    assert data.num_rows == found[0]


def test_the_stream_is_made_batch_by_batch() -> None:
    reader = pa.RecordBatchReader.from_stream(Dataset(Config(rows=10**9, cards=1_000)))
    assert 0 < reader.read_next_batch().num_rows < 500_000


def test_cash_cards_without_holders() -> None:
    """Before any query, and as an error of fastgen's."""
    with pytest.raises(ConfigError, match=r"^atm\.cards = 10: must be 0"):
        scan(Config(ages=(24, 24), atm={"cards": 10}))  # type: ignore[arg-type]
