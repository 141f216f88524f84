"""Withdrawals: sequences with a constant step, walks, and foreign withdrawals with cloned cards.

Rows do not say to which sequence they belong. But all withdrawals of a sequence share card, place, minute and second
of the hour, and in these datasets no two sequences of a card share them all.
"""

from collections import Counter, defaultdict
from decimal import Decimal
from functools import cache
from itertools import pairwise
from math import floor
from types import SimpleNamespace

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import Row
from scipy import stats

from fastgen.config import Config
from fastgen.kernels import atm
from fastgen.plan import Plan
from fastgen.schema import TRANSACTIONS
from fastgen.workers import Worker
from kernels import SAMPLES, Sample, make_rows, make_sample, read_rows
from tests.kernels import LEAST_P

SEED = 20_220_101
"""With this seed no two sequences of a card look alike."""

WITH_CASH = [name for name in SAMPLES if name not in ("nothing but chains", "a single row")]

Sequences = dict[tuple[int, int, int], list[Row]]


@pytest.fixture(params=WITH_CASH)
def cash(request: pytest.FixtureRequest) -> Sample:
    """Each sample with withdrawals."""
    return make_sample(request.param)


def sequences_of(rows: list[Row]) -> Sequences:
    """Withdrawals by card, place and second of the hour, in their order."""
    found: Sequences = defaultdict(list)
    for row in rows:
        found[row.card, row.place, row.second % 3_600].append(row)
    return found


def without_twin(config: Config) -> Sample:
    plan = Plan(config)
    return Sample(plan, make_rows(plan), None)  # type: ignore[arg-type]


@cache
def default() -> Sample:
    return without_twin(Config(seed=SEED))


@cache
def default_sequences() -> Sequences:
    return sequences_of(default().of(cash=True, fraud=False))


def step_of(sample: Sample, rows: list[Row]) -> int | None:
    """Seconds between withdrawals; None for a single one."""
    steps = {b.second - a.second for a, b in pairwise(rows)}
    assert len(steps) <= 1
    return steps.pop() if steps else None


def check_sequences(sample: Sample, sequences: Sequences) -> None:
    atm = sample.config.atm
    lengths: dict[int, Counter[int]] = defaultdict(Counter)
    for (card, _, _), rows in sequences.items():
        lengths[card][len(rows)] += 1
        step = step_of(sample, rows)
        if step is not None:
            assert step % 3_600 == 0
            assert atm.step_hours.low <= step // 3_600 <= atm.step_hours.high
            assert 0 <= rows[0].second - step < sample.plan.period
    assert len(lengths) == sample.plan.cash_cards
    rounds = sample.plan.sequences // (sample.plan.cash_cards * len(atm.lengths.values))
    assert all(counts == dict.fromkeys(atm.lengths.values, rounds) for counts in lengths.values())


def check_walks(sample: Sample, sequences: Sequences) -> None:
    radius = int(Decimal(str(sample.config.atm.radius)) * 10**6)
    for (_, place, _), rows in sequences.items():
        assert place < sample.plan.pools.home
        origin = sample.plan.pools.places[place]
        at = [int(Decimal(origin.latitude) * 10**6), int(Decimal(origin.longitude) * 10**6)]
        for row in rows:
            assert abs(row.latitude - at[0]) <= radius
            assert abs(row.longitude - at[1]) <= radius
            assert row.walked == 1
            at = [row.latitude, row.longitude]


def check_foreign(sample: Sample, sequences: Sequences) -> None:
    plan, hours = sample.plan, sample.config.atm.foreign_hours
    foreign = sample.of(cash=True, fraud=True)
    assert len(foreign) == floor(Decimal(str(sample.config.fraud.ratio)) * plan.sequences) == plan.foreign
    firsts = defaultdict(list)
    for (card, _, second), rows in sequences.items():
        firsts[card, second].append(rows[0].second)
    used: Counter[tuple[int, int]] = Counter()
    for row in foreign:
        place = plan.pools.places[row.place]
        assert place.country != "US"
        assert (row.latitude, row.longitude) == tuple(int(Decimal(x) * 10**6) for x in (place.latitude, place.longitude))
        assert row.walked == 0
        assert any((row.second - first) // 3_600 in hours.values for first in firsts[row.card, row.second % 3_600])
        used[row.card, row.second % 3_600] += 1
    assert all(n <= len(firsts[sequence]) for sequence, n in used.items())


# The samples


def test_withdrawals_are_the_twins(cash: Sample) -> None:
    assert sorted(cash.of(cash=True, fraud=False)) == sorted(cash.twin.withdrawals)
    assert sorted(cash.of(cash=True, fraud=True)) == sorted(cash.twin.foreign)


def test_walks_are_the_twins(cash: Sample) -> None:
    found = sequences_of(cash.of(cash=True, fraud=False))
    expected = {(s.card, s.place, s.start % 3_600): s.rows for s in cash.twin.sequences}
    assert found == expected


def test_every_card_has_each_length_in_each_round(cash: Sample) -> None:
    check_sequences(cash, sequences_of(cash.of(cash=True, fraud=False)))
    lengths = cash.config.atm.lengths.values
    requested = cash.config.sizes.withdrawals
    per_round = cash.plan.cash_cards * sum(lengths)
    rounds = -(-requested // per_round)
    assert cash.plan.withdrawals == per_round * rounds
    kinds = Counter((s.card, s.length) for s in cash.twin.sequences)
    assert set(kinds) == {(card, length) for card in cash.twin.cash_cards for length in lengths}
    assert set(kinds.values()) == {rounds}


def test_positions_walk_within_the_radius(cash: Sample) -> None:
    check_walks(cash, sequences_of(cash.of(cash=True, fraud=False)))


def test_foreign_withdrawals_follow_the_first_of_a_sequence(cash: Sample) -> None:
    check_foreign(cash, sequences_of(cash.of(cash=True, fraud=False)))


def test_groups_together_have_each_withdrawal_once(cash: Sample) -> None:
    """Each group is made alone, the last one first, by one new worker."""
    grid = cash.plan.grid
    code = len(cash.config.categories)
    found: list[Row] = []
    worker = Worker(cash.plan)
    for group in reversed(range(grid.groups)):
        rows = read_rows(worker.fill(range(group, group + 1)), cash.plan.day_offset)
        assert all(group * grid.group <= row.second < (group + 1) * grid.group for row in rows)
        found += [row for row in rows if row.category == code]
    assert sorted(found) == sorted(cash.twin.withdrawals + cash.twin.foreign)


def test_without_positions_nothing_else_changes(cash: Sample) -> None:
    worker = Worker(cash.plan, names=[name for name in TRANSACTIONS.names if name not in ("latitude", "longitude")])
    rows = read_rows(worker.fill(range(cash.plan.grid.groups)), cash.plan.day_offset)
    nowhere = {"latitude": 0, "longitude": 0, "walked": 0}
    assert [row._replace(**nowhere) for row in rows] == [row._replace(**nowhere) for row in cash.rows]


def test_some_withdrawals_come_after_the_period() -> None:
    sample = make_sample("in many windows")
    late = [row for row in sample.of(cash=True, fraud=False) if row.second >= sample.plan.period]
    assert late
    assert max(row.second for row in late) < sample.plan.period + 10 * 168 * 3_600


# The default dataset


def test_the_default_has_the_tutorials_counts() -> None:
    sample = default()
    assert len(sample.rows) == 106_020
    assert len(sample.of(cash=True, fraud=False)) == 52_000
    assert len(sample.of(cash=True, fraud=True)) == 20
    assert len(default_sequences()) == 8_000


def test_the_rules_hold_in_the_default_dataset() -> None:
    check_sequences(default(), default_sequences())
    check_walks(default(), default_sequences())
    check_foreign(default(), default_sequences())


def test_starts_steps_and_places_are_uniform() -> None:
    sequences = default_sequences().values()
    steps = [step_of(default(), rows) or 0 for rows in sequences]
    assert stats.chisquare(np.bincount(np.array(steps) // 3_600 - 6, minlength=163)).pvalue > LEAST_P
    starts = np.array([rows[0].second - step for rows, step in zip(sequences, steps, strict=True)])
    assert stats.kstest((starts + 0.5) / (59 * 86_400), "uniform").pvalue > LEAST_P
    places = np.bincount([rows[0].place for rows in sequences], minlength=default().plan.pools.home)
    assert stats.chisquare(places).pvalue > LEAST_P


def test_step_and_length_and_card_are_unrelated() -> None:
    sequences = default_sequences()
    steps = np.array([step_of(default(), rows) or 0 for rows in sequences.values()]) // 3_600 - 6
    lengths = np.array([len(rows) for rows in sequences.values()]) - 3
    cards = np.array([card for card, _, _ in sequences])
    order = np.searchsorted(np.unique(cards), cards)
    for other in (lengths, order * 10 // 1_000):
        table = np.zeros((10, other.max() + 1), np.int64)
        np.add.at(table, (steps * 10 // 163, other), 1)
        assert stats.chi2_contingency(table).pvalue > LEAST_P


@pytest.mark.parametrize("k", range(10))
@pytest.mark.parametrize("column", ["latitude", "longitude"])
def test_every_step_of_a_walk_is_uniform(k: int, column: str) -> None:
    plan = default().plan
    origin = plan.positions.view(np.int32)[column == "longitude" :: 2].tolist()
    walks = [rows for rows in default_sequences().values() if len(rows) > k]
    moved = [getattr(rows[k], column) - (getattr(rows[k - 1], column) if k else origin[rows[0].place]) for rows in walks]
    found = np.bincount((np.array(moved) + 10_000) * 23 // 20_001, minlength=23)
    widths = np.bincount(np.arange(20_001) * 23 // 20_001)
    assert stats.chisquare(found, len(walks) * widths / 20_001).pvalue > LEAST_P


def test_amounts_are_drawn_from_the_whole_distribution() -> None:
    sample = default()
    found = np.array([row.cents for row in sample.of(cash=True, fraud=False)])
    shares = naive.amount_shares(sample.config, 0, 10**9)
    observed = [int(np.sum((found >= part[0]) & (found <= part[-1]))) for part in shares]
    assert stats.chisquare(observed, [found.size * float(share) for share in shares.values()]).pvalue > LEAST_P


def test_foreign_hours_and_places_are_uniform() -> None:
    sample = without_twin(Config(seed=SEED, fraud={"ratio": 0.5}))
    plan = sample.plan
    sequences = sequences_of(sample.of(cash=True, fraud=False))
    check_foreign(sample, sequences)
    firsts = {(card, second): rows[0].second for (card, _, second), rows in sequences.items()}
    foreign = sample.of(cash=True, fraud=True)
    hours = Counter((row.second - firsts[row.card, row.second % 3_600]) // 3_600 for row in foreign)
    assert stats.chisquare([hours[h] for h in range(1, 6)]).pvalue > LEAST_P
    abroad = len(plan.pools.places) - plan.pools.home
    places = Counter(row.place * 50 // abroad for row in (r._replace(place=r.place - plan.pools.home) for r in foreign))
    widths = np.bincount(np.arange(abroad) * 50 // abroad)
    assert stats.chisquare([places[i] for i in range(50)], len(foreign) * widths / abroad).pvalue > LEAST_P


@given(*[st.integers(0, 30)] * 2, *[st.integers(1, 9)] * 4, *[st.integers(-9, 0)])
def test_steps_that_reach_a_group(first: int, low: int, size: int, cells: int, per_step: int, steps: int, before: int) -> None:
    """Those, and only those, by which some cell of the period comes into it; the group may be before the period."""
    group = range(first + before, first + before + size)
    sequences = SimpleNamespace(cells=cells, step_low=low, steps=steps)
    reaching = [n for n in range(steps) if any(cell + per_step * (low + n) in group for cell in range(cells))]
    assert list(atm.reaching_steps.py_func(group.start, size, per_step, sequences)) == reaching
