"""Tables as DataFrames: the rows are the local ones for any partitions, and what is not requested is not made."""

import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastgen import Config, Dataset, FastgenError
from fastgen.arrow import TransactionBatches
from fastgen.schema import TABLES
from fastgen.workers import RowSource

from .conftest import Load, plain, require_pyspark

require_pyspark()

ROWS, SEED = 200_000, 3
DATA = Dataset(Config(rows=ROWS, seed=SEED))
GROUPS = DATA.plan.grid.groups
NAMES = TABLES["transactions"].names
WHOLE = plain(DATA.transactions())
few_examples = settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])


# The rows


@pytest.mark.parametrize("names", [NAMES, ("cc_num", "amount")])
def test_groups_in_batches(monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]) -> None:
    """Texts of more rows could not be addressed."""
    from fastgen.spark.tables import arrow_schema, group_batches

    monkeypatch.setattr("fastgen.spark.tables.MOST_ROWS_IN_BATCH", 1_000)
    make = group_batches(DATA, arrow_schema("transactions", names, frozenset()))
    [whole] = group_batches(DATA, arrow_schema("transactions", names, frozenset()))(1, slice(300, 900))
    assert whole.num_rows == 600
    for cut in (slice(None), slice(300, 2_900), slice(5, 5), slice(0, 1_000)):
        frames = [pl.DataFrame(pl.from_arrow(batch)) for batch in make(1, cut)]
        assert all(0 < frame.height <= 1_000 for frame in frames)
        part = plain(Dataset(DATA.config).part(2, of=GROUPS).transactions(list(names)))
        assert pl.concat([part.clear(), *frames]).equals(part[cut])


@pytest.mark.parametrize("table", list(TABLES))
@pytest.mark.parametrize("parts", [1, 3, GROUPS])
def test_all_tables(load: Load, table: str, parts: int) -> None:
    frame = load(rows=ROWS, seed=SEED, table=table, parts=parts)
    assert plain(frame).equals(plain(getattr(DATA, table)()))
    assert frame.rdd.getNumPartitions() == parts


@few_examples
@given(parts=st.integers(1, GROUPS), names=st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
def test_any_parts_and_columns(load: Load, parts: int, names: list[str]) -> None:
    """Columns come in the order in which they are requested."""
    assert plain(load(rows=ROWS, seed=SEED, parts=parts, columns=", ".join(names))).equals(WHOLE.select(names))


def test_types(load: Load) -> None:
    assert load().schema.simpleString() == (
        "struct<tid:string,datetime:timestamp_ntz,cc_num:string,category:string,amount:double,latitude:double,longitude:double,"
        "city:string,country:string,fraud_label:tinyint>"
    )
    assert load(table="profiles", columns="birthdate,City").schema.simpleString() == "struct<birthdate:date,City:string>"


def test_time_zones_do_not_matter(spark: Any, load: Load) -> None:
    [first] = load(rows=10, seed=SEED).selectExpr("cast(min(datetime) as string)").collect()[0]
    zone = spark.conf.get("spark.sql.session.timeZone")
    try:
        spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
        assert load(rows=10, seed=SEED).selectExpr("cast(min(datetime) as string)").collect()[0][0] == first
    finally:
        spark.conf.set("spark.sql.session.timeZone", zone)
    assert first == str(Dataset(Config(rows=10, seed=SEED)).transactions()["datetime"][0])


def test_the_default(load: Load) -> None:
    frame = load()
    assert (frame.count(), frame.where("fraud_label = 1").count()) == (106_020, 155)


def test_settings_of_all_kinds(load: Load) -> None:
    options = {"scale": 0.02, "fraud__ratio": 0.05, "atm__cards": 0, "start": "2023-01-01", "end": "2023-01-05 12:00:00"}
    config = Config(scale=0.02, fraud={"ratio": 0.05}, atm={"cards": 0}, start="2023-01-01", end="2023-01-05 12:00:00")
    assert plain(load(**options)).equals(plain(Dataset(config).transactions()))


def test_a_file_that_is_gone_when_rows_are_made(load: Load, tmp_path: Path) -> None:
    """Executors may run elsewhere: they get the configuration, not the file."""
    file = tmp_path / "fastgen.toml"
    file.write_text("rows = 5\n[fraud]\nratio = 0.5\n")
    frame = load(config=str(file), ROWS="1_000")
    file.unlink()
    assert plain(frame).equals(plain(Dataset(Config(rows=1_000, fraud={"ratio": 0.5})).transactions()))


def test_a_schema_picks_columns(spark: Any) -> None:
    reader = spark.read.format("fastgen").option("rows", ROWS).option("seed", SEED)
    picked = reader.schema("amount double, cc_num string not null").load()
    assert plain(picked).equals(WHOLE.select("amount", "cc_num"))
    assert picked.schema.simpleString() == "struct<amount:double,cc_num:string>"


def test_sql(spark: Any) -> None:
    spark.sql("create or replace temporary view payments using fastgen options (rows '2k', `fraud.ratio` '0.1')")
    expected = Dataset(Config(rows=2_000, fraud={"ratio": 0.1})).transactions()["fraud_label"].sum()
    assert spark.sql("select sum(fraud_label) from payments").collect()[0][0] == expected


def test_parquet(load: Load, spark: Any, tmp_path: Path) -> None:
    load(rows=ROWS, seed=SEED, parts=4).write.parquet(str(tmp_path / "rows"))
    files = sorted((tmp_path / "rows").glob("part-*.parquet"))
    assert len(files) == 4
    assert pl.read_parquet(files).cast(WHOLE.schema).equals(WHOLE)
    assert plain(spark.read.parquet(str(tmp_path / "rows")).orderBy("datetime", "tid")).equals(WHOLE.sort("datetime", "tid"))


# What it costs


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Records what is made while a test runs: the columns, the groups, the hashes."""
    seen: dict[str, Any] = {"columns": set(), "groups": [], "hashes": 0}
    column, fill = TransactionBatches._column, RowSource.fill

    def noting_columns(self: TransactionBatches, name: str, *rows: Any) -> Any:
        seen["columns"].add(name)
        return column(self, name, *rows)

    def noting_groups(self: RowSource, groups: range) -> Any:
        seen["groups"].extend(groups)
        rows, digests = fill(self, groups)
        seen["hashes"] += digests.size // 16
        return rows, digests

    monkeypatch.setattr(TransactionBatches, "_column", noting_columns)
    monkeypatch.setattr(RowSource, "fill", noting_groups)
    return seen


def reader_of(**options: str) -> Any:
    """A reader, made and pickled here as Spark does to send it to an executor."""
    from fastgen.spark import FastgenSource

    source = pickle.loads(pickle.dumps(FastgenSource({name.replace("__", "."): text for name, text in options.items()})))
    return pickle.loads(pickle.dumps(source.reader(source.schema())))


def test_a_partition_makes_its_groups_and_its_columns(made: dict[str, Any]) -> None:
    reader = reader_of(rows="200k", seed="3", parts="5", columns="cc_num,amount")
    partitions = reader.partitions()
    assert len(partitions) == 5
    for number, partition in enumerate(partitions, 1):
        made["groups"].clear()
        batches = list(reader.read(partition))
        part = DATA.part(number, of=5)
        assert made["groups"] == list(part.groups)
        assert sum(batch.num_rows for batch in batches) == part.num_rows
    assert (made["columns"], made["hashes"]) == ({"cc_num", "amount"}, 0)
    assert list(reader_of(rows="200k", seed="3", columns="tid").read(partitions[0]))
    assert made["hashes"] > 0


def test_tasks_share_a_plan() -> None:
    from fastgen.spark.tables import dataset

    assert dataset(Config(rows=10)).plan is dataset(pickle.loads(pickle.dumps(Config(rows=10)))).plan


def test_partitions_unless_they_are_given() -> None:
    from fastgen.pipeline import available_threads
    from fastgen.spark.parts import ROWS_IN_PART

    assert len(reader_of(rows="100M").partitions()) == max(100_000_000 // ROWS_IN_PART, available_threads())
    assert len(reader_of(rows="10").partitions()) == 1


# Bad input


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"row": 5}, r"OptionError: row = '5': there is no such option; there are rows, .*\(did you mean rows\?\)"),
        ({"colums": "tid"}, r"OptionError: colums = 'tid': there is no such option; .*\(did you mean columns\?\)"),
        ({"rows": "many"}, r"ConfigError: rows = 'many': must be a whole number such as"),
        ({"seed": "x"}, r"ConfigError: seed = 'x': must be"),
        ({"fraud__ratoi": 0.1}, r"ConfigError: fraud.ratoi = 0.1: unknown setting \(did you mean fraud.ratio\?\)"),
        ({"fraud__ratio": 2}, r"ConfigError: fraud.ratio = 2: must be"),
        ({"table": "profile"}, r"OptionError: table = 'profile': must be one of .* \(did you mean profiles\?\)"),
        ({"columns": "tid,amout"}, r"OptionError: columns = 'amout': must be among tid, .*\(did you mean amount\?\)"),
        ({"columns": "tid,tid"}, r"OptionError: columns = 'tid,tid': must name each column once"),
        ({"columns": ""}, r"OptionError: columns = '': must be among tid"),
        ({"parts": 0}, r"OptionError: parts = '0': must be a whole number of at least 1"),
        ({"parts": "few"}, r"OptionError: parts = 'few': must be a whole number such as"),
        ({"parts": 10_000}, r"OptionError: parts = 10000: must be at most \d+: this dataset is made in so many groups"),
        ({"rowsPerSecond": 5}, r"OptionError: rowsPerSecond = 5: is for streams"),
        ({"config": "/nowhere/fastgen.toml"}, r"ConfigError: /nowhere/fastgen.toml: cannot be read: no such file"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_options(load: Load, options: dict[str, Any], line: str) -> None:
    with pytest.raises(Exception, match=line) as caught:
        load(**options).count()
    assert_one_line(caught)


@pytest.mark.parametrize(
    ("schema", "line"),
    [
        ("amout double", r"OptionError: columns = 'amout': must be among .*\(did you mean amount\?\)"),
        ("amount string", r"OptionError: schema: amount = 'string': must be double"),
        ("amount double", r"OptionError: columns = 'tid': must be those of the schema, amount"),
    ],
)
def test_bad_schemas(spark: Any, schema: str, line: str) -> None:
    reader = spark.read.format("fastgen").schema(schema)
    with pytest.raises(Exception, match=line) as caught:
        (reader.option("columns", "tid") if "columns = 'tid'" in line else reader).load().count()
    assert_one_line(caught)


def assert_one_line(caught: pytest.ExceptionInfo[Exception]) -> None:
    """Check that no job was started and that the traceback that Spark adds has one frame."""
    message = str(caught.value).partition("JVM stacktrace")[0]
    assert type(caught.value).__name__ == "AnalysisException"
    assert len(re.findall(r"^fastgen\.errors\.\w+Error: ", message, re.MULTILINE)) == 1
    assert message.count('  File "') == 1


def test_without_pyspark() -> None:
    code = "import sys; sys.modules['pyspark'] = None\nimport fastgen\nimport fastgen.spark"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.splitlines()[-1]
    assert last.startswith(
        "fastgen.errors.FastgenError: PySpark 4, which this data source is for, is not installed (it is in the extra spark"
    )
    assert issubclass(FastgenError, Exception)
