"""Numbers, times and lists as text for readers."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from math import floor, log10
from typing import Final

from fastgen.kernels.units import DAY, HOUR

SPACE = "\xa0"
"""A no-break space."""
YEAR_1 = -62_135_596_800
"""The first time that Python can represent, in seconds since 1970."""
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
"""Python's own month names follow the process's locale."""
ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""A character that XML 1.0 does not allow, or one that no encoding has, as in names of files that are not UTF-8."""
IRREGULAR = {"city": "cities", "country": "countries", "category": "categories"}


def count(number: int, noun: str) -> str:
    """A number with its noun.

    Example:
        >>> count(1, "card"), count(2_000, "card"), count(2, "country")
        ('1 card', '2,000 cards', '2 countries')
    """
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The plural of a noun."""
    return IRREGULAR.get(noun, f"{noun}s")


def percent(share: float) -> str:
    r"""A share in percent with two or three digits that matter, never rounded to 0 or 100 %.

    Example:
        >>> [percent(share) for share in (0, 0.00146, 0.0523, 0.5, 0.9996, 0.99996, 1)]
        ['0\xa0%', '0.15\xa0%', '5.2\xa0%', '50\xa0%', '99.96\xa0%', '99.996\xa0%', '100\xa0%']
    """
    if share in (0, 1):
        return f"{100 * share:.0f}{SPACE}%"
    value = 100 * share
    least = min(value, 100 - value)
    places = max(0, 1 - floor(log10(least))) if least < 10 else 0
    text = f"{value:.{min(places, 6)}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + f"{SPACE}%"


def money(cents: float) -> str:
    """An amount of cents, without its currency.

    Example:
        >>> money(123_450)
        '1,234.50'
    """
    return f"{cents / 100:,.2f}"


def moment(seconds: int) -> datetime:
    """A time since 1970; the beginning of year 1 for earlier ones, as the first bar of a timeline may begin before it."""
    return datetime.fromtimestamp(max(seconds, YEAR_1), UTC)


def day(seconds: int) -> str:
    r"""The day of a time.

    Example:
        >>> day(1_640_995_200)
        '1\xa0January 2022'
    """
    at = moment(seconds)
    return f"{at.day}{SPACE}{MONTHS[at.month - 1]} {at:%Y}"


def day_and_time(seconds: int) -> str:
    """Day and time without the year.

    Example:
        >>> day_and_time(1_640_995_200)
        '1 Jan, 00:00'
    """
    at = moment(seconds)
    return f"{at.day} {MONTHS[at.month - 1][:3]}, {at:%H:%M}"


def period(first: int, last: int) -> str:
    r"""The days from the first to the last time.

    Example:
        >>> period(0, 1), period(0, 86_400)
        ('on 1\xa0January 1970', 'from 1\xa0January 1970 to 2\xa0January 1970')
    """
    return f"on {day(first)}" if day(first) == day(last) else f"from {day(first)} to {day(last)}"


def duration(seconds: float) -> str:
    """A duration, in the largest unit of which it has at least three or a whole number.

    Example:
        >>> [duration(seconds) for seconds in (1, 90, 3_600, 100_000, 11_145_600)]
        ['1 second', '90 seconds', '1 hour', '28 hours', '129 days']
    """
    for unit, size in (("day", DAY), ("hour", HOUR), ("minute", 60)):
        if seconds >= 3 * size or (seconds >= size and seconds % size == 0):
            return count(round(seconds / size), unit)
    return count(round(seconds), "second")


def listed(parts: Sequence[str], most: int | None = None) -> str:
    """A list with commas and a last "and"; of more than `most` parts, only these, and how many more there are.

    Example:
        >>> listed(["a"]), listed(["a", "b", "c"]), listed(["a", "b", "c", "d"], 2)
        ('a', 'a, b and c', 'a, b and 2 more')
    """
    if most is not None and len(parts) > most:
        parts = [*parts[:most], f"{len(parts) - most} more"]
    *others, last = parts
    return f"{', '.join(others)} and {last}" if others else last


def shortened(text: str, most: int) -> str:
    """A text cut to at most this many characters.

    Example:
        >>> shortened("Restaurant/Cafeteria", 12)
        'Restaurant/…'
    """
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def legal(text: str) -> str:
    r"""A text with a replacement character for each one that XML 1.0 does not allow.

    Example:
        >>> legal("A\x01B")
        'A\ufffdB'
    """
    return ILLEGAL.sub("\ufffd", text)
