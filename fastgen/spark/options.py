"""Parsing of the data source's options."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Final, NamedTuple, ParamSpec, TypeVar

from fastgen.arguments import check_columns, check_table
from fastgen.config import Config
from fastgen.config_text import config_from_texts, parse_count
from fastgen.errors import ConfigError, FastgenError, OptionError, did_you_mean

OPTIONS: Final = ("table", "columns", "parts", "config", "rowsPerSecond")
"""Options other than the settings of a configuration."""
_OWN: Final = frozenset(name.lower() for name in OPTIONS)

P = ParamSpec("P")
R = TypeVar("R")


def in_one_line(method: Callable[P, R]) -> Callable[P, R]:
    """Strip the traceback from errors: Spark puts it into the message, where it would bury the line that says what is wrong."""

    @wraps(method)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except FastgenError as error:
            raise error.with_traceback(None) from None

    return wrapper


class SourceOptions(NamedTuple):
    """Parsed options; None for those that were not given."""

    config: Config
    table: str
    columns: tuple[str, ...] | None
    parts: int | None
    rows_per_second: int | None


def parse_options(options: Mapping[str, str]) -> SourceOptions:
    """Parse options; their names are case-insensitive.

    Raises:
        OptionError: an unknown option, table or column, or a number out of range.
        ConfigError: a setting is not allowed, or the file cannot be read.

    Example:
        >>> request = parse_options({"rows": "10k", "atm.cards": "0", "columns": "cc_num, amount"})
        >>> request.config.rows, request.config.atm.cards, request.columns
        (10000, 0, ('cc_num', 'amount'))
    """
    given = {name.lower(): value for name, value in options.items()}
    settings = {name: value for name, value in given.items() if name not in _OWN}
    _check_names(settings)
    rows = settings.pop("rows", None)
    table = check_table(given.get("table", "transactions"))
    return SourceOptions(
        config=config_from_texts(given.get("config"), [f"{name}={value}" for name, value in settings.items()], rows),
        table=table,
        columns=known_columns(table, [name.strip() for name in given["columns"].split(",")]) if "columns" in given else None,
        parts=_positive("parts", given),
        rows_per_second=_positive("rowsPerSecond", given),
    )


def _check_names(settings: Mapping[str, str]) -> None:
    """Refuse unknown options; dotted names are left to the configuration, whose errors are more precise."""
    known = ["rows", *OPTIONS, *(name for name in Config.model_fields if name != "rows")]
    for name, value in settings.items():
        if "." not in name and name not in Config.model_fields:
            allowed = f"there is no such option; there are {', '.join(known)}, and settings such as fraud.ratio"
            raise OptionError(name, value, allowed, hint=did_you_mean(name, known))


def known_columns(table: str, names: Sequence[str]) -> tuple[str, ...]:
    """Check that the table has these columns, and return them as a tuple."""
    check_columns(table, names)
    return tuple(names)


def _positive(name: str, given: Mapping[str, str]) -> int | None:
    """Parse a whole number of at least 1, such as 64 or 10k; None if not given."""
    text = given.get(name.lower())
    if text is None:
        return None
    try:
        number = parse_count(text, name)
    except ConfigError as error:
        raise OptionError(name, text, error.allowed) from None
    if number < 1:
        raise OptionError(name, text, "must be a whole number of at least 1")
    return number
