"""A few attack chains and withdrawal sequences, assembled from the rows of the followed cards."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import polars as pl

from fastgen.kernels.tallies import metres_between
from fastgen.kernels.units import HOUR, MICROSECONDS
from fastgen.schema import RowKind

CHAINS: Final = 6
HOLDERS: Final = 3
SEQUENCES: Final = 6
"""The most for one card."""


class Event(NamedTuple):
    """A row: its time (seconds since 1970), amount (cents) and place."""

    second: int
    cents: int
    place: str
    latitude: float
    longitude: float


class Chain(NamedTuple):
    """Consecutive frauds of one card."""

    card: str
    events: list[Event]

    @property
    def seconds(self) -> int:
        """Seconds from the first payment to the last."""
        return self.events[-1].second - self.events[0].second

    @property
    def cents(self) -> int:
        """The total amount, in cents."""
        return sum(event.cents for event in self.events)

    @property
    def kilometres(self) -> int:
        """The distance from place to place in all, in kilometres."""
        steps = zip(self.events, self.events[1:], strict=False)
        return int(sum(metres_between(a.latitude, a.longitude, b.latitude, b.longitude) for a, b in steps)) // 1_000


class WithdrawalSequence(NamedTuple):
    """A sequence of withdrawals of one card, and the fraudulent ones that belong to it."""

    card: str
    own: list[Event]
    frauds: list[Event]

    @property
    def step(self) -> int | None:
        """Hours between withdrawals if they are always the same, otherwise None."""
        steps = {(b.second - a.second) / HOUR for a, b in zip(self.own, self.own[1:], strict=False)}
        return round(steps.pop()) if len(steps) == 1 else None


def example_chains(frames: Sequence[pl.DataFrame], gap: int) -> list[Chain]:
    """Some chains of different lengths, in order of time.

    Args:
        frames: rows of the followed cards. gap: the most seconds from one fraud of a chain to the next.
    """
    found: list[Chain] = []
    for card, event in _rows(frames, (RowKind.FRAUD_PAYMENT,)):
        if found and found[-1].card == card and event.second - found[-1].events[-1].second <= gap:
            found[-1].events.append(event)
        else:
            found.append(Chain(card, [event]))
    found.sort(key=lambda chain: (len(chain.events), chain.events[0].second))
    found = [chain for chain in found if len(chain.events) > 1] or found
    most = min(CHAINS, len(found))
    chosen = [found[(2 * i + 1) * len(found) // (2 * most)] for i in range(most)]
    return sorted(chosen, key=lambda chain: chain.events[0].second)


def example_sequences(frames: Sequence[pl.DataFrame]) -> list[list[WithdrawalSequence]]:
    """Sequences of some cards, those with a fraud first: withdrawals of one card that are whole hours apart.

    A step of whole hours preserves minute and second, which distinguish the sequences of a card.
    """
    lanes: dict[tuple[str, int], WithdrawalSequence] = {}
    for kind in (RowKind.WITHDRAWAL, RowKind.FRAUD_WITHDRAWAL):
        for card, event in _rows(frames, (kind,)):
            lane = lanes.setdefault((card, event.second % HOUR), WithdrawalSequence(card, [], []))
            (lane.own if kind == RowKind.WITHDRAWAL else lane.frauds).append(event)
    by_card: dict[str, list[WithdrawalSequence]] = {}
    for lane in lanes.values():
        if len(lane.own) > 1 or lane.frauds:
            by_card.setdefault(lane.card, []).append(lane)
    cards = sorted(by_card.values(), key=lambda own: not any(lane.frauds for lane in own))
    attacked = [own for own in cards if any(lane.frauds for lane in own)]
    others = [own for own in cards if own not in attacked]
    chosen = (attacked[: HOLDERS - 1] + others)[:HOLDERS] if others else attacked[:HOLDERS]
    return [_some(own) for own in chosen]


def _some(lanes: list[WithdrawalSequence]) -> list[WithdrawalSequence]:
    """The sequences with a fraud and the earliest others, in order of time."""

    def start(lane: WithdrawalSequence) -> int:
        return (lane.own or lane.frauds)[0].second

    first = sorted(lanes, key=lambda lane: (not lane.frauds, start(lane)))[:SEQUENCES]
    return sorted(first, key=start)


def _rows(frames: Sequence[pl.DataFrame], kinds: Sequence[RowKind]) -> list[tuple[str, Event]]:
    """Rows of these kinds, sorted by card and time."""
    if not frames:
        return []
    rows = pl.concat(frames).filter(pl.col("kind").is_in(list(kinds))).sort("cc_num", "datetime", maintain_order=True)
    columns = rows.select(
        "cc_num",
        pl.col("datetime").to_physical() // MICROSECONDS,
        (pl.col("amount") * 100).round().cast(pl.Int64),
        pl.format("{}, {}", "city", "country"),
        "latitude",
        "longitude",
    )
    return [(card, Event(*values)) for card, *values in columns.iter_rows()]
