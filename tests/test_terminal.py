"""What commands show on a terminal: the progress of a run."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fastgen import Config, write
from fastgen.cli.progress import RateMeter, per_second


def on_a_terminal(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run a command whose standard error is a terminal; return its exit code and what is shown there, without colours."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "fastgen", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "90", **environment},
    ) as run:
        os.close(theirs)
        seen = b""
        while True:
            try:
                piece = os.read(ours, 65_536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
        assert run.stdout
        assert run.stdout.read() == b""
    os.close(ours)
    return run.returncode, re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", seen.decode())


def test_a_bar_of_rows() -> None:
    code, seen = on_a_terminal("generate", "--rows=10M", "--threads=1", "--format=csv", "-o", "/dev/null")
    assert code == 0
    assert re.search(r"━ +\d\d% 00:\d\d [\d,]+ rows, [\d,]+ rows/s", seen)
    assert re.search(r"━ 100% 00:00 10,000,000 rows, [\d,]+ rows/s", seen)
    assert "fastgen: 10,000,000 transactions to /dev/null: " in seen


@pytest.mark.parametrize(
    ("rows", "options"), [("220,040", ["-o", "out"]), ("4,000", ["--table=profiles", "--format=csv", "-o", "/dev/null"])], ids=str
)
def test_the_bar_ends_with_all_rows_of_all_tables(
    rows: str, options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, seen = on_a_terminal("generate", "--scale=2", *options)
    assert code == 0
    assert f"━ 100% 00:00 {rows} rows" in seen


def test_the_bar_of_a_report_ends_with_its_second_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Config(rows=1_000), "data/")
    code, seen = on_a_terminal("report", "data/", "-o", "page.html")
    assert code == 0
    assert "━ 100% 00:00 2,000 rows" in seen


def test_a_bar_of_messages() -> None:
    code, seen = on_a_terminal("produce", "--rows=6k", "--mock", "--rate=2000")
    assert code == 0
    assert re.search(r"━ +\d\d% 00:\d\d [12],\d\d\d msg/s, \d{3}\.\d kB/s, [\d,]+ in flight, 0 errors", seen)
    assert "100% 00:00" in seen


@pytest.mark.parametrize("arguments", [["--no-progress"], ["--quiet"], []], ids=str)
def test_no_bar_where_it_is_not_wanted_or_cannot_be_drawn(arguments: list[str]) -> None:
    environment = {} if arguments else {"TERM": "dumb"}
    code, seen = on_a_terminal("generate", "--rows=1k", "-o", "/dev/null", "--format=csv", *arguments, **environment)
    assert code == 0
    assert seen.count("\n") == (0 if "--quiet" in arguments else 1)
    assert "%" not in seen


def test_no_bar_among_rows() -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "fastgen", "generate", "--rows=20", "--columns=amount", "-o", "-"]
    subprocess.run(command, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"}, check=True)
    seen = os.read(ours, 65_536).decode().splitlines()
    os.close(ours)
    os.close(theirs)
    assert seen[0] == "amount"
    assert all(re.fullmatch(r"\d+\.\d+", line) for line in seen[1:21])
    assert len(seen) == 22


@pytest.mark.parametrize(
    "options", [["--format=parquet"], ["--format=ipc", "--table=profiles"], ["--format=csv", "--compression=gzip"]], ids=str
)
def test_no_bytes_that_a_terminal_cannot_show(options: list[str]) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "fastgen", "generate", "--rows=20", "-o", "-", *options]
    ended = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False)
    os.close(theirs)
    with pytest.raises(OSError, match="Input/output"):
        os.read(ours, 65_536)
    os.close(ours)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("fastgen: --output = '-': must not be a terminal for binary data")


def test_rates_are_those_of_the_last_seconds() -> None:
    rows = RateMeter()
    assert [rows.rate(second, count) for second, count in ((5, 100), (6, 200), (7, 300), (8, 900))] == [0, 100, 100, 800 / 3]
    assert rows.rate(9, 900) == 700 / 3
    assert rows.rate(30, 1_110) == 10
    assert rows.rate(31, 1_110) == 210 / 22
    assert rows.rate(34, 1_110) == 0


def test_low_rates_have_decimals() -> None:
    assert [per_second(rate) for rate in (0, 0.25, 9.94, 10, 1_234.5)] == ["0", "0.25", "9.9", "10", "1,234"]
