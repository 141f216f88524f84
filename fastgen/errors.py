"""All errors, as one tree. A run that fails ends with one of them, printed on one line.

    FastgenError                     exit code 1
    ├── UsageError (ValueError)      exit code 2     a value is not allowed
    │   ├── ConfigError                              ... in the configuration of the data
    │   └── OptionError                              ... in an option of the run: format, parts, columns
    ├── InputError                   exit code 1     a file cannot be read: missing, truncated, not what its name says
    ├── DifferenceError              exit code 1     data differ from what their configuration generates
    ├── OutputError                  exit code 1     an output cannot be written: no permission, disk full
    │   └── OutputExistsError                        ... because it exists already
    ├── KafkaError                   exit code 1     no broker answers, or a topic is not as required
    │   └── DeliveryError            exit code 1     ... or messages were not acknowledged
    └── InterruptedRunError          exit code 130   the user stopped the run
        └── TerminatedRunError       exit code 143   ... or something else did, by SIGTERM or SIGHUP

`str(error)` is a single line and ends with the hint, if there is one. All errors can be pickled.
"""

import re
from collections.abc import Iterable
from copy import copy
from datetime import date, time, timedelta
from difflib import get_close_matches
from typing import ClassVar, Final

STANDARD_OUTPUT = "the standard output"
CLOSED_OUTPUT = f"{STANDARD_OUTPUT}: cannot be written: it is closed"
CLOSED_PIPE = "the reader closed the pipe before all was written"
NOT_GIVEN = ...
"""The `value` of an error about something that has no value to show."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class FastgenError(Exception):
    """Base of all errors that fastgen raises on purpose; raised itself if a required package is not installed.

    `str` gives a single line. All errors can be pickled.

    Attributes:
        message: what is wrong.
        hint: what to do about it, in a few words, or None.
        exit_code: the exit code of the command.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        """`message` says what is wrong, `hint` in a few words what to do about it."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """The message and the hint, in one line."""
        notes = self._notes()
        text = f"{self.message} ({'; '.join(notes)})" if notes else self.message
        # Names from a file may have characters that a terminal obeys.
        return _CONTROL.sub(lambda found: repr(found[0])[1:-1], " ".join(text.splitlines()))

    def _notes(self) -> list[str]:
        return [self.hint] if self.hint else []


class UsageError(FastgenError, ValueError):
    """A value that is not allowed.

    Attributes:
        field: the name of what is wrong, such as a setting or an option.
        value: the value given; `...` if there is none to show.
        allowed: what is allowed, or why the value is not.
        others: the errors found together with this one.

    Example:
        >>> print(UsageError("fraud.ratio", 1.5, "must be between 0 and 1"))
        fraud.ratio = 1.5: must be between 0 and 1
        >>> rows = UsageError("rows", 0, "must be at least 1")
        >>> print(UsageError("seed", "x", "must be a number", hint="drop the quotes", others=[rows]))
        seed = 'x': must be a number (drop the quotes; and 1 more)
    """

    exit_code = 2

    def __init__(
        self, field: str, value: object, allowed: str, *, hint: str | None = None, others: Iterable["UsageError"] = ()
    ) -> None:
        """`field` names what is wrong, `value` is what was given (or `NOT_GIVEN`), `allowed` says what is allowed.

        `others` are the errors found together with this one.
        """
        subject = field if value is NOT_GIVEN else f"{field} = {_shown(value)}"
        super().__init__(f"{subject}: {allowed}", hint=hint)
        self.args = (field, value, allowed)  # what unpickling calls the class with
        self.field, self.value, self.allowed, self.others = field, value, allowed, tuple(others)

    def each(self) -> list["UsageError"]:
        """This error and those found together with it, each on its own."""
        alone = copy(self)
        alone.others = ()
        return [alone, *self.others]

    def _notes(self) -> list[str]:
        return [*super()._notes(), f"and {len(self.others)} more"] if self.others else super()._notes()


class ConfigError(UsageError):
    """A setting of the configuration is not valid. `field` is a dotted name such as `categories[2].share`.

    Attributes:
        file: the file with the setting; None if it does not come from a file.
    """

    file: str | None = None

    def _notes(self) -> list[str]:
        return [f"in {self.file}", *super()._notes()] if self.file else super()._notes()


class OptionError(UsageError):
    """An option of a run, such as a format, a number of parts or a column, is not valid.

    In `allowed`, and in the hints of all errors, names of other options are in backticks; the command prints them as flags.
    """


class InputError(FastgenError):
    """An input cannot be read: it is missing, truncated, or not what its name says."""


class DifferenceError(FastgenError):
    """Data differ from what their configuration generates, or fail a check.

    The commands `verify` and `validate` end with it; the functions return a report instead.
    """


class OutputError(FastgenError):
    """An output cannot be written, for example for lack of permission or disk space."""


class OutputExistsError(OutputError):
    """An output exists already and was not to be overwritten."""


class KafkaError(FastgenError):
    """No broker answers, or a topic is not as required."""


class DeliveryError(KafkaError):
    """Messages were not acknowledged, or a topic got more than were sent; `message` says how many, and why."""


class InterruptedRunError(FastgenError):
    """The user stopped a command."""

    exit_code = 130


class TerminatedRunError(InterruptedRunError):
    """A command was stopped by SIGTERM, or because its terminal was closed."""

    exit_code = 143


def missing(package: str, purpose: str, extra: str) -> FastgenError:
    """The error about a package that is not installed but comes with one of fastgen's extras.

    Example:
        >>> print(missing("scipy", "which judging data needs", "validate"))
        scipy, which judging data needs, is not installed (it is in the extra validate: pip install 'fastgen-payments[validate]')
    """
    return FastgenError(
        f"{package}, {purpose}, is not installed", hint=f"it is in the extra {extra}: pip install 'fastgen-payments[{extra}]'"
    )


def did_you_mean(name: object, known: Iterable[str]) -> str | None:
    """A hint with the known name nearest to a wrong one, see `nearest`; None if none is near or the wrong name is not text.

    Example:
        >>> did_you_mean("amout", ["tid", "amount"])
        'did you mean amount?'
    """
    near = nearest(name, known) if isinstance(name, str) else None
    return None if near is None else f"did you mean {near}?"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name nearest to a given one, or None; case and leading hyphens do not count.

    If none is near, it is the only known name that begins with the given one.

    Example:
        >>> nearest("Amount_EUR", ["tid", "amount"])
        'amount'
        >>> nearest("gen", ["generate", "report"])
        'generate'
    """
    names = {each.lower().lstrip("-"): each for each in known}
    given = name.lower().lstrip("-")
    near = get_close_matches(given, names, n=1) or [each for each in names if given and each.startswith(given)]
    return names[near[0]] if len(near) == 1 else None


def _shown(value: object, width: int = 60) -> str:
    """The value as its author would recognise it, in at most `width` characters."""
    try:
        text = _written(value)
    except (ValueError, RecursionError):  # an integer too long to print, or lists nested too deeply
        text = f"<{type(value).__name__}>"
    return text if len(text) <= width else text[: width - 3] + "..."


def _written(value: object) -> str:
    match value:
        case timedelta():
            return span(value)
        case date() | time():
            return str(value)
        case bool():  # as in TOML
            return str(value).lower()
        case list() | tuple():  # lists are kept as tuples
            return f"[{', '.join(map(_written, value))}]"
        case dict():
            return f"{{{', '.join(f'{name!r}: {_written(inner)}' for name, inner in value.items())}}}"
        case _:
            return repr(value)


def span(length: timedelta) -> str:
    """A length of time in words; whole days are written without hours.

    Example:
        >>> span(timedelta(days=7)), span(timedelta(hours=30))
        ('7 days', '1 day, 6:00:00')
    """
    return str(length).removesuffix(", 0:00:00")
