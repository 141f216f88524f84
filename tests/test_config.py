"""Configurations: defaults, sizes, identity, text forms, and one clear line for every error."""

import copy
import json
import pickle
import subprocess
import sys
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, localcontext
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import fastgen.config
import fastgen.plan
from fastgen.config import MOST_SECONDS, Config, config_schema
from fastgen.config_text import config_from_texts, load_config, merge, parse_count, parse_setting, to_toml
from fastgen.dataset import Dataset
from fastgen.errors import (
    NOT_GIVEN,
    ConfigError,
    FastgenError,
    InterruptedRunError,
    OptionError,
    OutputError,
    OutputExistsError,
    UsageError,
)
from fastgen.kernels.units import HOUR
from fastgen.sections import AgeBand, AmountRange, Atm, Category, Fraud
from fastgen.settings import Interval, Section
from fastgen.sizes import Sizes, chain_ranges, exact_shares

HUGE = "1,000,000,000,000,000,000"
SEEDS = "must be a whole number between 0 and 18,446,744,073,709,551,615"
MOMENT = "must be a date and time such as 2022-01-01 00:00:00, in whole seconds, no time zone, years 1970 to 9900"
INTERVAL = "must be [low, high], low not above high, whole numbers between"
TIMES = "must leave the last event within 2,147,397,247 seconds (68 years) of start, not"


def shop(**changes: Any) -> dict[str, Any]:
    """The settings of a small shop's only category."""
    return {"name": "Shop", "share": 1, "low": 1, "high": 50, **changes}


def part(share: float, low: float, high: float) -> dict[str, float]:
    return {"share": share, "low": low, "high": high}


class Nanosecond(datetime):
    """Like pandas' Timestamp, finer than a datetime; a nanosecond after the full second."""

    __hash__ = datetime.__hash__

    def __eq__(self, other: object) -> bool:
        return False

    def __str__(self) -> str:
        return f"{super().__str__()}.000000001"


def config_of(**given_settings: Any) -> Config:
    """A configuration from plain values, as in TOML."""
    return Config(**given_settings)


def line_of(**given_settings: Any) -> str:
    """The error message for settings that are not allowed."""
    with pytest.raises(ConfigError) as caught:
        Config(**given_settings)
    return str(caught.value)


# The defaults


def test_defaults_are_the_tutorials() -> None:
    config = Config()
    assert config.sizes == Sizes(None, 54_000, 2_000, 1_000, 12_000, cash_cards_required=False)
    assert (config.start, config.end, config.seconds) == (datetime(2022, 1, 1), datetime(2022, 3, 1), 59 * 86_400)
    assert config.fraud.of(54_000) == 135
    assert config.fraud.of(8_000) == 20
    assert (config.ages, config.atm.lengths, config.atm.step_hours) == ((18, 100), (3, 10), (6, 168))
    assert (config.fraud.chain_lengths, config.fraud.chain_gap_seconds, config.atm.foreign_hours) == ((3, 10), (30, 120), (1, 5))
    assert [len(parts) for parts in (config.amounts, config.categories, config.atm.bands)] == [6, 9, 8]
    assert all(sum(exact_shares(p.share for p in parts)) == 1 for parts in (config.amounts, config.categories, config.atm.bands))


def test_all_shares_of_the_defaults_add_up_as_decimals() -> None:
    config = Config()
    for parts in (config.amounts, config.categories, config.atm.bands):
        assert sum(Fraction(str(p.share)) for p in parts) == 1


# One line for every error

BAD = {
    # unknown settings
    "unknown setting": ({"sed": 1}, "sed = 1: unknown setting (did you mean seed?)"),
    "unknown, nothing like it": ({"xyzzy": 1}, "xyzzy = 1: unknown setting (fastgen config show prints all that there are)"),
    "a dotted name in quotes": (
        {"fraud.ratio": 0.1},
        "fraud.ratio = 0.1: unknown setting (ratio is a setting of the table fraud: fraud = { ratio = ... })",
    ),
    "in a table it is not in": (
        {"fraud": {"rows": 5}},
        "fraud.rows = 5: unknown setting (rows is a top-level setting: put it above the first table)",
    ),
    "unknown, in a table": ({"fraud": {"ration": 1}}, "fraud.ration = 1: unknown setting (did you mean fraud.ratio?)"),
    "unknown, the table is no suggestion": (
        {"fraud": {"foo": 1}},
        "fraud.foo = 1: unknown setting (fastgen config show prints all that there are)",
    ),
    "unknown, belongs in a table": ({"ratio": 1}, "ratio = 1: unknown setting (did you mean fraud.ratio?)"),
    "unknown, in a list": (
        {"categories": [shop(nam="x")]},
        "categories[0].nam = 'x': unknown setting (did you mean categories[0].name?)",
    ),
    "unknown, in a list that is a table": (
        {"categories.name": "x"},
        "categories.name = 'x': unknown setting (did you mean categories[0].name?)",
    ),
    "unknown, with a line break": ({"a\nb": 1}, "a b = 1: unknown setting (fastgen config show prints all that there are)"),
    "unknown, called self": ({"self": 1}, "self = 1: unknown setting (fastgen config show prints all that there are)"),
    "unknown, with what a terminal obeys": (
        {"a\0\x1b[31m": 1},
        r"a\x00\x1b[31m = 1: unknown setting (fastgen config show prints all that there are)",
    ),
    # wrong types
    "text for a whole number": ({"seed": "3"}, f"seed = '3': {SEEDS}"),
    "boolean for a whole number": ({"seed": True}, f"seed = true: {SEEDS}"),
    "float for a whole number": ({"seed": 3.5}, f"seed = 3.5: {SEEDS}"),
    "nothing for a whole number": ({"seed": None}, f"seed = None: {SEEDS}"),
    "text for a number": ({"fraud": {"ratio": "0.1"}}, "fraud.ratio = '0.1': must be a number between 0 and 1"),
    "boolean for a number": ({"fraud": {"ratio": False}}, "fraud.ratio = false: must be a number between 0 and 1"),
    "number for a table": ({"fraud": 3}, "fraud = 3: must be a table of settings"),
    "table for a list": ({"amounts": {}}, "amounts = {}: must be a list"),
    "set for a list": ({"amounts": {1}}, "amounts = {1}: must be a list"),
    "number in a list": ({"amounts": [3]}, "amounts[0] = 3: must be a table of settings"),
    "number for a name": ({"categories": [shop(name=3)]}, "categories[0].name = 3: must be text"),
    "number for an interval": ({"ages": 3}, f"ages = 3: {INTERVAL} 18 and 100"),
    "three for an interval": ({"ages": [18, 19, 20]}, f"ages = [18, 19, 20]: {INTERVAL} 18 and 100"),
    "boolean in an interval": ({"ages": [True, 100]}, f"ages = [true, 100]: {INTERVAL} 18 and 100"),
    "date in a table": ({"fraud": [{"a": date(2022, 1, 1)}]}, "fraud = [{'a': 2022-01-01}]: must be a table of settings"),
    "time for a date": ({"start": time(12)}, f"start = 12:00:00: {MOMENT}"),
    "floats for an interval": ({"ages": [18, 20.0]}, f"ages = [18, 20.0]: {INTERVAL} 18 and 100"),
    "missing": ({"amounts": [{"share": 1, "low": 1}]}, "amounts[0].high: is required"),
    "several": ({"seed": -1, "rows": 0}, f"seed = -1: {SEEDS} (and 1 more)"),
    "several, one of them unknown": (
        {"seed": -1, "rows": 0, "sed": 1},
        "sed = 1: unknown setting (did you mean seed?; and 2 more)",
    ),
    "several, in a table": ({"atm": {"cards": -1, "radius": 2}, "ages": 0}, f"ages = 0: {INTERVAL} 18 and 100 (and 2 more)"),
    # numbers out of bounds
    "seed too large": ({"seed": 2**64}, f"seed = 18446744073709551616: {SEEDS}"),
    "seed far too large to print": ({"seed": 10**5_000}, f"seed = <int>: {SEEDS}"),
    "no rows": ({"rows": 0}, f"rows = 0: must be a whole number between 1 and {HUGE}"),
    "no payments": ({"payments": 0}, f"payments = 0: must be a whole number between 1 and {HUGE}"),
    "negative cards": ({"cards": -5}, f"cards = -5: must be a whole number between 1 and {HUGE}"),
    "negative cash cards": ({"atm": {"cards": -1}}, f"atm.cards = -1: must be a whole number between 0 and {HUGE}"),
    "negative withdrawals": ({"atm": {"withdrawals": -1}}, f"atm.withdrawals = -1: must be a whole number between 0 and {HUGE}"),
    "scale of nothing": ({"scale": 0}, "scale = 0: must be a number above 0 and at most 1,000,000,000,000"),
    "scale that is no number": ({"scale": float("nan")}, "scale = nan: must be a number above 0 and at most 1,000,000,000,000"),
    "infinite scale": ({"scale": float("inf")}, "scale = inf: must be a number above 0 and at most 1,000,000,000,000"),
    "ratio above one": ({"fraud": {"ratio": 1.5}}, "fraud.ratio = 1.5: must be a number between 0 and 1"),
    "negative ratio": ({"fraud": {"ratio": -0.1}}, "fraud.ratio = -0.1: must be a number between 0 and 1"),
    "share above one": ({"categories": [shop(share=2)]}, "categories[0].share = 2: must be a number between 0 and 1"),
    "fractions of a cent": (
        {"amounts": [part(1, 0.015, 2)]},
        "amounts[0].low = 0.015: must be a number between 0.01 and 99,999.99, with at most 2 decimals",
    ),
    "amount of nothing": (
        {"amounts": [part(1, 0, 2)]},
        "amounts[0].low = 0: must be a number between 0.01 and 99,999.99, with at most 2 decimals",
    ),
    "fine radius": ({"atm": {"radius": 1e-7}}, "atm.radius = 1e-07: must be a number between 0 and 1, with at most 6 decimals"),
    "young holders": ({"ages": [17, 20]}, f"ages = [17, 20]: {INTERVAL} 18 and 100"),
    "young band": ({"atm": {"bands": [part(1, 17, 20)]}}, "atm.bands[0].low = 17: must be a whole number between 18 and 100"),
    "chain of none": ({"fraud": {"chain_lengths": [0, 3]}}, f"fraud.chain_lengths = [0, 3]: {INTERVAL} 1 and 1,000"),
    "long gap": ({"fraud": {"chain_gap_seconds": [1, 86_401]}}, f"fraud.chain_gap_seconds = [1, 86401]: {INTERVAL} 1 and 86,400"),
    "long sequence": ({"atm": {"lengths": [3, 201]}}, f"atm.lengths = [3, 201]: {INTERVAL} 1 and 200"),
    "no step": ({"atm": {"step_hours": [0, 3]}}, f"atm.step_hours = [0, 3]: {INTERVAL} 1 and 8,760"),
    "no hours": ({"atm": {"foreign_hours": [0, 3]}}, f"atm.foreign_hours = [0, 3]: {INTERVAL} 1 and 8,760"),
    # low above high
    "interval upside down": ({"fraud": {"chain_lengths": [10, 3]}}, f"fraud.chain_lengths = [10, 3]: {INTERVAL} 1 and 1,000"),
    "amounts upside down": ({"amounts": [part(1, 3, 2)]}, "amounts[0].low = 3.0: must not be above high (2.0)"),
    "prices upside down": ({"categories": [shop(low=51)]}, "categories[0].low = 51.0: must not be above high (50.0)"),
    "band upside down": ({"atm": {"bands": [part(1, 30, 20)]}}, "atm.bands[0].low = 30: must not be above high (20)"),
    # times
    "no date": ({"start": "yesterday"}, f"start = 'yesterday': {MOMENT}"),
    "no such month": ({"start": "2022-13-01"}, f"start = '2022-13-01': {MOMENT}"),
    # which Python reads since 3.14
    "hour after the last": ({"start": "2022-01-01 24:00"}, f"start = '2022-01-01 24:00': {MOMENT}"),
    "number for a date": ({"start": 2022}, f"start = 2022: {MOMENT}"),
    "time zone": ({"start": datetime(2022, 1, 1, tzinfo=UTC)}, f"start = 2022-01-01 00:00:00+00:00: {MOMENT}"),
    "time zone in text": ({"start": "2022-01-01T00:00:00Z"}, f"start = '2022-01-01T00:00:00Z': {MOMENT}"),
    "nanoseconds": ({"start": Nanosecond(2022, 1, 1)}, f"start = 2022-01-01 00:00:00.000000001: {MOMENT}"),
    "microseconds": ({"start": datetime(2022, 1, 1, 0, 0, 0, 5)}, f"start = 2022-01-01 00:00:00.000005: {MOMENT}"),
    "too early": ({"start": date(1969, 12, 31)}, f"start = 1969-12-31: {MOMENT}"),
    "too late": ({"end": date(9901, 1, 1)}, f"end = 9901-01-01: {MOMENT}"),
    "end before start": (
        {"end": "2021-12-31"},
        "end = 2021-12-31 00:00:00: must be after start (2022-01-01 00:00:00) (one of them is the default: give both)",
    ),
    "end at start": (
        {"end": "2022-01-01"},
        "end = 2022-01-01 00:00:00: must be after start (2022-01-01 00:00:00) (one of them is the default: give both)",
    ),
    "long period": (
        {"end": "2100-01-01", "atm": {"cards": 0}, "fraud": {"ratio": 0}},
        f"end = 2100-01-01 00:00:00: {TIMES} 2,461,449,600 (chains and sequences run past it)",
    ),
    "long sequences": (
        {"atm": {"lengths": [1, 200], "step_hours": [6, 6_000]}},
        f"end = 2022-03-01 00:00:00: {TIMES} 4,325,097,600 (chains and sequences run past it)",
    ),
    # lists
    "no amounts": ({"amounts": []}, "amounts = []: must not be empty"),
    "no categories": ({"categories": []}, "categories = []: must not be empty"),
    "shares below one": ({"amounts": [part(0.5, 1, 2), part(0.4, 2, 3)]}, "amounts: shares must add up to 1, not 0.9"),
    "shares above one": ({"categories": [shop(share=0.6), shop(share=0.6)]}, "categories: shares must add up to 1, not 1.2"),
    "shares of bands": ({"atm": {"bands": [part(0.9, 20, 30)]}}, "atm.bands: shares must add up to 1, not 0.9"),
    "share of next to nothing": (
        {"amounts": [part(1, 1, 2), part(5e-324, 2, 3)]},
        "amounts[1].share = 5e-324: must be 0, or at least 1e-12",
    ),
    "overlapping amounts": (
        {"amounts": [part(0.5, 1, 2), part(0.5, 1.5, 3)]},
        "amounts[1].low = 1.5: must not be below amounts[0].high (2.0)",
    ),
    "amounts that begin at a single one": (
        {"amounts": [part(0.5, 1, 1), part(0.5, 1, 5)]},
        "amounts[1].low = 1.0: must be above amounts[0].high (1.0)",
    ),
    "the same amount twice": (
        {"amounts": [part(0.5, 1, 1), part(0.5, 1, 1)]},
        "amounts[1].low = 1.0: must be above amounts[0].high (1.0)",
    ),
    "touching bands": (
        {"atm": {"bands": [part(0.5, 20, 30), part(0.5, 30, 40)]}},
        "atm.bands[1].low = 30: must be above bands[0].high (30)",
    ),
    # categories
    "name of withdrawals": (
        {"categories": [shop(name="Cash Withdrawal")]},
        "categories[0].name = 'Cash Withdrawal': is the category of withdrawals; choose another name",
    ),
    "empty name": ({"categories": [shop(name="")]}, "categories[0].name = '': must be 1 to 100 printable characters"),
    "name of two lines": (
        {"categories": [shop(name="a\nb")]},
        r"categories[0].name = 'a\nb': must be 1 to 100 printable characters",
    ),
    "same name": ({"categories": [shop(share=0.5)] * 2}, "categories[1].name = 'Shop': is the name of categories[0] too"),
    "prices that no amount meets": (
        {"categories": [shop(low=40_000, high=50_000)]},
        "categories[0] = 'Shop': has a price range, 40000.0 to 50000.0, that meets none of the amounts",
    ),
    "prices that meet a share of nothing": (
        {"amounts": [part(0, 1, 9), part(1, 9, 90)], "categories": [shop(low=1, high=8)]},
        "categories[0] = 'Shop': has a price range, 1.0 to 8.0, that meets none of the amounts",
    ),
    "prices where an amount range ends": (
        {"amounts": [part(1, 1, 9), part(0, 9, 90)], "categories": [shop(low=9, high=90)]},
        "categories[0] = 'Shop': has a price range, 9.0 to 90.0, that meets none of the amounts",
    ),
    "amounts of a chain above all prices": (
        {"amounts": [part(1, 1, 51)], "categories": [shop()]},
        "categories: no price range holds 50.01, which a payment of an attack chain can be (or set fraud.ratio to 0)",
    ),
    "amounts of a chain between prices": (
        {"amounts": [part(1, 1, 5.5)], "categories": [shop(share=0.5, high=3), shop(share=0.5, low=5, high=6, name="Store")]},
        "categories: no price range holds 3.01, which a payment of an attack chain can be (or set fraud.ratio to 0)",
    ),
    "amounts of a chain below all prices": (
        {"amounts": [part(1, 1, 40)], "categories": [shop(low=2.5)]},
        "categories: no price range holds 1.0, which a payment of an attack chain can be (or set fraud.ratio to 0)",
    ),
    # sizes
    "rows and scale": ({"rows": 5, "scale": 2}, "rows = 5: cannot be given together with scale"),
    "rows and payments": ({"rows": 5, "payments": 2}, "rows = 5: cannot be given together with payments"),
    "more cards than numbers": ({"cards": 10**14 + 1}, "cards = 100000000000001: must be at most 4,294,967,295"),
    "more cards than indices": ({"cards": 2**32}, "cards = 4294967296: must be at most 4,294,967,295"),
    "scale of too many cards": (
        {"scale": 10**7},
        "scale = 10000000.0: makes cards 20,000,000,000, which must be at most 4,294,967,295",
    ),
    "rows of too many cards": (
        {"rows": 10**12},
        "rows = 1000000000000: makes cards 18,864,365,214, which must be at most 4,294,967,295",
    ),
    "crowded second": (
        {"payments": 500_001, "end": "2022-01-01 00:00:01"},
        "payments = 500001: must be at most 500,000: 500,000 for each second from start to end",
    ),
    "crowded withdrawals": (
        {"end": "2080-01-01", "atm": {"cards": 1, "withdrawals": 2**50}, "fraud": {"ratio": 0}},
        "atm.withdrawals = 1125899906842624: must be at most 915,148,800,000,000: 500,000 for each second from start to end",
    ),
    "cash cards without cards": ({"cards": 10, "atm": {"cards": 11}}, "atm.cards = 11: must be at most cards (10)"),
    "cash cards beyond the rows": (
        {"rows": 1_000, "atm": {"cards": 19}},
        "atm.cards = 19: must be at most 17 for 1,000 rows: 52 withdrawals are a round of one card",
    ),
    "withdrawals beyond the rows": (
        {"rows": 50, "atm": {"withdrawals": 20}},
        "atm.withdrawals = 20: does not fit into 50 rows: 52 withdrawals are a round of one card",
    ),
}


@pytest.mark.parametrize(("given_settings", "line"), BAD.values(), ids=BAD)
def test_bad_input_is_told_in_one_line(given_settings: dict[str, Any], line: str) -> None:
    assert line_of(**given_settings) == line


@pytest.mark.parametrize(
    ("given_settings", "product"),
    [
        ({"end": "2060-01-01", "atm": {"step_hours": [1, 8_760]}}, "8,760 lengths of a step times 333,096 cells of 3,600 seconds"),
        ({"rows": 10**12, "cards": 10**6, "end": "2031-12-30"}, "163 lengths of a step times 5,256,000 cells of 60 seconds"),
    ],
)
def test_a_table_of_sequences_that_takes_too_much_memory(given_settings: dict[str, Any], product: str) -> None:
    """The cells of time are known only once the rows are counted."""
    data = Dataset(config_of(**given_settings))
    with pytest.raises(ConfigError, match=rf"^atm.step_hours = .*: {product} must be at most 134,217,728$"):
        _ = data.plan


@pytest.mark.parametrize("rows", [10**13, 10**15])
def test_windows_of_more_counts_than_memory(rows: int) -> None:
    data = Dataset(config_of(rows=rows, cards=2_000, start="1970-01-01", end="2038-01-01", atm={"cards": 0}))
    with pytest.raises(ConfigError, match=rf"^rows = {rows}: must be fewer: they would be made in .* there can be 134,217,728$"):
        _ = data.plan


def test_groups_of_more_rows_than_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a lower limit, as with the real one the test would take minutes."""
    monkeypatch.setattr(fastgen.plan, "MOST_EXPECTED", 70_000)
    crowded: dict[str, Any] = {"payments": 100_000, "atm": {"cards": 0}, "fraud": {"ratio": 0}}
    with pytest.raises(ConfigError, match=r"^end = .*: must be later: 60 seconds would have 100,000 rows, and can have 70,000$"):
        _ = Dataset(config_of(**crowded, end="2022-01-01 00:01:00")).plan
    assert Dataset(config_of(**crowded, end="2022-01-01 01:00:00")).plan.rows == 100_000


@pytest.mark.parametrize(
    ("given_settings", "tail"),
    [
        ({"fraud": {"ratio": 0}, "atm": {"cards": 0}}, 0),
        ({"fraud": {"chain_lengths": [1, 11], "chain_gap_seconds": [1, 60]}, "atm": {"cards": 0}}, 600),
        ({"atm": {"lengths": [2, 3], "step_hours": [1, 10], "foreign_hours": [1, 10]}}, 30 * HOUR),
        ({"atm": {"lengths": [1, 1], "step_hours": [1, 10], "foreign_hours": [1, 100]}}, 110 * HOUR),
    ],
    ids=str,
)
def test_the_last_event_may_come_in_the_last_second(given_settings: dict[str, Any], tail: int) -> None:
    start = datetime(2022, 1, 1)
    end = start + timedelta(seconds=MOST_SECONDS - tail)
    assert config_of(start=start, end=end, **given_settings).end == end
    with pytest.raises(ConfigError, match=r"^end = .*: must leave the last event within 2,147,397,247 seconds"):
        config_of(start=start, end=end + timedelta(seconds=1), **given_settings)


def test_shares_may_be_a_little_off() -> None:
    plenty = shop(low=0.01, high=50_000)
    assert config_of(amounts=[part(0.5, 1, 10), part(0.5 + 1e-10, 10, 50_000)], categories=[plenty])
    line = "amounts: shares must add up to 1, not 1.00000001"
    assert line_of(amounts=[part(0.5, 1, 10), part(0.5 + 1e-8, 10, 50_000)], categories=[plenty]) == line


def test_the_least_share() -> None:
    amounts = [part(1 - 1e-12, 1, 10), part(1e-12, 10, 50)]
    assert config_of(amounts=amounts, categories=[shop()]).amounts[1].share == 1e-12


def test_names_of_a_hundred_characters() -> None:
    name = 100 * "x"
    assert config_of(categories=[shop(name=name, low=0.01, high=50_000)]).categories[0].name == name
    assert line_of(categories=[shop(name=name + "x", low=0.01, high=50_000)]).endswith("must be 1 to 100 printable characters")


def test_a_walk_may_lead_as_far_as_the_map_goes() -> None:
    assert config_of(atm={"lengths": [1, 200], "radius": 0.1}).atm.radius == 0.1


def test_without_sequences_there_is_no_table_of_them() -> None:
    assert Dataset(config_of(end="2060-01-01", atm={"cards": 0, "step_hours": [1, 8_760]})).plan.sequences == 0


def test_long_values_are_cut() -> None:
    line = line_of(categories=[shop(name=f"Shop {i}") for i in range(201)])
    assert line.startswith("categories = [{'name': 'Shop 0',")
    assert line.endswith("...: must have at most 200 entries")
    assert len(line) < 120


def test_sections_tell_their_own_errors() -> None:
    with pytest.raises(ConfigError) as caught:
        AmountRange(share=1, low=1, high=100_000)
    assert str(caught.value) == "high = 100000: must be a number between 0.01 and 99,999.99, with at most 2 decimals"


def test_config_error_carries_its_parts() -> None:
    with pytest.raises(ConfigError) as caught:
        config_of(fraud={"ratoi": 0.1, "ratio": 2}, rows=-1)
    error = caught.value
    assert (error.field, error.value, error.hint, len(error.others), error.exit_code) == ("rows", -1, None, 2, 2)
    assert error.allowed == f"must be a whole number between 1 and {HUGE}"
    assert isinstance(error, ValueError)


# What is allowed


def test_sections_lists_and_tuples_are_the_same() -> None:
    loose = config_of(fraud={"ratio": 1, "chain_lengths": (2, 3)}, amounts=[part(1, 1, 1_000)])
    strict = Config(fraud=Fraud(ratio=1.0, chain_lengths=Interval(2, 3)), amounts=(AmountRange(share=1, low=1, high=1_000),))
    assert loose == strict


@pytest.mark.parametrize(
    "start",
    ["2021-05-06", "2021-05-06 00:00:00", "2021-05-06T00:00:00", date(2021, 5, 6), datetime(2021, 5, 6, fold=1)],
)
def test_ways_to_say_a_time(start: Any) -> None:
    assert repr(Config(start=start).start) == repr(datetime(2021, 5, 6))  # times with and without a fold are equal


def test_numpy_scalars_become_plain_numbers() -> None:
    given_settings: dict[str, Any] = {"seed": np.uint64(2**64 - 1), "rows": np.int32(7), "fraud": {"ratio": np.float64(0.5)}}
    config = Config(**given_settings, ages=np.array([20, 30]).tolist())
    assert [type(v) for v in (config.seed, config.rows, config.fraud.ratio)] == [int, int, float]
    assert (config.seed, config.rows, config.fraud.ratio, config.ages) == (2**64 - 1, 7, 0.5, (20, 30))


def test_cents_are_exact() -> None:
    for cents in range(1, 10_000_000, 991):
        assert AmountRange(share=1, low=cents / 100, high=99_999.99).low_cents == cents
    assert AmountRange(share=1, low=0.29, high=1.15).high_cents == 115


def test_only_the_last_amount_range_includes_its_end() -> None:
    amounts = [part(0.5, 1, 1), part(0.25, 1.01, 2), part(0.25, 2, 3)]
    assert config_of(amounts=amounts, categories=[shop()]).amount_cents == (range(100, 101), range(101, 200), range(200, 301))


def test_a_single_amount_may_be_where_the_range_before_it_ends() -> None:
    amounts = [part(0.5, 1, 2), part(0.5, 2, 2)]
    assert config_of(amounts=amounts, categories=[shop()]).amount_cents == (range(100, 200), range(200, 201))


def test_rooms_of_bands_are_exact() -> None:
    """0.29 x 100 is a little less than 29 in binary floats."""
    config = config_of(atm={"withdrawals": 100, "bands": [part(0.29, 18, 40), part(0.71, 41, 100)]})
    assert config.band_capacities == (29, 71)


def test_frauds_may_be_switched_off_where_chains_have_no_category() -> None:
    config_of(amounts=[part(1, 1, 60)], categories=[shop()], fraud={"ratio": 0})


# Identity


def test_a_configuration_shows_what_is_not_the_default() -> None:
    assert repr(Config()) == "Config()"
    assert repr(Config(rows=10, fraud=Fraud(ratio=0.5))) == "Config(rows=10, fraud=Fraud(ratio=0.5))"
    assert repr(AgeBand(share=1, low=20, high=30)) == "AgeBand(share=1.0, low=20, high=30)"


def test_datasets_are_values() -> None:
    one, same, other = Dataset(Config(rows=10)), pickle.loads(pickle.dumps(Dataset(Config(rows=10)))), Dataset()
    assert (one == same, one == other, one == Config(rows=10), one == one.part(1, of=1)) == (True, False, False, True)
    assert {one: "x"}[same] == "x"
    assert Dataset(Config(rows=400_000)).part(1, of=2) != Dataset(Config(rows=400_000)).part(2, of=2)


def test_a_file_that_begins_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("rows = 5\n", encoding="utf-8-sig")
    assert load_config(tmp_path / "x.toml") == Config(rows=5)


def test_configurations_are_values() -> None:
    one, same, other = Config(seed=3, rows=10), Config(rows=10, seed=3), Config(seed=4, rows=10)
    assert (one == same, one == other) == (True, False)
    assert {one: "x"}[same] == "x"
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one
    assert pickle.loads(pickle.dumps(one)).settings_digest == one.settings_digest
    with pytest.raises(ValueError, match="frozen"):
        one.seed = 4  # type: ignore[misc]


def test_a_changed_copy_is_checked() -> None:
    config = Config(rows=5_000)
    changed = config.model_copy(update={"seed": 3, "fraud": {"ratio": 0.5}})
    assert changed == Config(rows=5_000, seed=3, fraud=Fraud(ratio=0.5))
    assert (config.model_copy(), config.model_copy(deep=True), config.fraud.model_copy()) == (config, config, config.fraud)
    with pytest.raises(ConfigError, match=r"^rows = -5: must be a whole number"):
        config.model_copy(update={"rows": -5})
    with pytest.raises(ConfigError, match=r"^rows = 5000: cannot be given together with scale$"):
        config.model_copy(update={"scale": 2})


@pytest.mark.parametrize(
    ("attempt", "line"),
    [
        (lambda: Config.model_validate({"seed": -1}), f"seed = -1: {SEEDS}"),
        (lambda: Config.model_validate(5), "Config = 5: must be a table of settings"),
        (lambda: Config.model_validate_json('{"seed": -1}'), f"seed = -1: {SEEDS}"),
        (lambda: Fraud.model_validate_json("{"), "Fraud = '{': EOF while parsing an object at line 1 column 1"),
        (lambda: setattr(Config(), "seed", 4), "seed: cannot be changed, as it is frozen: model_copy makes another"),
        (lambda: delattr(Config(), "seed"), "seed: cannot be changed, as it is frozen: model_copy makes another"),
    ],
)
def test_all_ways_to_make_or_change_settings_raise_one_kind_of_error(attempt: Callable[[], Any], line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        attempt()
    assert str(caught.value) == line


def test_settings_from_json_are_the_same() -> None:
    config = Config(rows=5_000, fraud=Fraud(ratio=0.5))
    assert Config.model_validate_json(config.model_dump_json(exclude_defaults=True)) == config
    assert Config.model_validate(config) is config


def test_whole_floats_are_whole_numbers() -> None:
    """1e6 is a float in TOML and in Python."""
    assert Config(rows=1e6) == Config(rows=1_000_000)  # type: ignore[arg-type]
    assert type(Config(rows=1e6).rows) is int  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.longdouble])
def test_whole_floats_of_numpy_are_whole_numbers(kind: Any) -> None:
    assert type(config_of(rows=kind(5)).rows) is int
    assert config_of(rows=kind(5)) == Config(rows=5)
    for wrong in (kind(5.5), kind("nan"), kind("inf"), kind(2.0**64)):
        assert line_of(seed=wrong).endswith(SEEDS)


@pytest.mark.parametrize(("value", "fits"), [(0.5, True), (0.1, False)])
def test_numbers_of_less_precision_are_checked_as_they_are_kept(value: float, fits: bool) -> None:
    """As a double, 0.1 of single precision has more than two decimals."""
    amounts = [{"share": 1.0, "low": np.float32(value), "high": 10_000}]
    if fits:
        assert config_of(amounts=amounts).amounts[0].low == value
    else:
        assert line_of(amounts=amounts).startswith("amounts[0].low = ")


def test_minus_nothing_is_nothing() -> None:
    assert Config(fraud=Fraud(ratio=-0.0)).settings_digest == Config(fraud=Fraud(ratio=0)).settings_digest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"scale": 1}),
        ({}, {"payments": 54_000, "cards": 2_000, "atm": {"cards": 1_000, "withdrawals": 12_000}}),
        ({"scale": 2}, {"payments": 108_000, "scale": 2}),
        ({"rows": 50, "cards": 1}, {"payments": 50, "cards": 1, "atm": {"cards": 0}}),
        ({"atm": {"cards": 0}}, {"atm": {"withdrawals": 0}}),
        ({"start": "2022-01-01"}, {"start": datetime(2022, 1, 1)}),
    ],
)
def test_the_same_sizes_have_one_fingerprint(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert Config(**one).settings_digest == Config(**other).settings_digest


def test_every_setting_and_the_data_version_change_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"seed": 1},
        {"scale": 2},
        {"rows": 106_020},
        {"payments": 1},
        {"cards": 1_999},
        {"start": "2022-01-02"},
        {"end": "2022-03-02"},
        {"ages": [18, 99]},
        {"amounts": [part(1, 0.01, 99_999)]},
        {"categories": [shop(low=0.01, high=30_001)]},
        {"categories": [shop(low=0.01, high=30_001, name="Store")]},
        {"fraud": {"ratio": 0.01}},
        {"fraud": {"chain_lengths": [3, 9]}},
        {"fraud": {"chain_gap_seconds": [30, 121]}},
        {"atm": {"cards": 999}},
        {"atm": {"withdrawals": 11_999}},
        {"atm": {"lengths": [3, 9]}},
        {"atm": {"step_hours": [6, 167]}},
        {"atm": {"radius": 0.02}},
        {"atm": {"foreign_hours": [1, 4]}},
        {"atm": {"bands": [part(1, 18, 100)]}},
    ]
    categories = [change for change in changes if "amounts" in change]
    for change in categories:  # none of the default categories takes all of these amounts
        change["categories"] = [shop(low=0.01, high=99_999.99)]
    prints = {Config(**change).settings_digest for change in changes}
    monkeypatch.setattr(fastgen.config, "DATA_VERSION", -1)
    assert len(prints | {Config().settings_digest}) == len(changes) + 1
    assert all(len(text) == 64 and int(text, 16) for text in prints)


# Sizes


@pytest.mark.parametrize(
    ("given_settings", "expected"),
    [
        ({"scale": 0.5}, Sizes(None, 27_000, 1_000, 500, 6_000, cash_cards_required=False)),
        ({"scale": 1e-9}, Sizes(1, 1, 1, 0, 0, cash_cards_required=False)),
        ({"rows": 1}, Sizes(1, 1, 1, 0, 0, cash_cards_required=False)),
        ({"rows": 106}, Sizes(106, 106, 2, 0, 0, cash_cards_required=False)),
        ({"rows": 107}, Sizes(107, None, 2, 1, 12, cash_cards_required=False)),
        ({"rows": 106_020}, Sizes(106_020, None, 2_000, 1_000, 12_000, cash_cards_required=False)),
        ({"rows": 10**9}, Sizes(10**9, None, 18_864_365, 9_432_182, 113_186_191, cash_cards_required=False)),
        ({"cards": 10}, Sizes(None, 54_000, 10, 10, 12_000, cash_cards_required=False)),
        ({"payments": 7, "cards": 3, "atm": {"cards": 0}}, Sizes(7, 7, 3, 0, 0, cash_cards_required=False)),
        ({"atm": {"cards": 2_000}}, Sizes(None, 54_000, 2_000, 2_000, 12_000, cash_cards_required=True)),
        ({"atm": {"cards": 5, "withdrawals": 0}}, Sizes(54_000, 54_000, 2_000, 0, 0, cash_cards_required=False)),
        ({"scale": 1e-6, "atm": {"cards": 1}}, Sizes(None, 1, 1, 1, 1, cash_cards_required=True)),
        ({"scale": 1e-6, "atm": {"withdrawals": 3}}, Sizes(None, 1, 1, 1, 3, cash_cards_required=False)),
        ({"rows": 1_000, "atm": {"cards": 17}}, Sizes(1_000, None, 19, 17, 113, cash_cards_required=True)),
        # Sequences so long that fewer cash cards than the proportional 1,000 fill all the rows.
        ({"rows": 106_020, "atm": {"lengths": [1, 200]}}, Sizes(106_020, None, 2_000, 5, 12_000, cash_cards_required=False)),
    ],
)
def test_sizes(given_settings: dict[str, Any], expected: Sizes) -> None:
    assert Config(**given_settings).sizes == expected


def withdrawals_of(config: Config, cash_cards: int) -> int:
    """All withdrawals by this number of cash cards, including foreign ones."""
    lengths = list(config.atm.lengths.values)
    rounds = ceil(Fraction(config.sizes.withdrawals, cash_cards * sum(lengths)))
    return cash_cards * rounds * sum(lengths) + config.fraud.of(cash_cards * rounds * len(lengths))


intervals = st.tuples(st.integers(1, 30), st.integers(1, 30)).map(sorted)


@settings(deadline=None)
@given(
    rows=st.one_of(st.integers(1, 200), st.integers(1, 20_000), st.integers(1, 10**9)),
    lengths=intervals,
    ratio=st.integers(0, 1_000),
)
def test_any_number_of_rows_holds_the_withdrawals_of_any_number_of_cash_cards(rows: int, lengths: list[int], ratio: int) -> None:
    config = config_of(rows=rows, fraud={"ratio": ratio / 1_000}, atm={"lengths": lengths})
    sizes = config.sizes
    assert sizes.rows == rows
    assert 0 <= sizes.cash_cards <= sizes.cards
    assert (sizes.cash_cards == 0) == (sizes.withdrawals == 0) == (sizes.payments == rows)
    if sizes.cash_cards:
        fewer = {*range(1, min(sizes.cash_cards, 50) + 1), *range(max(1, sizes.cash_cards - 50), sizes.cash_cards + 1)}
        assert max(withdrawals_of(config, cards) for cards in fewer) <= rows


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=8).filter(any), st.integers(0, 999))
def test_chain_ranges_take_all_payments_and_small_amounts_first(weights: list[int], later: int) -> None:
    shares = exact_shares(weight / 1_000 for weight in weights)
    counts = chain_ranges(shares, later)
    quotas = [ceil(share * later) for share in shares]
    assert sum(counts) == later
    assert all(
        count in (quota, 0) or sum(counts[: i + 1]) == later for i, (count, quota) in enumerate(zip(counts, quotas, strict=True))
    )


cents = st.integers(0, 12).map(lambda halves: max(1, 50 * halves))


@settings(deadline=None, max_examples=500)
@given(
    edges=st.lists(cents, min_size=2, max_size=4, unique=True).map(sorted),
    weights=st.tuples(st.integers(1, 10), st.integers(0, 10), st.integers(0, 10)),
    prices=st.lists(st.tuples(cents, cents).map(sorted), min_size=1, max_size=4),
    rest=st.booleans(),
    longest=st.integers(1, 6),
)
def test_chains_are_refused_just_where_one_of_their_amounts_has_no_place(
    edges: list[int], weights: tuple[int, ...], prices: list[list[int]], rest: bool, longest: int
) -> None:
    weights = weights[: len(edges) - 1]
    given_settings: dict[str, Any] = {
        "amounts": [part(w / sum(weights), a / 100, b / 100) for w, (a, b) in zip(weights, pairwise(edges), strict=True)],
        "categories": [
            {"name": f"{i}", **part(float(i == 0), a / 100, b / 100)}
            for i, (a, b) in enumerate([*prices, [1, 700]] if rest else prices)
        ],
    }
    try:
        config = Config(**given_settings, fraud=Fraud(ratio=0))
    except ConfigError as error:
        assume("meets none" not in error.allowed)
        raise

    def placed(amount: int) -> bool:
        return any(category.low_cents <= amount <= category.high_cents for category in config.categories)

    shares = exact_shares(a.share for a in config.amounts)
    used = {i for later in range(longest) for i, count in enumerate(chain_ranges(shares, later)) if count}
    try:
        Config(**given_settings, fraud=Fraud(ratio=0.1, chain_lengths=Interval(1, longest)))
        accepted = True
    except ConfigError:
        accepted = False
    assert accepted == all(placed(amount) for i in used for amount in config.amount_cents[i])


# Texts


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_file_is_laid_over_the_defaults_and_keywords_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "fastgen.toml", "seed = 5\nstart = 2021-12-01\n[fraud]\nratio = 0.01\nchain_lengths = [2, 4]\n")
    assert load_config(path) == Config(seed=5, start=datetime(2021, 12, 1), fraud=Fraud(ratio=0.01, chain_lengths=Interval(2, 4)))
    laid = load_config(str(path), seed=6, fraud={"ratio": 0.02}, rows=None)
    assert laid == Config(seed=6, start=datetime(2021, 12, 1), fraud=Fraud(ratio=0.02, chain_lengths=Interval(2, 4)))
    assert load_config() == load_config(None) == Config()


@pytest.mark.parametrize(
    ("text", "given_settings", "expected"),
    [
        ("scale = 2\ncards = 7", {"rows": 10}, {"rows": 10, "cards": 7}),
        ("payments = 2", {"rows": 10}, {"rows": 10}),
        ("rows = 2", {"scale": 3}, {"scale": 3}),
        ("rows = 2", {"payments": 3}, {"payments": 3}),
        ("rows = 2", {"cards": 3}, {"rows": 2, "cards": 3}),
    ],
)
def test_a_size_takes_the_place_of_the_files(
    tmp_path: Path, text: str, given_settings: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert load_config(write(tmp_path / "fastgen.toml", text), **given_settings) == Config(**expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed = 1\nseed 2\n", "is not valid TOML: Expected '=' after a key in a key/value pair (at line 2, column 6)"),
        ("seed = 1\nseed = 2\n", "is not valid TOML: Cannot overwrite a value (at line 2, column 9)"),
        (b"\xff", "is not UTF-8 text at byte 0"),
        ("a = " + "[" * 5_000, "is nested too deeply"),
        ("a = " + "{ a = " * 3_000, "is nested too deeply"),
        (b" " * (2**24 + 1), "must have at most 16,777,216 bytes"),
    ],
)
def test_a_file_that_is_no_toml(tmp_path: Path, text: str | bytes, message: str) -> None:
    path = write(tmp_path / "fastgen.toml", text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}: {message}"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "none.toml")
    assert (
        str(caught.value) == f"{tmp_path / 'none.toml'}: cannot be read: no such file or directory (fastgen config init writes one)"
    )
    with pytest.raises(ConfigError, match=r"cannot be read: is a directory$"):
        load_config(tmp_path)


def test_a_file_that_never_ends() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config("/dev/zero")
    assert str(caught.value) == "/dev/zero: must have at most 16,777,216 bytes"


@pytest.mark.parametrize(("path", "shown"), [(5, "5"), (["x"], "['x']"), ("", "''"), ("a\0b", r"'a\x00b'")])
def test_what_is_no_path(path: Any, shown: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"path = {shown}: must be a file"


DEEP = ".".join(3_000 * "a")


@pytest.mark.parametrize(
    ("settings_texts", "line"),
    [
        ([f"{DEEP}=1"], "a = <dict>: unknown setting (fastgen config show prints all that there are)"),
        ([f"{DEEP}=1", f"{DEEP}=2"], "a = <dict>: unknown setting (fastgen config show prints all that there are)"),
        ([f"seed.{DEEP}=1"], f"seed = <dict>: {SEEDS}"),
        (["amounts=" + 3_000 * "["], f"amounts = '{56 * '['}...: must be a list"),
    ],
    ids=["a setting", "two settings", "a value", "a list"],
)
def test_settings_nested_too_deeply(settings_texts: list[str], line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config_from_texts(None, settings_texts)
    assert str(caught.value) == line


def test_dotted_keys_nested_too_deeply(tmp_path: Path) -> None:
    half = ".".join(900 * "a")  # newer Pythons refuse a key of more parts than calls can be deep, 1,000
    path = write(tmp_path / "fastgen.toml", f"[{half}]\n{half} = 1")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"a = <dict>: unknown setting (in {path}; fastgen config show prints all that there are)"


def test_a_file_in_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / "fastgen.toml", "rows = 5\n")
    assert load_config("~/fastgen.toml") == Config(rows=5)


@pytest.mark.parametrize(
    ("text", "keywords", "line"),
    [
        ("[fraud]\nratio = '1'", {}, "fraud.ratio = '1': must be a number between 0 and 1 (in {file})"),
        (
            "[fraud]\nratio = '1'\n[atm]\ncards = -1",
            {},
            "fraud.ratio = '1': must be a number between 0 and 1 (in {file}; and 1 more)",
        ),
        ("sed = 1", {}, "sed = 1: unknown setting (in {file}; did you mean seed?)"),
        (
            "[[amounts]]\nshar = 1\nlow = 1\nhigh = 2",
            {},
            "amounts[0].shar = 1: unknown setting (in {file}; did you mean amounts[0].share?; and 1 more)",
        ),
        ("[[amounts]]\nlow = 1\nhigh = 2", {}, "amounts[0].share: is required (in {file})"),
        ("[fraud]\nratio = 0.1", {"fraud": {"ratio": 2}}, "fraud.ratio = 2: must be a number between 0 and 1"),
        ("[fraud]\nratio = 2", {"fraud": {"ratio": -1}}, "fraud.ratio = -1: must be a number between 0 and 1"),
        ("seed = 1", {"fraud": {"ratio": 2}}, "fraud.ratio = 2: must be a number between 0 and 1"),
        ("atm = 1", {"fraud": 1}, "fraud = 1: must be a table of settings (and 1 more)"),
        (
            '"fraud.ratio" = 0.1',
            {},
            "fraud.ratio = 0.1: unknown setting (in {file}; ratio is a setting of the table fraud: fraud = {{ ratio = ... }})",
        ),
        (
            "start = 2023-01-01",
            {},
            "end = 2022-03-01 00:00:00: must be after start (2023-01-01 00:00:00) (one of them is the default: give both)",
        ),
    ],
)
def test_wrong_settings_are_told_with_the_file_that_has_them(
    tmp_path: Path, text: str, keywords: dict[str, Any], line: str
) -> None:
    path = write(tmp_path / "fastgen.toml", text)
    with pytest.raises(ConfigError) as caught:
        load_config(path, **keywords)
    assert str(caught.value) == line.format(file=path)
    assert pickle.loads(pickle.dumps(caught.value)).file == caught.value.file


def test_the_last_of_several_settings_wins() -> None:
    layers = [parse_setting(text) for text in ("fraud.ratio=0.1", "seed=1", "fraud.chain_lengths=[2, 3]", "fraud.ratio=0.2")]
    assert merge(*layers) == {"seed": 1, "fraud": {"ratio": 0.2, "chain_lengths": [2, 3]}}
    assert layers[0] == {"fraud": {"ratio": 0.1}}
    assert merge({"fraud": {"ratio": 1}}, {"fraud": 3}, {"fraud": {"x": 1}}) == {"fraud": {"x": 1}}


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("seed=3", {"seed": 3}),
        (" fraud . ratio = 1e-3 ", {"fraud": {"ratio": 0.001}}),
        ("start=2023-01-01 12:00:00", {"start": datetime(2023, 1, 1, 12)}),
        ("start=2023-01-01", {"start": date(2023, 1, 1)}),
        ("categories=[{name = 'a=b', share = 1}]", {"categories": [{"name": "a=b", "share": 1}]}),
        ("rows=10M", {"rows": 10**7}),
        ("cards=1e3", {"cards": 1_000}),
        ("atm.cards=2.5k", {"atm": {"cards": 2_500}}),
        ("seed=0x10", {"seed": 16}),
        ("scale=1.5", {"scale": 1.5}),
        ("rows=many", {"rows": "many"}),
        ("rows=", {"rows": ""}),
        ("rows=1\nseed=2", {"rows": "1\nseed=2"}),
    ],
)
def test_settings_from_text(text: str, setting: dict[str, Any]) -> None:
    assert parse_setting(text) == setting


@pytest.mark.parametrize("text", ["", "seed", "=3", "fraud..ratio=1", ".seed=1", "\udcff=1", "fraud.\x1b=1"])
def test_text_that_is_no_setting(text: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_setting(text)
    assert str(caught.value) == f"set = {text!r}: must be key=value, such as fraud.ratio=0.01"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("-5", -5),
        ("+5", 5),
        (" 7 ", 7),
        ("2.0", 2),
        ("1_000", 1_000),
        ("1_000.2_5k", 1_000_250),
        ("2.5k", 2_500),
        ("10M", 10**7),
        ("10 m", 10**7),
        ("3G", 3 * 10**9),
        ("3B", 3 * 10**9),
        ("1.5T", 15 * 10**11),
        ("1e6", 10**6),
        ("1E+3", 1_000),
    ],
)
def test_counts_from_text(text: str, count: int) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize(
    "text",
    [
        "",
        "M",
        "1.5",
        "0.0001k",
        "1 2",
        "10Q",
        "10MM",
        "1e-3",
        "1e100",
        "1e999999",
        "nan",
        "inf",
        "0x10",
        "٣",
        "_1",
        "1_",
        "1__0",
        "1._5k",
        "1.",
    ],
)
def test_text_that_is_no_count(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_count(text, "cards")
    assert str(caught.value) == f"cards = {text!r}: must be a whole number such as 250000, 2.5k, 10M or 1e6"


def test_more_digits_than_python_reads() -> None:
    with pytest.raises(ConfigError, match=r"^cards = '999.*: must be a whole number such as"):
        parse_count("9" * 5_000, "cards")


def test_counts_do_not_depend_on_the_context_of_decimals() -> None:
    with localcontext(Context(prec=3)):
        assert parse_count("123_456") == 123_456
    with pytest.raises(ConfigError):
        parse_count("1.0000000000000000000000000001k")


@given(st.integers(-(10**18), 10**18))
def test_plain_numbers_are_counts(count: int) -> None:
    assert parse_count(str(count)) == parse_count(f"{count:_}") == count


def paths(kind: type[Section], prefix: str = "") -> list[str]:
    """The dotted names of all settings, without the sections themselves."""
    found = []
    for name, field in kind.model_fields.items():
        inner = field.annotation
        section = isinstance(inner, type) and issubclass(inner, Section)
        found += paths(inner, f"{prefix}{name}.") if section else [f"{prefix}{name}"]  # type: ignore[arg-type]
    return found


def test_the_first_file_explains_every_setting_and_is_the_defaults(tmp_path: Path) -> None:
    text = to_toml(Config())
    assert load_config(write(tmp_path / "fastgen.toml", text)) == Config()
    # With its examples uncommented it has every setting.
    switched_on = tomllib.loads(
        "\n".join(line[2:] if line.startswith("# ") and " = " in line else line for line in text.splitlines())
    )
    sections = [key for key, value in switched_on.items() if isinstance(value, dict)]
    flat = {f"{key}.{inner}" for key in sections for inner in switched_on.pop(key)} | switched_on.keys()
    assert flat == set(paths(Config))
    assert all(Config.model_fields[name].description in text for name in Config.model_fields)  # type: ignore[operator]
    assert max(map(len, text.splitlines())) <= 120


def shares(count: int) -> st.SearchStrategy[list[float]]:
    """This many shares, which add up to 1."""
    weights = st.lists(st.integers(1, 50), min_size=count, max_size=count)
    return weights.map(lambda given_weights: [weight / sum(given_weights) for weight in given_weights])


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """Arbitrary valid configurations."""
    ends = draw(st.lists(st.integers(2, 9_999_999), min_size=1, max_size=4, unique=True).map(sorted))
    amounts = [
        AmountRange(share=share, low=low / 100, high=high / 100)
        for share, (low, high) in zip(draw(shares(len(ends))), pairwise([1, *ends]), strict=True)
    ]
    names = draw(st.lists(st.text(min_size=1, max_size=8).filter(str.isprintable), min_size=1, max_size=4, unique=True))
    categories = [
        Category(name=name, share=share, low=0.01, high=draw(st.integers(1, 9_999_999)) / 100)
        for name, share in zip(names, draw(shares(len(names))), strict=True)
    ]
    ages = draw(st.lists(st.integers(18, 100), min_size=4, max_size=4, unique=True).map(sorted))
    bands = [AgeBand(share=s, low=a, high=b) for s, (a, b) in zip(draw(shares(2)), (ages[:2], ages[2:]), strict=True)]
    pair = st.tuples(st.integers(1, 99), st.integers(1, 99)).map(lambda p: Interval(*sorted(p)))
    counts = st.none() | st.integers(1, 10**6)
    rows = draw(counts)
    atm = Atm(
        lengths=draw(pair),
        step_hours=draw(pair),
        foreign_hours=draw(pair),
        radius=draw(st.integers(0, 10**5)) / 10**6,
        bands=tuple(bands),
    )
    return Config(
        seed=draw(st.integers(0, 2**64 - 1)),
        rows=rows,
        payments=None if rows else draw(counts),
        scale=None if rows else draw(st.none() | st.floats(1e-6, 1e3)),
        cards=draw(counts),
        start=draw(st.datetimes(datetime(2000, 1, 1), datetime(2001, 1, 1))).replace(microsecond=0, fold=0),
        end=draw(st.datetimes(datetime(2002, 1, 1), datetime(2015, 1, 1))).replace(microsecond=0, fold=0),
        amounts=tuple(amounts),
        categories=tuple(categories),
        fraud=Fraud(ratio=0, chain_lengths=draw(pair), chain_gap_seconds=draw(pair)),
        atm=atm,
    )


@settings(deadline=None, max_examples=200)
@given(configs())
def test_what_is_written_is_read(config: Config) -> None:
    again = Config(**tomllib.loads(to_toml(config)))
    assert again == config
    assert hash(again) == hash(config)
    assert again.settings_digest == config.settings_digest


def test_schema_tells_bounds_defaults_and_meanings() -> None:
    schema = config_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert set(schema["properties"]) == set(Config.model_fields)
    assert schema["additionalProperties"] is False
    ratio = schema["$defs"]["Fraud"]["properties"]["ratio"]
    assert (ratio["minimum"], ratio["maximum"], ratio["default"], ratio["type"]) == (0, 1, 0.0025, "number")
    lengths = schema["$defs"]["Fraud"]["properties"]["chain_lengths"]
    assert (lengths["type"], lengths["minItems"], lengths["maxItems"], lengths["default"]) == ("array", 2, 2, [3, 10])
    described = [schema["properties"], *(kind["properties"] for kind in schema["$defs"].values())]
    assert all(field["description"] for fields in described for field in fields.values())


# Errors


@pytest.mark.parametrize(
    ("error", "line", "code"),
    [
        (FastgenError("No."), "No.", 1),
        (FastgenError("No.", hint="try again"), "No. (try again)", 1),
        (OutputError("a\nb cannot be written"), "a b cannot be written", 1),
        (OutputExistsError("out exists", hint="overwrite it"), "out exists (overwrite it)", 1),
        (InterruptedRunError("stopped"), "stopped", 130),
        (UsageError("a", 1, "is odd"), "a = 1: is odd", 2),
        (ConfigError("a", NOT_GIVEN, "is missing"), "a: is missing", 2),
        (
            OptionError("format", "xls", "must be csv", hint="or parquet"),
            "format = 'xls': must be csv (or parquet)",
            2,
        ),
    ],
)
def test_errors_are_one_line_and_can_be_pickled(error: FastgenError, line: str, code: int) -> None:
    assert (str(error), error.exit_code) == (line, code)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(again), str(again), vars(again)) == (type(error), line, vars(error))


def test_errors_take_those_beside_them_along() -> None:
    with pytest.raises(ConfigError) as caught:
        config_of(seed=-1, rows=0, atm={"cards": -1, "withdrawals": -2, "radius": 0.1})
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert [each.field for each in error.each()] == ["seed", "rows", "atm.cards", "atm.withdrawals"]
        assert str(error) == f"{error.each()[0]} (and 3 more)"


def test_the_tree_of_errors_is_as_drawn() -> None:
    import fastgen.errors

    kinds = {kind.__name__ for kind in vars(fastgen.errors).values() if isinstance(kind, type) and issubclass(kind, FastgenError)}
    assert all(name in (fastgen.errors.__doc__ or "") for name in kinds)
    assert issubclass(UsageError, ValueError)
    assert not issubclass(OutputError, ValueError)


# Modules


def test_import_is_cheap() -> None:
    code = "import sys, fastgen.config_text; print(*{'numpy', 'numba', 'polars', 'pyarrow', 'faker', 'rich'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
