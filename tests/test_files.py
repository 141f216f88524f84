"""Files: their content in every format, their paths, and that no partial file is ever left behind."""

import csv
import errno
import gzip
import hashlib
import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.feather
import pyarrow.json
import pyarrow.parquet as pq
import pytest
from command import after_compiling
from faker.providers.geo import Provider

import fastgen
from fastgen import Config, ConfigError, Dataset, OptionError, OutputError, OutputExistsError, write
from fastgen.finding import open_stored
from fastgen.pools import load_pools
from fastgen.schema import DATA_VERSION
from fastgen.sinks.estimates import estimate
from fastgen.sinks.jobs import write_job
from fastgen.sinks.output import drop_unfinished, opened
from fastgen.sinks.targets import resolve

TABLES = ("transactions", "credit_cards", "profiles")
CATEGORIES = [
    {"name": 'Books, "used"', "share": 0.5, "low": 0.01, "high": 30_000},
    {"name": "Café ☕ à emporter 🥐", "share": 0.3, "low": 1, "high": 100},
    {"name": "back\\slash / 'quote' <tag> &", "share": 0.2, "low": 1, "high": 9.99},
]
ODD: dict[str, Any] = {
    "rows": 3_000,
    "cards": 250,
    "seed": 99,
    "start": "2023-12-30 17:23:11",
    "end": "2024-03-02 03:04:05",
    "categories": CATEGORIES,
    "fraud": {"ratio": 0.05},
}
ENDINGS = {"parquet": ".parquet", "csv": ".csv", "ndjson": ".ndjson", "ipc": ".arrow"}
COMPRESSIONS = {
    "parquet": ["zstd", "snappy", "lz4", "gzip", "none"],
    "csv": ["none", "gzip", "zstd"],
    "ndjson": ["none", "gzip", "zstd"],
    "ipc": ["none", "zstd", "lz4"],
}
ALL_WAYS = [(format, compression) for format, names in COMPRESSIONS.items() for compression in names]


@pytest.fixture(scope="module")
def data() -> Dataset:
    """A few rows, with names that have to be quoted."""
    return Dataset(Config(**ODD))


@pytest.fixture(scope="module")
def tables(data: Dataset) -> dict[str, pl.DataFrame]:
    return {"transactions": data.transactions(), "credit_cards": data.credit_cards(), "profiles": data.profiles()}


@pytest.fixture(scope="module")
def large() -> Dataset:
    """Several groups of windows, several chunks of cards."""
    return Dataset(Config(rows=330_000, cards=70_000, seed=2))


def path_of(folder: Path, table: str, format: str, compression: str = "none") -> Path:
    outside = {"gzip": ".gz", "zstd": ".zst"}.get(compression, "") if format in ("csv", "ndjson") else ""
    return folder / f"{table}{ENDINGS[format]}{outside}"


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


# The content of files, by independent readers


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The values in plain types, whatever types a reader gave them."""
    types: dict[str, Any] = {
        "datetime": pl.Datetime("us"),
        "amount": pl.Float64,
        "latitude": pl.Float64,
        "longitude": pl.Float64,
        "fraud_label": pl.Int64,
        "birthdate": pl.Date,
    }
    casts = []
    for name in frame.columns:
        column, kind = pl.col(name), types.get(name, pl.String)
        if frame.schema[name] == pl.String and kind == pl.Datetime("us"):
            casts.append(column.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us"))
        elif frame.schema[name] == pl.String and kind == pl.Date:
            casts.append(column.str.to_date("%Y-%m-%d"))
        else:
            casts.append(column.cast(kind))
    return frame.select(casts)


def from_arrow(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def text_of(path: Path) -> str:
    """The text of a file, decompressed by the standard library and pyarrow."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes()).decode()
    if path.suffix == ".zst":
        return pa.input_stream(str(path), compression="zstd").read().decode()
    return path.read_text()


def csv_of_polars(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False)


def csv_of_pyarrow(path: Path) -> pl.DataFrame:
    header = text_of(path).partition("\n")[0].split(",")
    options = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()))
    return from_arrow(pyarrow.csv.read_csv(path, convert_options=options))


def csv_of_duckdb(path: Path) -> pl.DataFrame:
    return duckdb.sql(f"select * from read_csv('{path}', all_varchar = true, header = true)").pl()


def csv_of_python(path: Path) -> pl.DataFrame:
    header, *rows = csv.reader(io.StringIO(text_of(path), newline=""))
    return pl.DataFrame(rows, header, orient="row")


def ndjson_of_polars(path: Path) -> pl.DataFrame:
    return pl.read_ndjson(text_of(path).encode(), infer_schema_length=None)


def ndjson_of_pyarrow(path: Path) -> pl.DataFrame:
    with pa.input_stream(str(path)) as stream:
        return from_arrow(pyarrow.json.read_json(stream))


def ndjson_of_duckdb(path: Path) -> pl.DataFrame:
    return duckdb.sql(f"select * from read_ndjson('{path}')").pl()


def ndjson_of_python(path: Path) -> pl.DataFrame:
    return pl.DataFrame([json.loads(line) for line in text_of(path).splitlines()])


READERS: dict[str, list[Callable[[Path], pl.DataFrame]]] = {
    "parquet": [
        pl.read_parquet,
        lambda path: from_arrow(pq.read_table(path)),
        lambda path: duckdb.sql(f"select * from read_parquet('{path}')").pl(),
    ],
    "csv": [csv_of_polars, csv_of_pyarrow, csv_of_duckdb, csv_of_python],
    "ndjson": [ndjson_of_polars, ndjson_of_pyarrow, ndjson_of_duckdb, ndjson_of_python],
    "ipc": [pl.read_ipc, lambda path: from_arrow(pyarrow.feather.read_table(path))],
}


@pytest.mark.parametrize(("format", "compression"), ALL_WAYS)
def test_every_reader_finds_the_rows(
    tmp_path: Path, data: Dataset, tables: dict[str, pl.DataFrame], format: Any, compression: str
) -> None:
    write(data, tmp_path / "out", format=format, compression=compression)
    for table, rows in tables.items():
        path = path_of(tmp_path / "out", table, format, compression)
        for read in READERS[format]:
            found = read(path)
            assert found.columns == rows.columns
            assert plain(found).equals(plain(rows)), f"{read.__name__} finds other rows in {path.name}"


@pytest.mark.parametrize("format", ENDINGS)
@pytest.mark.parametrize("table", ["credit_cards", "profiles"])
def test_a_part_without_cards(tmp_path: Path, format: Any, table: str) -> None:
    """More parts than cards: files without rows have their columns, except NDJSON, which cannot."""
    parts = [Dataset(Config(rows=200_000, cards=1)).part(number, 2) for number in (1, 2)]
    [none] = [part for part in parts if not part.count(table)]
    path = tmp_path / f"x{ENDINGS[format]}"
    assert write(none, path, table=table).rows == 0
    found = [] if format == "ndjson" else [read(path) for read in READERS[format]]
    for frame in found:
        assert (frame.columns, frame.height) == (list(none.columns(table)), 0)
    assert found or not path.read_bytes()


@pytest.mark.parametrize(("format", "compression"), [("csv", "gzip"), ("csv", "zstd"), ("ndjson", "gzip"), ("ndjson", "zstd")])
def test_readers_go_on_behind_the_first_compressed_piece(tmp_path: Path, large: Dataset, format: str, compression: str) -> None:
    """Pieces are compressed separately; all readers read them as one text."""
    path = path_of(tmp_path, "transactions", format, compression)
    write(large, path, columns=["cc_num", "fraud_label"])
    expected = plain(large.transactions(["cc_num", "fraud_label"]))
    for read in READERS[format]:
        assert plain(read(path)).equals(expected)


# Text formats


PLACES = {(float(row[0]), float(row[1]), row[2], row[3]): row[:2] for row in Provider.land_coords}


def text_rows(rows: pl.DataFrame, coordinates: str) -> Iterator[dict[str, Any]]:
    """Rows of transactions as the documentation shows them in JSON."""
    for row in rows.iter_rows(named=True):
        spot = row["latitude"], row["longitude"], row["city"], row["country"]
        if coordinates == "text":
            walked = row["category"] == "Cash Withdrawal" and row["fraud_label"] == 0
            latitude, longitude = (f"{x:.6f}" for x in spot[:2]) if walked else PLACES[spot]
            row |= {"latitude": latitude, "longitude": longitude}
        yield row | {"datetime": str(row["datetime"])}


def as_csv(rows: list[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


@pytest.mark.parametrize("coordinates", ["text", "number"])
def test_ndjson_lines_are_those_of_json_dumps(
    tmp_path: Path, data: Dataset, tables: dict[str, pl.DataFrame], coordinates: Any
) -> None:
    path = tmp_path / "transactions.ndjson"
    write(data, path, coordinates=coordinates)
    rows = text_rows(tables["transactions"], coordinates)
    assert path.read_bytes() == "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.mark.parametrize("coordinates", ["text", "number"])
def test_csv_lines_are_those_of_the_csv_module(
    tmp_path: Path, data: Dataset, tables: dict[str, pl.DataFrame], coordinates: Any
) -> None:
    path = tmp_path / "transactions.csv"
    write(data, path, coordinates=coordinates)
    assert path.read_bytes() == as_csv(list(text_rows(tables["transactions"], coordinates))).encode()


@pytest.mark.parametrize("table", ["credit_cards", "profiles"])
def test_card_tables_as_text(tmp_path: Path, data: Dataset, tables: dict[str, pl.DataFrame], table: str) -> None:
    rows = [{k: str(v) if isinstance(v, date) else v for k, v in row.items()} for row in tables[table].iter_rows(named=True)]
    write(data, tmp_path / "x.ndjson", table=table)
    write(data, tmp_path / "x.csv", table=table)
    assert (tmp_path / "x.ndjson").read_text() == "".join(json.dumps(row) + "\n" for row in rows)
    assert (tmp_path / "x.csv").read_text() == as_csv(rows)


def test_a_line_of_the_tutorials_layout(tmp_path: Path) -> None:
    write(Dataset(Config(rows=50)), tmp_path / "x.ndjson")
    row = json.loads((tmp_path / "x.ndjson").read_text().splitlines()[0])
    kinds = {name: type(value).__name__ for name, value in row.items()}
    assert kinds == {
        "tid": "str", "datetime": "str", "cc_num": "str", "category": "str", "amount": "float", "latitude": "str",
        "longitude": "str", "city": "str", "country": "str", "fraud_label": "int",
    }  # fmt: skip
    assert datetime.strptime(row["datetime"], "%Y-%m-%d %H:%M:%S") >= datetime(2022, 1, 1)
    assert list(kinds)[-1] == "fraud_label"


@pytest.fixture(scope="module")
def walkers() -> Dataset:
    """The longest walks with the longest steps that are allowed."""
    walk = {"cards": 400, "withdrawals": 80_000, "lengths": [200, 200], "step_hours": [1, 2], "radius": 0.1}
    return Dataset(Config(seed=351, payments=10, cards=4_000, fraud={"ratio": 0}, atm=walk))


def test_positions_are_on_the_globe(walkers: Dataset) -> None:
    rows = walkers.transactions(["latitude", "longitude"])
    assert rows["latitude"].is_between(-90, 90).all()
    assert rows["longitude"].is_between(-180, 180).all()


@pytest.mark.parametrize("coordinates", ["number", "text"])
def test_positions_far_from_their_place(tmp_path: Path, walkers: Dataset, coordinates: Any) -> None:
    """Text and frames have the same numbers."""
    columns = ["category", "latitude", "longitude"]
    write(walkers, tmp_path / "x.ndjson", columns=columns, coordinates=coordinates)
    rows = walkers.transactions(columns).filter(pl.col("category") == "Cash Withdrawal")
    text = (tmp_path / "x.ndjson").read_bytes().decode(errors="replace")
    lines = (line for line in text.splitlines() if '"Cash Withdrawal"' in line)
    style = (lambda x: x) if coordinates == "number" else "{:.6f}".format
    for line, row in zip(lines, rows.iter_rows(named=True), strict=True):
        assert line == json.dumps(row | {name: style(row[name]) for name in ("latitude", "longitude")})


def test_a_configuration_does_for_a_dataset(tmp_path: Path) -> None:
    config = Config(rows=500)
    assert write(config, tmp_path / "x.csv").files[0].size == write(Dataset(config), tmp_path / "y.csv").files[0].size
    with pytest.raises(ConfigError, match=r"^data = 5: must be a Dataset or a Config"):
        write(5, tmp_path / "z.csv")  # type: ignore[arg-type]


def test_columns(tmp_path: Path, data: Dataset, tables: dict[str, pl.DataFrame]) -> None:
    """Only the requested ones, in the table's order."""
    for format, ending in ENDINGS.items():
        path = tmp_path / f"x{ending}"
        report = write(data, path, columns=["fraud_label", "city", "datetime"])
        names = ("datetime", "city", "fraud_label")
        assert report.files[0].columns == names
        assert plain(READERS[format][0](path)).equals(plain(tables["transactions"].select(names)))
        path.unlink()
        write(data, path, table="profiles", columns=["birthdate", "name"])
        assert plain(READERS[format][0](path)).equals(plain(tables["profiles"].select("name", "birthdate")))
    bad: list[tuple[dict[str, Any], str]] = [
        (
            {"columns": ["amout"]},
            "columns = 'amout': must be among tid, datetime, cc_num, category, amount, latitude, longitude, city, "
            "country, fraud_label (did you mean amount?)",
        ),
        ({"columns": ["tid", "nonsense"]}, "columns = 'nonsense': must be among tid, datetime, cc_num"),
        ({"columns": ["tid", "tid"]}, "columns = 'tid,tid': must name each column once"),
        ({"columns": []}, "columns = '': must name each column once, and at least one"),
        ({"columns": "tid"}, "columns = 'tid': must be a list of names among tid, datetime, "),
        ({"columns": ["tid", 1]}, "columns = ['tid', 1]: must be a list of names among tid, datetime, "),
        ({"table": "profiles", "columns": ["tid"]}, "columns = 'tid': must be among name, sex"),
        ({"table": "nonsense"}, "table = 'nonsense': must be one of transactions, credit_cards, profiles"),
        ({"coordinates": "words"}, "coordinates = 'words': must be text or number"),
        ({"threads": 0}, "threads = 0: must be a whole number of at least 1"),
        ({"threads": 1.5}, "threads = 1.5: must be a whole number of at least 1"),
        ({"threads": 10**30}, f"threads = {10**30}: must be at most 1,024"),
        ({"table": ""}, "table = '': must be one of transactions, credit_cards, profiles"),
        ({"compression": ""}, "compression = '': must be one of none, gzip, zstd for csv"),
        ({"format": 5}, "format = 5: must be one of parquet, csv, ndjson, ipc"),
        ({"format": Path("csv")}, "format = PosixPath('csv'): must be one of parquet, csv, ndjson, ipc"),
        ({"compression": ["gzip"]}, "compression = ['gzip']: must be a name"),
        ({"compression": "rar"}, "compression = 'rar': must be one of none, gzip, zstd for csv"),
        ({"format": "xlsx"}, "format = 'xlsx': must be one of parquet, csv, ndjson, ipc"),
    ]
    for options, line in bad:
        with pytest.raises(OptionError) as caught:
            write(data, tmp_path / "y.csv", **options)
        assert str(caught.value).startswith(line)
    assert not (tmp_path / "y.csv").exists()


# Parquet as readers of metadata see it


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory, large: Dataset) -> Path:
    folder = tmp_path_factory.mktemp("parquet")
    write(large, folder, format="parquet")
    return folder


def test_parquet_types(parquet: Path) -> None:
    found = {}
    for table in TABLES:
        schema = pq.ParquetFile(parquet / f"{table}.parquet").schema
        columns = [schema.column(i) for i in range(len(schema))]
        found[table] = {c.name: f"{c.physical_type} {c.logical_type.type}".removesuffix(" NONE") for c in columns}
        assert all(column.max_definition_level == 0 for column in columns)  # no value is ever missing
    text = "BYTE_ARRAY STRING"
    assert found["transactions"] == {
        "tid": text, "datetime": "INT64 TIMESTAMP", "cc_num": text, "category": text, "amount": "DOUBLE", "latitude": "DOUBLE",
        "longitude": "DOUBLE", "city": text, "country": text, "fraud_label": "INT32 INT",
    }  # fmt: skip
    assert found["credit_cards"] == {"cc_num": text, "provider": text, "expires": text}
    assert found["profiles"] == {
        "name": text, "sex": text, "mail": text, "birthdate": "INT32 DATE", "City": text, "Country": text, "cc_num": text,
    }  # fmt: skip
    arrow = pq.read_schema(parquet / "transactions.parquet")
    assert pa.types.is_timestamp(arrow.field("datetime").type)
    assert arrow.field("datetime").type.tz is None
    assert arrow.field("fraud_label").type == pa.int8()
    assert pl.read_parquet_schema(parquet / "transactions.parquet")["fraud_label"] == pl.Int8


def test_parquet_row_groups(parquet: Path, large: Dataset) -> None:
    meta = pq.ParquetFile(parquet / "transactions.parquet").metadata
    sizes = [meta.row_group(i).num_rows for i in range(meta.num_row_groups)]
    assert sum(sizes) == large.num_rows
    assert len(sizes) > 1
    assert all(50_000 < size < 1_000_000 for size in sizes[:-1])
    assert min(sizes) > 0
    assert meta.created_by.startswith(f"fastgen version {fastgen.__version__}")


def test_parquet_row_groups_of_a_short_period(tmp_path: Path) -> None:
    """Withdrawals trail off for weeks after the period, but do not make row groups of a few rows each."""
    write(Dataset(Config(rows=200_000, end="2022-01-01 12:00:00")), tmp_path / "x.parquet", columns=["datetime", "amount"])
    assert pq.ParquetFile(tmp_path / "x.parquet").metadata.num_row_groups <= 10


def test_pyarrow_can_filter_and_convert_ipc(tmp_path: Path, data: Dataset) -> None:
    """It has no kernels for string views."""
    write(data, tmp_path / "x.arrow")
    found = pyarrow.dataset.dataset(tmp_path / "x.arrow", format="ipc").to_table(filter=pyarrow.dataset.field("fraud_label") == 1)
    pq.write_table(found.sort_by("tid"), tmp_path / "frauds.parquet")
    frauds = data.transactions().filter(pl.col("fraud_label") == 1).sort("tid")
    assert pl.read_parquet(tmp_path / "frauds.parquet")["city"].to_list() == frauds["city"].to_list()


def test_ipc_does_not_repeat_the_cards(tmp_path: Path) -> None:
    report = write(Dataset(Config(rows=200_000, cards=200_000)), tmp_path / "x.arrow", columns=["cc_num"])
    assert report.size < 200_000 * 16 * 4


def test_parquet_has_no_empty_row_groups(tmp_path: Path) -> None:
    """Most of the time after the period has no withdrawal."""
    atm = {"cards": 1, "withdrawals": 3, "lengths": [3, 3], "step_hours": [1, 8_000]}
    data = Dataset(Config(payments=150_000, end="2022-01-01 12:00:00", atm=atm))
    assert len(data.groups) > 400
    write(data, tmp_path / "x.parquet", columns=["amount"])
    meta = pq.ParquetFile(tmp_path / "x.parquet").metadata
    sizes = [meta.row_group(i).num_rows for i in range(meta.num_row_groups)]
    assert sum(sizes) == 150_003
    assert min(sizes) > 0
    assert plain(pl.read_parquet(tmp_path / "x.parquet")).equals(plain(data.transactions(["amount"])))


def test_parquet_dictionaries(parquet: Path, tmp_path: Path, data: Dataset) -> None:
    """Only strings that repeat are dictionary-encoded."""
    write(data, tmp_path / "few cards.parquet")
    repeating = {
        parquet / "transactions.parquet": {"category", "city", "country"},
        tmp_path / "few cards.parquet": {"category", "city", "country", "cc_num"},
        parquet / "profiles.parquet": {"sex", "City", "Country"},
        parquet / "credit_cards.parquet": {"provider", "expires"},
    }
    for path, expected in repeating.items():
        group = pq.ParquetFile(path).metadata.row_group(0)
        columns = [group.column(i) for i in range(group.num_columns)]
        texts = [c for c in columns if c.physical_type == "BYTE_ARRAY"]
        assert {c.path_in_schema for c in texts if c.has_dictionary_page} == expected


def test_parquet_statistics(parquet: Path, large: Dataset) -> None:
    """Each row group has the least and the greatest value of each column, so that readers can skip it."""
    rows = large.transactions()
    meta = pq.ParquetFile(parquet / "transactions.parquet").metadata
    start = 0
    for number in range(meta.num_row_groups):
        group = meta.row_group(number)
        part = plain(rows.slice(start, group.num_rows))
        start += group.num_rows
        for i in range(group.num_columns):
            column = group.column(i)
            name = column.path_in_schema
            assert column.statistics is not None, f"no statistics of {name}"
            assert column.statistics.has_min_max, f"no least and greatest {name}"
            assert (column.statistics.min, column.statistics.max) == (part[name].min(), part[name].max())
            assert column.statistics.null_count == 0
    later = rows["datetime"][rows.height * 9 // 10]
    found = pl.scan_parquet(parquet / "transactions.parquet").filter(pl.col("datetime") >= later).select(pl.len()).collect().item()
    assert found == (rows["datetime"] >= later).sum()


# The bytes do not depend on the threads


@pytest.mark.parametrize("format", ENDINGS)
def test_bytes_are_the_same_for_any_number_of_threads(tmp_path: Path, large: Dataset, format: Any) -> None:
    columns = ["datetime", "cc_num", "amount", "latitude", "fraud_label"]
    digests = set()
    for threads in (1, 2, 3):
        for table, names in (("transactions", columns), ("profiles", None)):
            path = tmp_path / f"{threads} {table}{ENDINGS[format]}"
            write(large, path, table=table, columns=names, threads=threads)
            digests.add((table, hashlib.sha256(path.read_bytes()).hexdigest()))
            path.unlink()
    assert len(digests) == 2


# Directories and manifests


@pytest.mark.parametrize(("format", "compression"), [("parquet", "snappy"), ("csv", "gzip"), ("ndjson", "none"), ("ipc", "zstd")])
def test_a_directory_has_all_tables_and_a_manifest(tmp_path: Path, data: Dataset, format: Any, compression: str) -> None:
    out = tmp_path / "deep" / "out"
    report = write(data, out, format=format, compression=compression, coordinates="number")
    paths = [path_of(out, table, format, compression) for table in TABLES]
    assert names_in(out) == sorted(["manifest.json", *(path.name for path in paths)])
    manifest = json.loads((out / "manifest.json").read_text())
    tables = manifest.pop("tables")
    pools = load_pools()
    config = manifest.pop("config")
    assert Config(**config) == data.config
    assert manifest == {
        "fastgen": fastgen.__version__,
        "data_version": DATA_VERSION,
        "fingerprint": data.fingerprint,
        "seed": 99,
        "vocabularies": {"faker": pools.faker, "digest": pools.digest},
        "format": format,
        "compression": compression,
        "coordinates": "number",
        "counts": data.plan.counts,
    }
    assert list(tables) == list(TABLES)
    rows = {"transactions": 3_000, "credit_cards": 250, "profiles": 250}
    for path, (table, entry), file in zip(paths, tables.items(), report.files, strict=True):
        digest = entry.pop("digest")
        assert len(digest) == 16
        assert entry == {
            "file": path.name, "columns": list(data.columns(table)), "rows": rows[table], "bytes": path.stat().st_size,
        }  # fmt: skip
        assert (file.path, file.table, file.rows, file.size, file.digest) == (
            str(path), table, rows[table], path.stat().st_size, digest,
        )  # fmt: skip
    assert (report.rows, report.size) == (3_500, sum(path.stat().st_size for path in paths))
    assert report.seconds > 0


def test_a_manifest_makes_the_same_data_again(tmp_path: Path, data: Dataset) -> None:
    write(data, tmp_path / "one", format="csv")
    config = json.loads((tmp_path / "one" / "manifest.json").read_text())["config"]
    write(Dataset(Config(**config)), tmp_path / "two", format="csv")
    for table in TABLES:
        assert (tmp_path / "one" / f"{table}.csv").read_bytes() == (tmp_path / "two" / f"{table}.csv").read_bytes()


def test_digests_tell_every_column_and_the_order(tmp_path: Path) -> None:
    """A changed price, name or seed makes another digest."""
    settings: list[dict[str, Any]] = [ODD, ODD | {"seed": 98}, ODD | {"start": "2023-12-30 17:23:12"}]
    renamed = [CATEGORIES[0] | {"name": 'Books, "new!"'}, *CATEGORIES[1:]]
    settings += [ODD | {"categories": renamed}, ODD | {"cards": 251}]
    found = [write(Dataset(Config(**each)), tmp_path / str(i)).files[0].digest for i, each in enumerate(settings)]
    assert len(set(found)) == len(settings)


@pytest.mark.parametrize(
    ("output", "options", "expected"),
    [
        ("out", {}, (True, "parquet", "zstd")),
        ("out/", {"format": "csv"}, (True, "csv", "none")),
        ("out.d/", {}, (True, "parquet", "zstd")),
        ("x.parquet", {}, (False, "parquet", "zstd")),
        ("x.pq", {"compression": "lz4"}, (False, "parquet", "lz4")),
        ("a.b/x.csv", {}, (False, "csv", "none")),
        ("x.csv.gz", {}, (False, "csv", "gzip")),
        ("x.jsonl", {}, (False, "ndjson", "none")),
        ("x.ndjson.zst", {}, (False, "ndjson", "zstd")),
        ("x.arrow", {}, (False, "ipc", "none")),
        ("x.feather", {"compression": "zstd"}, (False, "ipc", "zstd")),
        ("x.ipc", {}, (False, "ipc", "none")),
        ("x.txt", {"format": "csv"}, (False, "csv", "none")),
        ("x.gz", {"format": "ndjson"}, (False, "ndjson", "gzip")),
        ("-", {}, (False, "csv", "none")),
        ("-", {"format": "ndjson", "compression": "gzip"}, (False, "ndjson", "gzip")),
        (os.devnull, {}, (False, "csv", "none")),
    ],
)
def test_what_a_path_means(output: str, options: dict[str, Any], expected: tuple[bool, str, str]) -> None:
    target = resolve(output, **options)
    assert (target.directory, target.format, target.compression) == expected


@pytest.mark.parametrize("output", ["", "a\0b.csv", None, 7, Config()])
def test_what_is_no_path(data: Dataset, output: Any) -> None:
    with pytest.raises(OptionError, match=r"^output = .*: must be a directory, a file or -$"):
        write(data, output)


def test_paths_of_bytes(tmp_path: Path, data: Dataset) -> None:
    write(data, os.fsencode(tmp_path) + b"/\xff.csv")
    assert os.listdir(os.fsencode(tmp_path)) == [b"\xff.csv"]


@pytest.mark.parametrize(
    "options", [{"table": ["profiles"]}, {"format": ["csv"]}, {"columns": [1]}, {"columns": 7}, {"columns": iter(["tid"])}]
)
def test_options_of_other_types(tmp_path: Path, data: Dataset, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=rf"^{next(iter(options))} = "):
        write(data, tmp_path / "x.csv", **options)
    assert names_in(tmp_path) == []


def test_a_directory_that_is_there_is_a_directory(tmp_path: Path, data: Dataset) -> None:
    (tmp_path / "out.csv").mkdir()
    write(data, tmp_path / "out.csv", format="csv")
    assert names_in(tmp_path / "out.csv") == ["credit_cards.csv", "manifest.json", "profiles.csv", "transactions.csv"]


@pytest.mark.parametrize(
    ("output", "options", "line"),
    [
        ("x.txt", {}, "output = 'x.txt': must end with one of .parquet, .csv, .ndjson, .arrow (or give `format`; "),
        ("x.csv", {"format": "parquet"}, "format = 'parquet': must be csv for a file that ends with .csv"),
        ("x.csv.gz", {"compression": "zstd"}, "compression = 'zstd': must be gzip for a file that ends with .gz"),
        ("x.csv", {"compression": "gzip"}, "output = 'x.csv': must end with .csv.gz if it is compressed by gzip"),
        ("x.jsonl", {"compression": "zstd"}, "output = 'x.jsonl': must end with .jsonl.zst if it is compressed by zstd"),
        ("x.csv", {"compression": "snappy"}, "compression = 'snappy': must be one of none, gzip, zstd for csv"),
        ("x.arrow", {"compression": "gzip"}, "compression = 'gzip': must be one of none, zstd, lz4 for ipc"),
        ("out", {"format": "json"}, "format = 'json': must be one of parquet, csv, ndjson, ipc"),
        (
            "out",
            {"table": "profiles"},
            "table = 'profiles': must not be given for a directory, which gets all tables whole (name a",
        ),
        (
            "out",
            {"columns": ["tid"]},
            "columns = 'tid': must not be given for a directory, which gets all tables whole (name a file)",
        ),
    ],
)
def test_what_a_path_cannot_mean(tmp_path: Path, data: Dataset, output: str, options: dict[str, Any], line: str) -> None:
    with pytest.raises(OptionError) as caught:
        write(data, tmp_path / output, **options)
    assert str(caught.value).startswith(line)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("name", ["x.parquet.gz", "x.arrow.zst"])
def test_formats_that_compress_inside_have_no_compressed_endings(tmp_path: Path, data: Dataset, name: str) -> None:
    """Otherwise a file could end with .gz that gunzip does not read."""
    with pytest.raises(OptionError):
        write(data, tmp_path / name)


# Estimates


@pytest.mark.parametrize(("format", "compression"), ALL_WAYS)
def test_estimates_are_right_within_a_tenth(tmp_path: Path, format: Any, compression: str) -> None:
    judge_estimate(Dataset(), tmp_path / "out", format=format, compression=compression)


@pytest.mark.parametrize(
    ("format", "settings"),
    [
        pytest.param("parquet", {"rows": 3_000_000}, id="many as parquet"),
        pytest.param("csv", {"rows": 1_000_000}, id="many as csv"),
        pytest.param("parquet", {"rows": 200_000, "end": "2022-01-01 12:00:00"}, id="dense as parquet"),
        pytest.param("ndjson", {"rows": 200_000, "end": "2022-01-01 12:00:00"}, id="dense as ndjson"),
        pytest.param("ipc", {"rows": 200_000, "end": "2022-01-01 12:00:00"}, id="dense as ipc"),
    ],
)
def test_estimates_hold_for_many_and_for_dense_rows(tmp_path: Path, settings: dict[str, Any], format: Any) -> None:
    judge_estimate(Dataset(Config(**settings)), tmp_path / "out", format=format)


def judge_estimate(data: Dataset, folder: Path, **options: Any) -> None:
    estimated = estimate(write_job(data, folder, **options))
    assert not folder.exists()
    report = write(data, folder, **options)
    assert list(estimated) == [file.path for file in report.files]
    ratios = {file.table: round(estimated[file.path] / file.size, 3) for file in report.files}
    assert all(0.9 < ratio < 1.1 for ratio in ratios.values()), ratios


# Existing files


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Names, contents and modification times of all files."""
    return {str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("present", ["transactions.csv", "profiles.csv", "manifest.json"])
def test_what_is_there_stays_as_it_is(tmp_path: Path, data: Dataset, present: str) -> None:
    (tmp_path / present).write_text("mine")
    before = snapshot(tmp_path)
    with pytest.raises(OutputExistsError, match=rf"{present} exists already \(`overwrite` replaces it\)"):
        write(data, tmp_path, format="csv")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("present", ["transactions.csv", "manifest.json"])
def test_no_directory_is_overwritten_by_a_file(tmp_path: Path, data: Dataset, present: str) -> None:
    (tmp_path / present).mkdir()
    with pytest.raises(OutputError, match=rf"{present} is a directory, and is not replaced by a file$"):
        write(data, tmp_path, format="csv", overwrite=True)
    assert names_in(tmp_path) == [present]


@pytest.mark.parametrize("tables", [{"users": {"files": 3}}, {"users": {"files": [None, 3]}}, {"transactions": None}])
def test_a_manifest_of_somebody_else_is_overwritten(tmp_path: Path, data: Dataset, tables: dict[str, Any]) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"tables": tables}))
    write(data, tmp_path, format="csv", overwrite=True)
    assert json.loads((tmp_path / "manifest.json").read_text())["fingerprint"] == data.fingerprint


@pytest.mark.parametrize("content", ['{"tables": 1}', "[" * 100_000, "\xff", ""], ids=lambda content: content[:15])
def test_a_manifest_that_is_none_is_overwritten(tmp_path: Path, data: Dataset, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content, encoding="latin-1")
    with pytest.raises(OutputExistsError, match=r"manifest\.json exists already"):
        write(data, tmp_path, format="csv")
    write(data, tmp_path, format="csv", overwrite=True)
    assert json.loads((tmp_path / "manifest.json").read_text())["fingerprint"] == data.fingerprint


def test_a_file_keeps_its_permissions(tmp_path: Path, data: Dataset) -> None:
    """Users who could not read the old file cannot read the new one."""
    (tmp_path / "x.csv").touch(0o600)
    write(data, tmp_path / "x.csv", overwrite=True)
    write(data, tmp_path / "y.csv")
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("x.csv", "y.csv")] == [0o600, 0o666 & ~umask()]


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_link_that_leads_nowhere_is_there_too(tmp_path: Path, data: Dataset) -> None:
    (tmp_path / "x.csv").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputExistsError):
        write(data, tmp_path / "x.csv")
    assert names_in(tmp_path) == ["x.csv"]


@pytest.mark.parametrize("has_links", [True, False])
@pytest.mark.parametrize(("output", "name"), [("x.csv", "x.csv"), ("out/", "out/transactions.csv"), ("out/", "out/profiles.csv")])
def test_a_file_that_appears_during_a_run_stays(
    tmp_path: Path, data: Dataset, monkeypatch: pytest.MonkeyPatch, output: str, name: str, has_links: bool
) -> None:
    """Another run may have written it meanwhile."""
    other = tmp_path / name

    def write_other(_: int) -> None:
        other.write_text("precious")

    def refuse(*_: object) -> None:
        raise PermissionError

    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(OutputExistsError, match=re.escape(f"{other} exists already")):
        write(data, f"{tmp_path}/{output}", format="csv", progress=write_other)
    assert other.read_text() == "precious"
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".") or path.name == "manifest.json"]
    write(data, f"{tmp_path}/{output}", format="csv", progress=write_other, overwrite=True)
    assert other.read_text().count("\n") > 2


@pytest.mark.parametrize("there", [False, True])
def test_a_link_is_followed(tmp_path: Path, data: Dataset, there: bool) -> None:
    disk, link = tmp_path / "disk", tmp_path / "x.csv"
    disk.mkdir()
    if there:
        (disk / "y.csv").write_text("old")
    link.symlink_to("disk/y.csv")
    write(data, link, overwrite=True)
    assert link.is_symlink()
    assert [path.name for path in disk.iterdir()] == ["y.csv"]
    assert (disk / "y.csv").read_bytes().startswith(b"tid,")


def test_overwriting_with_another_format_leaves_no_old_tables(tmp_path: Path, data: Dataset) -> None:
    """Otherwise tables would be left that the manifest does not describe. Files that are not fastgen's stay."""
    (tmp_path / "notes.txt").write_text("mine")
    write(data, tmp_path, format="csv")
    write(data, tmp_path, format="ndjson", compression="gzip", overwrite=True)
    kept = {"notes.txt", "manifest.json", "transactions.ndjson.gz", "credit_cards.ndjson.gz", "profiles.ndjson.gz"}
    assert {path.name for path in tmp_path.iterdir()} == kept
    (tmp_path / "manifest.json").write_text('{"tables": {"transactions": {"file": "notes.txt"}}}')
    write(data, tmp_path, format="csv", overwrite=True)
    assert (tmp_path / "notes.txt").exists()


@pytest.mark.parametrize("parts", [None, 1])
def test_a_file_of_a_dataset_is_not_replaced(
    tmp_path: Path, data: Dataset, parts: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its manifest would go on to describe the file that was there."""
    write(data, tmp_path, format="csv", parts=parts)
    name = "transactions.csv" if parts is None else "transactions/part-00001-of-00001.csv"
    before = snapshot(tmp_path)
    monkeypatch.chdir(tmp_path)
    for path, overwrite in product((tmp_path / name, name), (False, True)):
        with pytest.raises(OutputExistsError, match=f"{name} belongs to the dataset in .*, whose manifest would be wrong"):
            write(data, path, columns=["tid"], overwrite=overwrite)
    assert snapshot(tmp_path) == before
    write(data, "transactions.ndjson")
    write(data, "transactions.ndjson", columns=["tid"], overwrite=True)


@pytest.mark.parametrize("parts", [None, 1])
def test_a_file_of_a_dataset_is_not_replaced_from_elsewhere(
    tmp_path: Path, data: Dataset, parts: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither through a link nor from its own directory."""
    write(data, tmp_path / "out", format="csv", parts=parts)
    file = tmp_path / "out" / ("transactions.csv" if parts is None else "transactions/part-00001-of-00001.csv")
    (tmp_path / "link.csv").symlink_to(file)
    before = snapshot(tmp_path / "out")
    monkeypatch.chdir(file.parent)
    for path in (tmp_path / "link.csv", file.name, f"../{file.parent.name}/{file.name}"):
        with pytest.raises(OutputExistsError, match="belongs to the dataset in "):
            write(data, path, columns=["tid"], overwrite=True)
    assert snapshot(tmp_path / "out") == before


def test_overwrite_replaces_files(tmp_path: Path, data: Dataset) -> None:
    for output in (tmp_path / "out", tmp_path / "x.csv"):
        write(Dataset(Config(rows=100)), output, format="csv")
        report = write(data, output, format="csv", overwrite=True)
        assert all(Path(file.path).stat().st_size == file.size for file in report.files)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["fingerprint"] == data.fingerprint
    assert names_in(tmp_path / "out") == ["credit_cards.csv", "manifest.json", "profiles.csv", "transactions.csv"]


@pytest.mark.parametrize(
    "failure", [RuntimeError("no"), KeyboardInterrupt(), MemoryError(), OSError(errno.EIO, "Input/output error")]
)
@pytest.mark.parametrize("output", ["out", "x.csv"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_run_that_fails_leaves_nothing(tmp_path: Path, large: Dataset, failure: BaseException, output: str, threads: int) -> None:
    """With `overwrite`, what was there before is still there."""
    old = tmp_path / "old" / output
    old.parent.mkdir()
    write(Dataset(Config(rows=100)), old, format="csv")
    before = snapshot(tmp_path)
    seen: list[int] = []

    def fail(rows: int) -> None:
        seen.append(rows)
        if sum(seen) > 100_000:
            raise failure

    for target, overwrite in ((old, True), (tmp_path / "new" / output, False)):
        target.parent.mkdir(exist_ok=True)
        with pytest.raises(type(failure)):
            write(large, target, format="csv", threads=threads, overwrite=overwrite, progress=fail)
        seen.clear()
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("options", [{}, {"parts": 1}], ids=str)
@pytest.mark.parametrize("output", ["new", "new/", "one/in/another"])
def test_a_run_that_fails_leaves_no_directories_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Dataset, output: str, options: dict[str, Any]
) -> None:
    """Directories that existed before stay, and so do those in which something else was put meanwhile."""

    def fail(_: int) -> None:
        raise KeyboardInterrupt

    def put_and_fail(_: int) -> None:
        Path(output, "notes.txt").write_text("mine")
        raise KeyboardInterrupt

    for number, (before, progress, left) in enumerate(
        (("", fail, ""), (output, fail, output), ("", put_and_fail, f"{output}/notes.txt"))
    ):
        root = tmp_path / str(number)
        (root / before).mkdir(parents=True)
        monkeypatch.chdir(root)
        with pytest.raises(KeyboardInterrupt):
            write(data, output, format="csv", progress=progress, **options)
        assert {path.relative_to(root) for path in root.rglob("*")} == {*Path(left).parents, Path(left)} - {Path()}


def test_a_run_that_is_refused_makes_no_directories(tmp_path: Path, data: Dataset) -> None:
    write(data, tmp_path, format="csv", parts=1)
    before = {*tmp_path.rglob("*")}
    with pytest.raises(OutputExistsError):
        write(Dataset(Config(rows=100)), tmp_path, format="csv", parts=1)
    assert {*tmp_path.rglob("*")} == before


# Where nothing can be written


def line_of(data: Dataset, output: Path | str, **options: Any) -> str:
    with pytest.raises((OutputError, OptionError)) as caught:
        write(data, output, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("output", ["s3://bucket/data/", "gs://b/x.csv", "file:///tmp/x.csv"])
def test_addresses_are_no_paths(output: str, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert line_of(data, output) == f"output = {output!r}: must be a path of this machine, not an address"
    assert names_in(tmp_path) == []


def test_the_home_directory(data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(data, "~/x.csv")
    assert names_in(tmp_path) == ["x.csv"]
    assert open_stored("~/x.csv").path == tmp_path / "x.csv"


@pytest.mark.parametrize("name", ["x.csv.bz2", "x.xz", "x.zip"])
def test_endings_of_other_compressors(name: str, data: Dataset, tmp_path: Path) -> None:
    line = f"output = {name!r}: must not end with {Path(name).suffix}: files are compressed by gzip, zstd, or not at all"
    assert line_of(data, tmp_path / name, format="csv") == line


@pytest.mark.parametrize("name", ["x" * 251 + ".csv", "x" * 225 + ".csv", "ä" * 125 + "x.csv", "\udcff" * 251 + ".csv"])
def test_the_longest_names(name: str, data: Dataset, tmp_path: Path) -> None:
    assert write(data, tmp_path / name).rows == data.num_rows
    assert os.listdir(tmp_path) == [name]
    with pytest.raises(OutputError, match="file name too long"):
        write(data, tmp_path / f"x{'x' * 251}.csv")
    assert os.listdir(tmp_path) == [name]


def test_parents_that_are_not_there(tmp_path: Path, data: Dataset) -> None:
    path = tmp_path / "no" / "x.csv"
    assert line_of(data, path) == f"{path}: cannot be written: there is no directory {path.parent}"
    assert names_in(tmp_path) == []


def test_parents_that_are_files(tmp_path: Path, data: Dataset) -> None:
    (tmp_path / "file").write_text("mine")
    before = snapshot(tmp_path)
    for output in (tmp_path / "file" / "x.csv", tmp_path / "file" / "out", f"{tmp_path}/file/"):
        assert str(output) in line_of(data, output)
    assert snapshot(tmp_path) == before


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Drop root privileges: root may write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_directories_that_must_not_be_written(tmp_path: Path, data: Dataset, as_nobody: None) -> None:
    if os.geteuid() == os.getuid():
        tmp_path.chmod(0o555)
    for output in (tmp_path / "x.csv", tmp_path / "out"):
        assert line_of(data, output) == f"{output}: cannot be written: permission denied"
    if os.geteuid() == os.getuid():
        tmp_path.chmod(0o755)
    else:
        os.seteuid(0)
    assert names_in(tmp_path) == []


def test_devices(data: Dataset) -> None:
    report = write(data, os.devnull, format="ndjson")
    assert (report.rows, report.files[0].path) == (3_000, os.devnull)
    assert report.size > 500_000
    assert write(data, os.devnull).size > 50_000  # CSV by default
    assert Path(os.devnull).is_char_device()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("format", ENDINGS)
def test_a_full_device(data: Dataset, format: Any) -> None:
    assert line_of(data, "/dev/full", format=format) == "/dev/full: cannot be written: no space left on device"


@pytest.mark.parametrize("format", ENDINGS)
def test_a_named_pipe(tmp_path: Path, data: Dataset, tables: dict[str, pl.DataFrame], format: Any) -> None:
    """No format needs to seek."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    report = write(data, pipe, format=format)
    reader.join()
    assert len(found[0]) == report.size
    copy = tmp_path / f"copy{ENDINGS[format]}"
    copy.write_bytes(found[0])
    assert plain(READERS[format][0](copy)).equals(plain(tables["transactions"]))
    assert names_in(tmp_path) == [copy.name, "pipe"]


@pytest.mark.parametrize(
    ("name", "expected"), [("x.ndjson", ("ndjson", "none")), ("x.csv.gz", ("csv", "gzip")), ("x", ("csv", "none"))]
)
def test_the_name_of_a_pipe_says_the_format(tmp_path: Path, name: str, expected: tuple[str, str]) -> None:
    os.mkfifo(tmp_path / name)
    target = resolve(tmp_path / name)
    assert (target.directory, target.format, target.compression) == (False, *expected)


def test_a_standard_output_that_is_no_file(data: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    """As in notebooks."""
    assert line_of(data, "-") == "the standard output: cannot be written: it is not a file"
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("stream", [io.StringIO(), object()])
def test_a_standard_output_that_somebody_put_there(data: Dataset, monkeypatch: pytest.MonkeyPatch, stream: Any) -> None:
    monkeypatch.setattr(sys, "stdout", stream)
    assert line_of(data, "-") == "the standard output: cannot be written: it is not a file"


def test_what_was_printed_before_comes_first(tmp_path: Path) -> None:
    program = "import fastgen; print('first'); fastgen.write(fastgen.Config(rows=2), '-', columns=['tid']); print('last')"
    with (tmp_path / "x.txt").open("wb") as out:
        subprocess.run([sys.executable, "-c", program], stdout=out, check=True)
    lines = (tmp_path / "x.txt").read_text().split("\n")
    assert lines[:2] == ["first", "tid"]
    assert lines[4:] == ["last", ""]


# Whole runs: streams, a full disk, and what stops a run from outside


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "fastgen", "generate", *map(str, arguments)]


def test_the_standard_output(tmp_path: Path) -> None:
    run = subprocess.run(command("--rows=2_000", "--format=parquet", "--output=-"), capture_output=True, check=True)
    (tmp_path / "x.parquet").write_bytes(run.stdout)
    assert plain(pl.read_parquet(tmp_path / "x.parquet")).equals(plain(Dataset(Config(rows=2_000)).transactions()))
    assert b"2,000 transactions to the standard output" in run.stderr


def test_the_standard_output_by_its_name(tmp_path: Path) -> None:
    """Even if it is appended to a file with content."""
    (tmp_path / "x.csv").write_text("mine\n")
    with (tmp_path / "x.csv").open("ab") as out:
        subprocess.run(command("--rows=2_000", "--columns=amount", "--output=/dev/stdout"), stdout=out, check=True)
    lines = (tmp_path / "x.csv").read_text().splitlines()
    assert (lines[:2], len(lines)) == (["mine", "amount"], 2_002)


def test_a_reader_who_leaves() -> None:
    arguments = command("--rows=3M", "--output=-", "-q")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout
        assert run.stderr
        head = [run.stdout.readline() for _ in range(3)]
        run.stdout.close()
        stderr = run.stderr.read()
    assert (run.returncode, stderr) == (1, "fastgen: the standard output: the reader closed the pipe before all was written\n")
    assert head[0].startswith("tid,datetime,")
    assert all(len(line.split(",")) == 10 for line in head)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_who_leaves_before_a_result_comes(unbuffered: str) -> None:
    """A script must not mistake this for a result."""
    arguments = command("--rows=1k", "--output=x.csv", "--dry-run")
    reading, writing = os.pipe()
    os.close(reading)
    run = subprocess.run(
        arguments, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, env=os.environ | {"PYTHONUNBUFFERED": unbuffered}
    )
    os.close(writing)
    assert (run.returncode, after_compiling(run.stderr)) == (
        1,
        "fastgen: the standard output: the reader closed the pipe before all was written\n",
    )


def test_a_standard_output_that_is_closed() -> None:
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", *command("--rows=10", "--output=-", "-q")]
    run = subprocess.run(shell, stderr=subprocess.PIPE, text=True, check=False)
    assert run.stderr.startswith("fastgen: the standard output: cannot be written")
    assert run.stderr.count("\n") == 1
    assert run.returncode == 1


@pytest.mark.parametrize(
    "arguments",
    ["--help", "--version", "config show", "config schema", "completion bash", "generate --rows 10 -o x.csv --dry-run"],
)
def test_words_that_nobody_gets(arguments: str) -> None:
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "fastgen", *arguments.split()]
    run = subprocess.run(shell, stderr=subprocess.PIPE, text=True, check=False)
    assert (run.returncode, run.stderr) == (1, "fastgen: the standard output: cannot be written: it is closed\n")


@pytest.mark.parametrize(
    ("number", "code", "line", "output"),
    [
        (signal.SIGINT, 130, "fastgen: interrupted; unfinished files were removed\n", "x.csv"),
        (signal.SIGTERM, 143, "fastgen: terminated; unfinished files were removed\n", "out"),
    ],
)
def test_a_run_that_is_stopped(tmp_path: Path, number: int, code: int, line: str, output: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / output if "." in output else folder
    arguments = command("--rows=100M", "--output", target, "--format=csv", "--threads=2", "-q")
    run = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while sum(path.stat().st_size for path in folder.iterdir()) < 10_000_000:
        assert run.poll() is None, "the run ended too early"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert all(path.name.startswith(".") for path in folder.iterdir())  # none has its final name yet
    run.send_signal(number)
    stdout, stderr = run.communicate(timeout=30)
    assert (run.returncode, stdout, stderr) == (code, "", line)
    assert names_in(folder) == []


def test_a_full_disk(tmp_path: Path) -> None:
    """Files are limited to 4 MB here, which to the process is like a full disk."""
    old = tmp_path / "old.csv"
    old.write_text("mine")
    code = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, 4 << 20));"
        "sys.argv[0] = 'fastgen'; runpy.run_module('fastgen', run_name='__main__')"
    )
    arguments = ["generate", "--rows=300k", f"--output={old}", "--overwrite", "--no-progress", "-q"]
    run = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (1, "", f"fastgen: {old}: cannot be written: file too large\n")
    assert names_in(tmp_path) == ["old.csv"]
    assert old.read_text() == "mine"


def test_a_full_disk_for_a_directory(tmp_path: Path, large: Dataset) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    write(large, os.devnull, columns=["cc_num"])  # compiles and caches the kernels before files are limited
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, limits[1]))
    try:
        line = line_of(large, tmp_path / "out", format="csv")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert line == f"{tmp_path / 'out' / 'transactions.csv'}: cannot be written: file too large"
    assert list(tmp_path.rglob("*.*")) == []


def test_only_what_is_named_is_dropped(tmp_path: Path) -> None:
    with opened(str(tmp_path / "kept.csv"), overwrite=False) as out:
        drop_unfinished({str(tmp_path / "dropped.csv")})
        out.write(b"tid")
    assert (tmp_path / "kept.csv").read_bytes() == b"tid"
    message = r"dropped\.csv: cannot be written: no such file"
    with pytest.raises(OutputError, match=message), opened(str(tmp_path / "dropped.csv"), overwrite=False):
        drop_unfinished({str(tmp_path / "dropped.csv")})
    assert [path.name for path in tmp_path.iterdir()] == ["kept.csv"]


def test_what_is_taken_in_pieces_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """os.write may write only part of the data, for example when a disk fills up."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    with opened(str(tmp_path / "out.csv"), overwrite=False) as out:
        out.write(b"0123456789")
    assert (tmp_path / "out.csv").read_bytes() == b"0123456789"
    assert out.size == 10


def test_a_name_that_is_taken_meanwhile(tmp_path: Path) -> None:
    message = r"out\.csv: cannot be written: is a directory$"
    with pytest.raises(OutputError, match=message), opened(str(tmp_path / "out.csv"), overwrite=True):
        (tmp_path / "out.csv").mkdir()
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_files_are_for_those_whom_the_mask_allows(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(Config(rows=10), tmp_path / "out.csv")
    finally:
        os.umask(before)
    assert (tmp_path / "out.csv").stat().st_mode & 0o777 == 0o640


def test_of_a_single_file_no_digest_is_told(tmp_path: Path) -> None:
    [file] = write(Config(rows=10), tmp_path / "out.csv").files
    assert file.digest == ""
