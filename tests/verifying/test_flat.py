"""Memory does not grow with the number of rows, whether they are as they should be or none of them is."""

import tracemalloc
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fastgen import Config, Dataset, verify, write
from fastgen.sinks.jobs import Format
from fastgen.verifying import aligning, chunks


def days(count: int) -> Dataset:
    """The given number of days with 20,000 rows each, always on the same number of cards."""
    atm: dict[str, Any] = {"cards": 1_000, "withdrawals": 20_000 * count // 3, "step_hours": [1, 12]}
    return Dataset(Config(end=datetime(2022, 1, 1) + timedelta(days=count), rows=20_000 * count, cards=5_000, atm=atm))


def other(data: Dataset) -> Dataset:
    """The same configuration with another seed."""
    return Dataset(data.config.model_copy(update={"seed": 1}))


@pytest.mark.parametrize("compared", ["same", "other"])
@pytest.mark.parametrize("format", ["parquet", "ndjson"])
def test_four_times_as_many_rows_need_no_more_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: Format, compared: str
) -> None:
    monkeypatch.setattr(chunks, "LOOKUPS", 4)  # as many as the smaller one needs
    monkeypatch.setattr(aligning, "MOST_FOREIGN", 10**9)  # so that nothing ends early
    peaks = []
    for count in (5, 15, 60):
        data = days(count)
        path = tmp_path / f"{count}.{format}"
        write(data, path)
        tracemalloc.start()
        try:
            report = verify(path, data if compared == "same" else other(data), threads=1)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        path.unlink()
        assert report.ok == (compared == "same")
    assert peaks[1] > 1_000_000  # the first run also loaded and compiled everything
    assert peaks[2] < 1.3 * peaks[1]
