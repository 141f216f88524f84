"""Cards and holders: valid numbers, expiry dates, ages by the calendar, and who may withdraw cash."""

from collections import Counter
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import naive
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray
from scipy import stats

from fastgen import plan as names
from fastgen.config import Config
from fastgen.dataset import Dataset
from fastgen.kernels import cards, permutation, streams
from fastgen.plan import Plan
from fastgen.pools import alias_table, load_pools
from fastgen.schema import TRANSACTIONS
from fastgen.workers import Worker
from kernels import each_sample, make_sample, unpacked
from tests.kernels import LEAST_P


def numbers(seed: int, first: int, n: int) -> list[str]:
    return unpacked(digits_of(seed, np.arange(first, first + n, dtype=np.uint32)))


def digits_of(seed: int, indices: NDArray[np.uint32]) -> NDArray[np.uint64]:
    keys = permutation.permutation_keys(seed, names.CARD_NUMBER, cards.CARD_NUMBERS)
    digits, scratch = np.zeros(indices.size, np.uint64), np.zeros((2, indices.size), np.uint32)
    cards.card_digits(digits, indices, keys, *scratch)
    return digits


@cache
def tables(cards: int, **settings: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    data = Dataset(Config(rows=10, cards=cards, **settings))
    return data.credit_cards(), data.profiles()


def year_after(start: str) -> datetime:
    return datetime.fromisoformat(start) + timedelta(days=365)


# Numbers


@given(st.integers(0, 2**32 - 2), st.integers(0, 2**64 - 1))
@settings(max_examples=50)
def test_numbers_are_the_twins(first: int, seed: int) -> None:
    assert numbers(seed, first, 2) == [naive.card_number(seed, first), naive.card_number(seed, first + 1)]


def test_numbers_are_valid_and_unique() -> None:
    found = numbers(4, 0, 30_000)
    assert all(len(number) == 16 and number.isdecimal() and number[0] == "4" for number in found)
    assert all(map(naive.luhn_valid, found))
    assert len(set(found)) == len(found)


def test_validity_is_that_of_the_standard() -> None:
    """Known numbers are valid; a changed digit makes a number invalid."""
    assert all(map(naive.luhn_valid, ["4111111111111111", "4012888888881881", "79927398713"]))
    for number in numbers(4, 0, 20):
        for i in range(16):
            assert not naive.luhn_valid(number[:i] + str((int(number[i]) + 1) % 10) + number[i + 1 :])


def test_every_digit_is_uniform() -> None:
    found = np.array([list(map(int, number)) for number in numbers(4, 0, 30_000)])
    for position in range(1, 16):
        assert stats.chisquare(np.bincount(found[:, position], minlength=10)).pvalue > LEAST_P


@given(st.lists(st.integers(0, 300), max_size=8))
def test_numbers_do_not_depend_on_where_they_are_cut(cuts: list[int]) -> None:
    pieces = [numbers(1, start, stop - start) for start, stop in pairwise([0, *sorted(cuts), 300])]
    assert [number for piece in pieces for number in piece] == numbers(1, 0, 300)


@given(st.lists(st.integers(0, 2**32 - 1), max_size=70))
def test_numbers_of_any_cards_in_any_order(indices: list[int]) -> None:
    found = unpacked(digits_of(5, np.array(indices, np.uint32)))
    assert found == [naive.card_number(5, card) for card in indices]


@njit
def numbers_with(left, right, out):
    for i in range(left.size):
        front, back = cards.both_halves(left[i], right[i])
        out[2 * i], out[2 * i + 1] = front, back


def test_free_digits_at_their_bounds() -> None:
    """Including numbers with each check digit."""
    halves = [0, 1, 9_999, 10_000, 999_999, 1_000_000, 9_999_999, *range(1_234_560, 1_234_570)]
    pairs = np.array([(left, right) for left in halves for right in halves], np.uint32)
    out = np.zeros(2 * len(pairs), np.uint32)
    numbers_with(*pairs.T.copy(), out)
    found = unpacked(out.view(np.uint64))
    free = [f"4{left:07}{right:07}" for left, right in pairs]
    assert found == [next(one + check for check in "0123456789" if naive.luhn_valid(one + check)) for one in free]
    assert {number[-1] for number in found} == set("0123456789")


@each_sample
def test_rows_have_the_numbers_of_their_cards(name: str) -> None:
    plan = make_sample(name).plan
    known = [naive.card_number(plan.config.seed, card) for card in range(plan.cards)]
    for columns in (TRANSACTIONS.names, ["cc_num"], ["tid"]):
        rows = Worker(plan, columns).fill(range(plan.grid.groups))
        assert unpacked(rows.digits) == [known[card] for card in rows.card]


# Expiry


def test_expiry_months_are_the_twins() -> None:
    months = np.zeros(5_000, np.uint32)
    cards.expiry_months(months, 2**32 - 2_500, np.uint64(9), 59)
    words = [naive.draw(9, streams.CARD, 2**32 - 2_500 + i)[0] for i in range(5_000)]
    assert months.tolist() == [1 + naive.pick(word, 59) for word in words]
    assert stats.chisquare(np.bincount(months, minlength=60)[1:]).pvalue > LEAST_P


@pytest.mark.parametrize("start", ["2022-01-01", "2024-02-29", "2022-12-31 23:59:59", "1999-06-15", "2095-11-30"])
def test_cards_expire_within_five_years(start: str) -> None:
    """A card expires at the end of its month, which comes after that of the start."""
    found, _ = tables(3_000, start=start, end=year_after(start))
    begin = datetime.fromisoformat(start)
    allowed = set()
    for ahead in range(1, 60):
        years, month = divmod(begin.month - 1 + ahead, 12)
        allowed.add(f"{month + 1:02}/{(begin.year + years) % 100:02}")
        assert date(begin.year + years, month + 1, 1) > begin.date()
    assert set(found["expires"]) == allowed
    assert set(found["provider"]) == {"visa"}


# Ages

STARTS = ["2022-01-01", "2023-02-28", "2023-03-01", "2024-02-28", "2024-02-29", "2024-03-01", "2000-02-29", "2100-02-28"]
AGES = [(18, 100), (18, 18), (100, 100), (20, 21), (33, 63)]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("ages", AGES)
def test_possible_birthdates_are_those_of_the_calendar(start: str, ages: tuple[int, int]) -> None:
    """Age is the number of birthdays so far; one on 29 February may come on 1 March."""
    plan = Plan(Config(rows=1, start=start, end=year_after(start), ages=ages))
    first, days = plan.births
    found = [first + timedelta(days=day) for day in range(days)]
    day = date.fromisoformat(start)
    assert found == naive.possible_births(day, *ages)
    assert plan.ages.tolist() == [naive.age(birth, day) for birth in found]


@pytest.mark.parametrize("start", ["2022-01-01", "2023-02-28 23:59:59", "2024-03-01 12:00:00"])
def test_ages_count_at_the_start(start: str) -> None:
    _, found = tables(20_000, start=start, end=year_after(start))
    day = datetime.fromisoformat(start).date()
    ages = [naive.age(birth, day) for birth in found["birthdate"]]
    assert set(ages) == set(range(18, 101))
    births = naive.possible_births(day, 18, 100)
    offsets = np.array([(birth - births[0]).days for birth in found["birthdate"]])
    assert stats.kstest((offsets + 0.5) / len(births), "uniform").pvalue > LEAST_P


# Holders


def test_holders_are_the_twins() -> None:
    """Every column of both tables follows from the words that decide it."""
    config = Config(rows=10, cards=400, seed=11)
    pools = load_pools()
    women, men = pools.first_names[: pools.female], pools.first_names[pools.female :]
    alias_of = {
        "F": alias_table(pools.first_weights[: pools.female]),
        "M": alias_table(pools.first_weights[pools.female :]),
        "family": alias_table(pools.last_weights),
    }
    births = naive.possible_births(config.start.date(), *config.ages)
    expected_cards, expected = [], []
    for card in range(400):
        words, others = naive.draw(11, streams.PROFILE, card), naive.draw(11, streams.PROFILE, card, 1)
        sex = "F" if words[2] >= 2**31 else "M"
        given_name = (women if sex == "F" else men)[naive.alias_item(alias_of[sex], *others[:2])]
        family = pools.last_names[naive.alias_item(alias_of["family"], *others[2:])]
        domain, number = divmod(naive.pick(words[3], 100 * len(pools.mail_domains)), 100)
        mail = f"{given_name}.{family}{number}@{pools.mail_domains[domain]}".lower()
        place = pools.places[naive.pick(words[1], pools.home)]
        birth = births[naive.pick(words[0], len(births))]
        number_text = naive.card_number(11, card)
        expected.append((f"{given_name} {family}", sex, mail, birth, place.city, place.country, number_text))
        month = 1 + naive.pick(naive.draw(11, streams.CARD, card)[0], 59)
        expected_cards.append((number_text, "visa", f"{month % 12 + 1:02}/{22 + month // 12}"))
    data = Dataset(config)
    assert data.profiles().rows() == expected
    assert data.credit_cards().rows() == expected_cards


def test_first_names_agree_with_the_sex() -> None:
    _, found = tables(20_000)
    pools = load_pools()
    of_sex = {"F": set(pools.first_names[: pools.female]), "M": set(pools.first_names[pools.female :])}
    assert of_sex["F"] - of_sex["M"]
    assert all(name.split(" ")[0] in of_sex[sex] for name, sex in found["name", "sex"].iter_rows())
    assert stats.binomtest(found["sex"].to_list().count("F"), 20_000).pvalue > LEAST_P


@pytest.mark.parametrize("weights", [(1.0,), (1.0, 3.0), (0.0, 1.0, 0.0), (1e-9, 1.0), tuple(range(1, 400)), (5.0,) * 7])
def test_alias_tables_have_the_weights_for_shares(weights: tuple[float, ...]) -> None:
    total = sum(weights)
    for found, weight in zip(naive.alias_shares(alias_table(weights)), weights, strict=True):
        assert float(found) == pytest.approx(weight / total, abs=len(weights) / 2**32)


def test_alias_tables_do_not_depend_on_the_version_of_python() -> None:
    """Since Python 3.12 `sum` compensates for rounding. Before, the total of these shares was 1.0000000000000002."""
    shares = (0.29, 0.02, 0.1, 0.16, 0.08, 0.17, 0.02, 0.04, 0.06, 0.06, *[0.0] * 6)
    assert alias_table(shares).other.tolist() == [0, 0, 0, 2, 3, 4, 0, 0, 0, 0, 0, 2, 3, 4, 5, 5]


def test_names_have_their_weights() -> None:
    _, found = tables(20_000)
    pools = load_pools()
    weights = dict(zip(pools.last_names, pools.last_weights, strict=True))
    common = sorted(weights, key=weights.__getitem__)[-40:]
    counts = Counter(name.split(" ", 1)[1] for name in found["name"])
    shares = np.array([weights[name] for name in common]) / sum(weights.values())
    expected = [*(20_000 * shares), 20_000 * (1 - shares.sum())]
    observed = [counts[name] for name in common]
    assert stats.chisquare([*observed, 20_000 - sum(observed)], expected).pvalue > LEAST_P


# Cash cards


@each_sample
def test_susceptible_cards_are_the_twins(name: str) -> None:
    sample = make_sample(name)
    if sample.config.sizes.withdrawals:
        assert sample.plan.susceptible.tolist() == sample.twin.susceptible
        assert sample.plan.sequence_rules.cash_cards.tolist() == sample.twin.cash_cards


def test_bands_take_cards_as_far_as_they_have_room() -> None:
    """With 25,000 cards, small bands are filled by the first holders of their ages, and large ones get all there are."""
    config = Config(cards=25_000, payments=1)
    plan = Plan(config)
    found = plan.susceptible.tolist()
    assert found == sorted(set(found))
    births = Dataset(config).profiles()["birthdate"]
    ages = [naive.age(birth, date(2022, 1, 1)) for birth in births]
    rooms = {
        (18, 23): 660, (25, 33): 18, (35, 43): 18, (45, 53): 240, (55, 63): 264, (65, 73): 1_200, (75, 83): 4_800, (85, 99): 4_800,
    }  # fmt: skip
    expected: list[int] = []
    for (low, high), room in rooms.items():
        inside = [card for card, years in enumerate(ages) if low <= years <= high]
        expected += inside[:room]
        assert (len(inside) > room) == (high <= 73)
    assert found == sorted(expected)


def test_cash_cards_are_drawn_without_replacement() -> None:
    plan = Plan(Config())
    found = plan.sequence_rules.cash_cards.tolist()
    assert len(set(found)) == len(found) == 1_000
    assert set(found) < set(plan.susceptible.tolist())
    every = Plan(Config(cards=500)).sequence_rules.cash_cards.tolist()
    assert sorted(every) == Plan(Config(cards=500)).susceptible.tolist()


def test_every_susceptible_card_is_as_likely_to_be_drawn() -> None:
    counts = np.zeros(60, np.int64)
    for seed in range(4_000):
        places = np.empty(7, np.uint64)
        permutation.permuted_range(places, 0, permutation.permutation_keys(seed, names.CASH_CARD, 60))
        assert len(set(places.tolist())) == 7
        counts[places] += 1
    assert stats.chisquare(counts).pvalue > LEAST_P


def test_there_is_room_behind_the_last_card_that_is_found() -> None:
    """The space is needed because cards that no band takes any more are written there, too."""
    found = Plan(Config(atm={"withdrawals": 100, "bands": [{"share": 1, "low": 18, "high": 100}]})).susceptible
    assert found.base is not None
    assert found.size == 100 < found.base.size


def test_cash_cards_do_not_depend_on_how_many_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = Plan(Config()).sequence_rules.cash_cards.tolist()
    monkeypatch.setattr(names, "CARDS_AT_ONCE", 7)
    assert Plan(Config()).sequence_rules.cash_cards.tolist() == expected
