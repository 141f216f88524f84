"""The pieces that `verify` is made of, each compared with a plain model."""

from collections import Counter
from pathlib import Path

import naive
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastgen import Config, Dataset, verify, write
from fastgen.pipeline import prefetch
from fastgen.reading.binary import ParquetReader
from fastgen.reading.text import NdjsonReader
from fastgen.verifying import aligning, chunks, cursors, expected, seen
from fastgen.verifying.cursors import FrameCursor, TextCursor
from fastgen.verifying.log import as_line
from fastgen.verifying.lookup import Lookup, ranks
from fastgen.verifying.order import Order, place
from fastgen.verifying.seen import Seen

SOME = st.lists(st.integers(0, 6), max_size=20)
in_a_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.large_base_example, HealthCheck.data_too_large],
    max_examples=60,
)


# Rows that were seen


@given(st.lists(st.tuples(st.integers(0, 20), st.lists(st.integers(0, 8), max_size=5, unique=True)), max_size=40))
def test_seen_is_a_set(marks: list[tuple[int, list[int]]]) -> None:
    """More chunks than are kept open."""
    rows = [9] * 21
    found, model = Seen(rows), set[tuple[int, int]]()
    for chunk, numbers in marks:
        new = {(chunk, number) for number in numbers} - model
        assert found.mark(chunk, np.array(numbers, np.int64)) == len(new)
        model |= new
        assert found.count == len(model)
    for chunk in range(21):
        own = sorted(number for each, number in model if each == chunk)
        assert found.of(chunk).nonzero()[0].tolist() == own
        assert found.length(chunk) == (own[-1] + 1 if own else 0)
        assert found.first_missing(chunk, 2) == next((number for number in range(2, 9) if number not in own), None)
        assert found.next_seen(chunk, 2) == next((number for number in range(2, 9) if number in own), 9)
        assert found.pass_whole(chunk) == (not own)
        assert found.first_missing(chunk, 0) is None or own
    assert found.size <= 2 * 21


def test_nothing_was_seen_of_a_chunk_that_has_not_begun() -> None:
    assert Seen(2).first_missing(1, 3) == 3


def test_seen_takes_a_bit_for_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "OPEN", 2)
    found = Seen([8_000] * 100)
    for chunk in range(0, 100, 2):
        found.mark(chunk, slice(1, 8_000))
    for chunk in range(1, 100, 2):
        assert found.pass_whole(chunk)
    assert found.count == 50 * 7_999 + 50 * 8_000
    assert found.size <= 50 * 1_000


# Rows in a line


def test_a_row_in_a_line_is_cut() -> None:
    line = as_line(pl.DataFrame({"a": ["x" * 400, None], "b": [1, None]}), 0)
    assert line == "x" * 297 + "..."
    assert as_line(pl.DataFrame({"a": ["x", None], "b": [None, 1]}), 0) == "x, ?"


# Rows looked up


@given(SOME, SOME, st.data())
def test_lookup_finds_each_as_often_as_it_is_there(known: list[int], sought: list[int], data: st.DataObject) -> None:
    met = np.array([data.draw(st.booleans()) for _ in known], bool)
    numbers, new = Lookup(np.array(known, np.uint64)).find(np.array(sought, np.uint64), met)
    left = Counter(value for value, already in zip(known, met, strict=True) if not already)
    for value, number, first in zip(sought, numbers.tolist(), new.tolist(), strict=True):
        assert (number >= 0) == (value in known)
        assert number < 0 or known[number] == value
        assert first == (left[value] > 0)
        left[value] -= first
    taken = numbers[new].tolist()
    assert len(set(taken)) == len(taken)
    assert not met[taken].any()


@given(SOME)
def test_ranks(values: list[int]) -> None:
    assert ranks(np.array(values, np.uint64)).tolist() == [values[:i].count(value) for i, value in enumerate(values)]


# Order


@given(st.lists(st.integers(0, 40), max_size=60))
def test_order_of_one_take_is_the_longest(values: list[int]) -> None:
    order = Order()
    kept = order.take(np.array(values, np.int64))
    assert order.kept == np.count_nonzero(kept) == naive.longest_increasing(values)


@given(st.lists(st.lists(st.integers(0, 60), max_size=12), max_size=6))
def test_order_of_several_takes_keeps_what_rises(takes: list[list[int]]) -> None:
    order = Order()
    for values in takes:
        kept = np.array(values, np.int64)[order.take(np.array(values, np.int64))].tolist()
        assert kept == sorted(set(kept))
        assert not kept or kept[-1] == order.top
    assert order.kept <= naive.longest_increasing([value for values in takes for value in values])


def test_a_few_rows_that_came_too_early_are_given_up() -> None:
    order = Order()
    order.go_on(place(0, 0), 100)
    assert order.take(np.array([100, 101, 500, 501])).all()
    assert order.take(np.arange(102, 120)).all()
    assert order.kept == 120
    assert order.top == 119


# Cursors


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


@in_a_folder
@given(st.data())
def test_a_text_cursor_goes_through_a_file(tmp_path: Path, data: st.DataObject) -> None:
    """By text and by frames, whatever the sizes of blocks and looks."""
    path = tmp_path / "x.ndjson"
    rows = [f'{{"tid": "{number % 7}", "amount": {number}.5}}\n'.encode() for number in range(50)]
    path.write_bytes(b"".join(rows) if data.draw(st.booleans()) else b"".join(rows).rstrip())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cursors, "BLOCK", data.draw(st.integers(1, 300)))
        patch.setattr(cursors, "SEARCH_BYTES", data.draw(st.integers(1, 300)))
        cursor = TextCursor(NdjsonReader(path), "transactions", ("tid", "amount"))
        at = 0
        while not cursor.done:
            assert cursor.row == at
            first = data.draw(st.integers(0, 3))
            wrong = data.draw(st.integers(0, 20))
            text = [b"before\n"] * first + rows[at : at + wrong] + [b"other\n"] * data.draw(st.integers(0, 2))
            same = cursor.same_text(np.frombuffer(b"".join(text), np.uint8), first, len(text))
            last = len(lines_of(path)[-1]) < len(rows[-1])  # has no line end, and is compared as a frame
            assert same == min(len(rows[at : at + wrong]), 50 - last - at)
            at += same
            if not cursor.done:
                frame = cursor.look(data.draw(st.integers(1, 20)))
                assert frame.height
                assert frame["amount"].to_list() == [number + 0.5 for number in range(at, at + frame.height)]
                assert cursor.ends_with(frame.height) == (at + frame.height == 50)
                passed = data.draw(st.integers(0, frame.height))
                cursor.go(passed)
                at += passed
        assert at == cursor.row == 50


def test_a_frame_cursor_stops_at_a_gap(tmp_path: Path) -> None:
    """Rows after those that cannot be read keep their numbers."""
    path = tmp_path / "x.parquet"
    pl.DataFrame({"amount": [float(number) for number in range(100)]}).write_parquet(path, row_group_size=20)
    pieces = [piece for piece in ParquetReader(path).pieces(["amount"], 7) if piece.first not in (20, 27, 34)]
    cursor = FrameCursor(iter(pieces), "transactions", ("amount",))
    first = cursor.look(1_000)
    assert first["amount"].to_list() == list(range(20))
    assert cursor.ends_with(20)
    cursor.go(20)
    assert not cursor.done
    assert cursor.look(1_000)["amount"].to_list() == list(range(40, 100))
    assert cursor.row == 40


def test_ahead_hands_on_what_is_raised() -> None:
    def items() -> object:
        yield 1
        raise ValueError("two")

    taken = prefetch(items())  # type: ignore[arg-type]
    assert next(taken) == 1
    with pytest.raises(ValueError, match="two"):
        next(taken)


# Where there is no point in continuing


LONG = Dataset(Config(rows=6_000, seed=3, cards=90, end="2022-01-01 01:00:00", atm={"cards": 60}))


@pytest.fixture
def long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of many small chunks."""
    monkeypatch.setattr(expected, "ROWS", 50)
    monkeypatch.setattr(aligning, "WINDOW", 200)
    write(LONG, tmp_path / "x.parquet")
    return tmp_path / "x.parquet"


def test_other_data_are_not_read_to_the_end(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aligning, "MOST_FOREIGN", 1_000)
    [table] = verify(long, Dataset(LONG.config.model_copy(update={"seed": 4})), threads=1).tables
    assert table.stopped == f"of the first {table.found:,} rows 0 are rows of this configuration: these are other data"
    assert 1_000 <= table.found < 1_500
    assert not table.ok


def test_rows_in_no_order_are_not_looked_for_too_long(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pl.read_parquet(long).sample(fraction=1, shuffle=True, seed=1).write_parquet(long)
    monkeypatch.setattr(chunks, "LOOKUPS", 1_000)
    [table] = verify(long, LONG, threads=1).tables
    assert (table.same, table.stopped, table.missing) == (6_000, None, 0)
    assert table.out_of_order > 5_000
    monkeypatch.setattr(chunks, "LOOKUPS", 1)
    [table] = verify(long, LONG, threads=1).tables
    assert str(table.stopped).endswith("that it would take too long to find each one's place")
    assert 0 < table.found < 6_000


def test_account_is_not_kept_of_too_many_rows(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aligning, "MOST_BITS", 10)
    pl.read_parquet(long).gather_every(2).write_parquet(long)
    [table] = verify(long, LONG, threads=1).tables
    assert str(table.stopped).startswith("too many rows are missing to keep account of after the first")
