"""Values of the Kafka options, parsed: client settings, durations, times."""

import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from fastgen.errors import NOT_GIVEN, OptionError
from fastgen.settings import iso_moment

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def pairs(field: str, texts: Iterable[str]) -> dict[str, str]:
    """Parse KEY=VALUE texts; ${NAME} in a value is an environment variable, so that secrets need not be written down.

    Example:
        >>> pairs("X", ["linger.ms=5", "sasl.username=me=you"])
        {'linger.ms': '5', 'sasl.username': 'me=you'}
    """
    found = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise OptionError(field, NOT_GIVEN, "must be KEY=VALUE")  # without the text, which may be a secret
        found[name.strip()] = re.sub(r"\$\{(\w+)\}", lambda match: _variable(field, match[1]), value.strip())
    return found


def _variable(field: str, name: str) -> str:
    if name not in os.environ:
        raise OptionError(field, f"${{{name}}}", "must name a variable that the environment has")
    return os.environ[name]


def client_settings(path: str | None, texts: Iterable[str]) -> dict[str, str]:
    """Settings of librdkafka from a file of KEY=VALUE lines, with # comments, and from KEY=VALUE texts, which override it."""
    lines: list[str] = []
    if path is not None:
        try:
            with open(path, encoding="utf-8") as file:
                lines = [line.strip() for line in file]
        except (OSError, UnicodeDecodeError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or "it is not text"
            raise OptionError("producer_config", path, f"cannot be read: {reason.lower()}") from None
    settings: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if line and not line.startswith("#"):
            settings |= pairs(f"{path}, line {number}", [line])
    return settings | pairs("X", texts)


def duration(field: str, text: str) -> timedelta:
    """A duration such as 90s, 15m, 6h or 2d.

    Example:
        >>> duration("labels_delay", "2d")
        datetime.timedelta(days=2)
    """
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]+)?)([smhd])", text.strip())
    if not match:
        raise OptionError(field, text, "must be a number and a unit, such as 90s, 15m, 6h or 2d")
    try:
        return timedelta(**{UNITS[match[2]]: float(match[1])})
    except OverflowError:  # a fraction may round up to a day too many
        raise OptionError(field, text, f"must be at most {timedelta.max.days}d") from None


def moment(text: str | None) -> datetime | None:
    """A time such as 2026-01-31 12:00:00, or "now", in UTC as event times are."""
    if text is None:
        return None
    if text == "now":
        return datetime.now(UTC).replace(tzinfo=None)
    try:
        return iso_moment(text)
    except ValueError:
        raise OptionError("shift_to", text, "must be now or a moment such as 2026-01-31 12:00:00") from None
