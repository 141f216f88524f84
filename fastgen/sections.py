"""The parts of a configuration: ranges of amounts, categories, age bands, frauds, cash withdrawals."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import fsum
from typing import Annotated, Final

from fastgen.errors import NOT_GIVEN, ConfigError
from fastgen.kernels.units import DAY, HOUR
from fastgen.schema import CASH_WITHDRAWAL
from fastgen.settings import Interval, Listed, Section, Text, Within, setting

MOST_DEGREES: Final = 20
"""The farthest that a walk may lead: no place in the US is closer to a pole or the date line."""
LEAST_SHARE: Final = 1e-12
"""Smaller shares are lost beside the others, and the product of two of them may underflow to zero."""

CountOrNone = Annotated[int, Within(0, 10**18)]
Share = Annotated[float, Within(0, 1)]
Money = Annotated[float, Within(0.01, 99_999.99, places=2)]
Age = Annotated[int, Within(18, 100)]
Hours = Annotated[Interval, Within(1, 8_760)]


class Ranged(Section):
    """A share of a whole, and the range of values that it applies to."""

    share: Share = setting("part of the whole; those of the list add up to 1")
    low: float = setting("least value")
    high: float = setting("greatest value")

    def _check(self) -> None:
        if self.low > self.high:
            raise ConfigError("low", self.low, f"must not be above high ({self.high})")
        if 0 < self.share < LEAST_SHARE:
            raise ConfigError("share", self.share, f"must be 0, or at least {LEAST_SHARE:g}")


def check_shares(field: str, parts: Sequence[Ranged]) -> None:
    """Check that shares add up to 1."""
    total = fsum(part.share for part in parts)
    if abs(total - 1) > 1e-9:
        raise ConfigError(field, NOT_GIVEN, f"shares must add up to 1, not {total:.12g}")


def check_ranges(field: str, parts: Sequence[Ranged], *, touching: bool) -> None:
    """Check that shares add up to 1 and that ranges rise without overlap.

    With `touching`, a range may begin where another ends, which excludes its end then, unless that one is a single value.
    """
    check_shares(field, parts)
    for i, (before, after) in enumerate(pairwise(parts)):
        may_touch = touching and before.low < before.high
        if after.low < before.high or (after.low == before.high and not may_touch):
            allowed = f"must {'not be below' if may_touch else 'be above'} {field}[{i}].high ({before.high})"
            raise ConfigError(f"{field}[{i + 1}].low", after.low, allowed)


class AmountRange(Ranged):
    """A range of amounts, all equally likely, and its share of all amounts.

    `high` is excluded, so that ranges can touch; only the last range of a list includes it, and one whose `low` is its `high`.
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
    """A category of payments: its name, its exact share of them, its least and greatest price."""

    low: Money = setting("least price")
    high: Money = setting("greatest price")

    def _check(self) -> None:
        super()._check()
        if not 1 <= len(self.name) <= 100 or not self.name.isprintable():
            raise ConfigError("name", self.name, "must be 1 to 100 printable characters")
        if self.name == CASH_WITHDRAWAL:
            raise ConfigError("name", self.name, "is the category of withdrawals; choose another name")


class AgeBand(Ranged):
    """Card holders aged `low` to `high`; their number is a share of the requested number of withdrawals."""

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
        """Upper bound of the seconds from a chain's first payment to its last."""
        return (self.chain_lengths.high - 1) * self.chain_gap_seconds.high

    def of(self, total: int) -> int:
        """How many of `total` are frauds, rounded down, computed from the decimal digits of the ratio instead of its binary float.

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
        """Upper bound of the seconds from a sequence's start to its last withdrawal, or its foreign one."""
        step = self.step_hours.high
        return HOUR * max(self.lengths.high * step, step + self.foreign_hours.high)

    def _check(self) -> None:
        most = MOST_DEGREES / self.lengths.high
        if self.radius > most:
            allowed = f"must be at most {most:g} for sequences of {self.lengths.high} withdrawals, which stay on the map then"
            raise ConfigError("radius", self.radius, allowed)
        check_ranges("bands", self.bands, touching=False)
