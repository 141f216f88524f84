"""The command line: every option, every wrong value, what goes to which stream, and how it ends."""

import errno
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import polars as pl
import pytest
from command import Ended, Run, after_compiling

import fastgen
from fastgen import Config, Dataset, cli, load_config
from fastgen.cli import common
from fastgen.cli.stopping import SIGNALS
from fastgen.config import config_schema
from fastgen.config_text import to_toml
from fastgen.schema import DATA_VERSION

ROOT = Path(__file__).parents[1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names_in(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


# generate: the options


def test_a_directory(run: Run, folder: Path) -> None:
    assert run("generate", "--rows", "1_000", "--output", "out").code == 0
    assert names_in(folder / "out") == ["credit_cards.parquet", "manifest.json", "profiles.parquet", "transactions.parquet"]
    assert pl.read_parquet("out/transactions.parquet").height == 1_000


@pytest.mark.parametrize(("name", "read"), [("x.parquet", pl.read_parquet), ("x.csv", pl.read_csv), ("x.arrow", pl.read_ipc)])
def test_a_file(run: Run, folder: Path, name: str, read: Callable[[str], pl.DataFrame]) -> None:
    assert run("generate", "--rows", "1k", "-o", name).code == 0
    assert names_in(folder) == [name]
    assert read(name).height == 1_000


def test_the_standard_output_has_the_data_alone(run: Run, folder: Path) -> None:
    ended = run("generate", "--rows", 100, "-o", "-", "--table", "profiles", "--format", "csv", "--set", "cards=40")
    lines = ended.out.splitlines()
    assert lines[0] == "name,sex,mail,birthdate,City,Country,cc_num"
    assert len(lines) == 41
    assert re.fullmatch(r"fastgen: 40 profiles to the standard output: .*\n", ended.err)
    assert names_in(folder) == []


def test_table_columns_and_coordinates(run: Run, folder: Path) -> None:
    options = ["--format=ndjson", "--columns", "fraud_label, latitude,datetime", "--coordinates", "number", "-q", "-o", "-"]
    lines = [json.loads(line) for line in run("generate", "--rows=50", *options).out.splitlines()]
    assert [list(line) for line in lines] == [["datetime", "latitude", "fraud_label"]] * 50
    assert all(isinstance(line["latitude"], float) for line in lines)
    text = run("generate", "--rows=50", "--format=ndjson", "--columns=latitude", "--coordinates=text", "-q", "-o-").out
    assert [float(json.loads(line)["latitude"]) for line in text.splitlines()] == [line["latitude"] for line in lines]
    run("generate", "--rows=50", "--table=credit_cards", "-o", "cards.csv", "--set=cards=5")
    assert Path("cards.csv").read_text().count("\n") == 6


def test_format_and_compression(run: Run, folder: Path) -> None:
    run("generate", "--rows=100", "--format=csv", "--compression=gzip", "-o", "out")
    assert names_in(folder / "out") == ["credit_cards.csv.gz", "manifest.json", "profiles.csv.gz", "transactions.csv.gz"]
    run("generate", "--rows=100", "--format=ndjson", "-o", "x.txt")
    assert json.loads(Path("x.txt").read_text().splitlines()[0])["tid"]


def test_sizes_and_seed(run: Run, folder: Path) -> None:
    assert run("generate", "--rows", "0.5k", "-o-", "-q").out.count("\n") == 501
    assert run("generate", "--scale", "0.01", "-o-", "-q").out.count("\n") == Dataset(Config(scale=0.01)).num_rows + 1
    one, two, again = (run("generate", "--rows=100", f"--seed={seed}", "-o-", "-q").out for seed in (1, 2, 1))
    assert one == again != two


def test_threads_make_no_difference(run: Run, folder: Path) -> None:
    for threads in (1, 2, 3):
        run("generate", "--scale=1.5", "--columns=cc_num,amount", "-o", f"{threads}.parquet", f"--threads={threads}")
    assert Path("1.parquet").read_bytes() == Path("2.parquet").read_bytes() == Path("3.parquet").read_bytes()


def test_overwrite(run: Run, folder: Path) -> None:
    Path("x.csv").write_text("mine")
    refused = run("generate", "--rows=10", "-o", "x.csv")
    assert refused == Ended(1, "", "fastgen: x.csv exists already (--overwrite replaces it)\n")
    assert Path("x.csv").read_text() == "mine"
    assert run("generate", "--rows=10", "-o", "x.csv", "--overwrite").code == 0
    assert Path("x.csv").read_text().count("\n") == 11


def test_the_summary(run: Run, folder: Path) -> None:
    ended = run("generate", "--rows=20_000", "--seed=12", "--format=csv", "-o", "out")
    assert ended.out == ""
    found = re.fullmatch(
        r"fastgen: 20,000 transactions, 377 credit_cards, 377 profiles to out: "
        r"(\d+\.\d) MB in (\d+\.\d\d) s, ([\d,]+) rows/s, seed 12\n",
        ended.err,
    )
    assert found
    size = sum(path.stat().st_size for path in (folder / "out").glob("*.csv"))
    assert float(found[1]) == round(size / 1e6, 1)
    assert int(found[3].replace(",", "")) > 0


def test_one_of_a_kind_is_told_as_one(run: Run, folder: Path) -> None:
    one = ["--rows=1", "--set=cards=1", "--set=atm.cards=0"]
    assert run("generate", *one, "-o", "out").err.startswith("fastgen: 1 transaction, 1 credit_card, 1 profile to out: ")
    run("generate", *one, "-o", "parts/", "--parts=1")
    assert run("generate", *one, "-o", "parts/", "--parts=1").err == (
        "fastgen: nothing to make in parts/: 1 part was there already, seed 20220104\n"
    )
    Path("one.toml").write_text("rows = 1\ncards = 1\n[atm]\ncards = 0\n")
    assert " is valid: 1 transaction, fingerprint " in run("config", "check", "one.toml").err


def test_the_default_seed_is_told_and_stored(run: Run, folder: Path) -> None:
    seed = Config().seed
    assert run("generate", "--rows=10", "-o", "out").err.endswith(f", seed {seed}\n")
    assert json.loads(Path("out/manifest.json").read_text())["seed"] == seed
    assert f"seed = {seed}\n" in run("config", "show").out


def test_quiet_is_silent(run: Run, folder: Path) -> None:
    assert run("generate", "--rows=10", "-o", "out", "--quiet") == Ended(0, "", "")
    assert run("generate", "--rows=10", "-o", "out", "-q").err.startswith("fastgen: ")  # but errors are printed
    assert run("generate", "--rows=0", "-o", "new", "-q").code == 2


def test_fewer_cash_cards_than_asked_for_are_told(run: Run, folder: Path) -> None:
    few = ["--set=ages=[60,64]", "--set=cards=400", "--set=payments=100", "--set=atm.cards=100", "--set=atm.withdrawals=1_000"]
    note, summary = run("generate", *few, "-o", "out").err.splitlines()
    assert note == "fastgen: note: 22 cash cards, not 100: no more cards have a susceptible holder"
    assert summary.startswith("fastgen: 1,")
    assert run("generate", *few, "-o", "quiet", "-q").err == ""


UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}


@pytest.mark.parametrize("options", [["-o", "out"], ["-o", "x.csv", "--columns=tid,amount"], ["-o", "x.ndjson.gz"]], ids=" ".join)
def test_a_dry_run_writes_nothing_and_tells_the_size(run: Run, folder: Path, options: list[str]) -> None:
    ended = run("generate", "--rows=150k", "--seed=5", "--dry-run", *options)
    assert (ended.code, ended.err) == (0, "")
    assert names_in(folder) == []
    values = dict(re.split(r"\s{2,}|\s(?=about )", line, maxsplit=1) for line in ended.out.splitlines())
    data = Dataset(Config(rows=150_000, seed=5))
    assert values["seed"] == "5"
    assert values["fingerprint"] == data.fingerprint
    for name, count in data.plan.counts.items():
        assert values[name] == f"{count:,}"
    estimates = {name: re.fullmatch(r"about ([\d.]+) (k?M?G?B)", value) for name, value in values.items() if "about" in value}
    run("generate", "--rows=150k", "--seed=5", *options)
    assert {str(path) for path in map(Path, estimates)} == {
        str(path.relative_to(folder)) for path in folder.rglob("*.*") if path.name != "manifest.json"
    }
    for name, estimated in estimates.items():
        assert estimated
        size = float(estimated[1]) * UNITS[estimated[2]]
        assert 0.9 < size / Path(name).stat().st_size < 1.1


def test_a_dry_run_of_a_part_tells_the_size_of_the_part(run: Run, folder: Path) -> None:
    options = ["--rows=1M", "--parts=4", "--part=2", "-o", "second.parquet"]
    out = run("generate", "--dry-run", *options).out
    size, rows = (re.search(pattern, out) for pattern in (r"second.parquet +about ([\d.]+) MB", r"this part +about ([\d,]+) trans"))
    assert size
    assert rows
    run("generate", *options)
    assert float(size[1]) == pytest.approx(Path("second.parquet").stat().st_size / 1e6, rel=0.1)
    assert int(rows[1].replace(",", "")) == pytest.approx(pl.read_parquet("second.parquet").height, rel=0.05)


@pytest.mark.parametrize("options", [["--parts=2"], ["--parts=2", "--part=2"]], ids=" ".join)
def test_a_dry_run_names_the_parts(run: Run, folder: Path, options: list[str]) -> None:
    options = ["--rows=150k", *options, "-o", "out"]
    sizes = dict(re.findall(r"^(\S+) +about ([\d.]+ [kM]B)$", run("generate", "--dry-run", *options).out, re.MULTILINE))
    run("generate", *options)
    assert {path for name in sizes for path in folder.glob(name)} == {*folder.rglob("*.parquet")}
    for name, size in sizes.items():
        number, unit = size.split()
        assert float(number) * UNITS[unit] == pytest.approx(
            sum(path.stat().st_size for path in folder.glob(name)), rel=0.15
        )  # each part has its own dictionaries


def test_a_dry_run_of_parts_that_there_cannot_be(run: Run, folder: Path) -> None:
    ended = run("generate", "--dry-run", "--parts=2", "-o", "x.csv")
    assert (ended.code, ended.err.split(":")[1]) == (2, " --parts = 2")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["-o", "x.csv"], ["-o", "x.csv"]),
        (["-o", "out"], ["-o", "out"]),
        (["-o", "out"], ["-o", "out", "--parts=1"]),
        (["-o", "out", "--parts=1"], ["-o", "out"]),
        (["-o", "out", "--parts=1"], ["-o", "out", "--parts=1", "--seed=2"]),
        (["-o", "x.csv", "--format=csv"], ["-o", "x.csv/", "--overwrite"]),
    ],
    ids=" ".join,
)
def test_a_dry_run_tells_what_a_run_would_be_refused_for(run: Run, folder: Path, before: list[str], after: list[str]) -> None:
    run("generate", "--rows=100", *before)
    existing = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    dry = run("generate", "--rows=100", *after, "--dry-run")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == existing
    refused = run("generate", "--rows=100", *after)
    assert (dry.code, refused.code) == (0, 1)
    assert dry.err == refused.err.replace("fastgen: ", "fastgen: note: a run would be refused: ", 1)
    assert re.search("^fingerprint ", dry.out, re.MULTILINE)
    assert run("generate", "--rows=100", *after, "--dry-run", "--quiet").err == ""
    if "--overwrite" not in after:
        assert run("generate", "--rows=100", *after, "--dry-run", "--overwrite").err == ""


@pytest.mark.parametrize("output", ["gone/x.csv", "x.csv/y.csv"])
def test_a_dry_run_foresees_that_there_is_no_directory(run: Run, folder: Path, output: str) -> None:
    (folder / "x.csv").touch()
    options = ["--rows=100", "-o", output]
    dry, refused = run("generate", *options, "--dry-run"), run("generate", *options)
    assert (dry.code, refused.code) == (0, 1)
    assert dry.err == refused.err.replace("fastgen: ", "fastgen: note: a run would be refused: ", 1)


def test_a_dry_run_counts_the_parts_that_are_there(run: Run, folder: Path) -> None:
    options = ["--rows=400k", "--parts=3", "-o", "out"]
    for number, parts in ((1, "1 part is"), (2, "2 parts are")):
        assert run("generate", *options, f"--part={number}").code == 0
        assert run("generate", *options, "--dry-run").err == f"fastgen: note: {parts} there, and would not be made again\n"
        assert run("generate", *options, "--dry-run", "--overwrite").err == ""
    assert run("generate", *options, "--part=3", "--dry-run").err == ""


@pytest.mark.parametrize(
    "options",
    [["-o", "out"], ["-o", "x.csv", "--columns=tid,amount"], ["-o", "out", "--parts=2"]],
    ids=" ".join,
)
def test_a_run_reports_in_json_what_it_wrote(run: Run, folder: Path, options: list[str]) -> None:
    given = ["generate", "--rows=150k", "--seed=5", "--json", *options]
    planned = json.loads(run(*given, "--dry-run").out)
    data = Dataset(Config(rows=150_000, seed=5))
    assert (planned["seed"], planned["fingerprint"], planned["counts"]) == (5, data.fingerprint, data.plan.counts)
    ended = run(*given)
    report = json.loads(ended.out)
    assert (ended.code, ended.err, report["seed"], report["skipped"]) == (0, "", 5, 0)
    assert {file["path"]: file["size"] for file in report["files"]} == {
        str(path): path.stat().st_size for path in Path().rglob("*.*") if path.suffix in {".csv", ".parquet"}
    }
    assert report["size"] == sum(file["size"] for file in report["files"])
    assert report["rows"] == sum(file["rows"] for file in report["files"])
    assert sum(file["rows"] for file in report["files"] if file["table"] == "transactions") == 150_000
    assert sum(planned["sizes"].values()) == pytest.approx(report["size"], rel=0.15)
    again = run(*given)
    if "--parts=2" in options:
        report = json.loads(again.out)
        assert (report["skipped"], report["rows"], report["files"]) == (2, 0, [])
    else:
        assert (again.code, again.out) == (1, "")


def test_an_output_need_not_be_readable(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "x.csv").write_text("old")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.R_OK)
    assert run("generate", "--rows=9", "-o", "x.csv", "--overwrite").code == 0


@pytest.mark.parametrize("output", ["x/", "."])
def test_a_working_directory_that_is_gone(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    (folder / "gone").mkdir()
    monkeypatch.chdir(folder / "gone")
    (folder / "gone").rmdir()
    ended = run("generate", "--rows=9", "-o", output)
    assert ended == Ended(1, "", f"fastgen: {output}: cannot be written: no such file or directory\n")


def test_a_plan_in_json_has_about_the_rows_of_a_part(run: Run, folder: Path) -> None:
    options = ["generate", "--rows=1M", "--parts=4", "--part=2", "-o", "second.csv", "--json"]
    plan, report = json.loads(run(*options, "--dry-run").out), json.loads(run(*options).out)
    assert plan["part"] == pytest.approx(report["rows"], rel=0.05)
    assert plan["counts"]["transactions"] == 1_000_000


def test_a_report_in_json_is_not_mixed_with_rows(run: Run, folder: Path) -> None:
    ended = run("generate", "--rows=1k", "--json", "-o", "-")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "fastgen: --json: must not be given with --output -, which is where the rows go\n"
    assert list(json.loads(run("generate", "--rows=1k", "--json", "--dry-run", "-o", "-").out)["sizes"]) == ["-"]


def test_a_dry_run_to_the_standard_output(run: Run, folder: Path) -> None:
    ended = run("generate", "--rows=1k", "--dry-run", "-o", "-")
    assert re.search(r"^- +about 126 kB$|^- +about 12\d\.\d kB$", ended.out, re.MULTILINE)
    assert "tid,datetime" not in ended.out


# Where settings come from


def test_flags_win_over_set_and_set_over_the_file(run: Run, folder: Path) -> None:
    Path("f.toml").write_text("rows = 100\nseed = 1\n[fraud]\nratio = 0.1\nchain_lengths = [2, 3]\n")
    shown = tomllib.loads(run("config", "show", "--config=f.toml").out)
    assert (shown["rows"], shown["seed"], shown["fraud"]["ratio"]) == (100, 1, 0.1)
    options = ["--config=f.toml", "--set=rows=200", "--set=seed=2", "--set=fraud.ratio=0.2", "--set=fraud.ratio=0.3"]
    shown = tomllib.loads(run("config", "show", *options).out)
    assert (shown["rows"], shown["seed"], shown["fraud"]["ratio"]) == (200, 2, 0.3)
    assert shown["fraud"]["chain_lengths"] == [2, 3]
    shown = tomllib.loads(run("config", "show", *options, "--rows=300", "--seed=3").out)
    assert (shown["rows"], shown["seed"]) == (300, 3)
    shown = tomllib.loads(run("config", "show", "--config=f.toml", "--scale=2").out)
    assert ("rows" in shown, shown["scale"]) == (False, 2.0)
    assert run("generate", *options, "--rows=30", "-q", "-o-").out.count("\n") == 31


def test_settings_of_every_kind(run: Run, folder: Path) -> None:
    settings = {
        "start": "2023-05-06 07:08:09",
        "end": "2023-06-01",
        "ages": "[20, 30]",
        "atm.bands": "[{share=1, low=20, high=30}]",
        "categories": '[{name="A b", share=1, low=0.01, high=30000}]',
        "atm.radius": "0.5",
        "cards": "1_000",
    }
    shown = run("config", "show", *(f"--set={key}={value}" for key, value in settings.items())).out
    config = Config(**tomllib.loads(shown))
    assert (config.start, config.end) == (datetime(2023, 5, 6, 7, 8, 9), datetime(2023, 6, 1))
    assert (config.ages, config.cards, config.atm.radius) == ((20, 30), 1_000, 0.5)
    assert [band.share for band in config.atm.bands] == [1]
    assert [category.name for category in config.categories] == ["A b"]


def test_a_zero_is_given() -> None:
    assert common.DataOptions(None, None, None, 0, ()).are_given
    assert not common.DataOptions(None, None, None, None, ()).are_given


# config


def test_show_is_read_back_as_the_same_configuration(run: Run, folder: Path) -> None:
    Path("f.toml").write_text(run("config", "show", "--rows=5k", "--seed=9", "--set=fraud.ratio=0.02").out)
    assert load_config("f.toml") == Config(rows=5_000, seed=9, fraud={"ratio": 0.02})
    assert run("config", "check", "f.toml").code == 0
    one = run("generate", "--config=f.toml", "-o-", "-q").out
    assert one == run("generate", "--rows=5k", "--seed=9", "--set=fraud.ratio=0.02", "-o-", "-q").out


def test_init_writes_a_file_to_start_from(run: Run, folder: Path) -> None:
    assert run("config", "init") == Ended(0, "", "fastgen: wrote fastgen.toml\n")
    assert Path("fastgen.toml").read_text() == to_toml(Config())
    assert load_config("fastgen.toml") == Config()
    assert run("config", "check") == Ended(
        0, "", f"fastgen: fastgen.toml is valid: 106,020 transactions, fingerprint {fastgen.Dataset().fingerprint}\n"
    )
    Path("fastgen.toml").write_text("mine")
    assert run("config", "init") == Ended(1, "", "fastgen: fastgen.toml exists already (--overwrite replaces it)\n")
    assert Path("fastgen.toml").read_text() == "mine"
    assert run("config", "init", "--overwrite") == Ended(0, "", "fastgen: wrote fastgen.toml\n")
    assert load_config("fastgen.toml") == Config()
    assert run("config", "init", "no/x.toml") == Ended(1, "", "fastgen: no/x.toml: cannot be written: there is no directory no\n")


def test_init_leaves_nothing_where_there_is_no_room(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    ended = run("config", "init")
    monkeypatch.undo()
    assert (ended.code, ended.out) == (1, "")
    assert names_in(folder) == []


def test_a_file_where_a_directory_should_be(run: Run, folder: Path) -> None:
    Path("there").write_text("mine")
    for output in ("there", "there/"):
        ended = run("generate", "--rows=9", "-o", output)
        assert_one_line(ended, 1, f"{output} is a file, not a directory (a file to write ends with its format, such as .csv)")
    assert Path("there").read_text() == "mine"


def test_a_link_to_nothing_where_a_directory_should_be(run: Run, folder: Path) -> None:
    Path("link").symlink_to("nowhere/at/all")
    assert_one_line(
        run("generate", "--rows=9", "-o", "link"), 1, "link: cannot be written: it is a link to something that is not there"
    )


def test_what_a_signal_does_to_a_library_is_still_an_interruption(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except fastgen.TerminatedRunError:
            raise TypeError("odd") from None

    monkeypatch.setattr("fastgen.sinks.files.run_job", fail)
    assert run("generate", "--rows=5", "-o", "out") == Ended(143, "", "fastgen: terminated\n")
    monkeypatch.setattr("fastgen.sinks.files.run_job", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run("generate", "--rows=5", "-o", "out")


def test_schema(run: Run) -> None:
    ended = run("config", "schema")
    assert json.loads(ended.out) == config_schema()
    assert ended.err == ""


def test_check_tells_what_is_wrong(run: Run, folder: Path) -> None:
    Path("bad.toml").write_text("[fraud]\nratio = 2\n")
    line = "fastgen: fraud.ratio = 2: must be a number between 0 and 1 (in bad.toml)\n"
    assert run("config", "check", "bad.toml") == Ended(2, "", line)
    Path("bad.toml").write_text("[fraud\n")
    assert_one_line(run("config", "check", "bad.toml"), 2, "bad.toml: is not valid TOML: ")
    Path("bad.toml").write_bytes(b"# caf\xe9\n")
    assert_one_line(run("config", "check", "bad.toml"), 2, "bad.toml: is not UTF-8 text")
    assert_one_line(run("config", "check", "nowhere.toml"), 2, "nowhere.toml: cannot be read: ")
    assert_one_line(run("config", "check", "."), 2, ".: cannot be read: ")


def test_check_tells_all_that_is_wrong(run: Run, folder: Path) -> None:
    Path("bad.toml").write_text(
        "rows = 0\nfoo = 3\n[fraud]\nratio = 2\nrato = 1\n[atm]\nbands = [{share = 1, low = 20, hihg = 30}]\n"
    )
    ended = run("config", "check", "bad.toml")
    assert (ended.code, ended.out) == (2, "")
    assert [line.partition(": must")[0] for line in ended.err.splitlines()] == [
        "fastgen: foo = 3: unknown setting (in bad.toml; fastgen config show prints all that there are)",
        "fastgen: rows = 0",
        "fastgen: fraud.rato = 1: unknown setting (in bad.toml; did you mean fraud.ratio?)",
        "fastgen: fraud.ratio = 2",
        "fastgen: atm.bands[0].hihg = 30: unknown setting (in bad.toml; did you mean atm.bands[0].high?)",
        "fastgen: atm.bands[0].high: is required (in bad.toml)",
    ]
    assert all("(in bad.toml" in line for line in ended.err.splitlines())
    assert_one_line(run("config", "show", "--config=bad.toml"), 2, "foo = 3: unknown setting (in bad.toml; ")


def test_check_finds_what_generate_would_refuse(run: Run, folder: Path) -> None:
    Path("bad.toml").write_text("ages = [24, 24]\n[atm]\ncards = 10\n")
    assert run("generate", "--config=bad.toml", "-o", "out").code == 2
    assert run("config", "check", "bad.toml").code == 2


# Errors


def assert_one_line(ended: Ended, code: int, text: str) -> None:
    """Check for one line on the standard error, nothing on the standard output, and no traceback."""
    err = after_compiling(ended.err)
    assert ended.out == ""
    assert err.startswith(f"fastgen: {text}"), err
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert ended.code == code


BAD_SETTINGS = [
    ("nonsense=1", "nonsense = 1: unknown setting (fastgen config show prints all that there are)"),
    ("fraud.rato=1", "fraud.rato = 1: unknown setting (did you mean fraud.ratio?)"),
    ("ratio=1", "ratio = 1: unknown setting (did you mean fraud.ratio?)"),
    (
        "atm.bands=[{share=1, low=30, hihg=40}]",
        "atm.bands[0].hihg = 40: unknown setting (did you mean atm.bands[0].high?; and 1 more)",
    ),
    ("atm.bands=[{share=1, low=30, high=40, hihg=1}]", "atm.bands[0].hihg = 1: unknown setting (did you mean atm.bands[0].high?)"),
    ("seed=x", "seed = 'x': must be a whole number between 0 and "),
    ("seed=-1", "seed = -1: must be a whole number between 0 and "),
    ("rows=true", "rows = true: must be a whole number between 1 and "),
    ("rows=1.5", "rows = 1.5: must be a whole number between 1 and "),
    ("fraud=3", "fraud = 3: must be a table of settings"),
    ("categories=x", "categories = 'x': must be a list"),
    ("start=yesterday", "start = 'yesterday': must be a date and time such as 2022-01-01 00:00:00"),
    ("payments=0", "payments = 0: must be a whole number between 1 and "),
    ("payments=-1", "payments = -1: must be a whole number between 1 and "),
    ("cards=0", "cards = 0: must be a whole number between 1 and "),
    ("scale=0", "scale = 0: must be a number above 0 and at most "),
    ("scale=nan", "scale = nan: must be a number above 0 and at most "),
    ("atm.cards=-1", "atm.cards = -1: must be a whole number between 0 and "),
    ("atm.withdrawals=-1", "atm.withdrawals = -1: must be a whole number between 0 and "),
    ("end=2021-01-01", "end = 2021-01-01 00:00:00: must be after start (2022-01-01 00:00:00)"),
    ("fraud.ratio=1.5", "fraud.ratio = 1.5: must be a number between 0 and 1"),
    ("fraud.ratio=-0.1", "fraud.ratio = -0.1: must be a number between 0 and 1"),
    (
        "fraud.chain_lengths=[5,2]",
        "fraud.chain_lengths = [5, 2]: must be [low, high], low not above high, whole numbers between 1 and",
    ),
    (
        "fraud.chain_gap_seconds=[0,2]",
        "fraud.chain_gap_seconds = [0, 2]: must be [low, high], low not above high, whole numbers between",
    ),
    ("atm.step_hours=[9,6]", "atm.step_hours = [9, 6]: must be [low, high]"),
    ("ages=[17,30]", "ages = [17, 30]: must be [low, high], low not above high, whole numbers between 18 and 100"),
    ("amounts=[{share=0.5, low=1, high=2}]", "amounts: shares must add up to 1, not 0.5"),
    ("amounts=[{share=1, low=3, high=2}]", "amounts[0].low = 3.0: must not be above high (2.0)"),
    ("amounts=[]", "amounts = []: must not be empty"),
    ('categories=[{name="A", share=0.9, low=1, high=2}]', "categories: shares must add up to 1, not 0.9"),
    ('categories=[{name="A", share=1, low=3, high=2}]', "categories[0].low = 3.0: must not be above high (2.0)"),
    (
        'categories=[{name="A", share=1, low=50000, high=60000}]',
        "categories[0] = 'A': has a price range, 50000.0 to 60000.0, that meets none of the amounts",
    ),
    ('categories=[{name="Cash Withdrawal", share=1, low=1, high=2}]', "categories[0].name = 'Cash Withdrawal': is the category of"),
    ("cards=200000000000000", "cards = 200000000000000: must be at most 4,294,967,295"),
    ("cards=5000000000", "cards = 5000000000: must be at most 4,294,967,295"),
    ("atm.cards=5000", "atm.cards = 5000: must be at most cards (2,000)"),
    ("no equals sign", "--set = 'no equals sign': must be key=value, such as fraud.ratio=0.01"),
    ("=1", "--set = '=1': must be key=value"),
]


@pytest.mark.parametrize(("setting", "line"), BAD_SETTINGS, ids=[setting for setting, _ in BAD_SETTINGS])
def test_settings_that_are_not_allowed(run: Run, folder: Path, setting: str, line: str) -> None:
    assert_one_line(run("generate", "--set", setting, "-o", "out"), 2, line)
    assert names_in(folder) == []


BAD_OPTIONS = [
    (["--rows=0"], 2, "rows = 0: must be a whole number between 1 and "),
    (["--rows=-5"], 2, "rows = -5: must be a whole number between 1 and "),
    (["--rows=many"], 2, "rows = 'many': must be a whole number such as 250000, 2.5k, 10M or 1e6"),
    (["--rows=1.5"], 2, "rows = '1.5': must be a whole number such as"),
    (
        ["--rows=1e18"],
        2,
        "rows = 1000000000000000000: makes cards 18,864,365,214,110,548, which must be at most 4,294,967,295\n",
    ),
    (["--scale=-1"], 2, "scale = -1.0: must be a number above 0 and at most "),
    (["--scale=inf"], 2, "scale = inf: must be a number above 0 and at most "),
    (["--rows=5", "--scale=1"], 2, "rows = 5: cannot be given together with scale"),
    (["--seed=-1"], 2, "seed = -1: must be a whole number between 0 and 18,446,744,073,709,551,615"),
    (["--seed=x"], 2, "--seed = 'x': must be a whole number"),
    (["--scale=x"], 2, "--scale = 'x': must be a number"),
    (["--threads=x"], 2, "--threads = 'x': must be a whole number"),
    (["--seed=١"], 2, "--seed = '١': must be a whole number"),
    (["--scale=١"], 2, "--scale = '١': must be a number"),
    (["--threads=١"], 2, "--threads = '١': must be a whole number"),
    (["--set=\udcff=1"], 2, r"--set = '\udcff=1': must be key=value, such as fraud.ratio=0.01"),
    (["--config="], 2, "--config = '': must not be empty"),
    (["--threads=0"], 2, "--threads = 0: must be a whole number of at least 1"),
    (["--threads=-1"], 2, "--threads = -1: must be a whole number of at least 1"),
    (["--format=xml"], 2, "--format = 'xml': must be one of parquet, csv, ndjson, ipc"),
    (["--format=json"], 2, "--format = 'json': must be one of parquet, csv, ndjson, ipc (did you mean ndjson?)"),
    (["--format=csv", "--compression=snappy"], 2, "--compression = 'snappy': must be one of none, gzip, zstd for csv"),
    (["--format=csv", "--compression=gz"], 2, "--compression = 'gz': must be one of none, gzip, zstd for csv (did you mean gzip?)"),
    (["--coordinates=words"], 2, "--coordinates = 'words': must be text or number"),
    (["--table=profiles"], 2, "--table = 'profiles': must not be given for a directory"),
    (["--columns=tid"], 2, "--columns = 'tid': must not be given for a directory"),
    (["--config=nowhere.toml"], 2, "nowhere.toml: cannot be read: no such file or directory (fastgen config init writes one)"),
    (
        ["--set=atm.cards=10", "--set=ages=[24,24]"],
        2,
        "atm.cards = 10: must be 0: no card has a holder in an age band of atm.bands that has room",
    ),
    (["--rows=10", "--set=atm.cards=5"], 2, "atm.cards = 5: must be at most cards (1)"),
]


@pytest.mark.parametrize(("options", "code", "line"), BAD_OPTIONS, ids=[" ".join(options) for options, *_ in BAD_OPTIONS])
def test_options_that_are_not_allowed(run: Run, folder: Path, options: list[str], code: int, line: str) -> None:
    assert_one_line(run("generate", *options, "-o", "out"), code, line)
    assert names_in(folder) == []


BAD_OUTPUTS: list[tuple[list[str], int, str]] = [
    (["-o", "x.csv", "--table="], 2, "--table = '': must be one of transactions, credit_cards, profiles"),
    (["-o", "x.csv", "--table=none"], 2, "--table = 'none': must be one of transactions, credit_cards, profiles"),
    (["-o", "x.csv", "--columns=tid,nothing"], 2, "--columns = 'nothing': must be among tid, datetime, cc_num, "),
    (["-o", "x.csv", "--columns="], 2, "--columns = '': must be among tid"),
    (["-o", "x.csv", "--columns=tid,tid"], 2, "--columns = 'tid,tid': must name each column once"),
    (["-o", "x.txt"], 2, "--output = 'x.txt': must end with one of .parquet, .csv, .ndjson, .arrow (or give --format; "),
    (["-o", "x.cvs"], 2, "--output = 'x.cvs': must end with one of .parquet, .csv, .ndjson, .arrow (did you mean .csv?)"),
    (["-o", "x.csv", "--format=ipc"], 2, "--format = 'ipc': must be csv for a file that ends with .csv"),
    (["-o", "no/x.csv"], 1, "no/x.csv: cannot be written: there is no directory no"),
    (["-o", "/proc/no/"], 1, "/proc/no/: cannot be written: no such file or directory"),
    (["-o", "/dev/full"], 1, "/dev/full: cannot be written: no space left on device"),
    (["-o", ""], 2, "--output = '': must not be empty"),
    (["-o", "/dev/null/x.csv"], 1, "/dev/null/x.csv: cannot be written: not a directory"),
]


@pytest.mark.parametrize(("options", "code", "line"), BAD_OUTPUTS, ids=[" ".join(options) for options, *_ in BAD_OUTPUTS])
def test_outputs_that_are_not_allowed(run: Run, folder: Path, options: list[str], code: int, line: str) -> None:
    assert_one_line(run("generate", "--rows=100", *options), code, line)
    assert names_in(folder) == []


COMMANDS = "there are completion, config, generate, produce, report, validate, verify"
WRONG_USAGE = [
    (["generate", "--outptu", "x"], "--outptu: fastgen generate has no such option (did you mean --output?)"),
    (["generate", "--nonsense"], "--nonsense: fastgen generate has no such option (fastgen generate --help tells more)"),
    (["generate", "--cards", "5"], "--cards: fastgen generate has no such option (cards is a setting: --set cards=5)"),
    (["verify", "out", "--cards=5"], "--cards: fastgen verify has no such option (cards is a setting: --set cards=5)"),
    (
        ["generate", "--fraud-ratio", "0.1", "-o", "x"],
        "--fraud-ratio: fastgen generate has no such option (fraud.ratio is a setting: --set fraud.ratio=0.1)",
    ),
    (
        ["generate", "--fraud.ratio"],
        "--fraud.ratio: fastgen generate has no such option (fraud.ratio is a setting: --set fraud.ratio=VALUE)",
    ),
    (
        ["produce", "--ratio", "--mock"],
        "--ratio: fastgen produce has no such option (fraud.ratio is a setting: --set fraud.ratio=VALUE)",
    ),
    (
        ["config", "show", "--Step-Hours=[1, 2]"],
        "--Step-Hours: fastgen config show has no such option (atm.step_hours is a setting: --set 'atm.step_hours=[1, 2]')",
    ),
    (["report", "out", "--cards=5"], "--cards: fastgen report has no such option (fastgen report --help tells more)"),
    (["generate", "--fraud=5"], "--fraud: fastgen generate has no such option (fastgen generate --help tells more)"),
    (
        ["generate", "x.csv"],
        "--output: must be given: a directory for all tables, or a file or - for one table (did you mean --output x.csv?)",
    ),
    (
        ["generate", "--rows", "5", "a b"],
        "--output: must be given: a directory for all tables, or a file or - for one table (did you mean --output 'a b'?)",
    ),
    (
        ["generate", "x.csv", "y.csv"],
        "--output: must be given: a directory for all tables, or a file or - for one table (fastgen generate --help",
    ),
    (
        ["report", "data/", "x.html"],
        "--output: must be given: the page, or - for the standard output (did you mean --output x.html?)",
    ),
    (["generate", "-z"], "-z: fastgen generate has no such option (fastgen generate --help tells more)"),
    (["--rows", "5"], "--rows: fastgen has no such option (fastgen --help tells more)"),
    (["generat"], f"generat: fastgen has no such command; {COMMANDS} (did you mean generate?)"),
    (["gen"], f"gen: fastgen has no such command; {COMMANDS} (did you mean generate?)"),
    (["Val"], f"Val: fastgen has no such command; {COMMANDS} (did you mean validate?)"),
    (["co"], f"co: fastgen has no such command; {COMMANDS} (fastgen --help tells more)"),
    (["nonsense"], f"nonsense: fastgen has no such command; {COMMANDS} (fastgen --help tells more)"),
    (["config", "shw"], "shw: fastgen config has no such command; there are check, init, schema, show (did you mean show?)"),
    (
        ["generate"],
        "--output: must be given: a directory for all tables, or a file or - for one table (fastgen generate --help tells more)",
    ),
    (["completion"], "bash|zsh|fish: must be given (fastgen completion --help tells more)"),
    (
        ["generate", "--rows"],
        "--rows: must have a value: exact number of transactions, such as 500000 or 10M; all else in proportion (",
    ),
    (["config", "show", "--set"], "--set: must have a value: one setting, such as fraud.ratio=0.01; repeatable ("),
    (["generate", "-o", "x", "--quiet=5"], "--quiet: takes no value (fastgen generate --help tells more)"),
    (["generate", "-o", "x", "extra", "more"], "got unexpected extra arguments (extra more) (fastgen generate --help tells more)"),
]


@pytest.mark.parametrize(("arguments", "line"), WRONG_USAGE, ids=[" ".join(arguments) for arguments, _ in WRONG_USAGE])
def test_wrong_usage_is_one_line_with_a_hint(run: Run, folder: Path, arguments: list[str], line: str) -> None:
    assert_one_line(run(*arguments), 2, line)
    assert names_in(folder) == []


@pytest.mark.parametrize("arguments", [[], ["config"]], ids=str)
def test_without_a_command_the_help_is_shown(run: Run, arguments: list[str]) -> None:
    ended = run(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Usage: fastgen")
    assert "Examples:" in ended.err


def test_what_goes_wrong_inside_is_one_line_too(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(error: BaseException) -> Ended:
        def raise_it(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr("fastgen.sinks.files.run_job", raise_it)
        return run("generate", "--rows=5", "-o", "out")

    assert_one_line(fail(MemoryError()), 1, "out of memory")
    assert_one_line(
        fail(fastgen.InterruptedRunError("interrupted; unfinished files were removed")),
        130,
        "interrupted; unfinished files were removed",
    )
    assert_one_line(fail(fastgen.FastgenError("two\nlines")), 1, "two lines")
    no_threads = "the system starts no more threads (limits of memory or of processes may be the cause)"
    assert_one_line(fail(RuntimeError("can't start new thread")), 1, no_threads)
    unmapped = "lib.so: failed to map segment from shared object"
    no_library = f"a library cannot be loaded: {unmapped} (a limit of memory may be the cause)"
    assert_one_line(fail(ImportError(unmapped)), 1, no_library)
    for bug in (RuntimeError("a bug"), ImportError("no module"), ValueError("a bug")):
        with pytest.raises(type(bug), match=str(bug)):
            fail(bug)


@pytest.mark.parametrize(
    ("part", "hint"),
    [((), " (the same command makes the parts that are missing)"), (("--part=1",), "")],
    ids=["all parts", "one part"],
)
def test_what_makes_the_missing_parts(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, part: tuple[str, ...], hint: str
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise fastgen.InterruptedRunError("interrupted")

    monkeypatch.setattr("fastgen.sinks.files.run_job", stop)
    ended = run("generate", "--rows=300k", "-o", "out", "-q", "--parts=2", *part)
    assert ended == Ended(130, "", f"fastgen: interrupted; unfinished files were removed{hint}\n")


def test_a_stream_that_is_interrupted_has_no_files_to_remove(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise fastgen.InterruptedRunError("interrupted")

    monkeypatch.setattr("fastgen.sinks.files.run_job", stop)
    assert run("generate", "--rows=5", "-o", "-", "-q") == Ended(130, "", "fastgen: interrupted\n")


def test_a_run_that_was_interrupted_takes_no_more_signals(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise fastgen.InterruptedRunError("interrupted")

    taken: list[object] = []
    monkeypatch.setattr("fastgen.sinks.files.run_job", stop)
    monkeypatch.setattr(cli, "stop_rechecking", lambda: taken.extend(map(signal.getsignal, SIGNALS)))
    assert run("generate", "--rows=5", "-o", "out").code == 130
    assert set(taken) == {signal.SIG_IGN}


@pytest.fixture(params=["", "1"], ids=["buffered", "unbuffered"])
def buffering(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With buffered and unbuffered standard streams: if Python buffers, it writes the rest when it exits."""
    monkeypatch.setenv("PYTHONUNBUFFERED", request.param)


@pytest.mark.usefixtures("buffering")
@pytest.mark.parametrize(
    "arguments", [["--help"], ["config", "show"], ["generate", "--rows=9", "-o", "x.csv", "--dry-run"]], ids=" ".join
)
def test_a_standard_output_that_is_full(folder: Path, arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "fastgen", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, after_compiling(done.stderr)) == (
        1,
        "fastgen: the standard output: cannot be written: no space left on device\n",
    )


@pytest.mark.usefixtures("buffering")
def test_a_standard_error_that_is_full_changes_nothing(folder: Path) -> None:
    with open("/dev/full", "w") as full:
        for arguments, code in ((["--rows=9", "-o", "x.csv"], 0), (["--rows=9", "-o", "x.csv"], 1), (["--nonsense"], 2)):
            argv = [sys.executable, "-m", "fastgen", "generate", *arguments]
            assert subprocess.run(argv, stderr=full, check=False).returncode == code
    assert names_in(folder) == ["x.csv"]


def test_a_name_that_the_standard_output_cannot_have(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As outside the locale C, where Python refuses to print a name that is not UTF-8."""
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8:strict")
    data = Dataset(Config(rows=9))
    fastgen.write(data, os.fsdecode(b"nu\xff"), format="csv")
    (folder / os.fsdecode(b"nu\xff") / os.fsdecode(b"\xff.csv")).touch()
    argv = [sys.executable, "-m", "fastgen", "verify", b"nu\xff"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert r"note: \udcff.csv is not named in the manifest" in done.stdout
    assert r"fastgen: nu\udcff holds what its configuration makes" in done.stderr


# The rest


def paths(group: click.Group = cli.cli, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words that call each command and group."""
    yield before
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from paths(command, (*before, name))
        else:
            yield (*before, name)


@pytest.mark.parametrize("path", list(paths()), ids=" ".join)
def test_every_command_explains_itself_with_examples(run: Run, folder: Path, path: tuple[str, ...]) -> None:
    """Each example is parsed, but not run."""
    ended = run(*path, "--help")
    assert ended == run(*path, "-h")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(" ".join(("Usage: fastgen", *path)))
    assert "..." not in ended.out.replace("A,B,...", "").replace("PORT,...", "").replace("[ARGS]...", "")  # nothing is truncated
    text = ended.out.partition("Examples:\n")[2]
    calls = re.findall(r"fastgen( [^#|&>)\n]*)", text)
    assert calls
    for call in calls:
        name, *words = shlex.split(call)
        with pytest.MonkeyPatch.context() as patch:
            command: Any = cli.cli.commands[name]
            if isinstance(command, click.Group):
                command = command.commands[words.pop(0)]
            patch.setattr(command, "callback", lambda **_: None)
            cli.cli.main(shlex.split(call), standalone_mode=False)


def test_options_stand_in_sections(run: Run) -> None:
    titles = re.findall(r"^(\w.*):$", run("produce", "--help").out, re.MULTILINE)
    assert titles == [
        "The data", "The cluster", "The topic", "The messages", "The pace", "The labels", "The run", "Options",
    ]  # fmt: skip


def test_version(run: Run) -> None:
    assert run("--version") == Ended(0, f"fastgen {fastgen.__version__} (data version {DATA_VERSION})\n", "")


def test_every_option_is_there_and_explained() -> None:
    options = {name: parameter for parameter in cli.generate.params for name in parameter.opts}
    assert sorted(options) == [
        "--columns", "--compression", "--config", "--coordinates", "--dry-run", "--format", "--json", "--no-progress", "--output",
        "--overwrite", "--part", "--parts", "--quiet", "--rows", "--scale", "--seed", "--set", "--table", "--threads", "-o", "-q",
    ]  # fmt: skip
    assert all(isinstance(each, click.Option) and each.help and each.help.endswith(".") for each in options.values())
    assert sorted(cli.config.commands) == ["check", "init", "schema", "show"]
    assert sorted(cli.cli.commands) == ["completion", "config", "generate", "produce", "report", "validate", "verify"]


def test_the_command_is_installed_under_its_name() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert list(scripts) == ["fastgen"]
    module, _, name = scripts["fastgen"].partition(":")
    assert callable(getattr(import_module(module), name))


@pytest.mark.parametrize(
    ("command", "arguments"),
    [("generating", ["generate", "-o", "x.csv"]), ("producing", ["produce", "--mock"])],
    ids=["generate", "produce"],
)
def test_an_interruption_that_a_library_swallows(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, command: str, arguments: list[str]
) -> None:
    """As `except Exception` around an import does, or Python when it calls a destructor."""

    def swallow(*_: object) -> bool:
        with suppress(Exception):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(9)
        return False

    monkeypatch.setattr(f"fastgen.cli.{command}.is_interactive", swallow)
    ended = run(*arguments, "--rows=9")
    assert ended.code == 130
    assert ended.err.splitlines()[-1].startswith("fastgen: interrupted")
    assert names_in(folder) == []


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (12_345_678, "12.3 MB"),
        (2.5e9, "2.5 GB"),
        (3e12, "3.0 TB"),
        (999_960, "1.0 MB"),
    ],
)
def test_sizes_are_told_in_decimal_units(size: float, text: str) -> None:
    assert common.human_size(size) == text
