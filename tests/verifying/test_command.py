"""`fastgen verify` of files: what it prints, where, and its exit code."""

import json
import shutil
from pathlib import Path

import pytest

from fastgen import Config, Dataset, DifferenceError, OptionError, cli, write
from fastgen.cli.verifying import SHOWN

from .tables import path_of, spoil

DATA = Dataset(Config(rows=2_000, seed=5, cards=300))
FLAGS = ["--rows", "2000", "--seed", "5", "--set", "cards=300"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(DATA, tmp_path / "data", format="csv")
    return tmp_path / "data"


def run(*arguments: str | Path) -> None:
    cli.cli.main(["verify", *map(str, arguments)], prog_name="fastgen", standalone_mode=False)


def test_all_is_well(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(folder)
    captured = capfd.readouterr()
    assert captured.out.splitlines() == [
        "transactions: 2,000 of 2,000 rows are as they should be",
        "credit_cards: 300 of 300 rows are as they should be",
        "profiles: 300 of 300 rows are as they should be",
    ]
    assert f"fastgen: {folder} holds what its configuration makes: 2,600 rows in" in captured.err
    assert captured.err.endswith(" rows/s, seed 5\n")


def test_something_is_wrong(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def change(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        rows[6]["city"] = "Erewhon"
        return rows[:100] + rows[101:]

    spoil(path_of(folder), change)
    path_of(folder, "profiles").unlink()
    with pytest.raises(DifferenceError) as error:
        run(folder)
    assert error.value.exit_code == 1
    assert str(error.value) == (f"{folder} does not hold what its configuration makes: 301 missing, 1 altered rows; 1 problem")
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "transactions: 1,998 of 2,000 rows are as they should be, 1 missing, 1 altered (city 1)"
    assert lines[2] == "profiles: 0 of 300 rows are as they should be, 300 missing"
    assert lines[3] == "problem: profiles.csv is not there"
    assert lines[4].startswith("first difference: transactions: transactions.csv, row 7: altered, column city, expected ")
    assert lines[4].endswith(", found Erewhon")
    assert lines[5].startswith("another: transactions: transactions.csv, row 101: missing, expected ")


def test_a_row_is_cut(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = path_of(folder)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DifferenceError, match=r"1 altered row$"):
        run(folder)
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "transactions: 1,999 of 2,000 rows are as they should be, 1 altered (unreadable 1)"
    [line] = lines[3:]
    assert line.startswith("first difference: transactions: transactions.csv, row 2,000: altered, expected ")


def test_only_the_first_differences_are_printed(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def change(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        for row in rows[::100]:
            row["city"] = "Erewhon"
        return [row for number, row in enumerate(rows) if number % 100 != 50]

    spoil(path_of(folder), change)
    with pytest.raises(DifferenceError, match=r"20 missing, 20 altered rows$"):
        run(folder)
    assert len(capfd.readouterr().out.splitlines()) == 3 + SHOWN


def test_a_column_was_renamed(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It is reported once, and no rows are reported as missing."""
    path = path_of(folder)
    path.write_text(path.read_text().replace("amount", "amt", 1))
    with pytest.raises(DifferenceError, match=r"its configuration makes: 1 problem$"):
        run(folder)
    assert capfd.readouterr().out.splitlines() == [
        "transactions: 2,000 of 2,000 rows are as they should be, compared without amount",
        "credit_cards: 300 of 300 rows are as they should be",
        "profiles: 300 of 300 rows are as they should be",
        "problem: transactions.csv: has no column amount, and has the unknown column amt (was amount renamed to amt?)",
    ]


def test_quietly(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(folder, "-q")
    assert capfd.readouterr() == ("", "")
    path_of(folder).unlink()
    with pytest.raises(DifferenceError, match=r"2,000 missing rows; transactions\.csv is not there"):
        run(folder, "-q")
    assert capfd.readouterr() == ("", "")  # the caller prints the error


def test_as_json(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    spoil(path_of(folder), lambda rows: rows[:-1])
    with pytest.raises(DifferenceError, match=r"1 truncated row$"):
        run(folder, "--json")
    report = json.loads(capfd.readouterr().out)
    assert not report["ok"]
    assert report["seed"] == 5
    assert report["tables"][0]["truncated"] == 1
    assert report["tables"][0]["files"] == [
        {"where": "transactions.csv", "found": 1_999, "same": 1_999, "doubled": 0, "foreign": 0, "altered": 0, "parts": [0]}
    ]
    assert report["differences"][0]["kind"] == "truncated"
    assert report["differences"][0]["row"] == 2_000
    path_of(folder).unlink()
    with pytest.raises(DifferenceError, match=r"2,000 missing rows; transactions\.csv is not there$"):
        run(folder, "--json")


def test_a_file_and_what_it_should_hold(folder: Path) -> None:
    run(path_of(folder), *FLAGS)
    run(path_of(folder, "profiles"), *FLAGS, "--table", "profiles", "--threads", "2")
    write(DATA, folder / "x.ndjson", parts=1, part=1)
    run(folder / "x.ndjson", *FLAGS, "--parts", "1", "--part", "1")
    with pytest.raises(DifferenceError):
        run(path_of(folder), "--rows", "2000", "--seed", "6")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "DIR|FILE: must be given, or else --topic"),
        (["data", "--topic", "t"], "--topic = 't': must not be given with a directory or a file"),
        (
            ["data", "--part", "1", "--parts", "2"],
            "--part = 1: must come with options that say what the data are (such as --config, ",
        ),
        (["data", "--parts", "2"], "--parts = 2: must come with options that say what the data are"),
        (["data", "--manifest", "data"], "--manifest = 'data': must come with --topic, and with no options"),
        (
            ["alone.csv"],
            "--config: must be given: no manifest says what alone.csv holds (the configuration of its data, such as --rows and",
        ),
        (["data", "--table", "card"], "--table = 'card': must be one of"),
        (["data", *FLAGS, "--parts", "2"], "--parts = 2: must come with --part"),
        (["data", *FLAGS, "--part", "2"], "--part = 2: must come with --parts"),
        (["data", *FLAGS, "--parts", "2", "--part", "3"], "--parts = 2: must be at most 1: "),
        (["data", "--key", "cc_num"], "--key: must come with --topic"),
        (["data", "--with-label"], "--with-label: must come with --topic"),
        (["data", "-X", "a=b"], "-X: must come with --topic"),
        *(
            (["data", f"--{name}", "x"], f"--{name}: must come with --topic")
            for name in ("bootstrap-servers", "coordinates", "timestamps", "labels-topic", "labels-delay", "producer-config")
        ),
        (["--topic", "t", "--table", "profiles"], "--table: must not be given with --topic"),
        (["--topic", "t", "--parts", "2"], "--parts: must not be given with --topic"),
    ],
)
def test_what_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str) -> None:
    monkeypatch.chdir(folder.parent)
    shutil.copy(path_of(folder), "alone.csv")
    with pytest.raises(OptionError) as error:
        run(*arguments)
    assert str(error.value).startswith(message)
    assert error.value.exit_code == 2
