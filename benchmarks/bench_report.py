"""Reports: transactions a second, including the page, and the peak memory of a process, which should not grow with the rows.

By default the number of cards grows with the rows, and so does what a report keeps of each card.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import compare
import pytest

import fastgen
from fastgen import Config, Dataset

SIZES = [1, pytest.param(10, marks=pytest.mark.slow), pytest.param(50, marks=pytest.mark.large)]


@pytest.fixture(scope="module", params=SIZES)
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The given number of million rows as Parquet; 100,000 rows if nothing is measured."""
    rows = 100_000 if request.config.getoption("benchmark_disable") else request.param * 1_000_000
    folder = tmp_path_factory.mktemp("stored")
    fastgen.write(Dataset(Config(rows=rows)), folder)
    yield rows, folder
    for file in folder.iterdir():
        file.unlink()


def test_report(meter: Any, stored: tuple[int, Path]) -> None:
    rows, folder = stored
    page = folder / "report.html"
    meter("report", f"{rows:,} rows", lambda: fastgen.report(folder, page, overwrite=True), "rows/s", rows=rows, rounds=3)


def test_peak(meter: Any, stored: tuple[int, Path]) -> None:
    rows, folder = stored

    def peak() -> float:
        """Peak megabytes of a separate process."""
        argv = [
            sys.executable,
            "-m",
            "fastgen",
            "report",
            str(folder),
            "--output",
            str(folder / "peak.html"),
            "--overwrite",
            "--quiet",
        ]
        stdout = subprocess.run([sys.executable, "-c", compare.LAUNCHER, *argv], check=True, stdout=subprocess.PIPE).stdout
        return int(stdout) * compare.PEAK_UNIT / 1e6

    meter("report, peak memory", f"{rows:,} rows", peak, "MB", rows=rows, rounds=3, warm=False)
