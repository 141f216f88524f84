"""Charts of single cases on a time axis: attack chains, and the withdrawals of some cards."""

from collections.abc import Mapping, Sequence
from math import log10
from typing import Any, Final

import altair as alt

from fastgen.reporting.charts.axes import time_axis
from fastgen.reporting.charts.drawing import (
    FRAUD_PAYMENT,
    FRAUD_WITHDRAWAL,
    GRID,
    INK,
    MUTED,
    NARROW,
    PAPER,
    WITHDRAWAL,
    data,
    literal,
)
from fastgen.reporting.examples import Chain, WithdrawalSequence
from fastgen.reporting.words import count, day_and_time, duration, money, shortened

LANE: Final = 72
HEIGHT: Final = 0.62
"""Height of the tallest stem, in lanes."""
HEADING: Final = 0.76
"""Position of the heading, in lanes."""
TALLEST: Final = 7
"""Powers of ten from 0.01 to the amount of the tallest stem."""
MARKS: Final = ((100, "1"), (10_000, "100"), (1_000_000, "10k"))
RIGHT: Final = 30
ASIDE: Final = 10
"""Pixels between a sequence and the text beside it."""
LETTER: Final = 6.5
"""Approximate width of a letter, in pixels."""


def chains(shown: Sequence[Chain], width: int) -> Any:
    """One lane per chain: a stem for each payment, at the time since the first one, as high as the logarithm of its amount."""
    lanes = len(shown)
    stems, heads, grid = [], [], []
    for lane, chain in enumerate(shown):
        base = lanes - lane - 1
        heads.append({"x": 0, "y": base + HEADING, "text": heading(chain, width)})
        grid += [{"y": base + height(cents), "text": text} for cents, text in MARKS]
        grid.append({"y": base, "text": ""})
        for event in chain.events:
            minutes = (event.second - chain.events[0].second) / 60
            stems.append({"x": round(minutes, 3), "low": base, "high": round(base + height(event.cents), 3)})
    longest = max(1.0, max(chain.seconds for chain in shown) / 60)
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=[-0.15, longest * 1.02], nice=False, zero=False),
        axis=alt.Axis(grid=False, tickCount=6, ticks=True, tickColor=MUTED, labelExpr="datum.value + ' min'"),
    )
    y = alt.Y("low:Q", axis=None, scale=alt.Scale(domain=[-0.06, lanes], nice=False))
    marks = alt.Chart(data(grid))
    right = alt.value(width - RIGHT)
    layers = (
        marks.mark_rule(color=GRID).encode(y=alt.Y("y:Q", axis=None)),
        marks.mark_text(align="left", dx=4, fontSize=9.5).encode(y="y:Q", x=right, text="text:N"),
        alt.Chart(data(stems)).mark_rule(color=FRAUD_PAYMENT, strokeWidth=1.5).encode(x=x, y=y, y2="high:Q"),
        alt.Chart(data(stems)).mark_circle(color=FRAUD_PAYMENT, size=42, opacity=1).encode(x=x, y="high:Q"),
        alt.Chart(data(heads)).mark_text(align="left", color=INK).encode(x=alt.value(0), y="y:Q", text="text:N"),
    )
    return alt.layer(*layers).properties(width=width - RIGHT, height=LANE * lanes)


def height(cents: int) -> float:
    """The height of an amount's stem, in lanes."""
    return HEIGHT * min(max(log10(max(cents, 1)) / TALLEST, 0.03), 1.0)


def heading(chain: Chain, width: int) -> str:
    """A chain in one line."""
    start = day_and_time(chain.events[0].second)
    if width <= NARROW:
        return f"{start} · {count(len(chain.events), 'payment')} · {money(chain.cents)}"
    across = f" over {chain.kilometres:,} km" if chain.kilometres else ""
    took = f" in {duration(chain.seconds)}{across}" if chain.seconds else ""
    return f"{start} · card {chain.card} · {count(len(chain.events), 'payment')} of {money(chain.cents)} in all{took}"


def sequences(cards: Sequence[Sequence[WithdrawalSequence]], width: int) -> Any:
    """One lane per sequence, below a heading for each card: withdrawals as dots on a line, fraudulent ones as diamonds."""
    labels: list[tuple[str, bool]] = []
    lines, dots, frauds, notes = [], [], [], []
    for own in cards:
        labels.append((f"Card {own[0].card}" if width > NARROW else f"Card …{own[0].card[-8:]}", True))
        for lane in own:
            row = len(labels)
            labels.append((lane_label(lane, width), False))
            times = [event.second * 1_000 for event in lane.own]
            dots += [{"from": time, "lane": row} for time in times]
            frauds += [{"from": event.second * 1_000, "lane": row} for event in lane.frauds]
            notes += [{"lane": row, **note} for note in lane_note(lane)]
            if times:
                lines.append({"from": times[0], "to": times[-1], "lane": row})
    every = [row["from"] // 1_000 for row in dots + frauds]
    margin = max(60, (max(every) - min(every)) // 60)
    x = time_axis(min(every) - margin, max(every) + margin, width)
    extent = 172 if width > NARROW else 124
    y = alt.Y("lane:O", scale=alt.Scale(domain=list(range(len(labels)))), axis=lane_axis(labels, extent))
    across = width - extent - 8
    texts = alt.Chart(data([row | beside(row, min(every), max(every), across) for row in notes]))
    layers = (
        alt.Chart(data(lines)).mark_rule(color=GRID, strokeWidth=1.5).encode(x=x, x2="to:T", y=y),
        alt.Chart(data(dots)).mark_circle(color=WITHDRAWAL, size=38, opacity=1).encode(x=x, y=y),
        alt.Chart(data(frauds))  # in front of the withdrawals around it, and set off from them
        .mark_point(shape="diamond", filled=True, fill=FRAUD_WITHDRAWAL, stroke=PAPER, strokeWidth=1.2, size=140, opacity=1)
        .encode(x=x, y=y),
        *(
            texts.transform_filter(f"datum.side == '{side}'")
            .mark_text(align=side, dx=ASIDE if side == "left" else -ASIDE, color=INK)
            .encode(x=x, y=y, text="text:N")
            for side in ("left", "right")
        ),
    )
    return alt.layer(*layers).properties(width=across, height=alt.Step(18))


def lane_axis(labels: Sequence[tuple[str, bool]], extent: int) -> alt.Axis:
    """The axis that names lanes, this many pixels wide. labels: for each lane its name, and whether it is a heading."""
    expression = f"{literal([text for text, _ in labels])}[datum.value]"
    bold = f"{literal([int(head) for _, head in labels])}[datum.value]"
    return alt.Axis(
        labelExpr=expression,
        labelFontWeight=alt.condition(bold, alt.value(600), alt.value(400)),
        labelColor=alt.condition(bold, alt.value(INK), alt.value(MUTED)),
        labelLimit=extent - 8,
        labelAlign="left",
        labelPadding=extent - 6,
        labelOverlap=False,
        minExtent=extent,
        maxExtent=extent,
        grid=False,
    )


def lane_note(lane: WithdrawalSequence) -> list[dict[str, Any]]:
    """The first fraud of a sequence in words, its place alone, and when the sequence begins and ends."""
    if not lane.frauds:
        return []
    fraud, first = lane.frauds[0], lane.own[0].second if lane.own else lane.frauds[0].second
    after = f", {duration(fraud.second - first)} after the first" if fraud.second > first else ""
    times = sorted(event.second for event in (*lane.own, *lane.frauds))
    return [{"place": fraud.place, "text": f"{fraud.place}{after}", "first": times[0], "last": times[-1]}]


def beside(note: Mapping[str, Any], start: int, end: int, width: int) -> dict[str, Any]:
    """The position of the text and as much of it as fits, on the side of the sequence with more space."""
    before, behind = note["first"] - start, end - note["last"]
    letters = int((max(before, behind) / max(end - start, 1) * width - ASIDE) / LETTER)
    text = note["text"] if len(note["text"]) <= letters or width > NARROW else shortened(note["place"], max(letters, 6))
    side = "right" if before > behind else "left"
    return {"from": (note["first"] if before > behind else note["last"]) * 1_000, "side": side, "text": text}


def lane_label(lane: WithdrawalSequence, width: int) -> str:
    """The place of a sequence and its step."""
    place = (lane.own or lane.frauds)[0].place.rpartition(", ")[0]
    step = lane.step
    if width <= NARROW:
        return shortened(place, 18) if step is None else f"{shortened(place, 10)}, {step} h"
    return shortened(place, 34) if step is None else f"{shortened(place, 24)}, every {step} h"
