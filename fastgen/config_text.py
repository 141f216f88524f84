"""Configurations as people write them: `fastgen.toml` read and written, `key=value` settings, counts such as 10M."""

import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from fastgen.config import Config
from fastgen.errors import NOT_GIVEN, ConfigError, OptionError
from fastgen.paths import local_path
from fastgen.settings import Interval, Section

_HEADER: Final = "# fastgen: what the data are. The same settings and data version make the same rows, everywhere."
_MOST_BYTES: Final = 2**24
"""A longer file is no configuration, but data or a device that never ends."""
_DIGITS: Final = "[0-9](?:_?[0-9])*"
_COUNT: Final = re.compile(rf"([+-]?{_DIGITS}(?:\.{_DIGITS})?(?:e\+?[0-9]{{1,2}})?) ?([kmgbt]?)", re.IGNORECASE)
_UNITS: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}


def load_config(path: str | os.PathLike[str] | None = None, **overrides: Any) -> Config:
    """Return the configuration of a TOML file, with keywords of `Config` overriding it.

    Sections are merged key by key, lists are replaced. A size given as a keyword replaces the file's: `rows` replaces its
    `scale` and `payments`, and each of these its `rows`. Counts that the file gives one by one stay, whatever `scale` is.

    Args:
        path: the file; without one, settings that are not among the keywords have their defaults.
        **overrides: settings by name, as for `Config`; None keeps the file's value.

    Raises:
        ConfigError: the file cannot be read or is not TOML; a setting is unknown or not allowed. The error names the file
            if the setting comes from there.

    Example:
        >>> load_config(rows=1_000, fraud={"ratio": 0.01}).fraud.ratio
        0.01
    """
    file = None if path is None else local_path("path", path, "must be a file", ConfigError)
    settings = {} if file is None else _read(file)
    given = {key: value for key, value in overrides.items() if value is not None}
    replaced = {"scale", "payments"} if "rows" in given else {"rows"} if given.keys() & {"scale", "payments"} else set()
    kept = {key: value for key, value in settings.items() if key not in replaced}
    try:
        return Config(**merge(kept, given))
    except ConfigError as error:
        for each in (error, *error.others):
            if isinstance(each, ConfigError) and _has(kept, each.field) and not _has(given, each.field):
                each.file = file
        raise


def config_from_texts(path: str | None, settings: Iterable[str] = (), rows: str | None = None, **given: Any) -> Config:
    """Return the configuration of a file and of settings that come as text, each of which overrides those before.

    Args:
        path: the file, see `load_config`. settings: such as "fraud.ratio=0.01". rows: such as "10M". given: further settings by
            name; those that are None are not given.

    Raises:
        ConfigError: a setting is not allowed, or the file cannot be read.

    Example:
        >>> config = config_from_texts(None, ["seed=1", "cards=50"], rows="2k", seed=7)
        >>> config.seed, config.cards, config.rows
        (7, 50, 2000)
    """
    flags = {"rows": None if rows is None else parse_count(rows), **given}
    present = {name: value for name, value in flags.items() if value is not None}
    return load_config(path, **merge(*map(parse_setting, settings), present))


def _has(settings: Mapping[str, Any], field: str) -> bool:
    """Whether a setting with a dotted name such as `categories[2].share` is given, or the list that would contain it."""
    if field in settings:  # a quoted key with dots in it, which is not a setting
        return True
    found: Any = settings
    for key in field.partition("[")[0].split("."):
        if not isinstance(found, Mapping) or key not in found:
            return False
        found = found[key]
    return True


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        hint = "fastgen config init writes one" if isinstance(error, FileNotFoundError) else None
        raise ConfigError(path, NOT_GIVEN, f"cannot be read: {(error.strerror or str(error)).lower()}", hint=hint) from None
    if len(content) > _MOST_BYTES:
        raise ConfigError(path, NOT_GIVEN, f"must have at most {_MOST_BYTES:,} bytes")
    try:
        return tomllib.loads(content.decode("utf-8-sig"))  # some editors begin a file with a byte order mark
    except UnicodeDecodeError as error:
        raise ConfigError(path, NOT_GIVEN, f"is not UTF-8 text at byte {error.start}") from None
    except RecursionError:
        raise ConfigError(path, NOT_GIVEN, "is nested too deeply") from None
    except ValueError as error:
        raise ConfigError(path, NOT_GIVEN, f"is not valid TOML: {error}") from None


def merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Merge nested settings; later layers win, and no layer is changed.

    Example:
        >>> merge({"seed": 1, "fraud": {"ratio": 0.1}}, {"fraud": {"chain_lengths": [2, 3]}}, {"seed": 2})
        {'seed': 2, 'fraud': {'ratio': 0.1, 'chain_lengths': [2, 3]}}
    """
    merged: dict[str, Any] = {}
    waiting = [(merged, layer) for layer in layers]
    for into, layer in waiting:  # which grows meanwhile: dotted keys may be nested more deeply than calls can be
        for key, value in layer.items():
            if not isinstance(value, Mapping):
                into[key] = value
                continue
            if not isinstance(into.get(key), dict):
                into[key] = {}
            waiting.append((into[key], value))
    return merged


def parse_setting(text: str) -> dict[str, Any]:
    """Parse a `key=value` setting into nested keywords. A value that is neither a count (`parse_count`) nor TOML is text.

    Raises:
        OptionError: there is no key, or no equals sign.

    Example:
        >>> parse_setting("fraud.ratio=0.01"), parse_setting("start=2023-01-01 12:00:00"), parse_setting("cards=10k")
        ({'fraud': {'ratio': 0.01}}, {'start': datetime.datetime(2023, 1, 1, 12, 0)}, {'cards': 10000})
    """
    key, equals, value = text.partition("=")
    names = [name.strip() for name in key.split(".")]
    if not equals or not all(name and name.isprintable() for name in names):
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
    except (ValueError, RecursionError):
        return text
    return read["value"] if read.keys() == {"value"} else text


def parse_count(text: str, field: str = "rows") -> int:
    """Parse a whole number as people write it: with underscores, exponents, and k, M, G (or B), T in either case.

    Raises:
        ConfigError: the text is not a whole number; the error names `field`.

    Example:
        >>> [parse_count(text) for text in ("1_000", "2.5k", "10M", "1e6", "0.5 B")]
        [1000, 2500, 10000000, 1000000, 500000000]
    """
    match, count = _COUNT.fullmatch(text.strip()), None
    with suppress(ValueError):  # Python reads no number of more than 4,300 digits
        count = Fraction(match[1]) * _UNITS[match[2].lower()] if match else None
    if count is None or count.denominator != 1:
        raise ConfigError(field, text, "must be a whole number such as 250000, 2.5k, 10M or 1e6")
    return int(count)


def to_toml(config: Config) -> str:
    """Return a `fastgen.toml` that explains every setting and loads back as an equal configuration.

    Settings that are not given are commented out, with an example. `to_toml(Config())` is the file to start from.
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
    """A value of a setting in TOML: one line, or for a list of sections one line each."""
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
