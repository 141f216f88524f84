"""Numbers, times and lists as people write them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import floor, log10

IRREGULAR = {"city": "cities", "country": "countries", "category": "categories"}


def count(number: int, noun: str) -> str:
    """A number of things.

    Example:
        >>> count(1, "card"), count(2_000, "card"), count(2, "country")
        ('1 card', '2,000 cards', '2 countries')
    """
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """More than one of it."""
    return IRREGULAR.get(noun, f"{noun}s")


def percent(share: float) -> str:
    """A share with two or three digits that mean something, never rounded to nothing or to all.

    Example:
        >>> [percent(share) for share in (0, 0.00146, 0.0523, 0.5, 0.9996, 0.99996, 1)]
        ['0 %', '0.15 %', '5.2 %', '50 %', '99.96 %', '99.996 %', '100 %']
    """
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    value = 100 * share
    least = min(value, 100 - value)
    places = max(0, 1 - floor(log10(least))) if least < 10 else 0
    text = f"{value:.{min(places, 6)}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + " %"


def money(cents: float) -> str:
    """An amount.

    Example:
        >>> money(123_450)
        '1,234.50'
    """
    return f"{cents / 100:,.2f}"


def short_money(cents: float) -> str:
    """An amount in few characters.

    Example:
        >>> [short_money(cents) for cents in (1, 950, 6_295, 1_234_500, 250_000_000)]
        ['0.01', '9.5', '63', '12k', '2.5M']
    """
    value = cents / 100
    for unit, size in (("M", 1e6), ("k", 1e4)):
        if value >= size:
            return f"{value / (1e6 if unit == 'M' else 1e3):,.2g}".replace("e+0", "e") + unit
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}".rstrip("0").rstrip(".")


def moment(seconds: int) -> datetime:
    """A time since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def day(seconds: int) -> str:
    """The day of a time.

    Example:
        >>> day(1_640_995_200)
        '1 January 2022'
    """
    return f"{moment(seconds).day} {moment(seconds):%B %Y}"


def day_and_time(seconds: int) -> str:
    """Day and time without the year.

    Example:
        >>> day_and_time(1_640_995_200)
        '1 Jan, 00:00'
    """
    return f"{moment(seconds).day} {moment(seconds):%b, %H:%M}"


def duration(seconds: float) -> str:
    """A stretch of time, in the largest unit that it fills.

    Example:
        >>> [duration(seconds) for seconds in (1, 90, 3_600, 100_000, 11_145_600)]
        ['1 second', '90 seconds', '60 minutes', '28 hours', '129 days']
    """
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 3 * size or (unit == "minute" and seconds >= 120):
            return count(round(seconds / size), unit)
    return count(round(seconds), "second")


def listed(parts: Sequence[str]) -> str:
    """One after the other.

    Example:
        >>> listed(["a"]), listed(["a", "b", "c"])
        ('a', 'a, b and c')
    """
    *others, last = parts
    return f"{', '.join(others)} and {last}" if others else last


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters.

    Example:
        >>> shortened("Restaurant/Cafeteria", 12)
        'Restaurant/…'
    """
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
