"""Configurations as people write them: a commented `fastgen.toml`, `key=value` settings, counts such as 10M."""

import json
import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from fastgen.config import Config
from fastgen.errors import ConfigError, OptionError
from fastgen.settings import Interval, Section

_HEADER: Final = "# fastgen: what the data are. The same settings and data version make the same rows, everywhere."
_COUNT: Final = re.compile(r"([+-]?[0-9][0-9_]*(?:\.[0-9_]+)?(?:e\+?[0-9]{1,2})?) ?([kmgbt]?)", re.IGNORECASE)
_UNITS: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}


def parse_setting(text: str) -> dict[str, Any]:
    """A `key=value` setting as nested keywords. The value is a count as `parse_count` has it, or TOML; what is neither is text.

    Raises:
        OptionError: there is no key, or no equals sign.

    Example:
        >>> parse_setting("fraud.ratio=0.01"), parse_setting("start=2023-01-01 12:00:00"), parse_setting("cards=10k")
        ({'fraud': {'ratio': 0.01}}, {'start': datetime.datetime(2023, 1, 1, 12, 0)}, {'cards': 10000})
    """
    key, equals, value = text.partition("=")
    names = [name.strip() for name in key.split(".")]
    if not equals or not all(names):
        raise OptionError("set", text, "must be key=value, such as fraud.ratio=0.01")
    setting: Any = _value(value.strip())
    for name in reversed(names):
        setting = {name: setting}
    return dict(setting)


def _value(text: str) -> Any:
    with suppress(ConfigError):
        return parse_count(text)
    try:
        read = tomllib.loads(f"value = {text}")
    except ValueError:
        return text
    return read["value"] if read.keys() == {"value"} else text


def parse_count(text: str, field: str = "rows") -> int:
    """A whole number as people write it: underscores, exponents, and k, M, G (or B), T in either case.

    Raises:
        ConfigError: it is none, naming `field`.

    Example:
        >>> [parse_count(text) for text in ("1_000", "2.5k", "10M", "1e6", "0.5 B")]
        [1000, 2500, 10000000, 1000000, 500000000]
    """
    match = _COUNT.fullmatch(text.strip())
    count = Decimal(match[1]) * _UNITS[match[2].lower()] if match else Decimal("NaN")
    if not match or count != count.to_integral_value():
        raise ConfigError(field, text, "must be a whole number such as 250000, 2.5k, 10M or 1e6")
    return int(count)


def to_toml(config: Config) -> str:
    """The configuration as a `fastgen.toml` that explains every setting, and loads back to an equal one.

    A setting that is not given is a comment with an example. `to_toml(Config())` is the file to start from.
    """
    return "\n".join([_HEADER, *_table(config, "")]) + "\n"


def _table(section: Section, prefix: str) -> Iterator[str]:
    tables = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            tables.append((f"{prefix}{name}", field.description, value))
            continue
        yield ""
        yield f"# {field.description}"
        if isinstance(value, tuple) and isinstance(value[0], Section):
            yield from (f"#   {inner}: {about.description}" for inner, about in type(value[0]).model_fields.items())
        yield f"# {name} = {_toml((field.examples or [0])[0])}" if value is None else f"{name} = {_toml(value)}"
    for path, description, value in tables:
        yield ""
        yield f"# {description}"
        yield f"[{path}]"
        yield from _table(value, f"{path}.")


def _toml(value: object) -> str:
    """The few kinds of values that settings have, each a line of TOML; a list of tables is a line for each."""
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False)  # the same as TOML for printable text
        case Section():
            return "{ " + ", ".join(f"{name} = {_toml(inner)}" for name, inner in value) + " }"
        case Interval():
            return f"[{value.low}, {value.high}]"
        case tuple():
            return "\n".join(["[", *(f"    {_toml(inner)}," for inner in value), "]"])
        case datetime():
            return str(value)
        case _:
            return repr(value)
