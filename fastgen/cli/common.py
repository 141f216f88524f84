"""What the commands share: options that say what the data are, messages, units."""

import gc
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from fastgen.cli import completing
from fastgen.cli.commands import PATH, option_group, section
from fastgen.errors import CLOSED_OUTPUT, OptionError, OutputError

if TYPE_CHECKING:
    from fastgen.config import Config
    from fastgen.dataset import Dataset


def collect_seldom() -> None:
    """Run the garbage collector less often: imports and compilers create millions of objects, most of which stay.

    Saves a tenth of the time of short runs, and takes 10 MB more where kernels are compiled.
    """
    gc.set_threshold(20_000, 10, 10)


class ClosedOutput(io.TextIOBase):
    """Replaces a closed standard output, whose data would be lost without an error."""

    def write(self, _text: str) -> int:
        """Raise OutputError."""
        raise OutputError(CLOSED_OUTPUT)

    def fileno(self) -> int:
        """Raise OutputError."""
        raise OutputError(CLOSED_OUTPUT)


def say(text: str) -> None:
    """Print a line for the user to the standard error; if that is full or closed, it is dropped."""
    with suppress(OSError):
        click.echo(f"fastgen: {text}", err=True)


def is_interactive(quiet: bool, no_progress: bool) -> bool:
    """Whether to show progress: there is a terminal that can show it, and no option forbids it."""
    if quiet or no_progress or os.environ.get("TERM") == "dumb":
        return False
    return sys.stderr is not None and sys.stderr.isatty()


class Number(click.ParamType[Any]):
    """A number; other values get the same kind of error line as every other mistake."""

    name = "number"

    def __init__(self, kind: Callable[[str], Any], what: str) -> None:
        self.kind, self.what = kind, what

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002
        """The number, or an OptionError that names the option."""
        with suppress(ValueError):
            if str(value).isascii():  # Python reads the digits of all scripts
                return self.kind(value)
        raise OptionError(str(param and param.name), value, f"must be {self.what}")


WHOLE = Number(int, "a whole number")
REAL = Number(float, "a number")


data = section("The data")
_data_options = option_group(
    data("--config", "path", type=PATH, metavar="FILE", help="Settings from a TOML file (see fastgen config init)."),
    data("--rows", metavar="N", help="Exact number of transactions, such as 500000 or 10M; all else in proportion."),
    data("--scale", type=REAL, metavar="X", help="Size as a multiple of the default dataset, which has 106,020 transactions."),
    data("--seed", type=WHOLE, metavar="N", help="Seed of all random draws."),
    data(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        shell_complete=completing.settings,
        help="One setting, such as fraud.ratio=0.01; repeatable.",
    ),
)


class DataOptions(NamedTuple):
    """The values of the options that describe the data."""

    path: str | None
    rows: str | None
    scale: float | None
    seed: int | None
    settings: tuple[str, ...]

    @property
    def are_given(self) -> bool:
        """Whether any of them is given."""
        return any(value not in (None, ()) for value in self)

    def config(self) -> "Config":
        """The configuration that they describe; flags override --set, which overrides the file."""
        from fastgen.config_text import config_from_texts

        return config_from_texts(self.path, self.settings, self.rows, scale=self.scale, seed=self.seed)


def data_options(command: Callable[..., None]) -> Callable[..., None]:
    """Declare the options that describe the data; the command gets their values as `described`."""

    @wraps(command)
    def with_options(**options: Any) -> None:
        command(described=DataOptions(**{name: options.pop(name) for name in DataOptions._fields}), **options)

    return _data_options(with_options)


def announce(data: "Dataset") -> None:
    """Say where the data differ from what was requested."""
    plan = data.plan
    if plan.cash_cards < plan.cash_cards_requested:
        say(f"note: {plan.cash_cards:,} cash cards, not {plan.cash_cards_requested:,}: no more cards have a susceptible holder")


def counted(number: int, plural: str) -> str:
    """A number with its noun, such as 1 transaction or 20 transactions."""
    return f"{number:,} {plural.removesuffix('s') if number == 1 else plural}"


def human_size(size: float) -> str:
    """Bytes in decimal units."""
    for unit in ("B", "kB", "MB", "GB"):
        if round(size, 1) < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
