"""What a dataset is: size, period, amounts, categories, frauds and withdrawals, checked and frozen.

A `Config` is the identity of the data: together with the data version it decides every row. Where output
goes and how fast is no part of it. The descriptions of the settings are the only ones there are:
`fastgen.toml` and the JSON schema are made from them.
"""

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from fractions import Fraction
from itertools import pairwise
from math import fsum
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastgen.errors import NOT_GIVEN, ConfigError
from fastgen.kernels.units import DAY, HOUR
from fastgen.schema import CASH_WITHDRAWAL, DATA_VERSION
from fastgen.settings import Interval, Listed, Moment, Section, Text, Within, setting
from fastgen.sizes import Sizes, chain_ranges, exact_shares, settle

DEFAULT_SEED: Final = 20_220_301
MOST_SECONDS: Final = 2**31 - 1 - DAY
"""From the start to the last event: rows keep 32-bit seconds since the midnight before the start."""
MOST_DEGREES: Final = 20
"""How far a walk may lead: no place at home is closer to a pole or the date line."""
LEAST_SHARE: Final = 1e-12
"""A share below it is nothing beside the others, and its product with another one may be zero."""

Count = Annotated[int, Within(1, 10**18)]
CountOrNone = Annotated[int, Within(0, 10**18)]
Share = Annotated[float, Within(0, 1)]
Money = Annotated[float, Within(0.01, 99_999.99, places=2)]
Age = Annotated[int, Within(18, 100)]
Hours = Annotated[Interval, Within(1, 8_760)]


class Ranged(Section):
    """A share of a whole, and the values that it is about."""

    share: Share = setting("part of the whole; those of the list add up to 1")
    low: float = setting("least value")
    high: float = setting("greatest value")

    def _check(self) -> None:
        if self.low > self.high:
            raise ConfigError("low", self.low, f"must not be above high ({self.high})")
        if 0 < self.share < LEAST_SHARE:
            raise ConfigError("share", self.share, f"must be 0, or at least {LEAST_SHARE:g}")


def _check_shares(field: str, parts: Sequence[Ranged]) -> None:
    total = fsum(part.share for part in parts)
    if abs(total - 1) > 1e-9:
        raise ConfigError(field, NOT_GIVEN, f"shares must add up to 1, not {total:.12g}")


def _check_list(field: str, parts: Sequence[Ranged], *, touching: bool) -> None:
    """Shares add up to 1; ranges rise and do not overlap, but may touch where that is allowed."""
    _check_shares(field, parts)
    for i, (before, after) in enumerate(pairwise(parts)):
        if after.low < before.high or (after.low == before.high and not touching):
            allowed = f"must {'not be below' if touching else 'be above'} {field}[{i}].high ({before.high})"
            raise ConfigError(f"{field}[{i + 1}].low", after.low, allowed)


class AmountRange(Ranged):
    """Amounts from `low` to `high`, all equally likely, and which share of all amounts they are.

    A range ends just below its high, so that ranges can touch; the last one of a list includes it.
    """

    low: Money = setting("least amount")
    high: Money = setting("where the range ends")

    @property
    def low_cents(self) -> int:
        """`low` in cents."""
        return round(self.low * 100)

    @property
    def high_cents(self) -> int:
        """`high` in cents."""
        return round(self.high * 100)


class _Named(Section):
    name: Text = setting("the value in the data")


class Category(AmountRange, _Named):  # pydantic lists the last base first: the name, then the share
    """A kind of merchant: its name, its exact share of the payments, its least and greatest price."""

    low: Money = setting("least price")
    high: Money = setting("greatest price")

    def _check(self) -> None:
        super()._check()
        if not 1 <= len(self.name) <= 100 or not self.name.isprintable():
            raise ConfigError("name", self.name, "must be 1 to 100 printable characters")
        if self.name == CASH_WITHDRAWAL:
            raise ConfigError("name", self.name, "is the category of withdrawals; choose another name")


class AgeBand(Ranged):
    """Card holders of `low` to `high` years, and how much of the withdrawals asked for sets their number."""

    low: Age = setting("least age in years")
    high: Age = setting("greatest age in years")


class Fraud(Section):
    """How many frauds there are, and what an attack chain of payments looks like."""

    ratio: Share = setting(
        "fraction of the payments that belong to attack chains, and of the ATM sequences with a foreign withdrawal", default=0.0025
    )
    chain_lengths: Annotated[Interval, Within(1, 1_000)] = setting(
        "payments in an attack chain, [least, most]; the last chain may be shorter", default=Interval(3, 10)
    )
    chain_gap_seconds: Annotated[Interval, Within(1, DAY)] = setting(
        "seconds from one payment of a chain to the next, [least, most]", default=Interval(30, 120)
    )

    @property
    def reach(self) -> int:
        """Seconds from a chain's first payment to its last, at most."""
        return (self.chain_lengths.high - 1) * self.chain_gap_seconds.high

    def of(self, total: int) -> int:
        """How many of `total` are frauds: the whole part, by the ratio's decimals rather than its binary float.

        Example:
            >>> Fraud(ratio=0.29).of(100), int(0.29 * 100)
            (29, 28)
        """
        return int(Fraction(str(self.ratio)) * total)


class Atm(Section):
    """Cash withdrawals: by which cards, in which sequences, and where."""

    cards: CountOrNone | None = setting(
        "cards that withdraw cash, 0 for none; 1,000 x scale unless given", default=None, example=1_000
    )
    withdrawals: CountOrNone | None = setting(
        "least number of withdrawals, 0 for none, made in whole rounds; 12,000 x scale unless given", default=None, example=12_000
    )
    lengths: Annotated[Interval, Within(1, 200)] = setting(
        "withdrawals in a sequence, [least, most]; in a round each cash card has one sequence of each length",
        default=Interval(3, 10),
    )
    step_hours: Hours = setting("hours between the withdrawals of a sequence, [least, most]", default=Interval(6, 168))
    radius: Annotated[float, Within(0, 1, places=6)] = setting(
        "largest step of the position between two withdrawals, in degrees each way", default=0.01
    )
    foreign_hours: Hours = setting(
        "hours from the first withdrawal of a sequence to the foreign one, [least, most]", default=Interval(1, 5)
    )
    bands: Listed[AgeBand] = setting(
        "ages of the holders whose cards may withdraw cash, rising; shares of the number of withdrawals asked for",
        default=tuple(
            AgeBand(share=share, low=low, high=high)
            for share, low, high in (
                (0.055, 18, 23),
                (0.0015, 25, 33),
                (0.0015, 35, 43),
                (0.02, 45, 53),
                (0.022, 55, 63),
                (0.1, 65, 73),
                (0.4, 75, 83),
                (0.4, 85, 99),
            )
        ),
        most=83,
    )

    @property
    def reach(self) -> int:
        """Seconds from a sequence's start to its last withdrawal or its foreign one, at most."""
        step = self.step_hours.high
        return HOUR * max(self.lengths.high * step, step + self.foreign_hours.high)

    def _check(self) -> None:
        most = MOST_DEGREES / self.lengths.high
        if self.radius > most:
            allowed = f"must be at most {most:g} for sequences of {self.lengths.high} withdrawals, which stay on the map then"
            raise ConfigError("radius", self.radius, allowed)
        _check_list("bands", self.bands, touching=False)


class Config(Section):
    """The identity of a dataset. Every setting has a default, and all the defaults together are the default dataset.

    Give the size as `scale`, or as `rows`, or count by count: a count overrides the proportional one. Tables of settings, such as
    `fraud` and `atm`, may be dicts, and ranges pairs. What each setting means and allows is in docs/configuration.md.
    Configurations are equal, and hash alike, if their settings are equal; they are frozen, and can be pickled.

    Raises:
        ConfigError: a setting is unknown, not allowed, or does not go with the others; the error names it.

    Example:
        >>> Config(rows=1_000_000, fraud={"ratio": 0.01}).sizes.cards
        18864
        >>> Config(fraud={"ratio": 1.5})
        Traceback (most recent call last):
        fastgen.errors.ConfigError: fraud.ratio = 1.5: must be a number between 0 and 1
    """

    seed: Annotated[int, Within(0, 2**64 - 1)] = setting("what all random draws follow from", default=DEFAULT_SEED)
    scale: Annotated[float, Within(0, 10**12, above=True)] | None = setting(
        "size in units of the default dataset's 106,020 transactions; 1 unless rows is given", default=None, example=1.0
    )
    rows: Count | None = setting("exact number of transactions; excludes scale and payments", default=None, example=106_020)
    payments: Count | None = setting("number of card payments; 54,000 x scale unless given", default=None, example=54_000)
    cards: Count | None = setting("number of cards and of their holders; 2,000 x scale unless given", default=None, example=2_000)
    start: Moment = setting("start of the period, in whole seconds, without time zone", default=datetime(2022, 1, 1))
    end: Moment = setting("end of the period, itself excluded", default=datetime(2022, 3, 1))
    ages: Annotated[Interval, Within(18, 100)] = setting(
        "ages of the card holders at the start, [least, most]", default=Interval(18, 100)
    )
    amounts: Listed[AmountRange] = setting(
        "distribution of the amounts: ranges in rising order, amounts uniform inside each",
        default=tuple(
            AmountRange(share=share, low=low, high=high)
            for share, low, high in (
                (0.05, 0.01, 1.0),
                (0.075, 1.0, 10.0),
                (0.525, 10.0, 100.0),
                (0.25, 100.0, 1_000.0),
                (0.099, 1_000.0, 10_000.0),
                (0.001, 10_000.0, 30_000.0),
            )
        ),
        most=100,
    )
    categories: Listed[Category] = setting(
        "categories of the payments: exact shares; amounts are drawn inside a category's prices",
        default=tuple(
            Category(name=name, share=share, low=low, high=high)
            for name, share, low, high in (
                ("Grocery", 0.5, 0.01, 100.0),
                ("Restaurant/Cafeteria", 0.2, 1.0, 100.0),
                ("Health/Beauty", 0.1, 10.0, 500.0),
                ("Domestic Transport", 0.1, 10.0, 100.0),
                ("Clothing", 0.05, 10.0, 2_000.0),
                ("Electronics", 0.02, 100.0, 10_000.0),
                ("Sports/Outdoors", 0.015, 10.0, 100.0),
                ("Holliday/Travel", 0.014, 10.0, 100.0),
                ("Jewelery", 0.001, 10.0, 100.0),
            )
        ),
        most=200,
    )
    fraud: Fraud = setting("how many frauds there are, and what an attack chain of payments looks like", default=Fraud())
    atm: Atm = setting("cash withdrawals: by which cards, in which sequences, and where", default=Atm())

    if TYPE_CHECKING:  # what is taken for a setting is more than what it is kept as

        def __init__(
            self,
            *,
            seed: int = ...,
            scale: float | None = ...,
            rows: int | None = ...,
            payments: int | None = ...,
            cards: int | None = ...,
            start: date | str = ...,
            end: date | str = ...,
            ages: Sequence[int] = ...,
            amounts: Sequence[AmountRange | Mapping[str, Any]] = ...,
            categories: Sequence[Category | Mapping[str, Any]] = ...,
            fraud: Fraud | Mapping[str, Any] = ...,
            atm: Atm | Mapping[str, Any] = ...,
        ) -> None: ...

    def _check(self) -> None:
        if self.end <= self.start:
            hint = None if self.model_fields_set >= {"start", "end"} else "one of them is the default: give both"
            raise ConfigError("end", self.end, f"must be after start ({self.start})", hint=hint)
        _check_list("amounts", self.amounts, touching=True)
        _check_categories(self)
        if self.fraud.ratio > 0:
            _check_chains(self)
        _check_times(self)

    @property
    def seconds(self) -> int:
        """Length of the period."""
        return int((self.end - self.start).total_seconds())

    @property
    def sizes(self) -> Sizes:
        """The counts that the settings come to, without the holders that decide the rest."""
        return settle(
            seconds=self.seconds,
            scale=self.scale,
            rows=self.rows,
            payments=self.payments,
            cards=self.cards,
            cash_cards=self.atm.cards,
            withdrawals=self.atm.withdrawals,
            lengths=self.atm.lengths.values,
            foreign=self.fraud.of,
        )

    @property
    def amount_cents(self) -> tuple[range, ...]:
        """The amounts in each range, in cents: up to its high, which only the last range includes.

        Example:
            >>> Config().amount_cents[0], Config().amount_cents[-1]
            (range(1, 100), range(1000000, 3000001))
        """
        *others, last = self.amounts
        below = (range(r.low_cents, max(r.high_cents, r.low_cents + 1)) for r in others)
        return *below, range(last.low_cents, last.high_cents + 1)

    @property
    def category_names(self) -> tuple[str, ...]:
        """The categories of rows: those of payments in their order, then that of withdrawals.

        Example:
            >>> Config().category_names[-2:]
            ('Jewelery', 'Cash Withdrawal')
        """
        return *(category.name for category in self.categories), CASH_WITHDRAWAL

    @property
    def chain_range_counts(self) -> tuple[tuple[int, ...], ...]:
        """By how many later payments a chain has, 0 and more, how many of them have an amount in each range.

        Example:
            >>> Config().chain_range_counts[9]
            (1, 1, 5, 2, 0, 0)
        """
        shares = exact_shares(part.share for part in self.amounts)
        return tuple(chain_ranges(shares, later) for later in range(self.fraud.chain_lengths.high))

    @property
    def band_rooms(self) -> tuple[int, ...]:
        """How many cards at most have a susceptible holder in each age band.

        Example:
            >>> Config().band_rooms[:3]
            (660, 18, 18)
        """
        withdrawals = self.sizes.withdrawals
        return tuple(int(Fraction(str(band.share)) * withdrawals) for band in self.atm.bands)

    def category_of(self, cents: int) -> int | None:
        """The index of the first category that holds a chain's amount below its greatest price, or else at it.

        Example:
            >>> [Config().category_of(cents) for cents in (1, 99_99, 100_00)]
            [0, 0, 2]
        """
        holding = [i for i, c in enumerate(self.categories) if c.low_cents <= cents <= c.high_cents]
        return next((i for i in holding if cents < self.categories[i].high_cents), holding[0] if holding else None)

    def fingerprint(self) -> str:
        """SHA-256, in hex, of the data version and all that decides rows.

        The same for all ways to say the same sizes: those of `Config()` and `Config(scale=1, cards=2000)` agree.
        """
        sizes_told: Any = {"scale": True, "rows": True, "payments": True, "cards": True, "atm": {"cards", "withdrawals"}}
        # Without defaults and counts of none, so that what is new changes no fingerprint. Other defaults are other data.
        told = self.model_dump(mode="json", exclude=sizes_told, exclude_defaults=True)
        settings = {name: value for name, value in told.items() if value != {}}
        sizes = {name: count for name, count in asdict(self.sizes).items() if count}
        sizes.pop("cash_cards_required", None)  # decides whether there are rows, not which
        text = json.dumps({"data_version": DATA_VERSION, "sizes": sizes, **settings}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def load_config(path: str | os.PathLike[str] | None = None, **overrides: Any) -> Config:
    """The configuration in a TOML file, with keywords of `Config` laid over it.

    Tables are laid over key by key, lists are replaced. A size given here takes the place of the file's: `rows` of its
    `scale` and `payments`, these of its `rows`.

    Args:
        path: the file; without one, settings that are not among the keywords have their defaults.
        **overrides: settings by name, as for `Config`; one that is None leaves the file's value.

    Raises:
        ConfigError: the file cannot be read or is no TOML; a setting is unknown or not allowed. It names the file if the
            setting stands there.

    Example:
        >>> load_config(rows=1_000, fraud={"ratio": 0.01}).fraud.ratio
        0.01
    """
    settings = {} if path is None else _read(path)
    given = {key: value for key, value in overrides.items() if value is not None}
    replaced = {"scale", "payments"} if "rows" in given else {"rows"} if given.keys() & {"scale", "payments"} else set()
    kept = {key: value for key, value in settings.items() if key not in replaced}
    try:
        return Config(**merge(kept, given))
    except ConfigError as error:
        for each in (error, *error.others):
            if path is not None and isinstance(each, ConfigError) and _has(kept, each.field) and not _has(given, each.field):
                each.file = os.fspath(path)
        raise


def _has(settings: Mapping[str, Any], field: str) -> bool:
    """Whether a setting with a dotted name such as `categories[2].share` is given, or the list that it would stand in."""
    if field in settings:  # as one name in quotes, which is no setting
        return True
    found: Any = settings
    for key in field.partition("[")[0].split("."):
        if not isinstance(found, Mapping) or key not in found:
            return False
        found = found[key]
    return True


def _read(path: str | os.PathLike[str]) -> dict[str, Any]:
    try:
        with open(os.path.expanduser(path), encoding="utf-8-sig") as file:  # some editors begin a file with a byte order mark
            return tomllib.loads(file.read())
    except OSError as error:
        hint = "fastgen config init writes one" if isinstance(error, FileNotFoundError) else None
        raise ConfigError(
            os.fspath(path), NOT_GIVEN, f"cannot be read: {(error.strerror or str(error)).lower()}", hint=hint
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(os.fspath(path), NOT_GIVEN, f"is not UTF-8 text at byte {error.start}") from None
    except ValueError as error:
        raise ConfigError(os.fspath(path), NOT_GIVEN, f"is not valid TOML: {error}") from None


def merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings laid over each other, the last on top; none of them is changed.

    Example:
        >>> merge({"seed": 1, "fraud": {"ratio": 0.1}}, {"fraud": {"chain_lengths": [2, 3]}}, {"seed": 2})
        {'seed': 2, 'fraud': {'ratio': 0.1, 'chain_lengths': [2, 3]}}
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            below = merged.get(key)
            merged[key] = merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def config_schema() -> dict[str, Any]:
    """The JSON schema of a configuration, for editors and other programs.

    Example:
        >>> config_schema()["properties"]["seed"]["minimum"]
        0
    """
    return Config.model_json_schema()


def _check_categories(config: Config) -> None:
    """Shares add up to 1; names are unique; the prices of each category meet amounts that occur."""
    _check_shares("categories", config.categories)
    ranges = [cents for cents, part in zip(config.amount_cents, config.amounts, strict=True) if part.share > 0]
    names = [category.name for category in config.categories]
    for i, category in enumerate(config.categories):
        if category.name in names[:i]:
            raise ConfigError(
                f"categories[{i}].name", category.name, f"is the name of categories[{names.index(category.name)}] too"
            )
        if not any(cents[0] <= category.high_cents and category.low_cents <= cents[-1] for cents in ranges):
            allowed = f"has a price range, {category.low} to {category.high}, that meets none of the amounts"
            raise ConfigError(f"categories[{i}]", category.name, allowed)


def _check_chains(config: Config) -> None:
    """Every amount that the later payments of a chain can have is in the price range of some category."""
    prices = sorted((category.low_cents, category.high_cents) for category in config.categories)
    for cents, used in zip(config.amount_cents, zip(*config.chain_range_counts, strict=True), strict=True):
        free = cents[0]
        for low, high in prices:
            if low <= free <= high:
                free = high + 1
        if any(used) and free <= cents[-1]:
            allowed = f"no price range holds {free / 100}, which a payment of an attack chain can be"
            raise ConfigError("categories", NOT_GIVEN, allowed, hint="or fraud.ratio = 0")


def _check_times(config: Config) -> None:
    """Times fit into 32 bits."""
    fraud, atm = config.fraud, config.atm
    tail = max(fraud.reach if fraud.ratio > 0 else 0, atm.reach if config.sizes.cash_cards else 0)
    if config.seconds + tail > MOST_SECONDS:
        allowed = f"must leave the last event within {MOST_SECONDS:,} seconds (68 years) of start, not {config.seconds + tail:,}"
        raise ConfigError("end", config.end, allowed, hint="chains and sequences run past it")
