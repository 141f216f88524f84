"""The two passes, in batches of any size, count what plain Polars computes from the whole."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import naive
import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from fastgen import Config, Dataset
from fastgen.ages import ages_at
from fastgen.reporting import bins, survey
from fastgen.reporting.card_index import CardIndex, card_keys
from fastgen.reporting.charts.cases import lane_note
from fastgen.reporting.densities import prices
from fastgen.reporting.examples import Event, WithdrawalSequence, example_chains, example_sequences
from fastgen.reporting.histories import Histories, time_step
from fastgen.reporting.holders import OLDEST, HolderAges
from fastgen.reporting.rows import detached
from fastgen.reporting.survey import OTHER_CATEGORIES, Survey
from fastgen.schema import CASH_WITHDRAWAL, RowKind

CONFIG = Config(rows=12_000, fraud={"ratio": 0.05}, seed=3)
KIND = 2 * (pl.col("category") == CASH_WITHDRAWAL).cast(pl.Int64) + pl.col("fraud_label")
SECONDS = pl.col("datetime").dt.epoch("s")
CENTS = (pl.col("amount") * 100).round().cast(pl.Int64)
EARTH = 6_371.0088


@cache
def transactions() -> pl.DataFrame:
    """The transactions as they are read from files: with strings for names."""
    return Dataset(CONFIG).transactions().with_columns(pl.col("category", "city", "country").cast(pl.String))


def pieces(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The frame in batches of odd sizes, including empty ones."""
    at = 0
    for size in [0, 1, 2, 997, 0, 5_000, frame.height]:
        yield frame.slice(at, size)
        at += size


def surveyed(frame: pl.DataFrame, **arguments: Any) -> Survey:
    made = Survey(**arguments)
    for piece in pieces(frame):
        made.add(piece)
    return made


def followed_through(frame: pl.DataFrame, **arguments: Any) -> Histories:
    seconds = frame.select(first=SECONDS.min(), last=SECONDS.max())
    made = Histories(seconds["first"][0], seconds["last"][0], chain_gap=CONFIG.fraud.chain_gap_seconds.high, **arguments)
    for piece in pieces(frame):
        made.add(piece)
    return made


def counted(counts: np.ndarray) -> dict[int, int]:
    return {int(at): int(counts[at]) for at in counts.nonzero()[0]}


def binned(values: list[int]) -> dict[int, int]:
    return dict(Counter(naive.bin_of(value) for value in values))


# The first pass


def test_rows_kinds_and_times() -> None:
    frame, made = transactions(), surveyed(transactions())
    assert (made.rows, made.incomplete, made.in_order) == (12_000, 0, True)
    assert made.kinds.tolist() == [frame.filter(kind == KIND).height for kind in RowKind]
    assert (made.first, made.last) == (frame.select(SECONDS.min()).item(), frame.select(SECONDS.max()).item())


def test_rows_after_the_end() -> None:
    end = int(datetime(2022, 2, 1).timestamp() - datetime(1970, 1, 1).timestamp())
    assert surveyed(transactions(), end=end).after_end == transactions().filter(end <= SECONDS).height > 0
    assert surveyed(transactions()).after_end == 0


@pytest.mark.parametrize("at", [0, 1, 999, 5_999])
def test_order_is_noticed_inside_batches_and_between_them(at: int) -> None:
    frame = transactions()
    swapped = pl.concat([frame[:at], frame[at + 40 : at + 41], frame[at : at + 40], frame[at + 41 :]])
    assert not surveyed(swapped).in_order


def test_amounts_by_category_and_label() -> None:
    made = surveyed(transactions())
    assert set(made.categories.numbers) == set(transactions()["category"].unique())
    for name in made.categories.numbers:
        for label in (0, 1):
            rows = transactions().filter(pl.col("category") == name, pl.col("fraud_label") == label)
            assert counted(made.amounts_of(name)[label]) == binned(rows.select(CENTS).to_series().to_list())


def test_columns_by_label() -> None:
    made = surveyed(transactions())
    columns = {
        "amount": CENTS,
        "hour": pl.col("datetime").dt.hour().cast(pl.Int64),
        "weekday": pl.col("datetime").dt.weekday().cast(pl.Int64) - 1,
        "latitude": pl.col("latitude").floor().cast(pl.Int64) + 90,
        "longitude": pl.col("longitude").floor().cast(pl.Int64) + 180,
    }
    assert made.by_label.keys() == columns.keys()
    for name, column in columns.items():
        for label in (0, 1):
            values = transactions().filter(pl.col("fraud_label") == label).select(column).to_series().to_list()
            assert counted(made.by_label[name][label]) == binned(values)


def test_amounts_outside_the_prices() -> None:
    assert surveyed(transactions(), prices=prices(CONFIG)).outside == 0
    narrow = {"Grocery": (10_00, 50_00), "Clothing": (0, 99_99)}
    expected = 0
    for name, (low, high) in narrow.items():
        ordinary = transactions().filter(pl.col("category") == name, pl.col("fraud_label") == 0)
        expected += ordinary.filter(~CENTS.is_between(low, high)).height
    assert surveyed(transactions(), prices=narrow).outside == expected > 0


def test_the_greatest_price_is_not_outside() -> None:
    frame = (
        transactions()
        .filter(pl.col("fraud_label") == 0)
        .head(3)
        .with_columns(category=pl.lit("Grocery"), amount=pl.Series([10.0, 50.0, 50.01]))
    )
    assert surveyed(frame, prices={"Grocery": (10_00, 50_00)}).outside == 1


def test_places() -> None:
    made = surveyed(transactions()).places
    cash = (pl.col("category") == CASH_WITHDRAWAL).cast(pl.Int64)
    expected = (
        transactions()
        .group_by("country", "city")
        .agg(
            pl.col("latitude", "longitude").mean(),
            rows=pl.len().cast(pl.Int64),
            fraud=pl.col("fraud_label").cast(pl.Int64).sum(),
            cash=cash.sum(),
        )
    )
    names = ["country", "city"]
    assert_frame_equal(made.table().sort(names).select(expected.columns), expected.sort(names))
    assert made.table()["rows"].is_sorted(descending=True)
    assert made.rows_elsewhere == 0


def test_of_very_many_places_the_largest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "MOST_PLACES", 100)
    made = surveyed(transactions()).places
    table = made.table()
    assert table.height == 100
    assert table["rows"].sum() + made.rows_elsewhere == 12_000
    assert made.rows_elsewhere > 0


def test_very_many_categories_share_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "MOST_CATEGORIES", 3)
    made = surveyed(transactions())
    assert len(made.categories.numbers) == 4
    kept = [name for name in made.categories.numbers if name != OTHER_CATEGORIES]
    others = transactions().filter(~pl.col("category").is_in(kept), pl.col("fraud_label") == 0)
    assert made.amounts_of(OTHER_CATEGORIES)[0].sum() == others.height


def test_samples_are_spread_over_all_rows() -> None:
    made = surveyed(transactions())
    for kind, sample in made.samples.items():
        assert sample.rows is not None
        rows = sample.rows
        whole = transactions().filter(kind == KIND).select("datetime", "cc_num")
        assert rows.height == min(survey.SAMPLED, whole.height)
        assert rows.select("datetime", "cc_num").join(whole, on=["datetime", "cc_num"], how="anti").is_empty()
        # In at least three quarters of the period.
        quarter = (rows["datetime"].to_physical() - whole["datetime"].to_physical().min()) * 4
        assert (quarter // (whole["datetime"].to_physical().max() - whole["datetime"].to_physical().min() + 1)).n_unique() >= 3


def test_samples_do_not_depend_on_batches() -> None:
    whole = Survey()
    whole.add(transactions())
    for kind, sample in surveyed(transactions()).samples.items():
        assert sample.rows is not None
        assert sample.rows.equals(whole.samples[kind].rows)


@pytest.mark.parametrize("column", ["datetime", "cc_num", "category", "amount", "city", "fraud_label"])
def test_rows_with_missing_values_are_left_out_and_counted(column: str) -> None:
    holes = transactions().with_row_index().with_columns(pl.when(pl.col("index") % 7 != 0).then(pl.col(column)).alias(column))
    made = surveyed(holes.drop("index"))
    assert made.incomplete == 1_715
    assert made.rows == 12_000 - 1_715
    assert made.kinds.tolist() == [holes.drop_nulls().filter(kind == KIND).height for kind in RowKind]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_missing(value: float) -> None:
    odd = transactions().with_columns(amount=pl.when(pl.col("amount") < 10).then(value).otherwise("amount"))
    assert surveyed(odd).incomplete == transactions().filter(pl.col("amount") < 10).height > 0


def test_without_labels_nothing_is_a_fraud() -> None:
    made = surveyed(transactions().drop("fraud_label"))
    assert made.kinds[[RowKind.FRAUD_PAYMENT, RowKind.FRAUD_WITHDRAWAL]].tolist() == [0, 0]


def test_nothing_at_all() -> None:
    made = surveyed(transactions().clear())
    assert made.rows == 0
    assert made.amounts.shape[0] == 0


# The second pass


def test_timeline() -> None:
    made = followed_through(transactions())
    assert made.step == 86_400
    days = transactions().select(day=SECONDS // 86_400 * 86_400, kind=KIND).group_by("day", "kind").len()
    expected = {(kind, day): rows for day, kind, rows in days.iter_rows()}
    kinds, places = made.timeline.nonzero()
    got = {(k, made.start + made.step * p): int(made.timeline[k, p]) for k, p in zip(kinds.tolist(), places.tolist(), strict=True)}
    assert got == expected


@pytest.mark.parametrize("span", [1, 100, 10_000, 10**6, 10**7, 10**8, 2 * 10**9])
def test_bars_are_few_and_hold_all(span: int) -> None:
    step = time_step(12_345, 12_345 + span)
    assert (12_345 + span) // step - 12_345 // step < 140


def test_rows_of_cards() -> None:
    made = followed_through(transactions())
    rows = transactions().group_by("cc_num", kind=KIND).len()
    expected = {(card, kind): count for card, kind, count in rows.iter_rows()}
    assert made.cards.count == transactions()["cc_num"].n_unique() == made.counts.shape[0]
    got = {
        (made.cards.text(card), kind): int(made.counts[card, kind])
        for card, kind in zip(*map(np.ndarray.tolist, made.counts.nonzero()), strict=True)
    }
    assert got == expected


def since_last() -> pl.DataFrame:
    """Seconds and kilometres from the card's previous row, by plain Polars; null for the first row of a card."""
    radians = transactions().with_columns(pl.col("latitude", "longitude").radians())
    before = radians.with_columns(
        pl.col("latitude", "longitude").shift().over("cc_num").name.suffix("_before"), seconds=SECONDS.diff().over("cc_num")
    )
    up = ((pl.col("latitude") - pl.col("latitude_before")) / 2).sin() ** 2
    across = ((pl.col("longitude") - pl.col("longitude_before")) / 2).sin() ** 2
    angle = 2 * (up + pl.col("latitude").cos() * pl.col("latitude_before").cos() * across).sqrt().arcsin()
    return before.with_columns(km=angle * EARTH).select("seconds", "km", "fraud_label")


def test_seconds_since_the_last_row() -> None:
    made = followed_through(transactions())
    for label in (0, 1):
        values = since_last().filter(pl.col("fraud_label") == label)["seconds"].drop_nulls().to_list()
        assert counted(made.since_last["seconds"][label]) == binned(values)


def test_distances_and_speeds_since_the_last_row() -> None:
    """Places are kept as float32, so that a distance may fall into the neighbouring bin."""
    made = followed_through(transactions())
    for label in (0, 1):
        rows = since_last().filter(pl.col("fraud_label") == label).drop_nulls()
        metres = (rows["km"] * 1_000).to_numpy()
        speed = rows["km"].to_numpy() * 3_600 / np.maximum(rows["seconds"].to_numpy(), 1)
        for name, values in (("metres", metres), ("km/h", speed)):
            counts = made.since_last[name][label]
            assert counts.sum() == values.size
            for edge in (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000):
                near = int((np.abs(values - edge) <= 2 + edge * 1e-5).sum())
                assert abs(int(counts[: np.searchsorted(bins.EDGES, edge)].sum()) - int((values < edge).sum())) <= near


def test_chains() -> None:
    made = followed_through(transactions())
    rows = transactions().filter(KIND == RowKind.FRAUD_PAYMENT).select("cc_num", SECONDS)
    cards = {card: number for number, card in enumerate(rows["cc_num"].unique())}
    lengths = naive.run_lengths([(cards[card], second) for card, second in rows.iter_rows()], 120)
    assert counted(made.lengths) == dict(Counter(lengths))
    assert made.lengths.sum() >= Dataset(CONFIG).plan.chains


def test_cards_that_are_followed() -> None:
    cards = transactions()["cc_num"].unique().sort().to_list()[:5]
    made = followed_through(transactions(), followed=cards)
    got = pl.concat(made.followed)
    expected = transactions().filter(pl.col("cc_num").is_in(cards))
    assert got.drop("kind").equals(expected.select(got.drop("kind").columns))
    assert got["kind"].to_list() == expected.select(KIND).to_series().to_list()


def test_where_order_is_missing_nothing_is_compared() -> None:
    made = followed_through(transactions(), in_order=False)
    assert made.lengths.sum() == 0
    assert all(counts.sum() == 0 for counts in made.since_last.values())
    assert made.counts.sum() == 12_000


# Cards and holders


def test_cards_of_any_text() -> None:
    """Numeric texts are kept as numbers; other texts are distinguished as well."""
    texts = ["4846953825144454", "abc", "4846953825144454", "", "abd", "12", "abc", "99999999999999999999999"]
    cards = CardIndex()
    assert cards.numbers(pl.Series(texts)).tolist() == [0, 1, 0, 2, 3, 4, 1, 5]
    assert cards.find(pl.Series(["abd", "4846953825144454", "nobody"])).tolist() == [3, 0, -1]
    assert [cards.text(number) for number in (0, 1, 4)] == ["4846953825144454", "card 2", "12"]
    assert (card_keys(pl.Series(["x", "y"])) < 0).all()


def test_many_cards() -> None:
    """The table grows, and numbers stay."""
    cards = CardIndex()
    numbers = np.random.default_rng(1).permutation(300_000) + 4 * 10**15
    series = pl.Series(numbers).cast(pl.String)
    got = np.concatenate([cards.numbers(series[start : start + 50_000]) for start in range(0, 300_000, 50_000)])
    assert got.tolist() == list(range(300_000))
    assert cards.find(series.reverse()).tolist() == list(range(299_999, -1, -1))


def test_ages() -> None:
    profiles = Dataset(CONFIG).profiles()
    histories = followed_through(transactions())
    withdrawing = histories.counts[:, RowKind.WITHDRAWAL] > 0
    made = HolderAges(date(2022, 1, 1), histories.cards, withdrawing, np.arange(3))
    for piece in (profiles[:10], profiles[10:]):
        made.add(piece.select("birthdate", "cc_num"))
    cash = set(transactions().filter(pl.col("category") == CASH_WITHDRAWAL, pl.col("fraud_label") == 0)["cc_num"])
    ages = Counter()
    for born, card in profiles.select("birthdate", "cc_num").iter_rows():
        ages[card in cash, 2022 - born.year - ((born.month, born.day) > (1, 1))] += 1
    got = {
        (bool(group), age): int(made.ages[group, age])
        for group, age in zip(*map(np.ndarray.tolist, made.ages.nonzero()), strict=True)
    }
    assert got == ages
    assert made.holders == profiles.height
    assert set(made.noted) == {0, 1, 2}


def test_ages_that_cannot_be_are_not_counted() -> None:
    made = HolderAges(date(2022, 1, 1), CardIndex(), np.zeros(0, np.bool_), np.zeros(0, np.int64))
    made.add(
        pl.DataFrame({"birthdate": [date(2023, 1, 1), date(1850, 1, 1), date(2000, 1, 1), None], "cc_num": ["1", "2", "3", "4"]})
    )
    assert (made.holders, made.ages.sum(), made.ages[0, 22]) == (3, 1, 1)
    made.add(pl.DataFrame({"birthdate": [date(2021, 6, 1), date(1892, 1, 1), date(1891, 1, 1)], "cc_num": ["5", "6", "7"]}))
    assert (made.holders, made.ages.sum(), made.ages[0, 0], made.ages[0, OLDEST]) == (6, 3, 1, 1)


def test_ages_in_the_first_years_of_all() -> None:
    """Where rows have such times, as those of others may."""
    births = np.array([(date(year, 1, 1) - date(1970, 1, 1)).days for year in (1, 20, 30, 31)])
    assert ages_at(date(30, 1, 1), births).tolist() == [29, 10, 0, -1]


# Examples


def frauds(*rows: tuple[str, int], kind: RowKind = RowKind.FRAUD_PAYMENT) -> list[pl.DataFrame]:
    """Rows of cards at some seconds, as they are kept of the followed cards."""
    return [
        pl.DataFrame(
            {
                "cc_num": [card for card, _ in rows],
                "datetime": [datetime(2022, 1, 1) + timedelta(seconds=second) for _, second in rows],
                "amount": [1.0] * len(rows),
                "city": ["Rolla"] * len(rows),
                "country": ["US"] * len(rows),
                "latitude": [1.0] * len(rows),
                "longitude": [1.0] * len(rows),
                "kind": [int(kind)] * len(rows),
            }
        )
    ]


def test_chains_that_are_shown() -> None:
    """In order of time; single payments only if there is nothing else."""
    rows = [("1", 5_000), ("1", 5_120), ("2", 0), ("2", 100), ("2", 200), ("3", 9_000), ("3", 9_121)]
    assert [(chain.card, len(chain.events)) for chain in example_chains(frauds(*rows), 120)] == [("2", 3), ("1", 2)]
    assert [(chain.card, len(chain.events)) for chain in example_chains(frauds(*rows[-2:]), 120)] == [("3", 1), ("3", 1)]


def test_single_withdrawals_are_no_sequences() -> None:
    rows = [("1", 0), ("1", 3_600), ("1", 7_201), ("2", 5)]
    [own] = example_sequences(frauds(*rows, kind=RowKind.WITHDRAWAL))
    assert [(lane.card, len(lane.own), lane.step) for lane in own] == [("1", 2, 1)]


def test_a_fraud_without_its_sequence_is_after_nothing() -> None:
    event = Event(7, 100, "Rolla, US", 1.0, 1.0)
    assert lane_note(WithdrawalSequence("1", [], [event]))[0]["text"] == "Rolla, US"
    assert (
        lane_note(WithdrawalSequence("1", [event], [event._replace(second=3_607)]))[0]["text"]
        == "Rolla, US, 1 hour after the first"
    )


# Memory


def bytes_held(column: pl.Series) -> int:
    """The size of all buffers that the column's values are views of."""
    array = column.to_arrow(compat_level=pl.CompatLevel.newest())
    return sum(buffer.size for buffer in array.buffers() if buffer)


def test_rows_that_are_kept_hold_no_batch() -> None:
    batch = pl.DataFrame({"city": [f"a city with a long name, number {number}" for number in range(20_000)]})
    few = batch[[5, 19_000]]
    assert bytes_held(few["city"]) > 100_000  # views hold the whole batch
    assert detached(few).equals(few)
    assert bytes_held(detached(few)["city"]) < 20_000


MEASURED = """
import resource, sys
from fastgen import Config, Dataset
from fastgen.reporting.histories import Histories
from fastgen.reporting.rows import COLUMNS
from fastgen.reporting.survey import Survey
import polars as pl

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

def read(rows):
    data = Dataset(Config(rows=rows, cards=5_000, atm={"cards": 1_000}, fraud={"ratio": 0.01}))
    names = pl.col("category", "city", "country").cast(pl.String)
    batches = lambda: (frame.with_columns(names) for frame in data.batches([*COLUMNS, "fraud_label"], batch_rows=100_000))
    survey = Survey()
    for frame in batches():
        survey.add(frame)
    cards = [card for sample in survey.samples.values() for card in sample.rows["cc_num"]]
    histories = Histories(survey.first, survey.last, chain_gap=120, followed=cards)
    for frame in batches():
        histories.add(frame)
    return survey, histories

read(500_000)
before = peak()
kept = read(4_000_000)
print(peak() - before)
"""


def test_eight_times_as_many_rows_need_hardly_more_memory() -> None:
    """Some 40 MB for its larger plan and more rows of the followed cards; if these held their batches, it would be over 200."""
    stdout = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, check=True).stdout
    assert int(stdout) < 100_000_000
