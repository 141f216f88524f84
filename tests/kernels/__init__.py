"""Small datasets for the tests of several kernels, with their plain twins."""

from datetime import datetime, timedelta
from functools import cache, reduce
from itertools import chain
from operator import or_
from typing import Any, NamedTuple

import numpy as np
import pytest
from naive import Row, Twin
from numpy.typing import NDArray

import fastgen.plan
from fastgen.config import Config
from fastgen.kernels.structs import RECORD, Block, Events
from fastgen.plan import Plan
from fastgen.workers import FIELDS, Worker

LEAST_P = 1e-4
"""Of a test of randomness. The data follow from their seeds, so a test passes always or never."""
ALL = reduce(or_, FIELDS.values())
"""Bits of the block's columns that all columns of the table need."""

ORIGIN, DAYS = datetime(1999, 12, 30), 65
"""A period of tests that hash rows."""
DAY_WORDS = np.frombuffer(
    "".join(f"{ORIGIN + timedelta(days=day):%Y-%m-%d} \0" for day in range(DAYS)).encode(), np.uint32
).reshape(-1, 3)
"""Its dates, see `Hashing`."""


class Sample(NamedTuple):
    """A small dataset: its plan, all its rows as the kernels make them, and its twin."""

    plan: Plan
    rows: list[Row]
    twin: Twin

    @property
    def config(self) -> Config:
        return self.plan.config

    def of(self, *, cash: bool, fraud: bool) -> list[Row]:
        """The rows of one kind."""
        code = len(self.config.categories)
        return [row for row in self.rows if (row.category == code) == cash and (row.label == 1) == fraud]


def read_rows(block: Block, day_offset: int = 0) -> list[Row]:
    """The rows of a block, with seconds from the period's start."""
    rows = [Row(*row) for row in zip(*(column.tolist() for column in block[:-1]), strict=True)]
    return [row._replace(second=row.second - day_offset) for row in rows]


def make_rows(plan: Plan) -> list[Row]:
    """All rows of a plan, group by group."""
    worker = Worker(plan)
    groups = (worker.fill(range(group, group + 1)) for group in range(plan.grid.groups))
    return list(chain.from_iterable(read_rows(block, plan.day_offset) for block in groups))


def card_texts(plan: Plan) -> list[str]:
    """The card numbers of a plan."""
    return unpacked(plan.card_digits(range(plan.cards)))


def unpacked(digits: NDArray[np.uint64]) -> list[str]:
    """Card numbers as text, from two digits to a byte."""
    text = digits.tobytes().hex()
    return [text[i : i + 16] for i in range(0, len(text), 16)]


def packed(numbers: list[str]) -> NDArray[np.uint64]:
    """Card numbers as kernels read them, two digits to a byte."""
    return np.frombuffer(bytes.fromhex("".join(numbers)), np.uint64)


def read_events(events: Events) -> list[Row]:
    """The rows of events, from the three words of their records: second and card, the values from cents to label, the position."""
    rows = []
    words = events.records[: RECORD * events.second.size].reshape(-1, RECORD).tolist()
    for at, (when, what, where) in zip(events.second.tolist(), words, strict=True):
        assert at == when % 2**32
        place, category, flags = what >> 32 & 0xFFFF, what >> 48 & 0xFF, what >> 56
        rows.append(Row(at, when >> 32, category, what % 2**32, place, _signed(where), _signed(where >> 32), flags & 1, flags >> 1))
    return rows


def pack_records(rows: list[Row]) -> NDArray[np.uint64]:
    """The records of rows, one after the other."""
    record = [
        (
            row.second | row.card << 32,
            row.cents | row.place << 32 | row.category << 48 | row.walked << 56 | row.label << 57,
            row.latitude % 2**32 | row.longitude % 2**32 << 32,
        )
        for row in rows
    ]
    return np.array(record, np.uint64).ravel()


def pack_events(rows: list[Row]) -> Events:
    """Rows as events."""
    return Events(np.array([row.second for row in rows], np.int32), pack_records(rows))


def _signed(word: int) -> int:
    return (word + 2**31) % 2**32 - 2**31


# Settings, and the most rows of a group and of a window if they differ from the package's.
SAMPLES: dict[str, tuple[dict[str, Any], int | None, int | None]] = {
    "in one window": ({"rows": 2_500, "seed": 7}, None, None),
    "in many windows": ({"rows": 2_500, "seed": 2**64 - 1, "fraud": {"ratio": 0.02}}, 300, 70),
    "many frauds in the minutes before midnight of New Year": (
        {
            "seed": 1,
            "payments": 1_500,
            "cards": 90,
            "start": "1999-12-31 23:17:05",
            "end": "2000-01-01 01:20:10",
            "fraud": {"ratio": 0.4},
            "atm": {"cards": 9, "withdrawals": 600, "lengths": [1, 4], "step_hours": [1, 3], "foreign_hours": [2, 9]},
        },
        40,
        25,
    ),
    "nothing but chains": (
        {
            "seed": 2,
            "payments": 800,
            "cards": 5,
            "end": "2022-01-03",
            "fraud": {"ratio": 1, "chain_lengths": [1, 30], "chain_gap_seconds": [1, 4_000]},
            "atm": {"cards": 0},
        },
        90,
        50,
    ),
    "no frauds": ({"rows": 900, "seed": 4, "fraud": {"ratio": 0}, "start": "2024-02-28 12:00:00", "end": "2024-03-20"}, 200, 80),
    "all sequences cloned": (
        {
            "seed": 3,
            "payments": 10,
            "cards": 40,
            "end": "2022-01-20 00:00:01",
            "fraud": {"ratio": 1},
            "ages": [20, 30],
            "atm": {
                "cards": 17,
                "withdrawals": 700,
                "lengths": [7, 7],
                "step_hours": [24, 24],
                "radius": 0,
                "bands": [{"share": 1, "low": 19, "high": 25}],
            },
        },
        100,
        30,
    ),
    "unusual prices": (
        {
            "rows": 1_200,
            "seed": 5,
            "fraud": {"ratio": 0.2},
            "amounts": [
                {"share": 0.25, "low": 0.05, "high": 0.05},
                {"share": 0.0, "low": 0.06, "high": 9.5},
                {"share": 0.35, "low": 9.5, "high": 12.75},
                {"share": 0.1, "low": 12.75, "high": 12.75},
                {"share": 0.3, "low": 20, "high": 99_999.99},
            ],
            "categories": [
                {"name": "Most", "share": 0.7, "low": 0.01, "high": 12.75},
                {"name": "Nothing", "share": 0, "low": 1, "high": 10},
                {"name": "One price", "share": 0.1, "low": 10.01, "high": 10.01},
                {"name": "All", "share": 0.2, "low": 0.01, "high": 99_999.99},
            ],
        },
        None,
        400,
    ),
    "a single row": ({"rows": 1, "seed": 6}, None, None),
}


each_sample = pytest.mark.parametrize("name", SAMPLES)


@cache
def make_sample(name: str) -> Sample:
    """The sample with a name."""
    return sample_of(*SAMPLES[name])


def sample_of(settings: dict[str, Any], group_rows: int | None, window_rows: int | None) -> Sample:
    """A dataset with these settings, and its twin."""
    with pytest.MonkeyPatch.context() as patch:
        if group_rows:
            patch.setattr(fastgen.plan, "GROUP_ROWS", group_rows)
        if window_rows:
            patch.setattr(fastgen.plan, "WINDOW_ROWS", window_rows)
        plan = Plan(Config(**settings))
    return Sample(plan, make_rows(plan), Twin(plan.config, plan.pools, plan.grid, plan.amounts))
