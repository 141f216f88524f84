"""Small configurations of every kind, for hypothesis."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from fastgen import Config

SHARES = {1: [1.0], 2: [0.35, 0.65], 3: [0.5, 0.2, 0.3], 4: [0.001, 0.4, 0.099, 0.5]}
HIGHEST = 9_999_999
"""The greatest possible amount, in cents."""

NAMES = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=12)
SEEDS = st.integers(0, 2**63 - 1) | st.sampled_from([0, 1, 2**32, 2**63 - 1])


def intervals(low: int, high: int) -> st.SearchStrategy[list[int]]:
    """[least, most], both between `low` and `high`."""
    return st.lists(st.integers(low, high), min_size=2, max_size=2).map(sorted)


@st.composite
def amounts(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Ascending ranges, some of them touching."""
    count = draw(st.integers(1, 4))
    edges = sorted(draw(st.lists(st.integers(1, HIGHEST), min_size=2 * count, max_size=2 * count, unique=True)))
    if draw(st.booleans()):
        edges[2::2] = edges[1:-1:2]
    return [{"share": s, "low": a / 100, "high": b / 100} for s, a, b in zip(SHARES[count], edges[::2], edges[1::2], strict=True)]


@st.composite
def categories(draw: st.DrawFn, ranges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Categories: the first holds all amounts, the others start where a range of amounts does."""
    count = draw(st.integers(1, 4))
    names = draw(st.lists(NAMES.filter(str.isprintable), min_size=count, max_size=count, unique=True))
    found = [{"name": names[0], "share": SHARES[count][0], "low": ranges[0]["low"], "high": ranges[-1]["high"]}]
    for name, share in zip(names[1:], SHARES[count][1:], strict=True):
        low = draw(st.sampled_from(ranges))["low"]
        high = draw(st.integers(round(low * 100), HIGHEST)) / 100
        found.append({"name": name, "share": share, "low": low, "high": high})
    return found


@st.composite
def configs(draw: st.DrawFn, most_rows: int = 1_500) -> Config:
    """Valid configurations with at most `most_rows` transactions."""
    ranges = draw(amounts())
    start = draw(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1))).replace(microsecond=0)
    settings: dict[str, Any] = {
        "seed": draw(SEEDS),
        "rows": draw(st.integers(1, most_rows)),
        "cards": draw(st.none() | st.integers(1, 300)),
        "start": start,
        "end": start + timedelta(seconds=draw(st.integers(1, 120) | st.integers(3_000, 40_000) | st.integers(10**5, 10**7))),
        "ages": draw(intervals(18, 100)),
        "amounts": ranges,
        "categories": draw(categories(ranges)),
        "fraud": {
            "ratio": draw(st.sampled_from([0, 0.0025, 0.07, 0.29, 1])),
            "chain_lengths": draw(intervals(1, 12)),
            "chain_gap_seconds": draw(intervals(1, 400) | intervals(1, 86_400)),
        },
        "atm": {
            "lengths": draw(intervals(1, 9)),
            "step_hours": draw(intervals(1, 100)),
            "radius": draw(st.sampled_from([0, 0.000_001, 0.01, 0.3])),
            "foreign_hours": draw(intervals(1, 200)),
            "bands": [{"share": 1, "low": 18, "high": 100}],
        },
    }
    if draw(st.booleans()):
        del settings["atm"]["bands"]
    return Config(**settings)
