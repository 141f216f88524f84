"""What a dataset is: size, period, amounts, categories, frauds and withdrawals, checked and frozen.

A `Config` is the identity of the data: together with the data version it decides every row. Where the output
goes, and how fast, is not part of it. Each setting is described once, here or in `sections`: `fastgen.toml`, the
JSON schema and docs/configuration.md are generated from these descriptions.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastgen.errors import NOT_GIVEN, ConfigError
from fastgen.kernels.units import DAY
from fastgen.schema import CASH_WITHDRAWAL, DATA_VERSION
from fastgen.sections import AmountRange, Atm, Category, Fraud, check_ranges, check_shares
from fastgen.settings import Interval, Listed, Moment, Section, Within, setting
from fastgen.sizes import Sizes, chain_ranges, exact_shares, settle

DEFAULT_SEED: Final = 20_220_104
"""With this seed, the default dataset has as many attack chains as the one of the notebook, and usual sizes pass `validate`."""
MOST_SECONDS: Final = 2**31 - 1 - DAY
"""Between the start and the last event: rows store 32-bit seconds since the midnight before the start."""
Count = Annotated[int, Within(1, 10**18)]


class Config(Section):
    """The identity of a dataset. Every setting has a default; `Config()` is the default dataset.

    Give the size as `scale`, as `rows`, or count by count; a count overrides the one in proportion to `scale` or `rows`.
    Sections such as `fraud` and `atm` may be dicts, and ranges may be pairs. docs/configuration.md describes every setting.
    Configurations are frozen, can be pickled, and are equal, with equal hashes, if their settings are. `model_copy(update={"rows":
    5})` returns one with other settings.

    Raises:
        ConfigError: a setting is unknown, not allowed, or contradicts others; the error names it.

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

    if TYPE_CHECKING:  # settings are accepted in more types than they are stored in

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
        check_ranges("amounts", self.amounts, touching=True)
        _check_categories(self)
        if self.fraud.ratio > 0:
            _check_chains(self)
        _check_times(self)

    @property
    def seconds(self) -> int:
        """Length of the period in seconds."""
        return int((self.end - self.start).total_seconds())

    @property
    def sizes(self) -> Sizes:
        """The counts that follow from the settings alone; the ages of the holders decide the rest."""
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
        """The amounts of each range in cents; only the last range, and one of a single amount, includes its high.

        Example:
            >>> Config().amount_cents[0], Config().amount_cents[-1]
            (range(1, 100), range(1000000, 3000001))
        """
        *others, last = self.amounts
        below = (range(r.low_cents, max(r.high_cents, r.low_cents + 1)) for r in others)
        return *below, range(last.low_cents, last.high_cents + 1)

    @property
    def category_names(self) -> tuple[str, ...]:
        """The categories of rows: those of payments in their order, then the one of withdrawals.

        Example:
            >>> Config().category_names[-2:]
            ('Jewelery', 'Cash Withdrawal')
        """
        return *(category.name for category in self.categories), CASH_WITHDRAWAL

    @property
    def chain_range_counts(self) -> tuple[tuple[int, ...], ...]:
        """For chains with 0, 1, 2, ... later payments: how many of these have an amount in each range.

        Example:
            >>> Config().chain_range_counts[9]
            (1, 1, 5, 2, 0, 0)
        """
        shares = exact_shares(part.share for part in self.amounts)
        return tuple(chain_ranges(shares, later) for later in range(self.fraud.chain_lengths.high))

    @property
    def band_capacities(self) -> tuple[int, ...]:
        """The greatest number of cards with a susceptible holder in each age band.

        Example:
            >>> Config().band_capacities[:3]
            (660, 18, 18)
        """
        withdrawals = self.sizes.withdrawals
        return tuple(int(Fraction(str(band.share)) * withdrawals) for band in self.atm.bands)

    def category_of(self, cents: int) -> int | None:
        """The index of the first category whose price range holds an amount, preferring those where it is not the greatest price.

        Example:
            >>> [Config().category_of(cents) for cents in (1, 99_99, 100_00)]
            [0, 0, 2]
        """
        holding = [i for i, c in enumerate(self.categories) if c.low_cents <= cents <= c.high_cents]
        return next((i for i in holding if cents < self.categories[i].high_cents), holding[0] if holding else None)

    @property
    def settings_digest(self) -> str:
        """SHA-256, in hexadecimal, of the data version and everything that decides rows.

        It does not depend on how the sizes are given: `Config()` and `Config(scale=1, cards=2000)` have the same one.
        With the digest of the vocabularies it makes up the fingerprint of a dataset.
        """
        size_fields: Any = {"scale": True, "rows": True, "payments": True, "cards": True, "atm": {"cards", "withdrawals"}}
        # Defaults and zero counts are left out, so that a new setting does not change the fingerprints of existing data.
        changed = self.model_dump(mode="json", exclude=size_fields, exclude_defaults=True)
        settings = {name: value for name, value in changed.items() if value != {}}
        sizes = {name: count for name, count in asdict(self.sizes).items() if count}
        sizes.pop("cash_cards_required", None)  # decides whether there are rows, not which
        text = json.dumps({"data_version": DATA_VERSION, "sizes": sizes, **settings}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def config_schema() -> dict[str, Any]:
    """Return the JSON schema of a configuration, for editors and other programs.

    Example:
        >>> config_schema()["properties"]["seed"]["minimum"]
        0
    """
    return Config.model_json_schema()


def _check_categories(config: Config) -> None:
    """Check that shares add up to 1, names are unique, and every price range contains amounts that occur."""
    check_shares("categories", config.categories)
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
    """Check that every amount that a later payment of a chain can have is in the price range of some category."""
    prices = sorted((category.low_cents, category.high_cents) for category in config.categories)
    for cents, used in zip(config.amount_cents, zip(*config.chain_range_counts, strict=True), strict=True):
        free = cents[0]
        for low, high in prices:
            if low <= free <= high:
                free = high + 1
        if any(used) and free <= cents[-1]:
            allowed = f"no price range holds {free / 100}, which a payment of an attack chain can be"
            raise ConfigError("categories", NOT_GIVEN, allowed, hint="or set fraud.ratio to 0")


def _check_times(config: Config) -> None:
    """Check that times fit into 32 bits."""
    fraud, atm = config.fraud, config.atm
    tail = max(fraud.reach if fraud.ratio > 0 else 0, atm.reach if config.sizes.cash_cards else 0)
    if config.seconds + tail > MOST_SECONDS:
        allowed = f"must leave the last event within {MOST_SECONDS:,} seconds (68 years) of start, not {config.seconds + tail:,}"
        raise ConfigError("end", config.end, allowed, hint="chains and sequences run past it")
