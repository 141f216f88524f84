"""Attack chains: an ordinary payment, then more with the same card within minutes."""

from collections import Counter
from functools import cache
from itertools import pairwise
from math import ceil
from typing import Any

import naive
import numpy as np
import pytest
from naive import Row, Twin
from scipy import stats

from fastgen.config import Config
from fastgen.kernels import chains, payments
from fastgen.kernels.structs import RECORD, Block, Events
from fastgen.plan import Plan
from kernels import ALL, SAMPLES, each_sample, make_sample, read_events
from tests.kernels import LEAST_P

NO_CASH = {"cards": 0}


def chain_events(plan: Plan, group: int, start: int, stop: int, room: int, reach: int | None = None) -> tuple[int, list[Row]]:
    """The count and the rows of events in [start, stop) that chains up to a group have; checks that nothing else is written."""
    seconds, records = np.full(room + 3, 77, np.int32), np.full(RECORD * (room + 3), 77, np.uint64)
    rules = plan.chain_rules
    if reach is not None:
        rules = rules._replace(starts=rules.starts._replace(reach=reach))
    ranges = np.empty(plan.config.fraud.chain_lengths.high, np.int64)
    out = Events(seconds[:room], records[: RECORD * room])
    count = chains.chain_events(out, 0, group, start, stop, rules, plan.payment_rules, plan.positions, ranges)
    kept = min(int(count), room)
    assert {*seconds[kept:].tolist(), *records[RECORD * kept :].tolist()} == {77}
    return int(count), read_events(Events(seconds[:kept], records[: RECORD * kept]))


def chains_of(plan: Plan) -> list[list[Row]]:
    """The events of every chain, from the group in which it starts, wherever it ends."""
    rows: list[Row] = []
    for group in range(plan.grid.groups):
        rows += chain_events(plan, group, 0, 2**31 - 1, plan.chain_payments, reach=0)[1]
    # Rows do not say where a chain begins, so lengths are needed.
    cuts = naive.running(Twin(plan.config, plan.pools, plan.grid, plan.amounts).chain_lengths)
    return [rows[start:stop] for start, stop in pairwise(cuts)]


@cache
def many_chains(lengths: tuple[int, int] = (3, 10), payments: int = 20_000) -> list[list[Row]]:
    return chains_of(Plan(Config(payments=payments, cards=500, fraud={"ratio": 1, "chain_lengths": lengths}, atm=NO_CASH)))


# Which events there are


@each_sample
def test_chains_are_the_twins(name: str) -> None:
    sample = make_sample(name)
    assert chains_of(sample.plan) == sample.twin.chains


@each_sample
def test_all_groups_together_have_each_event_once(name: str) -> None:
    """Even though chains go on past the end of the group in which they start."""
    sample = make_sample(name)
    found: list[Row] = []
    for group in range(sample.plan.grid.groups):
        start = group * sample.plan.grid.group
        _, rows = chain_events(sample.plan, group, start, start + sample.plan.grid.group, sample.plan.chain_payments)
        assert all(start <= row.second < start + sample.plan.grid.group for row in rows)
        found += rows
    every = [row for chain in sample.twin.chains for row in chain]
    assert sorted(found) == sorted(every)
    assert sorted(sample.of(cash=False, fraud=True)) == sorted(every)
    assert len(found) == naive.Twin.frauds_of(sample.twin, sample.plan.payments)


def test_chains_of_the_samples_cross_groups() -> None:
    crossing = 0
    for name in SAMPLES:
        sample = make_sample(name)
        seconds = sample.plan.grid.group
        crossing = max(crossing, *(c[-1].second // seconds - c[0].second // seconds for c in sample.twin.chains), 0)
    assert crossing > 3


@pytest.mark.parametrize("room", [0, 1, 50, 121])
def test_where_room_is_short_the_need_is_told(room: int) -> None:
    plan = make_sample("unusual prices").plan
    assert plan.chain_payments == 122
    _, whole = chain_events(plan, 0, 0, 2**31 - 1, 200)
    assert chain_events(plan, 0, 0, 2**31 - 1, room) == (122, whole[:room])


@pytest.mark.parametrize("total", [0, 1, 2, 3, 4, 9, 10, 11, 135, 5_000])
@pytest.mark.parametrize("lengths", [(3, 10), (1, 1), (1, 1_000), (10, 10)])
def test_the_total_is_exact(total: int, lengths: tuple[int, int]) -> None:
    low, high = lengths
    count, last = chains.count_chains(np.uint64(7), low, high - low + 1, total)
    config = Config(payments=max(total, 1), seed=7, fraud={"ratio": min(total, 1), "chain_lengths": lengths}, atm=NO_CASH)
    plan = Plan(config)
    twin = Twin(config, plan.pools, plan.grid, plan.amounts)
    assert sum(twin.chain_lengths) == total
    assert all(low <= length <= high for length in twin.chain_lengths[:-1])
    assert count == len(twin.chain_lengths) == plan.chains
    assert [last] == (twin.chain_lengths[-1:] or [0])


# What a chain is


def test_lengths_gaps_and_starts_are_uniform() -> None:
    """In all chains but the last, which is cut."""
    found = many_chains()[:-1]
    lengths = Counter(map(len, found))
    assert lengths.keys() == set(range(3, 11))
    assert stats.chisquare(list(lengths.values())).pvalue > LEAST_P
    gaps = Counter(b.second - a.second for chain in found for a, b in pairwise(chain))
    assert gaps.keys() == set(range(30, 121))
    assert stats.chisquare(list(gaps.values())).pvalue > LEAST_P
    starts = np.array([chain[0].second for chain in found])
    assert stats.kstest((starts + 0.5) / (59 * 86_400), "uniform").pvalue > LEAST_P


def test_a_chain_has_one_card_and_every_payment_its_own_place() -> None:
    found = many_chains()
    assert all(len({row.card for row in chain}) == 1 for chain in found)
    assert all(row.label == 1 and row.walked == 0 for chain in found for row in chain)
    plan = Plan(Config(payments=1))
    latitude, longitude = plan.positions.view(np.int32).reshape(-1, 2).T.tolist()
    rows = [row for chain in found for row in chain]
    assert all((row.latitude, row.longitude) == (latitude[row.place], longitude[row.place]) for row in rows)
    later = Counter(row.place for chain in found for row in chain[1:])
    assert stats.chisquare([later[place] for place in range(plan.pools.home)]).pvalue > LEAST_P
    cards = Counter(chain[0].card for chain in found)
    assert stats.chisquare([cards[card] for card in range(500)]).pvalue > LEAST_P


@each_sample
def test_the_first_is_the_payment_of_its_number(name: str) -> None:
    """Their numbers follow those of the ordinary payments."""
    sample = make_sample(name)
    n = sample.plan.chains
    first = sample.plan.payments - sample.plan.chain_payments
    block = Block.empty(n)
    payments.payment_rows(block, first, sample.plan.payment_rules, *np.empty((2, n), np.uint32), ALL)
    expected = list(zip(block.card.tolist(), block.category.tolist(), block.cents.tolist(), block.place.tolist(), strict=True))
    assert [(c[0].card, c[0].category, c[0].cents, c[0].place) for c in chains_of(sample.plan)] == expected


def ranges_of(config: Config, chain: list[Row]) -> list[int]:
    """The amount range of each later payment."""
    return [next(r for r, cents in enumerate(config.amount_cents) if row.cents in cents) for row in chain[1:]]


@pytest.mark.parametrize("later", range(31))
def test_later_payments_have_exact_numbers_of_each_range(later: int) -> None:
    """ceil(m x share) of each, from the smallest amounts on, cut to m; the shares are the defaults."""
    shares = [(50, 1000), (75, 1000), (525, 1000), (250, 1000), (99, 1000), (1, 1000)]
    expected = []
    for part, whole in shares:
        expected.append(min(ceil(later * part / whole), later - sum(expected)))
    found = many_chains((later + 1, later + 1), 50 * (later + 1))
    assert len(found) == 50
    for chain in found:
        counts = Counter(ranges_of(Config(), chain))
        assert [counts[r] for r in range(6)] == expected


def test_the_order_of_ranges_is_shuffled() -> None:
    """Of nine later payments one is in the first range, and one in the second: all pairs of positions are equally likely."""
    found = [ranges_of(Config(), chain) for chain in many_chains((10, 10), 60_000)]
    pairs = Counter((ranges.index(0), ranges.index(1)) for ranges in found)
    assert len(pairs) == 72
    assert stats.chisquare(list(pairs.values())).pvalue > LEAST_P


@pytest.mark.parametrize("r", range(4))
def test_later_amounts_are_uniform_inside_their_range(r: int) -> None:
    cents = Config().amount_cents[r]
    found = np.array([row.cents for chain in many_chains() for row in chain[1:] if row.cents in cents]) - cents[0]
    assert found.size > 1_000
    bins = np.bincount(found * 9 // len(cents), minlength=9)
    widths = np.bincount(np.arange(len(cents)) * 9 // len(cents), minlength=9)
    assert stats.chisquare(bins, found.size * widths / len(cents)).pvalue > LEAST_P


def test_categories_of_later_payments_by_default() -> None:
    """The first whose prices hold the amount: Grocery below 100, Health/Beauty below 500, Clothing below 2,000."""
    names = [category.name for category in Config().categories]
    for chain in many_chains():
        for row in chain[1:]:
            amount = row.cents / 100
            steps = ((100, "Grocery"), (500, "Health/Beauty"), (2_000, "Clothing"), (10_000, "Electronics"))
            assert names[row.category] == next(name for limit, name in steps if amount < limit)


@each_sample
def test_categories_of_later_payments_hold_the_amount(name: str) -> None:
    sample = make_sample(name)
    categories = sample.config.categories
    for chain in chains_of(sample.plan):
        for row in chain[1:]:
            holding = [i for i, c in enumerate(categories) if c.low_cents <= row.cents <= c.high_cents]
            below = [i for i in holding if row.cents < categories[i].high_cents]
            assert row.category == (below or holding)[0]


@pytest.mark.parametrize("gap", [[1, 1], [86_400, 86_400], [5, 7]])
def test_gaps_of_any_length(gap: list[int]) -> None:
    settings: dict[str, Any] = {"ratio": 1, "chain_lengths": [2, 6], "chain_gap_seconds": gap}
    plan = Plan(Config(payments=200, cards=3, end="2022-01-02", fraud=settings, atm=NO_CASH))
    found = chains_of(plan)
    assert {b.second - a.second for chain in found for a, b in pairwise(chain)} == set(range(gap[0], gap[1] + 1))
    assert all(0 <= chain[0].second < 86_400 for chain in found)
    last = max(row.second for chain in found for row in chain)
    assert last < plan.grid.groups * plan.grid.group
