"""Rows as text: NDJSON as json.dumps writes it, CSV as csv.writer does."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise, product
from typing import Any

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import Row, Twin
from numpy.typing import NDArray

from fastgen.config import Config
from fastgen.dataset import Dataset
from fastgen.holders import HolderText
from fastgen.ids import HashBuffers
from fastgen.kernels.memory import SLACK
from fastgen.kernels.structs import Block
from fastgen.kernels.text import Layout, join_fragments, transaction_text
from fastgen.layouts import Coordinates, RowText, Style, transaction_layout
from fastgen.plan import Plan
from fastgen.schema import TRANSACTIONS
from fastgen.workers import Worker
from kernels import card_texts, each_sample, make_sample, read_rows

STYLES: list[Style] = ["ndjson", "csv"]
COORDINATES: list[Coordinates] = ["text", "number"]
KINDS = list(product(STYLES, COORDINATES))
ROOM = 7
"""Bytes before the text in its buffer."""


@cache
def layout_of(plan: Plan, names: tuple[str, ...], style: Style, coordinates: Coordinates, newline: bool = True) -> RowText:
    return transaction_layout(plan, names, style, coordinates, newline)


class Rendered:
    """A dataset in one block, with what its text is made from and the expected values."""

    def __init__(self, plan: Plan, block: Block, rows: list[Row], twin: Twin) -> None:
        self.plan, self.block = plan, block
        self.source = HashBuffers(plan)
        cards = card_texts(plan)
        self.rows = [naive.values(row, twin, cards) for row in rows]

    def text(self, names: Sequence[str], style: Style, coordinates: Coordinates, newline: bool = True) -> list[bytes]:
        """The rendered rows; checks that nothing is written outside the space that the longest row requires."""
        row = layout_of(self.plan, tuple(names), style, coordinates, newline)
        n = self.block.second.size
        room = ROOM + n * row.longest + SLACK
        memory = np.full(room + 1_000, 0xEE, np.uint8)
        ends = np.zeros(n, np.int64)
        position = self._render(memory[:room], ends, row.layout)
        assert set(memory[:ROOM].tolist()) | set(memory[room:].tolist()) == {0xEE}
        assert ROOM + n * row.longest >= position == ends[-1]
        assert self._render(memory[:room], np.empty(0, np.int64), row.layout) == position
        return [memory[a:b].tobytes() for a, b in pairwise([ROOM, *ends.tolist()])]

    def _render(self, memory: NDArray[np.uint8], ends: NDArray[np.int64], layout: Layout) -> int:
        tids = np.empty(16 * self.block.second.size, np.uint8)
        return int(transaction_text(memory, ROOM, ends, tids, self.block, 0, tids.size // 16, layout, self.source.tile))

    def expected(self, names: Sequence[str], style: Style, coordinates: Coordinates) -> list[bytes]:
        """What Python's own modules write."""
        return [line(style, self.row(values, names, coordinates)) for values in self.rows]

    @staticmethod
    def row(values: dict[str, Any], names: Sequence[str], coordinates: Coordinates) -> dict[str, Any]:
        numbers = ("latitude", "longitude") if coordinates == "number" else ()
        return {name: float(values[name]) if name in numbers else values[name] for name in names}


def line(style: Style, row: dict[str, Any]) -> bytes:
    if style == "ndjson":
        return (json.dumps(row) + "\n").encode()
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(row.values())
    return buffer.getvalue().encode()


@cache
def of_plan(**settings: Any) -> Rendered:
    plan = Plan(Config(**settings))
    block = Worker(plan).fill(range(plan.grid.groups))
    return Rendered(plan, block, read_rows(block, plan.day_offset), Twin(plan.config, plan.pools, plan.grid, plan.amounts))


class Frozen(dict[str, Any]):
    """Settings that can be an argument of a cached function."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))


def mixed() -> Rendered:
    """All kinds of rows."""
    return of_plan(rows=300, cards=60, fraud=Frozen(ratio=0.3), atm=Frozen(cards=3))


def check(rendered: Rendered, names: Sequence[str], style: Style, coordinates: Coordinates) -> None:
    found, expected = rendered.text(names, style, coordinates), rendered.expected(names, style, coordinates)
    # For lists this long, the first difference says more than pytest's report.
    assert next((pair for pair in zip(found, expected, strict=True) if pair[0] != pair[1]), None) is None


# Transactions


@each_sample
@pytest.mark.parametrize(("style", "coordinates"), KINDS)
def test_every_row_of_the_samples(name: str, style: Style, coordinates: Coordinates) -> None:
    sample = make_sample(name)
    block = Worker(sample.plan).fill(range(sample.plan.grid.groups))
    check(Rendered(sample.plan, block, sample.rows, sample.twin), TRANSACTIONS.names, style, coordinates)


def test_the_samples_have_cities_that_are_not_ascii() -> None:
    sample = make_sample("many frauds in the minutes before midnight of New Year")
    cities = [sample.plan.pools.places[row.place].city for row in sample.of(cash=True, fraud=True)]
    assert not all(city.isascii() for city in cities)


columns = st.sets(st.sampled_from(TRANSACTIONS.names), min_size=1).map(
    lambda chosen: [name for name in TRANSACTIONS.names if name in chosen]
)


@settings(max_examples=80)
@given(columns, st.sampled_from(STYLES), st.sampled_from(COORDINATES))
def test_any_columns(names: list[str], style: Style, coordinates: Coordinates) -> None:
    rendered = mixed()
    check(rendered, names, style, coordinates)


def shops(names: Iterable[str]) -> tuple[Frozen, ...]:
    names = list(names)
    share = 1 / len(names)
    return tuple(Frozen(name=name, share=share, low=0.01, high=30_000) for name in names)


PECULIAR = [
    "Plain",
    'Books, "rare" ones',
    '"',
    ",",
    "\\",
    "/",
    "it's; a\\b",
    " leading and trailing ",
    "Café Żółć",
    "寿司",
    "😀 emoji",
    "x" * 100,
    "é" * 100,
    "😀" * 100,
    "#",
    "0",
    "-",
    "null",
    "<&>",
]


@pytest.mark.parametrize(("style", "coordinates"), KINDS)
def test_category_names_of_any_kind(style: Style, coordinates: Coordinates) -> None:
    rendered = of_plan(payments=400, atm=Frozen(cards=0), categories=shops(PECULIAR))
    assert {row["category"] for row in rendered.rows} == set(PECULIAR)
    check(rendered, TRANSACTIONS.names, style, coordinates)
    check(rendered, ["category"], style, coordinates)


printable = st.text(st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"], include_characters=" "), min_size=1, max_size=100)


@settings(max_examples=40)
@given(st.lists(printable.filter(str.isprintable), min_size=1, max_size=6, unique=True))
def test_category_names_at_random(names: list[str]) -> None:
    if "Cash Withdrawal" in names:
        return
    rendered = of_plan(payments=20, atm=Frozen(cards=0), categories=shops(names))
    for style in STYLES:
        check(rendered, ["category", "fraud_label"], style, "text")


def test_a_message_has_no_line_end() -> None:
    rendered = mixed()
    names = TRANSACTIONS.names[:-1]
    expected = [json.dumps(Rendered.row(values, names, "text")).encode() for values in rendered.rows]
    assert rendered.text(names, "ndjson", "text", newline=False) == expected


def test_the_header_names_the_columns() -> None:
    rendered = mixed()
    for names in (TRANSACTIONS.names, TRANSACTIONS.names[3:5]):
        assert layout_of(rendered.plan, names, "ndjson", "text").header == b""
        header = layout_of(rendered.plan, names, "csv", "text").header
        assert header == line("csv", dict(zip(names, names, strict=True)))


degrees = st.one_of(
    st.integers(-180_000_000, 180_000_000),
    st.integers(-180, 180).map(lambda whole: whole * 1_000_000),
    st.integers(-18_000, 18_000).map(lambda part: part * 10_000),
    st.sampled_from([0, 100, -100, 1_000, -999_999, 999_999, -1_000_001, 100_000, -100_000, 179_999_999, -179_999_999]),
).filter(lambda value: value == 0 or abs(value) >= 100)
"""No place in the US is nearer to 0, where Python writes exponents."""


@given(st.lists(st.tuples(degrees, degrees), min_size=1, max_size=30))
def test_positions_of_walks(positions: list[tuple[int, int]]) -> None:
    base = mixed()
    block = base.block.rows(0, len(positions)).moved(len(positions), len(positions))
    block.walked[:] = 1
    for i, (latitude, longitude) in enumerate(positions):
        block.latitude[i], block.longitude[i] = latitude, longitude
    twin = Twin(base.plan.config, base.plan.pools, base.plan.grid, base.plan.amounts)
    rendered = Rendered(base.plan, block, read_rows(block, base.plan.day_offset), twin)
    for style, coordinates in KINDS:
        check(rendered, ["tid", "latitude", "longitude"], style, coordinates)


# Card tables


@pytest.mark.parametrize("table", ["credit_cards", "profiles"])
@pytest.mark.parametrize("style", STYLES)
def test_rows_of_cards_and_holders(table: str, style: Style) -> None:
    data = Dataset(Config(rows=1, cards=700))
    frame = getattr(data, table)()
    rows = [{name: str(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]
    for names in (list(rows[0]), list(rows[0])[::-1], list(rows[0])[1:2]):
        text = HolderText(data.plan, table, names, style)
        expected = [line(style, {name: row[name] for name in names}) for row in rows]
        assert text.rows(range(700)).tobytes() == b"".join(expected)
        assert text.rows(range(1)).tobytes() + text.rows(range(1, 700)).tobytes() == b"".join(expected)
        assert text.header == (line("csv", dict(zip(names, names, strict=True))) if style == "csv" else b"")


# Fragments


@given(st.lists(st.lists(st.binary(max_size=50), min_size=1, max_size=5), min_size=1, max_size=4), st.integers(0, 20), st.data())
def test_fragments_are_joined(pieces: list[list[bytes]], rows: int, data: st.DataObject) -> None:
    codes = [data.draw(st.lists(st.integers(0, len(piece) - 1), min_size=rows, max_size=rows)) for piece in pieces]
    expected = [b"".join(piece[code] for piece, code in zip(pieces, row, strict=True)) for row in zip(*codes, strict=True)]
    texts = [text for piece in pieces for text in piece]
    starts = np.array(naive.running([len(text) for text in texts]), np.int64)
    first = np.array(naive.running([len(piece) for piece in pieces])[:-1], np.int64)
    out = np.full(sum(map(len, expected)) + SLACK + 100, 0xEE, np.uint8)
    offsets = np.full(rows + 1, -1, np.int64)
    fragments = np.frombuffer(b"".join(texts) + bytes(SLACK), np.uint8)
    size = join_fragments(out, offsets, np.array(codes, np.uint32).reshape(len(pieces), rows), first, starts, fragments)
    assert out[:size].tobytes() == b"".join(expected)
    assert offsets.tolist() == naive.running([len(text) for text in expected])
    assert set(out[size + SLACK :].tolist()) == {0xEE}
