"""`profiles`: checks that each card has one holder, and of holders' birthdates, names, mail addresses and homes."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastgen.ages import ages_at, possible_births
from fastgen.config import Config
from fastgen.holders import MAIL_NUMBERS
from fastgen.pools import Pools
from fastgen.validation.card_table import CardTable
from fastgen.validation.places import Places
from fastgen.validation.report import Check
from fastgen.validation.rows import codes
from fastgen.validation.statistics.checks import drawn, rule
from fastgen.validation.statistics.pvalues import chi_square
from fastgen.validation.statistics.tally import Array, RowBatch, Uniform, Violations
from fastgen.validation.table_scan import Judge

NUMBER = r"^(0|[1-9][0-9]?)$"
UNBORN = np.iinfo(np.int32).min
"""The birthdate of a card without a holder."""
EPOCH = date(1970, 1, 1)


class CardHolders(Judge):
    """Checks that each card has one holder, and each holder a card.

    Attributes:
        births: int32[cards], birthdates in days since 1970.
    """

    group, about, needs = "holders", "cards and their holders", ("cc_num",)

    def __init__(self, cards: CardTable) -> None:
        self.cards = cards
        self.births = np.full(cards.size, UNBORN, np.int32)
        self.held = np.zeros(cards.size, np.int32)
        self.unknown = Violations("cc_num")

    def add(self, batch: RowBatch) -> None:
        card = self.cards.find(batch.frame["cc_num"])
        self.unknown.add(batch, card < 0)
        np.add.at(self.held, card[card >= 0], 1)
        if "birthdate" in batch.frame.columns:
            self.births[card[card >= 0]] = batch.frame["birthdate"].to_physical().to_numpy()[card >= 0]

    def checks(self) -> Iterator[Check]:
        yield rule(self.group, "cards known", self.unknown, "in credit_cards")
        # Of two cards with the same number, the first has the holders of both.
        wrong = np.setdiff1d(np.flatnonzero(self.held != 1), self.cards.repeated)
        example = f"{self.cards.text(wrong[0])} has {self.held[wrong[0]]}" if wrong.size else None
        broken = Violations(count=wrong.size, of=self.cards.size, example=example)
        yield rule(self.group, "one a card", broken, "each card has one holder")


class Births(Judge):
    """Birthdates."""

    group, about, needs = "holders", "birthdates", ("birthdate",)

    def __init__(self, config: Config) -> None:
        self.config = config
        self.outside = Violations("birthdate")
        first, days = possible_births(config)
        self.days = Uniform((first - EPOCH).days, days)

    def add(self, batch: RowBatch) -> None:
        births = batch.frame["birthdate"].to_physical().to_numpy().astype(np.int64)
        ages = ages_at(self.config.start.date(), births)
        self.outside.add(batch, (ages < self.config.ages.low) | (ages > self.config.ages.high))
        self.days.add(births)

    def checks(self) -> Iterator[Check]:
        ages = self.config.ages
        expected = f"{ages.low} to {ages.high} years on {self.config.start:%Y-%m-%d}"
        yield rule(self.group, "ages", self.outside, expected)
        at = self.days.distance()
        yield drawn(self.group, "birthdates", at, "uniform by days", at=lambda step: str(EPOCH + timedelta(self.days.ends(step))))


class Names(Judge):
    """Names and sexes."""

    group, about, needs = "holders", "names and sexes", ("name", "sex")

    def __init__(self, pools: Pools) -> None:
        self.given = {"F": pools.first_names[: pools.female], "M": pools.first_names[pools.female :]}
        self.weights = {"F": pools.first_weights[: pools.female], "M": pools.first_weights[pools.female :]}
        self.family, self.family_weights = pools.last_names, pools.last_weights
        self.sex, self.first, self.last = Violations("sex"), Violations("name", "sex"), Violations("name")
        self.counts = {sex: np.zeros(len(names), np.int64) for sex, names in self.given.items()}
        self.families = np.zeros(len(self.family), np.int64)
        self.sexes = dict.fromkeys(self.given, 0)

    def add(self, batch: RowBatch) -> None:
        sex = batch.frame["sex"]
        name = batch.frame["name"].str.splitn(" ", 2)
        given, family = (name.struct.field(f"field_{i}").fill_null("") for i in range(2))
        known = np.zeros(batch.size, bool)
        agrees = np.zeros(batch.size, bool)
        for each, names in self.given.items():
            these = (sex == each).to_numpy()
            found = np.where(these, codes(given, names), -1)
            known |= these
            agrees |= found >= 0
            self.sexes[each] += int(these.sum())
            self.counts[each] += np.bincount(found[found >= 0], minlength=len(names))
        self.sex.add(batch, ~known)
        self.first.add(batch, ~agrees, known)
        found = codes(family, self.family)
        self.last.add(batch, found < 0)
        self.families += np.bincount(found[found >= 0], minlength=len(self.family))

    def checks(self) -> Iterator[Check]:
        yield rule(self.group, "sex", self.sex, "F or M")
        yield drawn(
            self.group, "sexes", chi_square(list(self.sexes.values()), [1, 1]), "equally likely", at=list(self.sexes).__getitem__
        )
        expected = "the sex's first names"
        yield rule(self.group, "first name", self.first, expected)
        for sex, counts in self.counts.items():
            yield self._weighted(f"first names {sex}", counts, self.weights[sex], self.given[sex])
        expected = "a last name and nothing else"
        yield rule(self.group, "last name", self.last, expected)
        yield self._weighted("last names", self.families, self.family_weights, self.family)

    def _weighted(self, name: str, counts: Array, weights: Sequence[float], names: Sequence[str]) -> Check:
        return drawn(
            self.group, name, chi_square(counts, weights), "by their frequency", at=lambda i: f"{names[i]} and those after it"
        )


class Mails(Judge):
    """Mail addresses."""

    group, about, needs = "holders", "mail addresses", ("name", "mail")

    def __init__(self, pools: Pools) -> None:
        self.domains = pools.mail_domains
        self.other = Violations("name", "mail")
        self.counts = np.zeros(MAIL_NUMBERS * len(self.domains), np.int64)

    def add(self, batch: RowBatch) -> None:
        parts = batch.frame["mail"].str.splitn("@", 2)
        local = parts.struct.field("field_0").fill_null("")
        domain = codes(parts.struct.field("field_1").fill_null(""), self.domains)
        stem = batch.frame["name"].str.to_lowercase().str.replace_all(" ", ".", literal=True)
        frame = pl.DataFrame({"local": local, "stem": stem}).select(
            pl.col("local").str.starts_with(pl.col("stem")).alias("begins"),
            pl.col("local").str.slice(pl.col("stem").str.len_chars()).alias("rest"),
        )
        formed = (frame["begins"] & frame["rest"].str.contains(NUMBER)).to_numpy() & (domain >= 0)
        self.other.add(batch, ~formed)
        number: NDArray[np.int64] = frame["rest"].cast(pl.Int64, strict=False).fill_null(0).to_numpy()
        self.counts += np.bincount((MAIL_NUMBERS * domain + number)[formed], minlength=self.counts.size)

    def checks(self) -> Iterator[Check]:
        expected = "the name, a number below 100, a known domain"
        yield rule(self.group, "mail form", self.other, expected)
        at = "numbers from {} at {}".format
        yield drawn(
            self.group,
            "mail numbers",
            chi_square(self.counts, np.ones(self.counts.size)),
            "numbers and domains uniform",
            at=lambda i: at(i % MAIL_NUMBERS, self.domains[i // MAIL_NUMBERS]),
        )


class Homes(Judge):
    """Where holders live."""

    group, about, needs = "holders", "places of living", ("City", "Country")

    def __init__(self, places: Places) -> None:
        self.places = places
        self.elsewhere = Violations("City", "Country")
        self.cities = np.zeros(len(places.cities), np.int64)

    def add(self, batch: RowBatch) -> None:
        city = codes(batch.frame["City"], self.places.cities)
        country = codes(batch.frame["Country"], self.places.countries)
        home = (city >= 0) & (self.places.of_city[city, 0] >= 0) & (country == self.places.home_country)
        self.elsewhere.add(batch, ~home)
        self.cities += np.bincount(city[home], minlength=self.cities.size)

    def checks(self) -> Iterator[Check]:
        expected = f"one of the {self.places.home} places in the US"
        yield rule(self.group, "homes", self.elsewhere, expected)
        shares = (self.places.of_city >= 0).sum(axis=1)
        yield drawn(
            self.group, "cities", chi_square(self.cities, shares), "uniform over the places", at=self.places.cities.__getitem__
        )
