"""Rules in words."""

from collections.abc import Sequence
from typing import Final

from fastgen.reporting.rules import Rule
from fastgen.reporting.survey import DEGREES
from fastgen.reporting.words import SPACE, money

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SINCE: Final = "since the card's last row"
MOST_NAMED: Final = 3


def condition(rule: Rule, countries: Sequence[str] = ()) -> str:
    r"""A rule as a condition, such as "amount ≤ 0.75".

    Args:
        countries: all countries of the data; if a rule flags most of them, the condition names the others.

    Example:
        >>> condition(Rule("seconds", "≤", 119, (), 242, 115, 155))
        "seconds since the card's last row ≤\xa0119"
        >>> condition(Rule("country", "is", 0, ("FR", "DE"), 2, 2, 5), ["DE", "FR", "US"])
        'country is not US'
    """
    if rule.sign == "is":
        rest = [country for country in countries if country not in rule.values] if rule.column == "country" else []
        if rest and len(rest) < len(rule.values):
            return f"country is not {_some(rest)}"
        return f"{rule.column} is {_some(rule.values)}"
    what, number = _threshold(rule)
    sign = "<" if rule.column in DEGREES and rule.sign == "≤" else rule.sign
    return f"{what} {sign}{SPACE}{number}"


def _threshold(rule: Rule) -> tuple[str, str]:
    """What is compared, and the number that it is compared with."""
    number = rule.threshold
    match rule.column:
        case "seconds":
            return f"seconds {SINCE}", f"{number:,}"
        case "metres":
            return f"distance {SINCE}", f"{number / 1_000:,.3g}{SPACE}km" if number < 1_000_000 else f"{number // 1_000:,}{SPACE}km"
        case "km/h":
            return f"speed {SINCE}", f"{number:,}{SPACE}km/h"
        case "amount":
            return "amount", money(number)
        case "weekday":
            return "weekday", WEEKDAYS[number % 7]
        case "latitude" | "longitude":
            return rule.column, f"{number - DEGREES[rule.column] + (rule.sign == '≤')}°".replace("-", "−")
    return rule.column, f"{number:,}"


def _some(names: Sequence[str]) -> str:
    """Up to three names, or how many there are."""
    if len(names) <= MOST_NAMED:
        return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
    return f"one of {len(names)}"
