"""`fastgen validate`: what it prints, where, and its exit code."""

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from fastgen import Config, ConfigError, Dataset, DifferenceError, InputError, cli, load_config, validate, write
from fastgen.cli.validating import table

from .frames import Frames, cash, made, ordinary, save
from .test_sources import SMALL

FLAGS = ["--rows", "6k", "--set", "fraud.ratio=0.05"]


def run(*arguments: str | Path) -> None:
    cli.cli.main(["validate", *map(str, arguments)], prog_name="fastgen", standalone_mode=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save(tmp_path / "data", made(SMALL))


def spoilt() -> Frames:
    """Two rows have changed places, and withdrawals are smaller."""
    rows = made(SMALL)["transactions"]
    swapped = rows[[1, 0, *range(2, rows.height)]]
    return {
        **made(SMALL),
        "transactions": swapped.with_columns(
            amount=(swapped["amount"] * 0.5).clip(0.01).round(2).zip_with(swapped.select(cash).to_series(), swapped["amount"])
        ),
    }


def test_all_is_well(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(folder, *FLAGS)
    captured = capfd.readouterr()
    lines = captured.out.splitlines()
    [head] = [line.split() for line in lines if "verdict" in line]
    assert head == ["group", "check", "value", "expected", "test", "p", "or", "most", "verdict"]
    order = next(line for line in lines if line.split()[:2] == ["rows", "order"])
    assert order.split() == ["rows", "order", "all", "6,000", "none", "before", "the", "row", "above", "it", "rule", "0", "passed"]
    times = next(line for line in lines if " KS " in line)
    assert " p = 0." in times
    assert not any(line.startswith("failed") for line in lines)
    assert lines[-1].startswith("Configuration: given. ")
    assert "good data fail any of them with probability 0.001 (Holm-Bonferroni)" in lines[-1]
    assert captured.err.startswith(f"fastgen: {folder}: all ")
    assert captured.err.endswith(" s\n")


def test_lines_for_other_programs(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A check is one line, however long, with its group and no trailing spaces."""
    monkeypatch.setenv("COLUMNS", "80")
    name = f"a category {'with a long name ' * 4}indeed"
    config = tmp_path / "long.toml"
    config.write_text(f'rows = 6000\n[[categories]]\nname = "{name}"\nshare = 1\nlow = 0.01\nhigh = 9999.99\n')
    write(Dataset(load_config(config)), tmp_path / "data")
    run(tmp_path / "data")
    lines = capfd.readouterr().out.splitlines()
    assert all(line == line.rstrip() and line for line in lines)
    report = validate(tmp_path / "data")
    checks, rest = lines[1 : 1 + len(report.checks)], lines[1 + len(report.checks) :]
    assert len(rest) == 1 + len(report.notes)
    for line, check in zip(checks, report.checks, strict=True):
        assert line.startswith(f"{check.group} ")
        assert f" {check.name} " in line
        assert line.endswith(f" {check.verdict}")
    assert any(f" distribution of {name} " in line for line in checks)


def test_something_is_wrong(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    save(folder, spoilt())
    with pytest.raises(DifferenceError) as error:
        run(folder, *FLAGS)
    assert error.value.exit_code == 1
    assert error.value.hint is None
    assert str(error.value).startswith(f"{folder}: ")
    assert str(error.value).endswith(" checks failed, 4 were skipped")
    captured = capfd.readouterr()
    failed = [line for line in captured.out.splitlines() if line.startswith("failed: ")]
    assert failed[0].startswith(
        "failed: rows, order: 1 of 6,000 (0.017 %) break it, expected none before the row above it; row 2: datetime "
    )
    assert any(line.startswith("failed: amounts, distribution of Cash Withdrawal: D = 0.") and ", p = " in line for line in failed)
    assert captured.err == ""


def test_another_size_than_the_default(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DifferenceError) as error:
        run(folder)
    assert error.value.hint == "if they are not meant to be the default data, say what they are with --rows, --set or --config"
    assert "Configuration: the default. " in capfd.readouterr().out


def test_options_that_are_not_what_the_manifest_says(tmp_path: Path) -> None:
    """Options replace what the manifest says as a whole, and none of them is easily overlooked."""
    write(Dataset(Config(rows=6_000, seed=5)), tmp_path)
    report = validate(tmp_path, Config(seed=6))
    assert report.notes[0] == "the manifest describes other data than the options: seed 5, not 6; rows 6000, not given"
    assert not report.passed
    assert validate(tmp_path, Config(rows=6_000, seed=5)).notes == ()


@pytest.mark.parametrize(
    ("width", "columns"), [(60, "check value"), (72, "check value expected"), (100, "check value expected test p or most")]
)
def test_a_table_for_the_width_of_a_terminal(folder: Path, width: int, columns: str) -> None:
    report = validate(folder)
    console = Console(width=width, file=StringIO(), color_system=None)
    console.print(table(report.checks, width))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= width
    assert f"{columns} verdict".split() == next(line.split() for line in lines if "check" in line)
    for check in report.checks:
        assert any(line.startswith(f"   {check.name} ") and line.rstrip().endswith(check.verdict) for line in lines)


def test_holders_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(Dataset(Config(rows=6_000, seed=5)), tmp_path, format="csv")
    run(tmp_path / "profiles.csv")
    assert re.search(r"all \d+ checks passed, \d+ were skipped in \d+\.\d\d s$", capfd.readouterr().err.strip())


def test_json(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    save(folder, spoilt())
    with pytest.raises(DifferenceError):
        run(folder, *FLAGS, "--json")
    report = json.loads(capfd.readouterr().out)
    assert (report["source"], report["passed"], report["rows"], report["alpha"]) == (str(folder), False, 6_000, 0.001)
    assert report["failed"] == sum(check["verdict"] == "failed" for check in report["checks"]) > 1
    assert report["tests"] == sum("p" in check for check in report["checks"]) > 25
    [order] = [check for check in report["checks"] if (check["group"], check["name"]) == ("rows", "order")]
    assert order["violations"] == 1
    assert order["example"].startswith("row 2: ")


def test_quietly(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(folder, *FLAGS, "--quiet")
    assert capfd.readouterr() == ("", "")
    save(folder, spoilt())
    with pytest.raises(DifferenceError):
        run(folder, *FLAGS, "-q")
    captured = capfd.readouterr()
    assert captured.out.startswith("rows, order: 1 of 6,000 (0.017 %) break it")
    assert captured.err == ""


def test_alpha(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(folder, *FLAGS, "--alpha", "0.000001")
    assert "with probability 1e-06" in capfd.readouterr().out
    with pytest.raises(ValueError, match="alpha = 2"):
        run(folder, *FLAGS, "--alpha", "2")


def test_mistakes_end_in_one_line(folder: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        run(folder / "nowhere")
    with pytest.raises(ConfigError, match="rows"):
        run(folder, "--rows", "many")
    with pytest.raises(ConfigError, match=r"fraud\.ratio"):
        run(folder, "--set", "fraud.ratio=2")
    assert made(SMALL)["transactions"].filter(ordinary).height > 0
