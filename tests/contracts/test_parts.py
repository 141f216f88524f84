"""Parts: together they are the whole, wherever and in whatever order they are made."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from _thread import interrupt_main
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastgen as fg
from fastgen import Config, Dataset, OptionError, OutputExistsError, verify, write
from fastgen.schema import TABLES
from fastgen.sections import Atm, Fraud
from fastgen.sinks import manifest, writing
from fastgen.sinks.estimates import estimate
from fastgen.sinks.jobs import write_job
from fastgen.sinks.names import part_name
from fastgen.sinks.output import opened
from fastgen.sinks.writing import FileReport

DATA = Dataset(Config(rows=400_000, seed=3))
GROUPS = DATA.plan.grid.groups
TABLE_NAMES = tuple(TABLES)


def rows_of(data: Dataset, table: str) -> pl.DataFrame:
    frame: pl.DataFrame = getattr(data, table)()
    return frame


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    write(DATA, f"{folder}/", format="ndjson")
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# Of a dataset


@pytest.mark.parametrize("table", TABLE_NAMES)
@pytest.mark.parametrize("of", [1, 2, 5, GROUPS])
def test_the_parts_in_order_are_the_whole(table: str, of: int) -> None:
    parts = [rows_of(DATA.part(number, of=of), table) for number in range(1, of + 1)]
    assert pl.concat(parts).equals(rows_of(DATA, table))
    assert [part.height for part in parts] == [DATA.part(number, of=of).count(table) for number in range(1, of + 1)]


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_any_part_is_made_alone(data: st.DataObject) -> None:
    """For random configurations, parts, columns, threads and batches."""
    config = data.draw(
        st.fixed_dictionaries(
            {
                "rows": st.integers(100_000, 500_000),
                "seed": st.integers(0, 2**32),
                "atm": st.sampled_from([{}, {"cards": 0}, {"step_hours": [100, 100]}]),
            }
        )
    )
    whole = Dataset(Config(**config))
    of = data.draw(st.integers(1, whole.plan.grid.groups))
    number = data.draw(st.integers(1, of))
    names = data.draw(st.lists(st.sampled_from(TABLES["transactions"].names), unique=True, min_size=1))
    alone = Dataset(Config(**config)).part(number, of=of)
    before = sum(whole.part(each, of=of).num_rows for each in range(1, number))
    threads, rows = data.draw(st.integers(1, 3)), data.draw(st.integers(1_000, 100_000))
    batches = list(alone.batches(names, batch_rows=rows, threads=threads))
    expected = whole.transactions(names).slice(before, alone.num_rows)
    assert (pl.concat(batches) if batches else expected.clear()).equals(expected)


def test_parts_are_about_equal() -> None:
    """By the expected numbers of rows, although withdrawals are not spread evenly."""
    large = Dataset(Config(rows=4_000_000, seed=3))
    for of in (2, 7, 12):
        parts = [large.part(number, of=of) for number in range(1, of + 1)]
        sizes = [part.num_rows for part in parts]
        assert sum(sizes) == large.num_rows
        assert max(sizes) <= 4_000_000 / of + 66_000, "as close as groups allow"
        assert [part.expected_rows() for part in parts] == pytest.approx(sizes, rel=0.02)


@pytest.mark.parametrize("ratio", [0.5, 1])
def test_parts_of_frauds_are_about_equal(ratio: float) -> None:
    data = Dataset(Config(payments=2_000_000, fraud=Fraud(ratio=ratio), atm=Atm(cards=0)))
    parts = [data.part(number, of=8) for number in range(1, 9)]
    sizes = [part.num_rows for part in parts]
    assert sum(sizes) == 2_000_000
    assert max(sizes) <= 2_000_000 / 8 + 40_000, "as close as groups allow"
    assert [part.expected_rows() for part in parts] == pytest.approx(sizes, rel=0.02)


def test_each_part_has_a_group_where_most_rows_come_last() -> None:
    withdrawals = {"cards": 100, "withdrawals": 100_000, "lengths": [1, 1], "step_hours": [100, 100]}
    plan = Dataset(Config(payments=10, end="2022-01-01 01:00:00", atm=withdrawals)).plan
    of = plan.grid.groups
    assert [plan.part(number, of) for number in range(1, of + 1)] == [range(group, group + 1) for group in range(of)]


def test_a_part_can_be_sent_elsewhere() -> None:
    import pickle

    part = DATA.part(2, of=3)
    assert rows_of(pickle.loads(pickle.dumps(part)), "transactions").equals(rows_of(part, "transactions"))
    assert repr(part).endswith(".part(2, of=3)")
    assert part.fingerprint == DATA.fingerprint


@pytest.mark.parametrize(
    ("number", "of", "line"),
    [
        (0, 3, "part = 0: must be a whole number of at least 1"),
        (4, 3, "part = 4: must be among 1 to 3"),
        (1, 0, "parts = 0: must be a whole number of at least 1"),
        (
            1,
            GROUPS + 1,
            f"parts = {GROUPS + 1}: must be at most {GROUPS}: this dataset is made in so many groups of rows, which are not cut",
        ),
        (1.5, 3, "part = 1.5: must be a whole number of at least 1"),
    ],
)
def test_parts_that_there_are_not(number: Any, of: int, line: str) -> None:
    with pytest.raises(OptionError) as caught:
        DATA.part(number, of=of)
    assert str(caught.value) == line
    with pytest.raises(OptionError, match="must be taken of a whole dataset"):
        DATA.part(1, of=2).part(1, of=2)


# As files


@pytest.mark.parametrize(("of", "threads"), [(1, 1), (3, 1), (5, 3), (2, 5)])
def test_files_in_order_are_the_whole(tmp_path: Path, whole: Path, of: int, threads: int) -> None:
    report = write(DATA, f"{tmp_path}/", format="ndjson", parts=of, threads=threads)
    for table in TABLES:
        names = [f"part-{number:05}-of-{of:05}.ndjson" for number in range(1, of + 1)]
        assert sorted(os.listdir(tmp_path / table)) == names
        assert b"".join((tmp_path / table / name).read_bytes() for name in names) == (whole / f"{table}.ndjson").read_bytes()
    assert report.rows == DATA.num_rows + 2 * DATA.plan.cards
    assert report.skipped == 0


@pytest.mark.parametrize("format", ["parquet", "csv", "ipc"])
def test_other_formats(tmp_path: Path, format: Any) -> None:
    write(DATA, f"{tmp_path}/", format=format, parts=3)
    read = {"parquet": pl.read_parquet, "csv": pl.read_csv, "ipc": pl.read_ipc}[format]
    for table in TABLES:
        found = pl.concat(
            [read(path, **({"infer_schema": False} if format == "csv" else {})) for path in sorted((tmp_path / table).iterdir())]
        )
        assert found.height == DATA.count(table)
        assert found["cc_num"].to_list() == rows_of(DATA, table)["cc_num"].to_list()


def test_the_manifest_is_that_of_the_whole(tmp_path: Path, whole: Path) -> None:
    """Except for the files; digests are those of the whole tables."""
    write(DATA, f"{tmp_path}/", format="ndjson", parts=4)
    found, expected = (json.loads((folder / "manifest.json").read_text()) for folder in (tmp_path, whole))
    assert found.pop("parts") == 4
    for table, content in found.pop("tables").items():
        alone = expected["tables"][table]
        assert {name: content[name] for name in ("columns", "rows", "bytes", "digest")} == {
            name: alone[name] for name in ("columns", "rows", "bytes", "digest")
        }
        assert [(tmp_path / file["file"]).stat().st_size for file in content["files"]] == [
            file["bytes"] for file in content["files"]
        ]
    assert expected.pop("tables")
    assert found == expected


def test_parts_of_several_machines_make_the_whole(tmp_path: Path) -> None:
    """Each writes its part; the last one finds them complete and writes the manifest."""
    for number in (3, 1, 2):
        assert not (tmp_path / "manifest.json").exists()
        write(Dataset(DATA.config), f"{tmp_path}/", format="ndjson", parts=3, part=number)
    together = tmp_path / "together"
    write(DATA, f"{together}/", format="ndjson", parts=3)
    found = {name: content for name, content in files_of(tmp_path).items() if not name.startswith("together")}
    assert found == files_of(together)


def test_one_part_of_a_table_as_a_file(tmp_path: Path) -> None:
    write(DATA, tmp_path / "a.ndjson", parts=3, part=2)
    write(DATA.part(2, of=3), tmp_path / "b.ndjson")
    assert (tmp_path / "a.ndjson").read_bytes() == (tmp_path / "b.ndjson").read_bytes()


def test_parts_that_are_complete_are_not_made_again(tmp_path: Path) -> None:
    write(DATA, f"{tmp_path}/", format="ndjson", parts=4)
    before = files_of(tmp_path)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("part-*")}
    (tmp_path / "transactions" / "part-00002-of-00004.ndjson").write_bytes(b"short")
    (tmp_path / "profiles" / "part-00003-of-00004.ndjson").unlink()
    report = write(DATA, f"{tmp_path}/", format="ndjson", parts=4)
    assert report.skipped == 2
    assert files_of(tmp_path) == before
    made = {path.name[:10] for path, then in times.items() if path.stat().st_mtime_ns != then}
    assert made == {"part-00002", "part-00003"}
    assert write(DATA, f"{tmp_path}/", format="ndjson", parts=4).rows == 0
    assert write(DATA, f"{tmp_path}/", format="ndjson", parts=4, overwrite=True).skipped == 0


@pytest.mark.parametrize(
    ("threads", "parts", "expected"), [(1, 3, [1, 1, 1]), (3, 2, [1, 2]), (8, 3, [2, 3, 3]), (5, 1, [5]), (2, 5, [1] * 5)]
)
def test_all_threads_have_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int, parts: int, expected: list[int]
) -> None:
    taken: list[int] = []

    def write_together(*given: Any) -> Any:
        taken.append(given[4].threads)
        return writing.write_together(*given)

    monkeypatch.setattr("fastgen.sinks.parts.write_together", write_together)
    write(DATA, f"{tmp_path}/", parts=parts, threads=threads)
    assert sorted(taken) == expected


@pytest.mark.parametrize(
    "damage",
    [
        {"part": 2},
        {"part": 7},
        {"part": None},
        {"tables": {}},
        {"columns": None},
        {"rows": "many"},
        {"bytes": True},
        {"digest": "x"},
        {"file": "transactions/part-00002-of-00002.csv"},
    ],
    ids=str,
)
def test_a_part_with_a_damaged_record_is_made_again(tmp_path: Path, damage: dict[str, Any]) -> None:
    write(DATA, f"{tmp_path}/", format="csv", parts=2)
    before = files_of(tmp_path)
    (tmp_path / "manifest.json").unlink()
    path = tmp_path / "parts" / "part-00001-of-00002.json"
    record = json.loads(path.read_text())
    (record if damage.keys() & record.keys() else record["tables"]["transactions"]).update(damage)
    path.write_text(json.dumps(record))
    report = write(DATA, f"{tmp_path}/", format="csv", parts=2)
    assert report.skipped == 1
    assert files_of(tmp_path) == before


def test_records_are_not_read_to_find_that_some_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside thousands of other parts, reading them would take longer than making one."""
    for number in range(1, 6):
        write(DATA, f"{tmp_path}/", parts=GROUPS, part=number)
    read: list[str] = []
    read_file = manifest.read
    monkeypatch.setattr(manifest, "read", lambda path: read.append(path.name) or read_file(path))
    write(DATA, f"{tmp_path}/", parts=GROUPS, part=6)
    assert [read.count(f"{part_name(number, GROUPS)}.json") for number in range(1, 6)] == [1, 0, 0, 0, 0]  # to see whose they are


class StopError(Exception):
    pass


class StopAfter:
    """A progress callback that fails after the given number of rows."""

    def __init__(self, rows: int) -> None:
        self.left = rows

    def __call__(self, rows: int) -> None:
        self.left -= rows
        if self.left < 0:
            raise StopError


@pytest.mark.parametrize("threads", [1, 3])
def test_a_run_that_fails_keeps_complete_parts_and_no_others(tmp_path: Path, threads: int) -> None:
    with pytest.raises(StopError):
        write(DATA, f"{tmp_path}/", format="ndjson", parts=6, threads=threads, progress=StopAfter(250_000))
    names = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert not [name for name in names if name.startswith(".")], "nothing half-written"
    complete = len(list((tmp_path / "parts").iterdir()))
    assert 0 < complete < 6
    assert len(names) == 4 * complete
    report = write(DATA, f"{tmp_path}/", format="ndjson", parts=6)
    assert report.skipped == complete
    lines = hashlib.sha256(b"".join(path.read_bytes() for path in sorted((tmp_path / "transactions").iterdir())))
    write(DATA, tmp_path / "whole.ndjson")
    assert lines.hexdigest() == hashlib.sha256((tmp_path / "whole.ndjson").read_bytes()).hexdigest()


def test_a_part_that_fails_stops_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastgen.sinks.parts.SHUTDOWN_SECONDS", 60.0)

    def progress(rows: int) -> None:
        if threading.current_thread().name.endswith("_0"):
            raise StopError
        time.sleep(0.02)

    with pytest.raises(StopError):
        write(DATA, f"{tmp_path}/", parts=2, threads=2, progress=progress)
    assert files_of(tmp_path) == {}


def test_a_part_that_fails_is_noticed_while_others_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastgen.sinks.parts.SHUTDOWN_SECONDS", 0.0)
    released = threading.Event()
    began: list[str] = []

    def progress(rows: int) -> None:
        began.append(threading.current_thread().name)
        if began.index(began[-1]):
            raise StopError
        released.wait(60)  # the first part would take that long

    try:
        with pytest.raises(StopError):
            write(DATA, f"{tmp_path}/", parts=2, threads=2, progress=progress)
        assert not released.is_set()
    finally:
        released.set()


def test_a_run_that_fails_leaves_the_parts_of_another(tmp_path: Path) -> None:
    """In the same process: another thread may be writing other parts."""
    failed = threading.Event()

    def fail(rows: int) -> None:
        raise StopError

    def wait(rows: int) -> None:
        if not failed.is_set():
            with pytest.raises(StopError):
                write(DATA, f"{tmp_path}/", parts=2, part=2, progress=fail)
            failed.set()

    write(DATA, f"{tmp_path}/", parts=2, part=1, progress=wait)
    assert failed.is_set()
    assert write(DATA, f"{tmp_path}/", parts=2).skipped == 1


@pytest.mark.parametrize("more", [3, {"rows": 1}, {"file": 5, "bytes": 1}, {"file": "x", "bytes": 1}])
def test_a_record_of_more_tables_than_there_are(tmp_path: Path, more: object) -> None:
    write(DATA, f"{tmp_path}/", parts=2)
    path = tmp_path / "parts" / "part-00001-of-00002.json"
    record = json.loads(path.read_text())
    record["tables"]["more"] = more
    path.write_text(json.dumps(record))
    assert write(DATA, f"{tmp_path}/", parts=2).skipped == 2


def test_few_records_are_read_for_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are; but those of the parts to be written are."""
    of = GROUPS
    for number in range(1, of):
        write(DATA, f"{tmp_path}/", parts=of, part=number)
    read, names = manifest.read, list[str]()
    monkeypatch.setattr(manifest, "read", lambda path: names.append(path.name) or read(path))  # type: ignore[func-returns-value]
    assert write(DATA, f"{tmp_path}/", parts=of, part=3).skipped == 1
    assert set(names) == {f"{part_name(number, of)}.json" for number in (1, 3)}
    other = Config(rows=DATA.config.rows, seed=9)
    assert Dataset(other).plan.grid.groups == of
    for part in (None, 3, of):
        with pytest.raises(OutputExistsError, match="holds other data"):
            write(other, f"{tmp_path}/", parts=of, part=part)


def test_numbers_of_numpy(tmp_path: Path) -> None:
    part = DATA.part(np.int64(1), np.int64(2))  # type: ignore[arg-type]
    assert part == DATA.part(1, 2)
    write(part, tmp_path / "part.parquet")
    write(DATA, tmp_path / "all", parts=np.int64(2))  # type: ignore[arg-type]
    write(DATA, tmp_path / "all", parts=2, overwrite=False)


def test_one_part_that_fails_leaves_the_folders(tmp_path: Path) -> None:
    """Another run may be about to fill them."""
    with pytest.raises(StopError):
        write(DATA, f"{tmp_path}/", parts=2, part=1, progress=StopAfter(0))
    assert {path.name for path in tmp_path.iterdir()} == {"parts", *TABLE_NAMES}


def test_a_manifest_goes_before_a_part_takes_the_place_of_one_that_it_names(tmp_path: Path) -> None:
    write(DATA, f"{tmp_path}/", parts=2)
    write(Config(rows=200_000), f"{tmp_path}/", parts=2, part=1, overwrite=True)
    assert not (tmp_path / "manifest.json").exists()


def test_parts_of_another_version_that_makes_the_same_data_are_complete(tmp_path: Path) -> None:
    write(DATA, f"{tmp_path}/", parts=2, part=1)
    [record] = (tmp_path / "parts").iterdir()
    record.write_text(json.dumps(json.loads(record.read_text()) | {"fastgen": "0.0.0"}))
    assert write(DATA, f"{tmp_path}/", parts=2).skipped == 1


@pytest.mark.parametrize("format", ["parquet", "csv", "ndjson", "ipc"])
def test_parts_without_rows(tmp_path: Path, format: Any) -> None:
    """The last group has no rows, as no chain runs past the period, and there are fewer cards than parts."""
    sparse = Config(rows=400_000, cards=2, end="2022-01-02", atm={"cards": 0}, fraud={"ratio": 0.00001})
    data = Dataset(sparse)
    of = data.plan.grid.groups
    assert data.part(of, of=of).transactions(["tid", "city"]).equals(data.transactions(["tid", "city"]).clear())
    assert [data.part(number, of=of).count("profiles") for number in range(1, of + 1)].count(0) == of - 2
    for number in range(1, of + 1):
        sizes = estimate(write_job(data, f"{tmp_path}/", format=format, parts=of, part=number))
        report = write(data, f"{tmp_path}/", format=format, parts=of, part=number)
        assert [sizes[file.path] for file in report.files] == pytest.approx(
            [file.size for file in report.files], rel=0.1, abs=1_000
        )
    assert verify(tmp_path).ok


def test_a_part_whose_record_is_about_to_come(tmp_path: Path) -> None:
    """A run begins when another one has renamed the tables of its part into place, but not yet the part's record."""
    write(DATA, f"{tmp_path}/", parts=2, part=1)
    [record] = (tmp_path / "parts").iterdir()
    described = record.read_bytes()
    record.unlink()
    comes = threading.Timer(0.3, lambda: record.write_bytes(described))
    comes.start()
    write(DATA, f"{tmp_path}/", parts=2, part=2)
    comes.join()
    assert (tmp_path / "manifest.json").exists()


def test_a_killed_run_is_finished_by_the_same_command(tmp_path: Path) -> None:
    argv = [
        sys.executable,
        "-m",
        "fastgen",
        "generate",
        "--rows",
        "4M",
        "--parts",
        "20",
        "-q",
        "--output",
        f"{tmp_path}/",
        "--format",
        "ndjson",
    ]
    process = subprocess.Popen(argv)
    until = time.monotonic() + 60
    while len(list(tmp_path.glob("parts/*.json"))) < 4 and time.monotonic() < until:
        time.sleep(0.01)
    process.kill()
    process.wait()
    finished = len(list(tmp_path.glob("parts/*.json")))
    assert 4 <= finished < 20
    assert set(tmp_path.rglob(".*partial"))
    argv.remove("-q")
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert f"({finished} parts were there)" in done.stderr
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["tables"]["transactions"]["rows"] == 4_000_000
    assert not set(tmp_path.rglob(".*partial"))


def test_unfinished_files_that_may_be_somebodys_stay(tmp_path: Path) -> None:
    """Those of other data and those being written always stay; the others too until all parts are complete, and when overwriting."""
    for folder in (*TABLES, "parts"):
        (tmp_path / folder).mkdir()
    hidden = f".{'0' * 16}.partial"
    others = [
        tmp_path / f"transactions/.part-00001-of-00003.ndjson{hidden}",
        tmp_path / f"transactions/.part-00001-of-00002.csv{hidden}",
        tmp_path / f"transactions/.notes.txt{hidden}",
        tmp_path / f".manifest.json{hidden}",
    ]
    ours = [tmp_path / f"transactions/.part-00002-of-00002.ndjson{hidden}", tmp_path / f"parts/.part-00001-of-00002.json{hidden}"]
    for path in (*others, *ours):
        path.touch()

    def left() -> set[Path]:
        return set(tmp_path.rglob(".*partial"))

    with opened(str(tmp_path / "transactions" / "part-00001-of-00002.ndjson"), overwrite=True):
        others += left() - {*others, *ours}
        write(DATA, f"{tmp_path}/", format="ndjson", parts=2, part=1)
        assert left() == {*others, *ours}
        write(DATA, f"{tmp_path}/", format="ndjson", parts=2, part=2, overwrite=True)
        assert left() == {*others, *ours}
        write(DATA, f"{tmp_path}/", format="ndjson", parts=2)
        assert left() == {*others}
        assert verify(tmp_path).ok


def test_an_interrupted_run_leaves_no_half_parts(tmp_path: Path) -> None:
    argv = [
        sys.executable,
        "-m",
        "fastgen",
        "generate",
        "--rows",
        "20M",
        "--parts",
        "20",
        "--output",
        f"{tmp_path}/",
        "--threads",
        "2",
    ]
    process = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not list(tmp_path.glob("parts/*.json")) and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert not list(tmp_path.rglob(".*"))
    assert not (tmp_path / "manifest.json").exists()


def interrupt_by_signal() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@pytest.mark.parametrize("interrupt", [interrupt_by_signal, interrupt_main])
def test_an_interrupted_run_does_not_wait_for_a_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interrupt: Callable[[], None]
) -> None:
    """A thread learns of the interrupt only when it next checks; what it has begun is removed at once, and not renamed later.

    `interrupt_main` wakes no one, as a signal in the microseconds before the main thread begins to wait.
    """
    begun, go_on, ended = threading.Semaphore(0), threading.Event(), threading.Semaphore(0)

    def compile_first(_requests: object, names: list[str], *_: object) -> list[FileReport]:
        try:
            with opened(str(tmp_path / names[0]), overwrite=True):
                begun.release()
                go_on.wait(60)
        finally:
            ended.release()
        return []

    def interrupt_when_both_have_begun() -> None:
        for _ in range(2):
            begun.acquire()
        interrupt()

    monkeypatch.setattr("fastgen.sinks.parts.write_together", compile_first)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Thread(target=interrupt_when_both_have_begun).start()
        with pytest.raises(KeyboardInterrupt):
            write(DATA, f"{tmp_path}/", format="csv", parts=2, threads=2)
        assert ended._value == 0
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    finally:
        signal.signal(signal.SIGINT, handler)
        go_on.set()
    for _ in range(2):
        ended.acquire()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_interrupted_run_does_not_wait_for_parts_that_have_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    is_first = iter([True])

    def interrupt_once(*_: object) -> list[FileReport]:
        time.sleep(0.1)  # until all parts are waiting for their turn
        if next(is_first, False):
            interrupt_by_signal()
        return []

    monkeypatch.setattr("fastgen.sinks.parts.write_together", interrupt_once)
    monkeypatch.setattr("fastgen.sinks.parts.SHUTDOWN_SECONDS", 20)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            write(DATA, f"{tmp_path}/", format="csv", parts=5, threads=2)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert time.monotonic() - began < 15


# Existing output


def test_other_data_are_not_touched(tmp_path: Path, whole: Path) -> None:
    other = Dataset(Config(rows=400_000, seed=4))
    write(DATA, f"{tmp_path}/", format="ndjson", parts=3, part=1)
    before = files_of(tmp_path)
    for attempt, difference in (
        (lambda: write(other, f"{tmp_path}/", format="ndjson", parts=3), f": seed {DATA.config.seed}, not 4"),
        (lambda: write(DATA, f"{tmp_path}/", format="ndjson", parts=2), ": parts 3, not 2"),
        (lambda: write(DATA, f"{tmp_path}/", format="csv", parts=3), ": format ndjson, not csv"),
        (lambda: write(DATA, f"{tmp_path}/", format="ndjson"), ""),
    ):
        with pytest.raises(OutputExistsError, match=re.escape(f"holds other data{difference} (")):
            attempt()
        assert files_of(tmp_path) == before
    write(DATA, f"{tmp_path}/", format="ndjson", overwrite=True)
    assert set(files_of(tmp_path)) == set(files_of(whole))
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    with pytest.raises(OutputExistsError, match="holds other data"):
        write(DATA, f"{tmp_path}/", format="ndjson", parts=2)
    write(DATA, f"{tmp_path}/", format="ndjson", parts=2, overwrite=True)
    assert len(files_of(tmp_path)) == 2 * 4 + 1


def test_data_that_are_replaced_stay_until_the_new_ones_are_complete(tmp_path: Path) -> None:
    """Two parts are replaced by three that are made separately; until then all the old ones stay, with their manifest."""
    other = Dataset(Config(rows=400_000, seed=4))
    write(DATA, f"{tmp_path}/", format="ndjson", parts=2)
    (tmp_path / "transactions" / "notes.txt").write_text("mine")
    before = files_of(tmp_path)
    for number in (2, 3):
        write(other, f"{tmp_path}/", format="csv", parts=3, part=number, overwrite=True)
        assert before.items() <= files_of(tmp_path).items()
    assert len(files_of(tmp_path)) == len(before) + 2 * 4
    with pytest.raises(OutputExistsError, match="holds other data"):
        write(other, f"{tmp_path}/", format="csv", parts=3, part=1)
    assert write(other, f"{tmp_path}/", format="csv", parts=3, overwrite=True).skipped == 2, "what is made already stays"
    assert len(files_of(tmp_path)) == 3 * 4 + 2
    assert (tmp_path / "transactions" / "notes.txt").exists()
    assert verify(tmp_path).ok


def test_a_part_takes_the_place_of_another(tmp_path: Path) -> None:
    """With as many parts as before, each replaces the one of its number; the manifest is removed first."""
    other = Dataset(Config(rows=400_000, seed=4))
    write(DATA, f"{tmp_path}/", format="ndjson", parts=3)
    write(other, f"{tmp_path}/", format="csv", parts=3, part=2, overwrite=True)
    found = {path.name for path in (tmp_path / "transactions").iterdir()}
    assert found == {"part-00001-of-00003.ndjson", "part-00002-of-00003.csv", "part-00003-of-00003.ndjson"}
    assert write(other, f"{tmp_path}/", format="csv", parts=3, overwrite=True).skipped == 1
    assert len(files_of(tmp_path)) == 3 * 4 + 1
    assert verify(tmp_path).ok


def test_an_overwriting_run_that_fails_goes_on_where_it_was(tmp_path: Path) -> None:
    other = Dataset(Config(rows=400_000, seed=4))
    write(DATA, f"{tmp_path}/", format="ndjson")
    before = files_of(tmp_path)
    with pytest.raises(StopError):
        write(other, f"{tmp_path}/", format="ndjson", parts=6, overwrite=True, threads=1, progress=StopAfter(250_000))
    assert before.items() <= files_of(tmp_path).items()
    complete = len(list((tmp_path / "parts").iterdir()))
    assert write(other, f"{tmp_path}/", format="ndjson", parts=6, overwrite=True).skipped == complete > 0
    assert len(files_of(tmp_path)) == 6 * 4 + 1
    assert verify(tmp_path).ok


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        *(
            (*formats, kept)
            for formats in (
                ({"parts": 4}, {"parts": 3}),
                ({"parts": 3}, {"parts": 3, "format": "csv"}),
                ({"parts": 3}, {"format": "csv"}),
                ({}, {"parts": 2}),
                ({}, {"format": "csv"}),
            )
            for kept in (0, 1, 2)
        ),
        ({"parts": 4, "part": 1}, {"parts": 3}, 1),  # no manifest names what is left, only the record
    ],
)
def test_a_run_that_ends_while_it_removes_other_data_is_finished_by_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: dict[str, Any], after: dict[str, Any], kept: int
) -> None:
    other = Dataset(Config(rows=400_000, seed=4))
    write(other, f"{tmp_path}/alone/", **after)
    write(DATA, f"{tmp_path}/data/", **before)
    unlink, left = os.unlink, kept

    def stop(path: Any) -> None:
        nonlocal left
        if not str(path).endswith(".partial"):
            if not left:
                raise StopError
            left -= 1
        unlink(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", stop)
        with pytest.raises(StopError):
            write(other, f"{tmp_path}/data/", threads=1, overwrite=True, **after)
    write(other, f"{tmp_path}/data/", overwrite=True, **after)
    assert files_of(tmp_path / "data") == files_of(tmp_path / "alone")


@pytest.mark.parametrize("parts", [None, 2, 3])
def test_parts_that_nothing_describes_are_neither_removed_nor_mixed_in(tmp_path: Path, parts: int | None) -> None:
    write(DATA, f"{tmp_path}/", format="ndjson", parts=2)
    stray = tmp_path / "transactions" / "part-00001-of-00009.ndjson"
    stray.write_text("{}")
    before = files_of(tmp_path)
    with pytest.raises(OutputExistsError, match=r"part-00001-of-00009.ndjson is a part of unknown data"):
        write(DATA, f"{tmp_path}/", format="ndjson", parts=parts, overwrite=True)
    assert files_of(tmp_path) == before
    stray.unlink()
    write(DATA, f"{tmp_path}/", format="ndjson", parts=parts, overwrite=True)
    assert verify(tmp_path).ok


def test_copies_that_editors_leave_are_no_parts(tmp_path: Path) -> None:
    write(DATA, f"{tmp_path}/", format="ndjson", parts=2)
    copy = tmp_path / "transactions" / "part-00001-of-00002.ndjson~"
    copy.write_text("mine")
    write(DATA, f"{tmp_path}/", format="ndjson", parts=2, overwrite=True)
    assert copy.read_text() == "mine"


def test_a_manifest_from_elsewhere_removes_nothing_but_tables(tmp_path: Path) -> None:
    """Names that fastgen does not give are ignored."""
    (tmp_path / "a" / "transactions.d").mkdir(parents=True)
    outside = [tmp_path / "out.csv", tmp_path / "a" / "transactions.d" / "x", tmp_path / "a" / "transactions.my.own.csv"]
    for path in outside:
        path.write_text("mine")
    named = [f"../{outside[0].name}", str(outside[0]), "transactions/../../out.csv", "transactions.d/x", "transactions.my.own.csv"]
    described = {"tables": {"transactions": {"files": [{"file": name} for name in named]}}}
    (tmp_path / "a" / "manifest.json").write_text(json.dumps(described))
    write(Dataset(Config(rows=100)), tmp_path / "a/", format="ndjson", parts=1, overwrite=True)
    assert [path.read_text() for path in outside] == ["mine"] * 3


@pytest.mark.parametrize(
    ("output", "options", "line"),
    [
        ("x.csv", {"parts": 2}, "parts = 2: must not be given without `part` for a file (or name a directory)"),
        ("x/", {"part": 2}, "part = 2: must come with `parts`"),
        ("x/", {"part": 3, "parts": 2}, "part = 3: must be among 1 to 2"),
        ("x/", {"parts": 10_000}, f"parts = 10000: must be at most {GROUPS}: this dataset is made in so many groups"),
    ],
)
def test_options_that_do_not_go_together(tmp_path: Path, output: str, options: dict[str, int], line: str) -> None:
    with pytest.raises(OptionError) as caught:
        write(DATA, f"{tmp_path}/{output}", **options)  # type: ignore[arg-type]  # one dict of options of several types
    assert str(caught.value).startswith(line)
    assert not list(tmp_path.iterdir())


def test_a_part_is_no_directory(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="must be a file for a part of a dataset"):
        write(fg.Dataset(DATA.config).part(1, of=2), f"{tmp_path}/")
