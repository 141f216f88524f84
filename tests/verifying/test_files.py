"""`verify` names what is wrong with files: in every format, one defect at a time."""

import errno
import json
import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from fastgen import Config, Dataset, InputError, OptionError, VerifyReport, verify, write
from fastgen.finding import open_stored
from fastgen.pools import load_pools
from fastgen.reading.text import HEAD
from fastgen.schema import DATA_VERSION, TABLES
from fastgen.sinks.formats import FORMATS
from fastgen.verifying import aligning, texts
from fastgen.verifying.files import rows_to_compare
from fastgen.verifying.log import EXAMPLES, UNREADABLE

from .tables import EVERY_WAY, FORMAT_NAMES, Row, load, path_of, save, spoil

DATA = Dataset(Config(rows=3_000, seed=5, cards=400))
OTHER = Dataset(Config(rows=3_000, seed=6, cards=400))
PARTS = Dataset(Config(rows=200_000, seed=5, cards=1_000))


@pytest.fixture(scope="module", params=FORMAT_NAMES)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset in one of the formats, written once."""
    path = tmp_path_factory.mktemp("written") / "data"
    write(DATA, path, format=request.param)
    return path


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    return Path(shutil.copytree(written, tmp_path / "data"))


def wrong(report: VerifyReport, table: str = "transactions") -> dict[str, int]:
    """What is wrong with the rows of a table; the other tables are as they should be."""
    assert all(each.ok for each in report.tables if each.table != table)
    [counts] = [each for each in report.tables if each.table == table]
    return dict(counts.counts())


def wrong_of(report: VerifyReport) -> dict[str, int]:
    """What is wrong with the rows of transactions; the other tables are as they should be."""
    assert all(each.ok for each in report.tables if each.table != "transactions")
    return dict(report.tables[0].counts())


def checked(folder: Path, change: Callable[[list[Row]], list[Row] | None], table: str = "transactions") -> VerifyReport:
    spoil(path_of(folder, table), change, table)
    return verify(folder)


# As they should be


@pytest.mark.parametrize(("name", "compression"), EVERY_WAY)
def test_what_fastgen_writes_is_what_it_makes(tmp_path: Path, name: Any, compression: Any) -> None:
    write(DATA, tmp_path, format=name, compression=compression)
    for threads in (1, 3):
        report = verify(tmp_path, threads=threads)
        assert report.ok
        assert (report.problems, report.notes, report.differences) == ((), (), ())
        assert report.fingerprint == DATA.fingerprint
        assert report.seed == 5
        assert {table.table: (table.rows, table.same) for table in report.tables} == {
            "transactions": (3_000, 3_000),
            "credit_cards": (400, 400),
            "profiles": (400, 400),
        }


@pytest.mark.parametrize("name", ["csv", "ndjson"])
@pytest.mark.parametrize("described", [True, False])
def test_coordinates_as_numbers(tmp_path: Path, name: Any, described: bool) -> None:
    write(DATA, tmp_path, format=name, coordinates="number")
    if not described:
        (tmp_path / "manifest.json").unlink()
    assert verify(tmp_path, None if described else DATA).ok


@pytest.mark.parametrize("name", ["csv", "ndjson"])
@pytest.mark.parametrize("coordinates", ["text", "number"])
@pytest.mark.parametrize("head", [40, 2_000, HEAD])
def test_how_coordinates_are_written_is_found_out(
    tmp_path: Path, name: Any, coordinates: Any, head: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the first rows are card payments, which do not tell. A wrong guess would make the comparison slow."""
    path = tmp_path / f"x.{name}"
    write(DATA, path, coordinates=coordinates)
    monkeypatch.setattr(texts, "HEAD", head)
    payments = path.read_text()[:2_000].partition("Cash Withdrawal")[0].count("\n")
    assert payments > 5
    assert texts.written_as(open_stored(path), "transactions") == (name, coordinates)


def test_coordinates_that_do_not_tell_are_taken_for_text(tmp_path: Path) -> None:
    write(Config(rows=100, atm={"cards": 0}), tmp_path / "x.csv")
    assert texts.written_as(open_stored(tmp_path / "x.csv"), "transactions") == ("csv", "text")


def test_rows_written_by_others(folder: Path) -> None:
    """The same values, as another program writes them."""
    for table in TABLES:
        spoil(path_of(folder, table), lambda rows: rows, table)
    assert verify(folder).ok


@pytest.mark.parametrize("name", ["csv", "ndjson"])
def test_text_that_is_written_otherwise(tmp_path: Path, name: Any) -> None:
    """Another order of columns, line ends of another system, no line end at the end of the file, one column more."""
    write(DATA, tmp_path, format=name)
    path = path_of(tmp_path)
    rows = [{"more": "x", **dict(reversed(row.items()))} for row in load(path)]
    save(path, rows)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n").removesuffix(b"\r\n"))
    report = verify(tmp_path)
    assert report.ok
    assert report.notes == ("transactions: columns that no configuration makes were not compared: more",)


def test_one_table_of_several(folder: Path) -> None:
    path_of(folder).write_bytes(b"rubbish")
    assert verify(folder, table="profiles").ok
    with pytest.raises(OptionError, match="table = 'profile'"):
        verify(folder, table="profile")


def test_progress(folder: Path) -> None:
    counts: list[int] = []
    verify(folder, progress=counts.append)
    assert sum(counts) == rows_to_compare(folder) == 3_800


# One defect


CHANGED = {
    "tid": "0123456789abcdef" * 2,
    "datetime": datetime(2022, 1, 5, 1, 2, 3),
    "cc_num": "4000000000000002",
    "category": "Groceries",
    "amount": 1.0,
    "latitude": 1.5,
    "longitude": -1.5,
    "city": "Erewhon",
    "country": "XX",
    "fraud_label": 1,
    "provider": "amex",
    "expires": "13/99",
    "name": "Nobody",
    "sex": "X",
    "mail": "nobody@nowhere",
    "birthdate": date(1950, 5, 5),
    "City": "Erewhon",
    "Country": "XX",
}


@pytest.mark.parametrize(("table", "column"), [(table.name, column) for table in TABLES.values() for column in table.names])
@pytest.mark.parametrize("row", [0, 123, -1])
def test_a_value_was_changed(folder: Path, table: str, column: str, row: int) -> None:
    before: list[Any] = []

    def change(rows: list[Row]) -> None:
        value = rows[row][column]
        new = CHANGED[column]
        before.append(value)
        rows[row][column] = str(new) if isinstance(value, str) else new

    report = checked(folder, change, table)
    assert wrong(report, table) == {"altered": 1}
    [difference] = report.differences
    rows = DATA.count(table)
    assert (difference.kind, difference.table, difference.where) == ("altered", table, path_of(folder, table).name)
    assert (difference.row, difference.column) == (row % rows + 1, column)
    assert str(difference.found) == str(CHANGED[column])
    values = {str(before[0]), str(before[0]).rstrip("0"), str(before[0]) + "0"}  # as text a coordinate has six decimals
    assert difference.expected in values
    [counts] = [each for each in report.tables if each.table == table]
    assert counts.columns == {column: 1}


@pytest.mark.parametrize("number", [0, 1_000, 2_998])
def test_a_row_is_missing(folder: Path, number: int) -> None:
    report = checked(folder, lambda rows: rows[:number] + rows[number + 1 :])
    assert wrong(report) == {"missing": 1}
    assert report.first
    assert (report.first.kind, report.first.row, report.first.found) == ("missing", number + 1, None)
    assert str(report.first.expected).startswith(DATA.transactions()["tid"][number] + ", 2022-")


def test_several_rows_are_missing(folder: Path) -> None:
    report = checked(folder, lambda rows: [row for number, row in enumerate(rows) if number not in (5, 6, 7, 500, 2_999)])
    assert wrong(report) == {"missing": 4, "truncated": 1}
    differences = [(each.kind, each.row, each.rows) for each in report.differences]
    assert differences == [("missing", 6, 3), ("missing", 498, 1), ("truncated", 2_996, 1)]
    where = f"transactions: {path_of(folder).name}, row"
    assert str(report.differences[0]).startswith(f"{where} 6: 3 rows missing, the first expected {DATA.transactions()['tid'][5]}, ")
    assert str(report.differences[1]).startswith(f"{where} 498: missing, expected {DATA.transactions()['tid'][500]}, ")


@pytest.mark.parametrize("window", [1 << 14, 100])
def test_a_row_is_missing_among_many_that_moved(folder: Path, monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    monkeypatch.setattr(aligning, "WINDOW", window)
    moved = range(100, 1_600, 100)
    report = checked(
        folder, lambda rows: [row for i, row in enumerate(rows) if i not in (*moved, 2_000)] + [rows[i] for i in moved]
    )
    assert wrong(report) == {"missing": 1, "out of order": 15}
    [missing] = [each for each in report.differences if each.kind == "missing"]
    assert missing.row == 2_001 - len(moved)
    assert str(missing.expected).startswith(DATA.transactions()["tid"][2_000])


def test_gaps_that_were_filled_leave_room_for_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aligning, "WINDOW", 100)
    monkeypatch.setattr(aligning, "MOST_GAPS", 5)
    moved = range(50, 2_000, 50)

    def change(rows: list[Row]) -> None:
        del rows[2_500]
        for i in moved:
            rows.insert(i + 110, rows[i])
            del rows[i]

    report = checked(folder, change)
    assert wrong(report) == {"missing": 1, "out of order": len(moved)}
    assert [each.row for each in report.differences if each.kind == "missing"] == [2_501]


@pytest.mark.parametrize("most", [1 << 10, 5])
def test_the_first_missing_rows_of_many_and_the_end_are_shown(folder: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(aligning, "MOST_GAPS", most)
    report = checked(folder, lambda rows: [row for i, row in enumerate(rows[:2_900]) if i % 100])
    assert wrong(report) == {"missing": 29, "truncated": 100}
    shown = [(each.kind, each.row) for each in report.differences]
    assert shown == [*(("missing", 1 + 99 * i) for i in range(min(10, most))), ("truncated", 2_872)]


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_a_file_of_no_rows_is_what_a_part_without_any_makes(tmp_path: Path, name: Any) -> None:
    parts = [Dataset(Config(rows=200_000, cards=1)).part(number, 2) for number in (1, 2)]
    [none] = [part for part in parts if not part.count("credit_cards")]
    path = tmp_path / f"credit_cards.{name}"
    write(none, path, format=name, table="credit_cards")
    assert verify(path, none).ok
    [report] = [verify(path, part) for part in parts if part is not none]
    assert dict(report.tables[0].counts()) == {"missing": 1}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_a_file_with_none_of_the_columns(tmp_path: Path, name: Any, table: str) -> None:
    path = tmp_path / f"{table}{FORMATS[name].ending}"
    save(path, [{"more": "x", "and more": "y"}])
    report = verify(path, DATA, table=table)
    assert report.problems == (f"{path}: has no column {TABLES[table].names[0]}: its columns are more, and more",)
    assert [dict(each.counts()) for each in report.tables] == [{"missing": DATA.count(table)}]


@pytest.mark.parametrize("rows", [0, 1, 2_900])
def test_the_end_is_missing(folder: Path, rows: int) -> None:
    report = checked(folder, lambda found: found[:rows])
    assert wrong(report) == ({"truncated": 3_000 - rows} if rows else {"missing": 3_000})
    assert report.first
    assert (report.first.kind, report.first.row, report.first.rows) == (
        "truncated" if rows else "missing",
        rows + 1,
        3_000 - rows,
    )


@pytest.mark.parametrize(("number", "at"), [(0, 0), (70, 70), (70, 71), (70, 2_500), (2_500, 70), (2_999, 3_000)])
def test_a_row_is_there_twice(folder: Path, number: int, at: int) -> None:
    report = checked(folder, lambda rows: rows.insert(at, rows[number]))
    assert wrong(report) == {"doubled": 1}
    assert report.first
    assert report.first.kind == "doubled"
    assert report.first.row in (number + 1, number + 2, at + 1)


def test_rows_are_swapped(folder: Path) -> None:
    def change(rows: list[Row]) -> None:
        rows[10], rows[11] = rows[11], rows[10]
        rows[100], rows[2_000] = rows[2_000], rows[100]

    report = checked(folder, change)
    assert wrong(report) == {"out of order": 3}
    assert {each.kind for each in report.differences} == {"out of order"}
    assert {each.row for each in report.differences} <= {11, 12, 101, 2_001}


def test_a_row_came_from_elsewhere(folder: Path) -> None:
    rows = OTHER.transactions().to_dicts()[1_500]
    text = {name: value if isinstance(value, float | int) else str(value) for name, value in rows.items()}
    binary = path_of(folder).suffix in (".parquet", ".arrow")
    report = checked(folder, lambda found: found.insert(1_234, rows if binary else text))
    assert wrong(report) == {"foreign": 1}
    assert report.first
    assert (report.first.kind, report.first.row, report.first.expected) == ("foreign", 1_235, None)
    assert str(report.first.found).startswith(rows["tid"])


def test_a_file_of_other_data(folder: Path, tmp_path: Path) -> None:
    write(OTHER, tmp_path / "other", format=None if path_of(folder).suffix == ".parquet" else path_of_format(folder))
    shutil.copy(path_of(tmp_path / "other"), path_of(folder))
    report = verify(folder)
    assert wrong(report) == {"missing": 3_000, "foreign": 3_000}
    assert report.notes == (f"{path_of(folder).name} holds no row of these data",)


def path_of_format(folder: Path) -> Any:
    return json.loads((folder / "manifest.json").read_text())["format"]


@pytest.mark.parametrize(
    ("columns", "counts"),
    [
        (("tid", "cc_num", "city"), {"altered": 1}),  # no more than a third: it is the row at its place
        (("tid", "cc_num", "category", "city"), {"missing": 1, "foreign": 1}),
        (("tid", "datetime", "category", "city"), {"altered": 1}),  # card, amount and position say which row it is
    ],
)
def test_several_values_were_changed(tmp_path: Path, columns: tuple[str, ...], counts: dict[str, int]) -> None:
    write(DATA, tmp_path, format="csv")
    report = checked(tmp_path, lambda rows: rows[123].update({name: str(CHANGED[name]) for name in columns}))
    assert wrong(report) == counts


def test_of_each_kind_the_first_rows_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aligning, "WINDOW", 500)
    write(DATA, tmp_path, format="csv")

    def change(rows: list[Row]) -> list[Row]:
        for row in rows[::100]:
            row["city"] = "Erewhon"
        return [row for number, row in enumerate(rows) if number % 100 != 50]

    report = checked(tmp_path, change)
    assert wrong(report) == {"missing": 30, "altered": 30}
    assert [(each.kind, each.row) for each in report.differences if each.kind == "missing"] == [
        ("missing", 99 * number + 51) for number in range(EXAMPLES)
    ]
    assert [each.kind for each in report.differences].count("altered") == EXAMPLES


def test_all_at_once(folder: Path) -> None:
    def change(rows: list[Row]) -> list[Row]:
        rows[1_000]["city"] = rows[2_000]["city"] = "Erewhon"
        return rows[:50] + rows[51:300] + rows[298:700] + [rows[701], rows[700]] + rows[702:2_990]

    report = checked(folder, change)
    assert wrong(report) == {"missing": 1, "doubled": 2, "altered": 2, "out of order": 1, "truncated": 10}
    assert report.first
    assert (report.first.kind, report.first.row) == ("missing", 51)


def test_a_file_is_not_there(folder: Path) -> None:
    path = path_of(folder, "profiles")
    path.unlink()
    report = verify(folder)
    assert wrong(report, "profiles") == {"missing": 400}
    assert report.problems == (f"{path.name} is not there",)


@pytest.mark.parametrize("name", ["csv", "ndjson"])
def test_bytes_are_flipped_in_text(tmp_path: Path, name: Any) -> None:
    """A line that is not a row, or has invalid values, counts as the row at its place, altered."""
    write(DATA, tmp_path, format=name)
    path = path_of(tmp_path)
    content = bytearray(path.read_bytes())
    at = content.index(b"\n", len(content) // 2) + 50  # within the time
    content[at : at + 3] = b'"\x00\xff'
    path.write_bytes(content)
    report = verify(tmp_path)
    assert wrong(report) == {"altered": 1}
    [difference] = report.differences
    assert difference.found == UNREADABLE


@pytest.mark.parametrize("name", ["csv", "ndjson"])
@pytest.mark.parametrize("number", [50, 2_999])
def test_a_row_is_cut(tmp_path: Path, name: Any, number: int) -> None:
    """It is one difference, with the whole row, and not one for each column."""
    write(DATA, tmp_path, format=name)
    path = path_of(tmp_path)
    lines = path.read_bytes().splitlines()
    lines[number + (name == "csv")] = lines[number + (name == "csv")][:60]
    path.write_bytes(b"\n".join(lines))
    report = verify(tmp_path)
    assert wrong(report) == {"altered": 1}
    assert (report.tables[0].unreadable, report.tables[0].columns) == (1, {})
    [difference] = report.differences
    assert str(difference).startswith(f"transactions: {path.name}, row {number + 1:,}: altered, expected ")
    assert str(difference.expected).startswith(DATA.transactions()["tid"][number] + ", 2022-")
    assert str(difference).endswith(", found a row that is cut or cannot be read")


def test_bytes_are_flipped_in_parquet(tmp_path: Path) -> None:
    write(DATA, tmp_path, compression="none")
    path = path_of(tmp_path)
    content = bytearray(path.read_bytes())
    number = DATA.transactions()["amount"][1_000]
    import struct

    at = content.index(struct.pack("<d", number))
    content[at + 6] ^= 1
    path.write_bytes(content)
    report = verify(tmp_path)
    assert wrong(report) == {"altered": 1}
    assert report.first
    assert (report.first.column, report.first.expected) == ("amount", str(number))


@pytest.mark.parametrize(("name", "compression"), [("parquet", "zstd"), ("ipc", "zstd"), ("csv", "gzip"), ("ndjson", "zstd")])
def test_bytes_are_flipped_in_what_is_compressed(tmp_path: Path, name: Any, compression: Any) -> None:
    """Whatever results, an unreadable file or other rows, it is reported."""
    write(DATA, tmp_path, format=name, compression=compression)
    path = path_of(tmp_path)
    content = path.read_bytes()
    for eighth in range(1, 8):
        at = len(content) * eighth // 8
        path.write_bytes(content[:at] + bytes(8) + content[at + 8 :])
        report = verify(tmp_path)
        assert not report.ok
        assert report.problems or wrong(report)


@pytest.mark.parametrize(
    ("name", "compression"), [("parquet", "zstd"), ("ipc", "lz4"), ("csv", "gzip"), ("ndjson", "zstd"), ("csv", "none")]
)
def test_a_file_is_cut_off(tmp_path: Path, name: Any, compression: Any) -> None:
    write(DATA, tmp_path, format=name, compression=compression)
    path = path_of(tmp_path)
    path.write_bytes(path.read_bytes()[:-2_000])
    report = verify(tmp_path)
    counts = wrong(report)
    if compression == "none":
        assert counts["truncated"] in (15, 16)
        assert report.problems == ()
    else:
        assert counts.keys() & {"missing", "truncated"}
        [problem] = report.problems
        assert path.name in problem
        assert "cannot be read" in problem


def test_a_file_of_another_format(folder: Path) -> None:
    path = path_of(folder)
    path.write_bytes(b"this is nothing of that kind\n" * 100)
    report = verify(folder)
    assert wrong(report) == {"missing": 3_000}
    assert any(path.name in problem for problem in report.problems)


def renamed(rows: list[Row], **names: str) -> list[Row]:
    """The rows with other names of columns; those renamed to "" are left out."""
    return [{new: value for name, value in row.items() if (new := names.get(name, name))} for row in rows]


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ({"city": ""}, "has no column city"),
        ({"amount": "amt"}, "has no column amount, and has the unknown column amt (was amount renamed to amt?)"),
        ({"amount": "betrag"}, "has no column amount, and has the unknown column betrag (was amount renamed to betrag?)"),
        (
            {"amount": "betrag", "country": "countries"},
            "has no columns amount, country, and has the unknown columns betrag, countries (was country renamed to countries?)",
        ),
        ({"datetime": "when", "city": "town"}, "has no columns datetime, city, and has the unknown columns when, town"),
    ],
)
def test_a_column_is_missing(folder: Path, names: dict[str, str], problem: str) -> None:
    """It is reported once, and the rows are compared by the columns that are there."""
    report = checked(folder, lambda rows: renamed(rows, **names))
    assert wrong_of(report) == {}
    assert not report.ok
    assert report.problems == (f"{path_of(folder).name}: {problem}",)
    assert report.tables[0].same == 3_000
    assert report.tables[0].absent == list(names)
    assert report.notes == ()


def test_a_column_and_rows_are_missing(folder: Path) -> None:
    report = checked(folder, lambda rows: renamed(rows[:50] + rows[51:], amount="amt"))
    assert wrong_of(report) == {"missing": 1}
    assert report.first
    assert report.first.row == 51


def test_hardly_a_column_is_there(folder: Path) -> None:
    """The file does not count as this table."""
    report = checked(folder, lambda rows: [{name: row[name] for name in ("tid", "datetime", "cc_num", "amount")} for row in rows])
    assert wrong(report) == {"missing": 3_000}
    [problem] = report.problems
    assert "has no column category: its columns are tid, datetime, cc_num, amount" in problem


def test_a_column_more(folder: Path) -> None:
    report = checked(folder, lambda rows: [row | {"terminal": "7"} for row in rows])
    assert report.ok
    assert report.notes == ("transactions: columns that no configuration makes were not compared: terminal",)


def test_files_that_are_not_looked_at(folder: Path) -> None:
    """A copy under another name, and a table in another format."""
    path = path_of(folder)
    shutil.copy(path, folder / f"transactions-old{path.suffix}")
    other = ".csv" if path.suffix != ".csv" else ".ndjson"
    write(DATA, folder / f"profiles{other}", table="profiles")
    (folder / "notes.txt").touch()
    report = verify(folder)
    assert report.ok
    names = f"profiles{other}, transactions-old{path.suffix}"
    assert report.notes == (f"{names} are not named in the manifest, and were not looked at",)
    (folder / f"transactions-old{path.suffix}").unlink()
    assert verify(folder, table="transactions").notes == ()
    assert verify(folder, table="profiles").notes == (f"profiles{other} is not named in the manifest, and was not looked at",)


def test_columns_in_another_order(folder: Path) -> None:
    """Each has its name."""
    report = checked(folder, lambda rows: [dict(reversed(row.items())) for row in rows])
    assert report.ok
    assert (report.notes, report.differences) == ((), ())
    report = checked(folder, lambda rows: rows[:7] + rows[8:])
    assert wrong(report) == {"missing": 1}


# Parts


def test_columns_are_missing_in_parts(tmp_path: Path) -> None:
    """Files that lack the same columns are one problem; what any of them lacks is compared in none."""
    write(PARTS, tmp_path, format="csv", parts=4)
    first, second, third, fourth = transactions(tmp_path)
    for path in (second, third):
        spoil(path, lambda rows: renamed(rows, amount="amt"))
    report = verify(tmp_path)
    assert wrong_of(report) == {}
    assert report.problems == (
        f"transactions/{second.name} and 1 more file: has no column amount, and has the unknown column amt "
        "(was amount renamed to amt?)",
    )
    spoil(fourth, lambda rows: renamed(rows, amount="amt"))
    assert verify(tmp_path).problems[0].startswith(f"transactions/{second.name} and 2 more files: has no column amount")
    spoil(fourth, lambda rows: renamed(rows, amt="amount"))
    half = ("tid", "cc_num", "category", "city", "country")
    spoil(first, lambda rows: renamed(rows, **dict.fromkeys(half[:4], "")))
    spoil(fourth, lambda rows: renamed(rows, **dict.fromkeys(half, "")))
    report = verify(tmp_path)
    assert report.tables[0].absent == ["tid", "cc_num", "category", "amount", "city"]
    assert [problem.partition(":")[0] for problem in report.problems] == [
        f"transactions/{first.name}",
        f"transactions/{second.name} and 1 more file",
        str(fourth),  # without its columns hardly any would be left
    ]


@pytest.fixture(scope="module", params=["parquet", "ndjson"])
def written_parts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three parts, written once."""
    path = tmp_path_factory.mktemp("written") / "parts"
    write(PARTS, path, format=request.param, parts=3)
    return path


@pytest.fixture
def parts(written_parts: Path, tmp_path: Path) -> Path:
    """A copy of them, to be spoilt."""
    return Path(shutil.copytree(written_parts, tmp_path / "parts"))


def transactions(folder: Path) -> list[Path]:
    return sorted((folder / "transactions").iterdir())


def test_parts_are_as_they_should_be(parts: Path) -> None:
    report = verify(parts)
    assert report.ok
    assert (report.problems, report.notes) == ((), ())
    assert [file.parts for table in report.tables for file in table.files] == [[0], [1], [2]] * 3


def test_a_part_is_missing(parts: Path) -> None:
    rows = PARTS.part(2, 3).num_rows
    transactions(parts)[1].unlink()
    report = verify(parts)
    assert wrong(report) == {"missing": rows}
    assert [Path(problem).name for problem in report.problems] == [
        f"part-00002-of-00003{transactions(parts)[0].suffix} is not there"
    ]
    assert report.first
    assert (report.first.kind, report.first.expected) == ("missing", as_text(PARTS.part(2, 3)))


def as_text(data: Dataset) -> str:
    """The first row."""
    return ", ".join(map(str, next(data.batches()).row(0)))


def test_a_part_is_there_twice(parts: Path) -> None:
    first = transactions(parts)[0]
    shutil.copy(first, first.with_name(f"more{first.suffix}"))
    report = verify(parts)
    assert wrong(report) == {"doubled": PARTS.part(1, 3).num_rows}
    assert len(report.notes) == 1


def test_parts_were_renamed(parts: Path) -> None:
    """The content says which part it is."""
    first, second, third = transactions(parts)
    first.rename(first.with_name("x"))
    second.rename(first)
    first.with_name("x").rename(second)
    third.rename(third.with_name(f"a{third.suffix}"))
    report = verify(parts)
    assert report.ok
    assert sorted(note.partition(" ")[2] for note in report.notes) == [
        "holds rows of part 1, not of part 2",
        "holds rows of part 2, not of part 1",
        f"is not named in the manifest: it holds {PARTS.part(3, 3).num_rows:,} rows of part 3",
        f"is not there; rows of it are in transactions/a{third.suffix}",
    ]


def test_a_part_under_two_other_names(parts: Path) -> None:
    """What the second file holds is there already."""
    *_, third = transactions(parts)
    other = third.with_name(f"a{third.suffix}")
    third.rename(other)
    shutil.copy(other, third.with_name(f"b{third.suffix}"))
    assert f"transactions/{third.name} is not there; rows of it are in transactions/{other.name}" in verify(parts).notes


def test_a_file_more_says_what_it_holds(parts: Path) -> None:
    """Even if that is nothing, or nothing as expected."""
    first = transactions(parts)[0]
    rows = load(first)
    names = [first.with_name(f"x-{number}{first.suffix}") for number in range(3)]
    save(names[0], [])
    save(names[1], [row | {"city": "Erewhon"} for row in rows[:100]])
    save(first, rows[100:])
    save(names[2], rows[-50:])
    assert sorted(note for note in verify(parts).notes if "not named" in note) == [
        f"transactions/{names[0].name} is not named in the manifest: it holds no rows",
        f"transactions/{names[1].name} is not named in the manifest: it holds 100 rows, none of them as it should be",
        f"transactions/{names[2].name} is not named in the manifest: it holds 50 rows of part 1, all of them rows that are there already",
    ]


def test_a_whole_under_another_name_is_of_no_part(folder: Path) -> None:
    path = path_of(folder)
    (folder / "transactions").mkdir()
    path.rename(folder / "transactions" / path.name)
    report = verify(folder)
    assert report.ok
    where = f"transactions/{path.name}"
    assert f"{where} is not named in the manifest: it holds 3,000 rows" in report.notes


def test_a_part_of_other_data(parts: Path, tmp_path: Path) -> None:
    other = Dataset(Config(rows=200_000, seed=6, cards=1_000))
    path = transactions(parts)[1]
    path.unlink()
    write(other.part(2, 3), path)
    report = verify(parts)
    rows = PARTS.part(2, 3).num_rows
    assert wrong(report) == {"missing": rows, "foreign": other.part(2, 3).num_rows}
    assert report.notes == (f"transactions/{path.name} holds no row of these data",)


def test_a_part_ends_early(parts: Path) -> None:
    spoil(transactions(parts)[0], lambda rows: rows[:-100])
    report = verify(parts)
    assert wrong(report) == {"truncated": 100}
    assert report.first
    assert (report.first.kind, report.first.row) == ("truncated", PARTS.part(1, 3).num_rows - 99)


def test_a_row_moved_to_another_part(parts: Path) -> None:
    first, _, third = transactions(parts)
    moved: list[Row] = []
    spoil(first, lambda rows: moved.append(rows.pop(1_000)))
    spoil(third, lambda rows: rows.insert(500, moved[0]))
    report = verify(parts)
    assert wrong(report) == {"out of order": 1}


def test_parts_of_one_run_only(tmp_path: Path) -> None:
    """The others are made elsewhere; a manifest is written when all are there."""
    for number in (3, 1):
        write(PARTS, tmp_path, parts=3, part=number)
    report = verify(tmp_path)
    assert report.ok
    assert report.notes == ("only parts 1 and 3 of 3 are described, and compared",)
    transactions(tmp_path)[0].unlink()
    assert wrong(verify(tmp_path)) == {"missing": PARTS.part(1, 3).num_rows}


def test_parts_without_a_manifest(tmp_path: Path) -> None:
    write(PARTS, tmp_path, parts=2)
    (tmp_path / "manifest.json").unlink()
    report = verify(tmp_path)
    assert report.ok
    assert report.notes == ("all parts have their records, but there is no manifest: repeat the run that wrote them to write it",)


def test_a_part_without_its_record(tmp_path: Path) -> None:
    """While the part is being made, or if its files were copied without the record: nothing says that they are complete."""
    write(PARTS, tmp_path, parts=2)
    (tmp_path / "manifest.json").unlink()
    (tmp_path / "parts" / "part-00001-of-00002.json").unlink()
    report = verify(tmp_path)
    assert report.ok
    names = ", ".join(f"{table}/part-00001-of-00002.parquet" for table in ("transactions", "credit_cards", "profiles"))
    assert report.notes == (
        f"{names} are not named in the record of a part, and were not looked at",
        "only part 2 of 2 is described, and compared",
    )
    assert verify(tmp_path, PARTS).ok  # all of it is there


def test_a_whole_dataset_is_asked_for_where_parts_are(tmp_path: Path) -> None:
    write(PARTS, tmp_path, parts=3, part=1)
    report = verify(tmp_path, PARTS)
    assert dict(report.tables[0].counts()) == {"truncated": PARTS.num_rows - PARTS.part(1, 3).num_rows}
    assert verify(tmp_path, PARTS.part(1, 3)).ok


def test_a_part_is_asked_for_where_the_manifest_describes_the_whole(tmp_path: Path) -> None:
    write(PARTS, tmp_path, parts=3)
    allowed = r"^part = 2: must not be given: .* has the manifest of a whole dataset$"
    with pytest.raises(OptionError, match=allowed):
        verify(tmp_path, PARTS.part(2, 3))
    (tmp_path / "manifest.json").rename(tmp_path / "elsewhere")
    assert verify(transactions(tmp_path)[1], PARTS.part(2, 3)).ok


def test_another_part_than_the_one_that_is_there(tmp_path: Path) -> None:
    write(PARTS, tmp_path, parts=2, part=1)
    report = verify(tmp_path, PARTS.part(2, 2))
    assert not report.ok
    assert report.problems == ()
    assert {each.table for each in report.tables if each.same} == set()


@pytest.mark.parametrize("seed", [5, 77])
@pytest.mark.parametrize("table", list(TABLES))
def test_rows_that_are_taken_for_altered_ones_far_ahead_of_these(seed: int, table: str, tmp_path: Path) -> None:
    """They count as altered, the true rows as doubled, and no rows as out of order."""
    data = Dataset(Config(rows=200_000, seed=seed))
    write(data, path := tmp_path / f"{table}.csv", table=table)
    part = data.part(2, 2)
    report = verify(path, part, table=table)
    [counts] = report.tables
    assert counts.found == data.count(table)
    assert counts.same + counts.doubled == part.count(table)
    assert counts.foreign + counts.altered == data.count(table) - part.count(table)
    assert counts.altered == counts.doubled
    assert counts.out_of_order == counts.missing == counts.truncated == 0
    assert not [each for each in report.differences if each.kind == "out of order"]


def test_where_parts_end_and_the_rest_is_missing(tmp_path: Path) -> None:
    """The rest is reported after the last part that is there, not after the first."""
    for part in (1, 2):
        write(PARTS, tmp_path, parts=3, part=part)
    [shown] = [each for each in verify(tmp_path, PARTS).differences if each.where.startswith("transactions/")]
    assert shown.where == "transactions/part-00002-of-00003.parquet"
    assert (shown.row, shown.rows) == (PARTS.part(2, 3).num_rows + 1, PARTS.part(3, 3).num_rows)


def test_a_table_that_the_manifest_leaves_out(folder: Path) -> None:
    tables = manifest(folder)["tables"]
    del tables["profiles"]
    edit(folder, tables=tables)
    report = verify(folder)
    assert report.problems == ("manifest: names 0 files of profiles, and there should be 1",)
    assert [table.table for table in report.tables] == list(TABLES)


def test_a_manifest_without_end(folder: Path) -> None:
    (folder / "manifest.json").write_text("[" * 100_000)
    with pytest.raises(InputError, match=r"manifest\.json: cannot be read: it is not a complete manifest"):
        verify(folder)


def test_a_row_without_end(tmp_path: Path) -> None:
    path = tmp_path / "x.ndjson"
    path.write_text("[" * 100_000)
    with pytest.raises(InputError, match=r"x\.ndjson: cannot be read: its first lines are no JSON objects"):
        verify(path)
    write(DATA, path, overwrite=True)
    path.write_text(path.read_text() + '{"tid": ' * 100_000 + "\n")
    assert wrong(verify(path, DATA)) == {"foreign": 1}


@pytest.mark.parametrize("denied", [".", "transactions"])
def test_a_directory_that_may_not_be_listed(tmp_path: Path, denied: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write(PARTS, tmp_path, parts=2)
    listed = Path.iterdir

    def iterdir(path: Path) -> Any:
        if path == tmp_path / denied:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    with pytest.raises(InputError, match=f"{tmp_path / denied}: cannot be read: permission denied"):
        verify(tmp_path)


def test_a_column_of_a_file_that_was_renamed(tmp_path: Path) -> None:
    """A file may have any columns, but one named almost like a column that is not there is taken for it."""
    write(DATA, path := tmp_path / "x.csv", columns=["tid", "amount", "fraud_label"])
    path.write_text(path.read_text().replace("fraud_label", "label", 1))
    report = verify(path, DATA)
    problem = "x.csv: has no column fraud_label, and has the unknown column label (was fraud_label renamed to label?)"
    assert (report.ok, report.problems) == (False, (problem,))
    path.write_text(path.read_text().replace("label", "score", 1))
    assert verify(path, DATA).ok


def test_a_file_that_is_said_to_be_of_another_table(tmp_path: Path) -> None:
    write(DATA, path := tmp_path / "x.csv", table="profiles")
    with pytest.raises(InputError, match=r"x\.csv: holds profiles, by its columns, and not credit_cards$"):
        verify(path, DATA, table="credit_cards")
    write(DATA, path, table="profiles", columns=["cc_num"], overwrite=True)
    assert verify(path, DATA, table="credit_cards").ok


def test_parts_in_one_file(tmp_path: Path) -> None:
    """Put together in the wrong order, they are out of order."""
    for number in (1, 2):
        write(PARTS.part(number, 2), tmp_path / f"{number}.csv")
    first, second = ((tmp_path / f"{number}.csv").read_bytes() for number in (1, 2))
    header, _, rows = second.partition(b"\n")
    (tmp_path / "all.csv").write_bytes(first + rows)
    assert verify(tmp_path / "all.csv", PARTS).ok
    (tmp_path / "all.csv").write_bytes(second + first[len(header) + 1 :])
    report = verify(tmp_path / "all.csv", PARTS)
    assert wrong(report) == {"out of order": PARTS.part(1, 2).num_rows}


def test_a_part_as_a_file(tmp_path: Path) -> None:
    write(PARTS, tmp_path / "x.parquet", parts=3, part=2)
    assert verify(tmp_path / "x.parquet", PARTS.part(2, 3)).ok
    report = verify(tmp_path / "x.parquet", PARTS)
    assert wrong(report) == {"missing": PARTS.part(1, 3).num_rows, "truncated": PARTS.part(3, 3).num_rows}


# Manifests


def edit(folder: Path, **changes: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text())  # type: ignore[no-any-return]


def test_the_configuration_was_edited(folder: Path) -> None:
    edit(folder, config=manifest(folder)["config"] | {"seed": 6})
    report = verify(folder)
    assert report.problems[0] == "manifest: the fingerprint is not that of the configuration: one of the two was changed"
    assert report.problems[1] == "manifest: seed is 5, and the configuration's is 6"
    assert not any(table.same for table in report.tables)


def test_the_fingerprint_was_edited(folder: Path) -> None:
    edit(folder, fingerprint="0" * 64)
    report = verify(folder)
    assert report.problems == ("manifest: the fingerprint is not that of the configuration: one of the two was changed",)
    assert wrong(report) == {}
    assert not report.ok


@pytest.mark.parametrize(("field", "value"), [("rows", 2_999), ("digest", "0123456789abcdef")])
def test_an_entry_was_edited(folder: Path, field: str, value: Any) -> None:
    tables = manifest(folder)["tables"]
    right = tables["transactions"][field]
    tables["transactions"][field] = value
    edit(folder, tables=tables)
    report = verify(folder)
    assert report.problems == (f"manifest: {path_of(folder).name}: {field} is {value}, and the configuration makes {right}",)
    assert wrong(report) == {}


def test_counts_were_edited(folder: Path) -> None:
    edit(folder, counts=manifest(folder)["counts"] | {"frauds": 1})
    assert verify(folder).problems == (f"manifest: counts: frauds is 1, and should be {DATA.plan.frauds}",)


def test_counts_of_nothing_may_be_left_out(tmp_path: Path) -> None:
    """As by a version that did not make it."""
    write(Config(rows=300, atm={"cards": 0}), tmp_path, format="csv")
    edit(tmp_path, counts={name: count for name, count in manifest(tmp_path)["counts"].items() if count})
    assert verify(tmp_path).ok


def test_an_entry_of_a_part_was_edited(parts: Path) -> None:
    tables = manifest(parts)["tables"]
    tables["transactions"]["rows"] = 7
    edit(parts, tables=tables)
    assert verify(parts).problems == ("manifest: transactions: rows is 7, and the configuration makes 200000",)
    tables["transactions"]["rows"] = 200_000
    tables["transactions"]["files"][1]["digest"] = "0" * 16
    edit(parts, tables=tables)
    [problem] = verify(parts).problems
    assert problem.startswith("manifest: transactions/part-00002-of-00003")
    for number in (10**6, "3"):
        edit(parts, parts=number)
        with pytest.raises(InputError, match="names parts that cannot exist"):
            verify(parts)


def test_fewer_tables(folder: Path) -> None:
    tables = manifest(folder)["tables"]
    del tables["profiles"]
    edit(folder, tables=tables)
    path_of(folder, "profiles").unlink()
    report = verify(folder)
    assert report.ok
    assert [table.table for table in report.tables] == ["transactions", "credit_cards"]


@pytest.mark.parametrize("missing", ["transactions", "credit_cards", "profiles"])
def test_fewer_tables_without_a_manifest(folder: Path, missing: str) -> None:
    (folder / "manifest.json").unlink()
    path_of(folder, missing).unlink()
    report = verify(folder, DATA)
    assert report.problems == (f"{missing} is not there",)
    assert not report.ok
    for table in TABLES.keys() - {missing}:
        assert verify(folder, DATA, table=table).ok


def test_files_of_one_table(folder: Path, tmp_path: Path) -> None:
    """As another program may write them."""
    (tmp_path / "alone").mkdir()
    path = path_of(folder, "transactions")
    path.rename(tmp_path / "alone" / f"0{path.suffix}")
    assert verify(tmp_path / "alone", DATA).ok


def test_another_data_version(folder: Path) -> None:
    edit(folder, data_version=99, fastgen="9.1")
    with pytest.raises(
        InputError, match=rf"has data version 99, and this fastgen makes data version {DATA_VERSION} \(fastgen 9.1 made it\)"
    ):
        verify(folder)


def test_other_word_lists(folder: Path) -> None:
    edit(folder, vocabularies={"faker": "1.2.3", "digest": "0"})
    message = (
        rf"made with the word lists of Faker 1.2.3, which are not those of Faker {load_pools().faker} \(pip install faker==1.2.3\)"
    )
    with pytest.raises(InputError, match=message):
        verify(folder)


@pytest.mark.parametrize("columns", [["name", "age"], ["sex", "name"], ["name", "name"]], ids=" ".join)
def test_columns_that_there_are_not(folder: Path, columns: list[str]) -> None:
    tables = manifest(folder)["tables"]
    tables["profiles"]["columns"] = columns
    edit(folder, tables=tables)
    with pytest.raises(InputError, match="names other columns of profiles than there are"):
        verify(folder)


# Without a manifest, or against it


@pytest.mark.parametrize("columns", [["tid", "datetime"], ["datetime", "cc_num", "amount"], ["amount"], ["cc_num", "fraud_label"]])
@pytest.mark.parametrize("ending", [".parquet", ".csv.gz", ".ndjson", ".arrow"])
def test_a_file_with_some_columns(tmp_path: Path, columns: list[str], ending: str) -> None:
    path = tmp_path / f"x{ending}"
    write(DATA, path, columns=columns)
    assert verify(path, DATA).ok
    assert not verify(path, OTHER).ok
    if ending == ".ndjson":
        spoil(path, lambda rows: rows[:-3])
        assert wrong(verify(path, DATA)) == {"truncated": 3}
        spoil(path, lambda rows: rows[5].update({columns[-1]: None}))
        report = verify(path, DATA)
        assert wrong(report) == {"truncated": 3, "altered": 1}
        assert (report.tables[0].unreadable, report.tables[0].columns) == (0, {columns[-1]: 1})


def test_a_value_of_a_file_with_two_columns_was_changed(tmp_path: Path) -> None:
    write(DATA, path := tmp_path / "x.csv", columns=["tid", "datetime"])
    spoil(path, lambda rows: rows[5].update(tid=CHANGED["tid"]))
    assert wrong(verify(path, DATA)) == {"altered": 1}


@pytest.mark.parametrize("table", ["credit_cards", "profiles"])
def test_a_file_of_another_table(tmp_path: Path, table: str) -> None:
    write(DATA, tmp_path / "cards.csv", table=table)
    report = verify(tmp_path / "cards.csv", DATA.config)
    assert report.ok
    assert [each.table for each in report.tables] == [table]


def test_a_manifest_that_says_otherwise(folder: Path) -> None:
    """Options win, and the report says so."""
    report = verify(folder, OTHER)
    assert report.problems == ("the manifest describes other data than the options: seed 5, not 6",)
    assert not any(table.same for table in report.tables)
    assert verify(folder, DATA).ok
    assert verify(folder, Config(**DATA.config.model_dump())).ok


@pytest.mark.parametrize("parts", [0, -1, "2", 1.5, True])
def test_a_manifest_of_impossible_parts(folder: Path, parts: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"parts": parts}))
    with pytest.raises(InputError, match=r"names parts that cannot exist: parts = .*: must be a whole number of at least 1$"):
        verify(folder)


@pytest.mark.parametrize("name", ["x" * 5_000, "a\0b", ""])
def test_a_manifest_that_names_what_is_no_path(folder: Path, name: str) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["tables"]["transactions"]["file"] = name
    path.write_text(json.dumps(manifest))
    assert verify(folder).notes


@pytest.mark.parametrize("format", ["csv", "ndjson"])
def test_nothing_to_compare_with(format: str, tmp_path: Path) -> None:
    write(DATA, tmp_path, format=format)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(
        OptionError,
        match=r"^data: must be given: no manifest says what .* holds \(the configuration .*, such as `rows` and `seed`; `scale` 1 is the default\)$",
    ):
        verify(path_of(tmp_path))
    with pytest.raises(OptionError, match="no manifest says what"):
        verify(tmp_path)
    assert verify(tmp_path, DATA).ok
