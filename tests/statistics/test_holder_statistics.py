"""Cards and their holders."""

from collections import Counter
from datetime import date
from itertools import product

import numpy as np
import polars as pl
import pytest
from faker.providers.internet import Provider as Internet
from faker.providers.person.en_US import Provider as Person
from judging import assert_independent, assert_shares, assert_uniform, assert_unrelated, assert_whole_numbers
from kinds import Sample, home_places


@pytest.fixture(scope="module")
def holders(big: Sample) -> pl.DataFrame:
    """Profiles with their parts: first name, last name, mail's number and domain."""
    return big.profiles.with_columns(
        pl.col("name").str.extract(r"^(\S+) ", 1).alias("given"),
        pl.col("name").str.extract(r"^\S+ (.+)$", 1).alias("family"),
        pl.col("mail").str.extract(r"(\d+)@", 1).cast(pl.Int64).alias("number"),
        pl.col("mail").str.extract(r"@(.+)$", 1).alias("domain"),
    )


def test_one_profile_a_card(big: Sample) -> None:
    assert big.profiles["cc_num"].to_list() == big.credit_cards["cc_num"].to_list()
    assert big.profiles["cc_num"].n_unique() == big.profiles.height == 40_000


def test_card_numbers_are_visa_and_pass_luhn(big: Sample) -> None:
    assert set(big.credit_cards["provider"]) == {"visa"}
    numbers = big.credit_cards["cc_num"]
    assert numbers.str.contains(r"^4\d{15}$").all()
    digits = np.array([[int(digit) for digit in number] for number in numbers])
    doubled = digits[:, 0::2] * 2
    assert not (((doubled - 9 * (doubled > 9)).sum(axis=1) + digits[:, 1::2].sum(axis=1)) % 10).any()
    for position in range(1, 15):
        assert_whole_numbers(digits[:, position], 0, 9)
    for position in range(1, 14):
        assert_independent(digits[:, position], digits[:, position + 1])
    assert_unrelated(numbers.cast(pl.Int64), np.arange(40_000))


def test_cards_expire_within_five_years_of_the_start(big: Sample) -> None:
    expires = big.credit_cards["expires"]
    assert expires.str.contains(r"^(0[1-9]|1[0-2])/\d\d$").all()
    months = expires.str.slice(3).cast(pl.Int32) * 12 + expires.str.slice(0, 2).cast(pl.Int32) - (22 * 12 + 1)
    assert_whole_numbers(months, 1, 59)


def test_first_names_agree_with_the_sex(holders: pl.DataFrame) -> None:
    names = {"F": Person.first_names_female, "M": Person.first_names_male}
    counts = Counter(holders["sex"])
    assert counts.keys() == names.keys()
    assert_shares([counts["F"], counts["M"]], [1, 1])
    for sex, weights in names.items():
        found = Counter(holders.filter(pl.col("sex") == sex)["given"])
        assert found.keys() <= weights.keys()
        assert_shares([found[name] for name in weights], list(weights.values()))


def test_last_names_have_their_weights(holders: pl.DataFrame) -> None:
    found = Counter(holders["family"])
    assert found.keys() <= Person.last_names.keys()
    assert_shares([found[name] for name in Person.last_names], list(Person.last_names.values()))


def test_mails_are_made_of_the_name(holders: pl.DataFrame) -> None:
    made = holders.select(pl.format("{}.{}{}@{}", *(pl.col(n).str.to_lowercase() for n in ("given", "family")), "number", "domain"))
    assert holders["mail"].to_list() == made.to_series().to_list()
    assert_whole_numbers(holders["number"], 0, 99)
    domains = Internet.free_email_domains
    found = Counter(holders["domain"])
    assert found.keys() == set(domains)
    assert_shares([found[domain] for domain in domains], np.ones(len(domains)))


def test_birthdates_are_uniform_over_the_days(holders: pl.DataFrame) -> None:
    first, last = date(1921, 1, 2), date(2004, 1, 1)  # 100 and 18 years old on 2022-01-01
    days = (holders["birthdate"] - first).dt.total_days()
    assert_uniform(days, 0, (last - first).days + 1)


def test_homes_are_uniform_over_the_us(holders: pl.DataFrame) -> None:
    known = Counter(place.city for place in home_places())
    found = Counter(holders["City"].cast(pl.String))
    assert found.keys() <= known.keys()
    assert_shares([found[city] for city in known], list(known.values()))
    assert set(holders["Country"]) == {"US"}


def test_columns_do_not_depend_on_each_other(big: Sample, holders: pl.DataFrame) -> None:
    index = np.arange(holders.height)
    numeric = {
        "birthdate": holders["birthdate"].to_physical(),
        "number": holders["number"],
        "card": big.credit_cards["cc_num"].cast(pl.Int64),
        "family": holders["family"].rank("dense"),
        "city": holders["City"].cast(pl.String).rank("dense"),
    }
    for column in numeric.values():
        assert_unrelated(column, index)
        assert_unrelated(column[1:], column[:-1])
    for (name, column), (other, partner) in product(numeric.items(), numeric.items()):
        if name < other:
            assert_unrelated(column, partner)
    for name in ("sex", "domain"):
        assert_independent(holders[name].to_numpy(), index % 16)
        assert_independent(holders[name].to_numpy(), holders["City"].cast(pl.String).to_numpy())
