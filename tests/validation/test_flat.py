"""Memory does not grow with the number of rows, and there is no Python object for a row."""

import tracemalloc
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fastgen import Config, Dataset, validate, write
from fastgen.sinks.jobs import Format
from fastgen.validation.histories.buckets import BUCKETS
from fastgen.validation.histories.events import EVENT


def days(count: int) -> Dataset:
    """The given number of days with 20,000 rows each, always on the same number of cards."""
    atm: dict[str, Any] = {"cards": 1_000, "withdrawals": 20_000 * count // 3, "step_hours": [1, 12]}
    return Dataset(Config(end=datetime(2022, 1, 1) + timedelta(days=count), rows=20_000 * count, cards=5_000, atm=atm))


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_four_times_as_many_rows_need_no_more_memory(tmp_path: Path, format: Format) -> None:
    """Except for one bucket of events at a time, of 128."""
    peaks = []
    for count in (5, 15, 60):
        data = days(count)
        write(data, tmp_path / str(count), format=format)
        tracemalloc.start()
        try:
            report = validate(tmp_path / str(count))
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert report.passed
        assert report.rows == data.num_rows
    bucket = data.plan.withdrawals * EVENT.itemsize / BUCKETS
    assert peaks[1] > 5_000_000  # the first run also loaded and compiled everything
    assert peaks[2] < 1.15 * peaks[1] + 10 * bucket
