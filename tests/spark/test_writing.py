"""Files that executors write are those of `fastgen.write`, and errors are raised as early as possible."""

from pathlib import Path
from typing import Any

import pytest

from fastgen import Config, Dataset, OptionError, OutputExistsError
from fastgen import write as write_here

from .conftest import require_pyspark

require_pyspark()

DATA = Dataset(Config(rows=200_000, seed=3))


@pytest.fixture
def write(spark: Any) -> Any:
    """`fastgen.spark.write`, with the tests' session active."""
    from fastgen.spark import write

    return write


def contents(folder: Path) -> dict[str, bytes]:
    """The contents of all files in a directory."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("options", [{}, {"format": "csv", "compression": "gzip", "coordinates": "number"}])
def test_files_are_those_of_one_process(write: Any, tmp_path: Path, options: dict[str, Any]) -> None:
    report = write(DATA, tmp_path / "spark", parts=3, **options)
    here = write_here(DATA, tmp_path / "here", parts=3, **options)
    assert contents(tmp_path / "spark") == contents(tmp_path / "here")
    assert "manifest.json" in contents(tmp_path / "spark")
    assert (report.rows, report.size, report.skipped) == (here.rows, here.size, 0)
    assert sorted(file.path.replace("/spark/", "/here/") for file in report.files) == sorted(file.path for file in here.files)


def test_relative_paths_are_those_of_the_driver(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Executors have other working directories."""
    monkeypatch.chdir(tmp_path)
    write(DATA, "relative", parts=2)
    assert (tmp_path / "relative" / "manifest.json").exists()
    assert len(list((tmp_path / "relative" / "transactions").iterdir())) == 2


def test_what_is_complete_is_not_made_again(write: Any, tmp_path: Path) -> None:
    write_here(DATA, tmp_path, parts=3, part=2)
    before = (tmp_path / "transactions" / "part-00002-of-00003.parquet").stat()
    report = write(DATA, tmp_path, parts=3)
    assert (report.skipped, len(report.files)) == (1, 6)
    assert (tmp_path / "transactions" / "part-00002-of-00003.parquet").stat() == before
    assert (tmp_path / "manifest.json").exists()


def test_as_many_parts_as_processors(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless there are fewer groups, or enough rows for more parts."""
    monkeypatch.setattr("fastgen.spark.files.available_threads", lambda: 3)
    write(DATA, tmp_path / "three")
    assert len(list((tmp_path / "three" / "transactions").iterdir())) == 3
    monkeypatch.setattr("fastgen.spark.files.ROWS_IN_FILE", 50_000)
    write(DATA, tmp_path / "four")
    assert len(list((tmp_path / "four" / "transactions").iterdir())) == 4
    monkeypatch.setattr("fastgen.spark.files.available_threads", lambda: 1_000)
    write(DATA, tmp_path / "most")
    assert len(list((tmp_path / "most" / "transactions").iterdir())) == DATA.plan.grid.groups


def test_other_data_are_refused_before_any_task(write: Any, tmp_path: Path) -> None:
    write(DATA, tmp_path, parts=2)
    before = contents(tmp_path)
    other = Dataset(Config(rows=200_000, seed=4))
    with pytest.raises(OutputExistsError, match="holds other data"):
        write(other, tmp_path, parts=2)
    assert contents(tmp_path) == before
    write(other, tmp_path, parts=2, overwrite=True)
    write_here(other, tmp_path.with_name("other"), parts=2)
    assert contents(tmp_path) == contents(tmp_path.with_name("other"))


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (DATA, {"format": "parket"}, "format = 'parket': must be one of parquet"),
        (DATA, {"parts": 0}, "parts = 0: must be"),
        (DATA, {"parts": 10_000}, "parts = 10000: must be at most"),
        (DATA, {"parts": 2, "compression": "zip"}, "compression = 'zip': must be one of zstd"),
        (DATA, {"parts": 2, "coordinates": "none"}, "coordinates = 'none': must be text or number"),
        (DATA.part(1, of=2), {"parts": 2}, "must be taken of a whole dataset"),
    ],
)
def test_wrong_options(write: Any, tmp_path: Path, data: Dataset, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        write(data, tmp_path / "none", **options)
    assert message in str(caught.value)
    assert not (tmp_path / "none").exists()


def test_a_part_that_cannot_be_written(write: Any, tmp_path: Path) -> None:
    """The other parts are written, and the next call makes the missing one."""
    write_here(DATA, tmp_path, parts=2, part=1)
    in_the_way = tmp_path / "transactions" / "part-00002-of-00002.parquet"
    in_the_way.mkdir()
    with pytest.raises(Exception, match=f"OutputError: {in_the_way} is a directory, and is not replaced by a file"):
        write(DATA, tmp_path, parts=2)
    assert not (tmp_path / "manifest.json").exists()
    in_the_way.rmdir()
    write(DATA, tmp_path, parts=2)
    assert (tmp_path / "manifest.json").exists()
