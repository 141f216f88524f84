"""Tables read back: every format that fastgen writes, files from other writers, damaged files."""

import csv
import gzip
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fastgen import Config, Dataset, InputError, OptionError, report, validate, verify, write
from fastgen.finding import open_stored
from fastgen.frames import column_type
from fastgen.reading.pieces import Damage, ReadRows
from fastgen.schema import TABLES
from fastgen.sinks.formats import FORMATS

DATA = Dataset(Config(rows=3_000, seed=5, cards=400))
EVERY_WAY = [(name, compression) for name, rules in FORMATS.items() for compression in rules.compressions]


def expected(table: str, data: Dataset = DATA) -> pl.DataFrame:
    """The rows as a frame, with text as String."""
    frame = getattr(data, table)()
    return frame.cast({name: column_type(table, name) for name in frame.columns})


def read(path: Path, table: str, **options: Any) -> pl.DataFrame:
    return pl.concat(open_stored(path).batches(table, **options))


# What fastgen writes


@pytest.mark.parametrize(("name", "compression"), EVERY_WAY)
def test_every_format(tmp_path: Path, name: Any, compression: str) -> None:
    write(DATA, tmp_path, format=name, compression=compression)
    stored = open_stored(tmp_path)
    assert stored.format == name
    assert stored.config() == DATA.config
    for member, value in json.loads((tmp_path / "manifest.json").read_text()).items():
        assert stored.description.get(member) == value
    assert stored.parts is None
    for table in TABLES:
        assert stored.columns(table) == TABLES[table].names
        assert pl.concat(stored.batches(table)).equals(expected(table))


@pytest.mark.parametrize("name", ["csv", "ndjson"])
def test_coordinates_as_numbers_are_the_same(tmp_path: Path, name: Any) -> None:
    write(DATA, tmp_path, format=name, coordinates="number")
    assert read(tmp_path, "transactions").equals(expected("transactions"))


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("name", FORMATS)
def test_names_that_are_not_utf_8(tmp_path: Path, name: Any, parts: int) -> None:
    folder = tmp_path / os.fsdecode(b"nu\xff")
    data = Dataset(Config(rows=200_000, cards=100)) if parts > 1 else DATA
    write(data, folder, format=name, parts=parts)
    assert read(folder, "transactions").equals(expected("transactions", data))
    assert verify(folder).ok
    assert validate(folder).rows == data.plan.rows
    file = folder / os.fsdecode(b"\xff" + FORMATS[name].ending.encode())
    write(data, file)
    assert read(file, "transactions").equals(expected("transactions", data))


@pytest.mark.parametrize("name", FORMATS)
def test_batches(tmp_path: Path, name: Any) -> None:
    """No frame has more rows than requested; columns come in the requested order."""
    write(DATA, tmp_path, format=name)
    frames = list(open_stored(tmp_path).batches("transactions", ["fraud_label", "tid"], rows=700))
    assert max(frame.height for frame in frames) == 700
    assert pl.concat(frames).equals(expected("transactions").select("fraud_label", "tid"))


@pytest.mark.parametrize("name", FORMATS)
def test_parts(tmp_path: Path, name: Any) -> None:
    data = Dataset(Config(rows=200_000, cards=100))
    write(data, tmp_path, format=name, parts=3)
    stored = open_stored(tmp_path)
    assert [len(stored.tables[table]) for table in TABLES] == [3, 3, 3]
    for table in TABLES:
        assert pl.concat(stored.batches(table)).equals(expected(table, data))


def test_some_parts(tmp_path: Path) -> None:
    data = Dataset(Config(rows=200_000, cards=100))
    for part in (3, 1):
        write(data, tmp_path, format="csv", parts=3, part=part)
    stored = open_stored(tmp_path)
    assert stored.parts == (1, 3)
    assert stored.config() == data.config
    rows = pl.concat(stored.batches("transactions"))
    assert rows.equals(pl.concat(expected("transactions", data.part(number, 3)) for number in (1, 3)))
    assert stored.description.table("transactions")["rows"] == rows.height


@pytest.mark.parametrize("name", ["profiles.csv.zst", "cards.jsonl", "x.feather", "transactions.pq"])
def test_a_file(tmp_path: Path, name: str) -> None:
    """Its columns identify the table."""
    table = {"p": "profiles", "c": "credit_cards"}.get(name[0], "transactions")
    write(DATA, tmp_path / name, table=table)
    stored = open_stored(tmp_path / name)
    assert list(stored.tables) == [table]
    assert stored.config() == (None if stored.format in ("csv", "ndjson") else DATA.config)
    assert pl.concat(stored.batches(table)).equals(expected(table))


@pytest.mark.parametrize(("name", "table"), [("profiles", "profiles"), ("credit_cards-2", "credit_cards"), ("x", "transactions")])
def test_json_lines_of_no_rows_are_a_table(tmp_path: Path, name: str, table: str) -> None:
    """Without columns, the file's name identifies the table."""
    (tmp_path / f"{name}.ndjson").touch()
    (tmp_path / f"{name}.ndjson.gz").write_bytes(gzip.compress(b""))
    for path in tmp_path.iterdir():
        stored = open_stored(path)
        assert list(stored.tables) == [table]
        assert stored.columns(table) == TABLES[table].names
        assert list(stored.batches(table)) == []


@pytest.mark.parametrize(
    ("name", "table"),
    [("transactions", "transactions"), ("profiles-2", "profiles"), ("credit_cards", "credit_cards"), ("x", "credit_cards")],
)
def test_a_column_of_all_tables_is_of_the_table_that_the_name_says(tmp_path: Path, name: str, table: str) -> None:
    """Or else of the smallest one."""
    path = tmp_path / f"{name}.csv"
    path.write_text("cc_num\n4000000000000002\n")
    assert list(open_stored(path).tables) == [table]


def test_frames_have_rows(tmp_path: Path) -> None:
    write(DATA, tmp_path / "x.csv")
    with pytest.raises(OptionError, match="rows = 0: must be a whole number of at least 1"):
        next(open_stored(tmp_path / "x.csv").batches("transactions", rows=0))


def test_a_line_of_many_bytes(tmp_path: Path) -> None:
    """More than are read to find the columns, but no more than a line may have."""
    path = tmp_path / "transactions.ndjson"
    rows = [row | {"more": "x" * 300_000} for row in expected("transactions").head(3).to_dicts()]
    path.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows))
    assert read(path, "transactions").equals(expected("transactions").head(3))


def test_the_first_file_of_several_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "part-0.ndjson").touch()
    write(DATA, tmp_path / "part-1.ndjson", table="profiles")
    assert read(tmp_path, "profiles").equals(expected("profiles"))


@pytest.mark.parametrize("name", FORMATS)
def test_some_columns(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"some{FORMATS[name].ending}"
    write(DATA, path, columns=["amount", "datetime"])
    stored = open_stored(path)
    assert stored.columns("transactions") == ("datetime", "amount")
    assert pl.concat(stored.batches("transactions")).equals(expected("transactions").select("datetime", "amount"))
    with pytest.raises(InputError, match=f"some{FORMATS[name].ending}: has no column tid: its columns are datetime, amount"):
        next(stored.batches("transactions", ["tid"]))


def test_a_column_of_another_name_is_guessed_among_the_unknown_ones(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text("datetime,country,Amt\n")
    with pytest.raises(InputError, match=r"has no column amount: its columns are datetime, country, Amt \(did you mean Amt\?\)$"):
        next(open_stored(path).batches("transactions", ["amount"]))
    path.write_text("datetime,country,worth\n")
    with pytest.raises(InputError, match=r"has no column amount: its columns are datetime, country, worth$"):
        next(open_stored(path).batches("transactions", ["amount"]))


def test_columns_are_those_of_any_of_the_first_rows(tmp_path: Path) -> None:
    path = tmp_path / "transactions.ndjson"
    write(DATA, path)
    path.write_text(path.read_text().replace('"amount"', '"aXount"', 1))
    stored = open_stored(path)
    assert stored.columns("transactions") == TABLES["transactions"].names


@pytest.mark.parametrize("name", FORMATS)
def test_no_rows(tmp_path: Path, name: Any) -> None:
    """A part without events has files without rows."""
    data = Dataset(Config(rows=100_000, atm={"cards": 0}, cards=3))
    write(data, tmp_path, format=name, parts=2)
    stored = open_stored(tmp_path)
    for path in stored.tables["credit_cards"]:
        frames = [piece.frame for piece in stored.pieces("credit_cards", path, ["cc_num"]) if isinstance(piece, ReadRows)]
        assert sum(frame.height for frame in frames) in (1, 2)
    empty = tmp_path / f"none{FORMATS[name].ending}"
    write(Dataset(Config(rows=1, cards=1)).part(1, 1), empty)
    assert read(empty, "transactions").height == 1


# Files from other writers


def as_csv(path: Path, rows: list[dict[str, Any]], names: list[str]) -> None:
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def test_files_without_a_manifest(tmp_path: Path) -> None:
    """Columns in another order, an unknown column, CRLF line ends."""
    for table in TABLES:
        rows = [row | {"more": "x"} for row in expected(table).to_dicts()]
        as_csv(tmp_path / f"{table}.csv.gz", rows, [*reversed(TABLES[table].names), "more"])
    stored = open_stored(tmp_path)
    assert not stored.description
    assert stored.config() is None
    for table in TABLES:
        assert stored.columns(table) == TABLES[table].names
        assert pl.concat(stored.batches(table)).equals(expected(table))


def test_other_types(tmp_path: Path) -> None:
    frame = expected("transactions").with_columns(
        pl.col("datetime").cast(pl.Datetime("ms")).dt.replace_time_zone("UTC"),
        pl.col("cc_num", "fraud_label").cast(pl.Int64),
        pl.col("latitude").cast(pl.Decimal(9, 6)),
        pl.col("city").cast(pl.Categorical),
    )
    frame.write_parquet(tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet", "transactions").equals(expected("transactions"))


def test_a_folder_of_any_names(tmp_path: Path) -> None:
    """As Spark leaves one: the folder may be named like the table, or not."""
    frame = expected("transactions")
    for folder in ("transactions.parquet", "other"):
        (tmp_path / folder).mkdir()
        for number, start in enumerate((0, 1_000)):
            frame.slice(start, 1_000 + 1_000 * number).write_parquet(tmp_path / folder / f"part-0000{number}-abc.snappy.parquet")
        (tmp_path / folder / "_SUCCESS").touch()
        (tmp_path / folder / "._SUCCESS.crc").touch()
    assert read(tmp_path, "transactions").equals(frame)
    assert read(tmp_path / "other", "transactions").equals(frame)


def test_files_that_are_overlooked(tmp_path: Path) -> None:
    write(DATA, tmp_path / "transactions.csv")
    assert open_stored(tmp_path).unread_files_note() is None
    (tmp_path / "folder.csv").mkdir()
    assert open_stored(tmp_path).unread_files_note() is None
    for name in ("a", "b", "c", ".hidden"):
        (tmp_path / f"{name}.csv").touch()
    note = "a.csv, b.csv, c.csv are not named like a table's files, and were not looked at"
    assert open_stored(tmp_path).unread_files_note() == note
    (tmp_path / "transactions-old.csv").touch()
    assert (
        open_stored(tmp_path).unread_files_note()
        == "a.csv, b.csv, c.csv and 1 more are not named like a table's files, and were not looked at"
    )
    assert open_stored(tmp_path / "transactions.csv").unread_files_note() is None


def test_names_are_no_patterns(tmp_path: Path) -> None:
    """Nor does a folder's name say what a column holds."""
    (tmp_path / "amount=7").mkdir()
    path = tmp_path / "amount=7" / "x[1].parquet"
    write(DATA, path)
    assert read(path, "transactions").equals(expected("transactions"))


def test_times_of_iso_8601(tmp_path: Path) -> None:
    rows = [row | {"datetime": row["datetime"].isoformat()} for row in expected("transactions").to_dicts()]
    rows[7]["datetime"] = "2022-02-30T00:00:00"
    as_csv(tmp_path / "transactions.csv.gz", rows, list(TABLES["transactions"].names))
    found = read(tmp_path, "transactions")["datetime"]
    assert found[7] is None
    assert found.drop_nulls().equals(expected("transactions")["datetime"].gather([n for n in range(3_000) if n != 7]))


@pytest.mark.parametrize("moment", ["-2022-01-01 00:00:00", "12022-01-01 00:00:00", "0000-12-31 23:59:59"])
def test_times_that_python_does_not_have(tmp_path: Path, moment: str) -> None:
    rows = [row | {"datetime": str(row["datetime"])} for row in expected("transactions").to_dicts()]
    rows[7]["datetime"] = moment
    as_csv(tmp_path / "transactions.csv", rows, list(TABLES["transactions"].names))
    found = read(tmp_path, "transactions")["datetime"]
    assert found[7] is None
    assert found.null_count() == 1


def test_one_table_of_several(tmp_path: Path) -> None:
    write(DATA, tmp_path)
    assert list(open_stored(tmp_path, "profiles").tables) == ["profiles"]
    (tmp_path / "profiles.parquet").unlink()
    assert list(open_stored(tmp_path).tables) == ["transactions", "credit_cards"]
    with pytest.raises(InputError, match="holds no profiles in a format"):
        open_stored(tmp_path, "profiles")


# Damage


@pytest.mark.parametrize("name", ["csv", "ndjson"])
@pytest.mark.parametrize(
    "line",
    [b"", b"\xff\xfe", b'"', b"x,y", b"{", b'{"tid": 5', b",,,,,,,,,,,,,,", b"[1]", b"7", b'{"a": "b"}{', b"\0"],
    ids=lambda line: repr(line),
)
def test_lines_that_are_no_rows(tmp_path: Path, name: str, line: bytes) -> None:
    """Each is a row of nulls, or at least without valid values, and the rows around it are read."""
    path = tmp_path / f"transactions.{name}"
    write(DATA, path)
    lines = path.read_bytes().splitlines()
    at = [5, 6, 2_000, len(lines) - 1]
    for number in at:
        lines[number] = line
    path.write_bytes(b"\n".join(lines) + b"\n")
    found = read(path, "transactions")
    rows = [number - (name == "csv") for number in at]
    kept = [number for number in range(3_000) if number not in rows]
    assert found.height == 3_000
    assert found.select("datetime", "amount", "latitude", "longitude", "fraud_label")[rows].null_count().row(0) == (4,) * 5
    assert found[kept].equals(expected("transactions")[kept])


@pytest.mark.parametrize("name", ["csv", "ndjson"])
def test_values_that_are_none(tmp_path: Path, name: str) -> None:
    """A damaged value becomes null; the others of its row are read."""
    path = tmp_path / f"transactions.{name}"
    write(DATA, path)
    damaged = {"datetime": "2022-13-01 00:00:00", "amount": "12.x", "latitude": "north", "fraud_label": "maybe"}
    rows = read(path, "transactions").cast(pl.String).to_dicts()
    for number, (column, value) in enumerate(damaged.items()):
        rows[number][column] = value
    if name == "csv":
        as_csv(tmp_path / "new.csv", rows, list(rows[0]))
        path.write_bytes(gzip.decompress((tmp_path / "new.csv").read_bytes()))
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = read(path, "transactions")
    for number, column in enumerate(damaged):
        assert found[number, column] is None
        assert found[number].drop(column).equals(expected("transactions")[number].drop(column))


def test_too_many_lines_are_no_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastgen.reading.parsing.MOST_DAMAGED", 100)
    path = tmp_path / "transactions.ndjson"
    write(DATA, path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:50], *(b"{" + line for line in lines[50:])]))
    with pytest.raises(InputError, match=r"transactions.ndjson: cannot be read: .*more than 100 lines are not rows"):
        read(path, "transactions")


@pytest.mark.parametrize(("name", "compression"), EVERY_WAY)
def test_files_that_are_cut_off(tmp_path: Path, name: Any, compression: str) -> None:
    """Without a footer or in the middle of a compressed block: one line that names the file. Plain text can end anywhere."""
    write(DATA, tmp_path, format=name, compression=compression)
    [path] = open_stored(tmp_path).tables["transactions"]
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    if compression == "none" and name in ("csv", "ndjson"):
        assert 1_900 < read(tmp_path, "transactions").height < 2_100
    else:
        with pytest.raises(InputError, match=path.name):
            read(tmp_path, "transactions")


@pytest.mark.parametrize("name", ["transactions.csv.gz", "transactions.ndjson.zst"])
def test_what_is_before_the_damage_is_read(tmp_path: Path, name: str) -> None:
    data = Dataset(Config(rows=100_000))
    path = tmp_path / name
    write(data, path)
    path.write_bytes(path.read_bytes()[:-1_000])
    stored = open_stored(path)
    *pieces, last = stored.pieces("transactions", path, ["tid"])
    tids = pl.concat(piece.frame for piece in pieces if isinstance(piece, ReadRows))["tid"]
    assert isinstance(last, Damage)
    assert last.rows is None
    assert last.first == tids.len() > 50_000
    assert tids.head(50_000).equals(data.transactions()["tid"].head(50_000))


def test_a_line_that_is_too_long(tmp_path: Path) -> None:
    path = tmp_path / "transactions.csv"
    write(DATA, path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines.insert(2_000, bytes(40_000_000))
    path.write_bytes(b"".join(lines))
    *read, damage = open_stored(path).pieces("transactions", path, ["tid"])
    frame = pl.concat(piece.frame for piece in read if isinstance(piece, ReadRows))
    assert frame["tid"].to_list() == [*DATA.transactions()["tid"].head(1_999), None]  # the last one is the beginning of that line
    assert isinstance(damage, Damage)
    assert (damage.first, damage.reason) == (2_000, "a line has more than 16,777,216 bytes")


def test_a_file_of_many_row_groups_is_not_opened_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening it for each of them would take a time that grows with the square of their number."""
    path = tmp_path / "many.parquet"
    expected("transactions").write_parquet(path, row_group_size=10)
    stored = open_stored(path)
    opened = []
    open_file = pq.ParquetFile
    monkeypatch.setattr(pq, "ParquetFile", lambda *given, **options: opened.append(given) or open_file(*given, **options))
    pieces = list(stored.pieces("transactions", path, TABLES["transactions"].names))
    assert (len(pieces), len(opened)) == (300, 2)  # its columns, then its rows
    assert [piece.first for piece in pieces if isinstance(piece, ReadRows)] == list(range(0, 3_000, 10))
    assert pl.concat(piece.frame for piece in pieces if isinstance(piece, ReadRows)).equals(expected("transactions"))


def test_text_that_is_no_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "credit_cards.arrow"
    buffers = [None, pa.py_buffer(np.array([0, 1], np.int32)), pa.py_buffer(b"\xff")]
    table = pa.table({"provider": pa.Array.from_buffers(pa.string(), 1, buffers)})
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)
    with pytest.raises(InputError, match=r"credit_cards\.arrow: rows from 1 on cannot be read: .*UTF"):
        read(path, "credit_cards")


def test_a_row_group_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "transactions.parquet"
    expected("transactions").write_parquet(path, row_group_size=1_000, compression="zstd")
    content = bytearray(path.read_bytes())
    about = pq.ParquetFile(path).metadata.row_group(1).column(0)
    start = about.dictionary_page_offset or about.data_page_offset
    content[start + 20 : start + 1_000] = bytes(980)
    path.write_bytes(content)
    stored = open_stored(path)
    first, damage, third = stored.pieces("transactions", path, ["tid"])
    assert isinstance(damage, Damage)
    assert isinstance(first, ReadRows)
    assert isinstance(third, ReadRows)
    assert (damage.first, damage.rows, third.first) == (1_000, 1_000, 2_000)
    assert third.frame["tid"].equals(expected("transactions")["tid"].tail(1_000))
    with pytest.raises(InputError, match=r"transactions.parquet: row 1,001 and those after it cannot be read"):
        list(stored.batches("transactions"))


@pytest.mark.parametrize("ending", [rules.ending for rules in FORMATS.values()])
def test_files_that_are_something_else(tmp_path: Path, ending: str) -> None:
    for number, content in enumerate(
        (
            b"" if ending != ".ndjson" else b"\n",
            bytes(500),
            b"%PDF-1.7\nnot a table\n",
            b"\x1f\x8b\x08 not gzip",
            b"PAR1PAR1",
            b"ARROW1\0\0",
        )
    ):
        path = tmp_path / f"{number}{ending}"
        path.write_bytes(content)
        with pytest.raises(InputError, match=path.name):
            read(path, "transactions")


@pytest.mark.parametrize(
    "content", [bytes(5_000), b"a" * 5_000, b"".join(b"%d," % number for number in range(5_000)), b"a\tb\x1b[2J"]
)
def test_what_is_no_header_is_told_in_a_short_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "transactions.csv"
    path.write_bytes(content + b"\n1\n")
    for reading in (
        lambda: read(path, "transactions"),
        lambda: next(open_stored(path, "transactions").batches("transactions", ["tid"])),
    ):
        with pytest.raises(InputError, match="its columns are ") as error:
            reading()
        assert len(str(error.value)) < len(str(path)) + 400
        assert str(error.value).isprintable()


def test_a_header_that_names_a_column_twice(tmp_path: Path) -> None:
    path = tmp_path / "transactions.csv"
    path.write_text("tid,amount,tid\n")
    with pytest.raises(InputError, match=r"transactions\.csv: cannot be read: its header names a column twice$"):
        open_stored(path)


def test_a_header_behind_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "transactions.csv"
    write(DATA, path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read(path, "transactions").equals(expected("transactions"))


def test_directories_that_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: cannot be read: no such file or directory"):
        open_stored(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no transactions and no credit_cards and no profiles"):
        open_stored(tmp_path)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match=r"notes.txt: its name must end with one of .parquet, .csv, .ndjson, .arrow"):
        open_stored(tmp_path / "notes.txt")
    with pytest.raises(OptionError, match=r"table = .profile.: must be one of .*did you mean profiles"):
        open_stored(tmp_path, "profile")
    write(DATA, tmp_path / "transactions.csv")
    with pytest.raises(OptionError, match="table = 'profiles': must be one of transactions, the tables in"):
        next(open_stored(tmp_path).batches("profiles"))
    write(DATA, tmp_path / "profiles.parquet", table="profiles")
    with pytest.raises(InputError, match="holds tables in several formats, csv and parquet"):
        open_stored(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"tables": 1}'])
def test_a_manifest_that_is_none(tmp_path: Path, content: str) -> None:
    write(DATA, tmp_path)
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InputError, match=r"manifest.json: "):
        open_stored(tmp_path)


def test_records_of_parts_that_do_not_go_together(tmp_path: Path) -> None:
    for number, data in ((1, Dataset(Config(rows=200_000, cards=100))), (2, Dataset(Config(rows=200_000, cards=101)))):
        write(data, tmp_path / str(number), format="csv", parts=2, part=number)
    [record] = (tmp_path / "2" / "parts").iterdir()
    copy = tmp_path / "1" / "parts" / record.name
    copy.write_bytes(record.read_bytes())
    with pytest.raises(InputError, match="the records of its parts are not of one dataset"):
        open_stored(tmp_path / "1")
    content = json.loads(record.read_text())
    content["tables"]["transactions"]["digest"] = "none"
    record.write_text(json.dumps(content))
    with pytest.raises(InputError, match="the records of its parts do not describe all tables"):
        open_stored(tmp_path / "2")


@pytest.mark.parametrize("config", [None, {"rows": -1}, {"sed": 1}, {1: 2}])
def test_a_manifest_whose_configuration_is_none(tmp_path: Path, config: Any) -> None:
    write(DATA, tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps(manifest | {"config": config}))
    stored = open_stored(tmp_path)
    with pytest.raises(InputError, match="the configuration in its manifest is not valid"):
        stored.config()
    assert read(tmp_path, "transactions").equals(expected("transactions"))


def test_tables_of_others(tmp_path: Path) -> None:
    pa_table = pa.table({"a": [1]})
    pq.write_table(pa_table, tmp_path / "x.parquet")
    with pytest.raises(InputError, match=r"x.parquet: holds no table of fastgen: its columns are a"):
        open_stored(tmp_path / "x.parquet")
    pq.write_table(pa.table({"tid": ["x"], "datetime": [[1]]}), tmp_path / "y.parquet")
    with pytest.raises(InputError, match=r"y.parquet: a column is of another type"):
        read(tmp_path / "y.parquet", "transactions")


NESTED = {
    "struct": pl.struct("value"),
    "list": pl.concat_list("value"),
    "list of structs": pl.concat_list(pl.struct("value")),
    "array": pl.concat_list("value").list.to_array(1),
}
FEW = Dataset(Config(rows=100, cards=10))


def save_nested(path: Path, table: str, column: str, kind: str) -> None:
    """A table, with the values of a column inside others."""
    frame = expected(table, FEW).rename({column: "value"})
    nested = frame.with_columns(NESTED[kind].alias(column)).select(TABLES[table].names)
    (nested.write_parquet if path.suffix == ".parquet" else nested.write_ipc)(path)


@pytest.mark.parametrize("kind", NESTED)
@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_columns_of_nested_types(tmp_path: Path, ending: str, kind: str) -> None:
    for table, rules in TABLES.items():
        path = tmp_path / f"{table}.{ending}"
        for column in rules.names:
            save_nested(path, table, column, kind)
            with pytest.raises(InputError, match=rf"{path.name}: a column is of another type: column {column} is "):
                read(path, table)


@pytest.mark.parametrize("kind", NESTED)
@pytest.mark.parametrize("column", TABLES["transactions"].names)
def test_no_command_takes_a_column_of_a_nested_type(tmp_path: Path, column: str, kind: str) -> None:
    path = tmp_path / "transactions.parquet"
    save_nested(path, "transactions", column, kind)
    problem = f"{path}: a column is of another type: column {column} is "
    [found] = verify(path, FEW).problems
    assert found.startswith(problem)
    with pytest.raises(InputError, match=problem):
        validate(path, FEW)
    if column != "tid":  # which a report does not read
        with pytest.raises(InputError, match=problem):
            report(path, tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["csv", "ndjson", "parquet", "arrow"])
def test_a_file_that_has_disappeared(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"transactions.{name}"
    write(DATA, path)
    stored = open_stored(path)
    assert "amount" in stored.columns("transactions")
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        list(stored.batches("transactions", ["amount"]))
