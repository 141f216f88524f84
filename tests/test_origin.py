"""Files whose formats have metadata say what their data are, as a manifest does."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from fastgen import Config, Dataset, InputError, OptionError, validate, verify, write
from fastgen.finding import open_stored
from fastgen.origin import as_metadata, from_metadata, origin
from fastgen.schema import DATA_VERSION, TABLES

DATA = Dataset(Config(rows=200_000, seed=5, cards=400))
FORMATS = ("parquet", "ipc")


def metadata_of(path: Path) -> dict[bytes, bytes]:
    """A file's metadata, as pyarrow reads it."""
    schema = pq.read_schema(path) if path.suffix == ".parquet" else pa.ipc.open_file(path).schema
    return dict(schema.metadata or {})


def edit_metadata(path: Path, **changes: object) -> None:
    """Change what a file's metadata says."""
    about = from_metadata(metadata_of(path)) or {}
    metadata = {"fastgen": json.dumps(about | changes)}
    if path.suffix == ".parquet":
        pq.write_table(pq.read_table(path).replace_schema_metadata(metadata), path)
        return
    table = pa.ipc.open_file(path).read_all().replace_schema_metadata(metadata)
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)


@pytest.fixture(params=FORMATS)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Transactions in one file."""
    path = tmp_path / f"transactions.{'arrow' if request.param == 'ipc' else request.param}"
    write(DATA, path)
    return path


MEMBERS = ("fastgen", "data_version", "fingerprint", "seed", "config", "vocabularies")


@pytest.mark.parametrize("format", FORMATS)
def test_every_table_says_what_the_manifest_says(format: str, tmp_path: Path) -> None:
    write(DATA, tmp_path, format=format)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    for table in TABLES:
        about = from_metadata(metadata_of(tmp_path / manifest["tables"][table]["file"]))
        assert about == {name: manifest[name] for name in MEMBERS}
        assert Dataset(Config(**about["config"])).fingerprint == DATA.fingerprint


@pytest.mark.parametrize("format", FORMATS)
def test_a_part_says_which_one_it_is(format: str, tmp_path: Path) -> None:
    write(DATA, tmp_path, format=format, parts=3, part=2)
    [path] = (tmp_path / "transactions").iterdir()
    about = from_metadata(metadata_of(path)) or {}
    assert (about["part"], about["parts"], about["fingerprint"]) == (2, 3, DATA.fingerprint)
    report = verify(path)
    assert report.ok
    assert report.notes == ("only part 2 of 3 is described, and compared",)
    assert verify(path, DATA.part(2, 3)).notes == ()
    assert not verify(path, DATA.part(3, 3)).ok


def test_the_libraries_read_it_as_ever(file: Path) -> None:
    read = pl.read_parquet if file.suffix == ".parquet" else pl.read_ipc
    assert read(file).equals(DATA.transactions().cast(read(file).schema))  # type: ignore[operator]


def test_a_file_needs_no_options(file: Path) -> None:
    assert verify(file).ok
    assert (validate(file).passed, validate(file).configuration) == (True, "of the data")
    bad = verify(file, Dataset(Config(rows=200_000, seed=6, cards=400)))
    assert bad.problems == ("the metadata describes other data than the options: seed 5, not 6",)


def test_a_directory_of_such_files_needs_no_manifest(tmp_path: Path) -> None:
    write(DATA, tmp_path, parts=2)
    (tmp_path / "manifest.json").unlink()
    for record in (tmp_path / "parts").iterdir():
        record.unlink()
    assert verify(tmp_path).ok
    assert open_stored(tmp_path).config() == DATA.config
    (tmp_path / "transactions" / "part-00002-of-00002.parquet").unlink()
    tables = verify(tmp_path).tables
    assert [table.ok for table in tables] == [False, True, True]
    # The directory should hold the whole, although the first file says that it is a part.
    assert dict(tables[0].counts()) == {"truncated": DATA.part(2, 2).num_rows}


@pytest.mark.parametrize("format", ["csv", "ndjson"])
def test_a_text_file_is_described_by_the_manifest_beside_it(format: Any, tmp_path: Path) -> None:
    write(DATA, whole := tmp_path / "whole", format=format)
    for table in TABLES:
        assert verify(whole / f"{table}.{format}").ok
    assert validate(whole / f"transactions.{format}").configuration == "of the data"
    bad = verify(whole / f"transactions.{format}", Config(rows=200_000, seed=6, cards=400))
    assert bad.problems == ("the manifest describes other data than the options: seed 5, not 6",)
    (whole / f"transactions.{format}").rename(whole / f"other.{format}")
    with pytest.raises(OptionError, match="no manifest says what"):
        verify(whole / f"other.{format}")
    write(DATA, tmp_path / "parts", format=format, parts=3)
    report = verify(tmp_path / "parts" / "transactions" / f"part-00002-of-00003.{format}")
    assert report.ok
    assert report.notes == ("only part 2 of 3 is described, and compared",)


def test_what_a_file_says_is_not_believed(file: Path) -> None:
    edit_metadata(file, seed=6)
    assert verify(file).problems == ("metadata: seed is 6, and the configuration's is 5",)
    edit_metadata(file, seed=5, fingerprint="0" * 64)
    assert verify(file).problems == ("metadata: the fingerprint is not that of the configuration: one of the two was changed",)
    edit_metadata(file, fingerprint=DATA.fingerprint, config=DATA.config.model_dump(mode="json") | {"seed": 6})
    assert not any(table.same for table in verify(file).tables)
    edit_metadata(file, config=DATA.config.model_dump(mode="json"), tables=5)
    assert verify(file).ok
    edit_metadata(file, data_version=0)
    with pytest.raises(InputError, match=f"has data version 0, and this fastgen makes data version {DATA_VERSION}"):
        verify(file)
    edit_metadata(file, config={"rows": 0})
    with pytest.raises(InputError, match="the configuration in its metadata is not valid: rows = 0"):
        validate(file)


@pytest.mark.parametrize(("parts", "part"), [(2, 3), (0, 1), (2, "1"), (None, 1)])
def test_parts_that_there_cannot_be(parts: object, part: object, file: Path) -> None:
    edit_metadata(file, config=DATA.config.model_dump(mode="json"), parts=parts, part=part)
    with pytest.raises(InputError, match="its metadata names parts that cannot exist"):
        verify(file)


@pytest.mark.parametrize(
    "metadata",
    [None, {}, {b"fastgen": b"{"}, {b"fastgen": b"[]"}, {b"fastgen": b"\xff"}, {b"fastgen": b"[" * 100_000}, {b"pandas": b"{}"}],
)
def test_files_that_say_nothing(metadata: dict[bytes, bytes] | None) -> None:
    assert from_metadata(metadata) is None


def test_there_and_back() -> None:
    written = {name.encode(): value.encode() for name, value in as_metadata(DATA).items()}
    assert from_metadata(written) == origin(DATA)
