"""How settings are declared and checked, and how a wrong one is reported: in one line that names the field.

The only module that knows pydantic, whose errors about settings become `ConfigError`s.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from math import ceil
from numbers import Integral, Real
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, Self, TypeVar, dataclass_transform, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, Strict, ValidationError, model_validator
from pydantic_core import CoreSchema, ErrorDetails, PydanticUndefined, core_schema

from fastgen.errors import NOT_GIVEN, ConfigError, did_you_mean, nearest

T = TypeVar("T")
UNKNOWN: Final = "unknown setting"


class Interval(NamedTuple):
    """Whole numbers from `low` to `high`, both included; `[low, high]` in TOML.

    Example:
        >>> list(Interval(3, 5).values)
        [3, 4, 5]
    """

    low: int
    high: int

    @property
    def values(self) -> range:
        """All the numbers."""
        return range(self.low, self.high + 1)


@dataclass(frozen=True, slots=True)
class Within:
    """Annotates an int, float or `Interval` setting with its bounds; one message states both type and bounds.

    A float setting accepts integers, an int setting whole floats, and all accept numpy's scalars. Text, booleans, NaN and floats
    in intervals are refused.
    """

    low: float
    high: float
    above: bool = False  # the low bound itself is not allowed
    places: int | None = None  # most decimals

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic how to check a setting of the type `source`."""
        if source is float:
            least, above = (None, self.low) if self.above else (self.low, None)
            return core_schema.no_info_before_validator_function(
                self._real, core_schema.float_schema(ge=least, gt=above, le=self.high)
            )
        whole = core_schema.int_schema(ge=ceil(self.low), le=int(self.high))
        if source is int:
            return core_schema.no_info_before_validator_function(self._whole, whole)
        pair = core_schema.no_info_before_validator_function(self._pair, core_schema.tuple_schema([whole, whole]))
        return core_schema.no_info_after_validator_function(Interval._make, pair)

    def _whole(self, value: Any) -> int:
        if self._holds(value, Real):  # such as 1e6, which is a float in TOML
            whole = int(value)
            if whole == value and self._holds(whole, Integral):  # a float may be rounded where it is compared with a bound
                return whole
        raise ValueError(f"must be a whole number {self._bounds()}")

    def _real(self, value: Any) -> float:
        if self._holds(value, Real):
            number = float(value)
            if self._holds(number, Real):  # as a double, a float32 has other decimals
                return number + 0.0  # never -0.0
        raise ValueError(f"must be a number {self._bounds()}")

    def _pair(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)) and len(value) == 2 and all(self._holds(x, Integral) for x in value):
            low, high = map(int, value)
            if low <= high:
                return low, high
        raise ValueError(f"must be [low, high], low not above high, whole numbers {self._bounds()}")

    def _holds(self, value: Any, kind: type) -> bool:
        if not isinstance(value, kind) or isinstance(value, bool):
            return False
        number: Any = value
        inside = self.low <= number <= self.high and not (self.above and number == self.low)
        return bool(inside and (self.places is None or round(float(number), self.places) == number))

    def _bounds(self) -> str:
        text = f"above {self.low:,} and at most {self.high:,}" if self.above else f"between {self.low:,} and {self.high:,}"
        return text if self.places is None else f"{text}, with at most {self.places} decimals"


def iso_moment(text: str) -> datetime:
    """A moment from ISO text; ValueError if it is none. Python 3.14 would read 24:00, too, which earlier versions do not know.

    Example:
        >>> iso_moment("2022-01-31 17:30")
        datetime.datetime(2022, 1, 31, 17, 30)
    """
    if re.search("[ T]24", text):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _moment(value: object) -> datetime:
    """A naive datetime of whole seconds from a datetime, a date or ISO text."""
    try:
        moment = iso_moment(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    match moment:
        case datetime(tzinfo=None, year=year) if 1970 <= year <= 9900:
            whole = datetime(*moment.timetuple()[:6])
            if whole == moment:  # pandas' times may differ by nanoseconds
                return whole
        case date(year=year) if 1970 <= year <= 9900 and not isinstance(moment, datetime):
            return datetime.combine(moment, time())
    raise ValueError("must be a date and time such as 2022-01-01 00:00:00, in whole seconds, no time zone, years 1970 to 9900")


def _listed(value: object) -> object:
    """Turn a list, which TOML has, into a tuple; values without an order are left to be refused."""
    return tuple(value) if isinstance(value, list) else value


Moment = Annotated[datetime, BeforeValidator(_moment)]
Text = Annotated[str, Strict()]
Listed = Annotated[tuple[T, ...], BeforeValidator(_listed), Strict()]


def setting(description: str, *, default: Any = PydanticUndefined, example: object = None, most: int | None = None) -> Any:
    """Declare a setting: its meaning in one line, an example if it has no default, the most entries of a list."""
    examples = None if example is None else [example]
    return Field(default, description=description, examples=examples, min_length=None if most is None else 1, max_length=most)


@dataclass_transform(kw_only_default=True, field_specifiers=(setting,))
class Section(BaseModel):
    """A frozen group of settings, which refuses unknown ones and raises no error but `ConfigError`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    if not TYPE_CHECKING:  # type checkers see the settings instead

        def __init__(self, /, *unnamed, **settings):
            """Check the settings; `ConfigError` names the first that is not allowed."""
            if unnamed:
                raise TypeError(f"{type(self).__name__} takes settings by name, and not {unnamed[0]!r} alone")
            with _config_errors(type(self)):
                super().__init__(**settings)

        @classmethod
        def model_validate(cls, obj, **options):
            with _config_errors(cls):
                return super().model_validate(obj, **options)

        @classmethod
        def model_validate_json(cls, json_data, **options):
            with _config_errors(cls):
                return super().model_validate_json(json_data, **options)

        def __setattr__(self, name, value):
            with _config_errors(type(self)):
                super().__setattr__(name, value)

        def __delattr__(self, name):
            with _config_errors(type(self)):
                super().__delattr__(name)

        def model_copy(self, *, update=None, deep=False):  # noqa: ARG002 - settings are frozen
            """Return a copy with some settings changed, which are checked like those of a new one."""
            given = {name: getattr(self, name) for name in self.model_fields_set}
            return type(self)(**given | dict(update or {}))

    def __str__(self) -> str:
        return repr(self)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """The settings that differ from their defaults: the others follow from the version."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if field.is_required() or value != field.get_default(call_default_factory=True):
                yield name, value

    def _check(self) -> None:
        """Raise `ConfigError` if settings that are each valid alone contradict each other."""

    @model_validator(mode="after")
    def _checked(self) -> Self:
        self._check()
        return self


_REASONS: Final = {
    "missing": "is required",
    "model_type": "must be a table of settings",
    "string_type": "must be text",
    "string_unicode": "must be text",
    "frozen_instance": "cannot be changed, as it is frozen: model_copy makes another",
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} entries",
}


@contextmanager
def _config_errors(kind: type[Section]) -> Iterator[None]:
    """Raise pydantic's errors as `ConfigError`s."""
    try:
        yield
    except ValidationError as error:
        raise _config_error(kind, error) from None


def _config_error(kind: type[Section], error: ValidationError) -> ConfigError:
    """Turn pydantic's errors into one `ConfigError`: the first, with the rest as its `others`."""
    # Unknown settings first: a misspelt one is reported as missing, too.
    details = sorted(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
    # pydantic reports a list with wrong entries as too short, too.
    relevant = [d for d in details if not (d["type"] == "too_short" and d["input"])]
    first, *others = [error for detail in relevant for error in _translated(kind, detail)]
    first.others = tuple(others)
    return first


def _translated(kind: type[Section], detail: ErrorDetails) -> Iterator[ConfigError]:
    field = re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", ".".join(map(str, detail["loc"])))
    context = detail.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, ConfigError):  # from a check, perhaps of a section inside this one
        for each in cause.each():
            inner = ".".join(filter(None, (field, each.field)))
            hint = _nearest(kind, inner) if each.allowed == UNKNOWN else each.hint
            yield ConfigError(inner, each.value, each.allowed, hint=hint)
    elif detail["type"] == "extra_forbidden":
        yield ConfigError(field, detail["input"], UNKNOWN, hint=_nearest(kind, field))
    else:
        allowed = str(cause) if cause else _REASONS.get(detail["type"], detail["msg"]).format(**context)
        without_value = detail["type"] in ("missing", "frozen_instance")
        yield ConfigError(field or kind.__name__, NOT_GIVEN if without_value else detail["input"], allowed)


def _nearest(kind: type[Section], field: str) -> str:
    """A hint for an unknown setting."""
    names = [name for name, _ in setting_descriptions(kind)]
    table, _, name = field.rpartition(".")
    if field in names:  # written as one key, in quotes
        return f"{name} is a setting of the table {table}: {table} = {{ {name} = ... }}"
    if table in names and name in names:
        return f"{name} is a top-level setting: put it above the first table"
    alike = [known for known in names if known != table and nearest(name, [known.rpartition(".")[2]])]
    near = did_you_mean(re.sub(r"\[\d+\]", "[]", field), alike)
    if near is None:
        return "fastgen config show prints all that there are"
    numbers = iter(re.findall(r"\[\d+\]", field))
    return re.sub(r"\[\]", lambda _: next(numbers, "[0]"), near)


def plain_settings(kind: type[Section]) -> dict[str, str]:
    """What `setting_descriptions` yields, as a dict, without tables of settings and the settings in entries of lists.

    Example:
        >>> from fastgen.sections import Fraud
        >>> list(plain_settings(Fraud))
        ['ratio', 'chain_lengths', 'chain_gap_seconds']
    """
    meanings = dict(setting_descriptions(kind))
    tables = {name.rpartition(".")[0] for name in meanings}
    return {name: meaning for name, meaning in meanings.items() if "[]" not in name and name not in tables}


def setting_descriptions(kind: type[Section]) -> Iterator[tuple[str, str]]:
    """Yield the dotted names and the meanings of all settings; names of those in the entries of a list have [] in them.

    Example:
        >>> from fastgen.sections import Atm
        >>> [name for name, _ in setting_descriptions(Atm)][-4:]
        ['bands', 'bands[].share', 'bands[].low', 'bands[].high']
    """
    for name, field in kind.model_fields.items():
        yield name, field.description or ""
        entries = get_args(field.annotation)
        inner, between = (entries[0], "[].") if entries else (field.annotation, ".")
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from ((f"{name}{between}{below}", meaning) for below, meaning in setting_descriptions(inner))
