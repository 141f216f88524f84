"""Click commands with options in sections, examples below the help, and usage errors in one line with a hint."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeVar

import click

from fastgen.cli.hints import as_setting, as_value, remember
from fastgen.errors import CLOSED_PIPE, STANDARD_OUTPUT, FastgenError, OptionError, did_you_mean

F = TypeVar("F", bound=Callable[..., Any])


class Option(click.Option):
    """An option that belongs to a section of the help."""

    def __init__(self, *arguments: Any, section: str, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.section = section


def section(title: str) -> Callable[..., Callable[[F], F]]:
    """A decorator like `click.option`, for the options of a section."""
    return partial(click.option, cls=Option, section=title)


def option_group(*options: Callable[[F], F]) -> Callable[[F], F]:
    """A decorator that declares several options, in this order."""

    def declare(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return declare


def examples(*lines: str) -> str:
    """The end of a command's help: example calls."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


class Path(click.Path):
    """The name of a file or a directory; refuses an empty text, which an unset shell variable leaves."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The name, or an OptionError if it is empty."""
        if not value:
            named = max(param.opts, key=len) if isinstance(param, click.Option) else param and param.metavar
            raise OptionError(str(named), value, "must not be empty")
        return super().convert(value, param, ctx)


PATH: Final = Path(readable=False)
"""Not checked for being readable: an output need not be, and the library says what is wrong with an input."""


class Command(click.Command):
    """A command whose help groups options by section."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, in the order of their first options."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx)
            if isinstance(option, click.Option) and record is not None:
                sections.setdefault(getattr(option, "section", "Options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; a usage error names the command in which it was made."""
        remember(ctx, args)
        try:
            with self._options_named():
                return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors name options as flags."""
        try:
            with self._options_named():
                return super().invoke(ctx)
        except BrokenPipeError:  # on which click would exit without a message
            raise FastgenError(f"{STANDARD_OUTPUT}: {CLOSED_PIPE}") from None

    @contextmanager
    def _options_named(self) -> Iterator[None]:
        """Write `shift_to` as --shift-to in errors of the library."""
        try:
            yield
        except OptionError as error:
            field = _flags(self).get(error.field, error.field)
            hint = error.hint and in_flags(error.hint, self)
            raise OptionError(field, error.value, in_flags(error.allowed, self), hint=hint) from error
        except FastgenError as error:
            error.hint = error.hint and in_flags(error.hint, self)
            raise


def in_flags(text: str, command: click.Command) -> str:
    """A text of the library, with options as the command's flags: --shift-to in place of `shift_to`."""
    flags = _flags(command)
    return re.sub(r"`(\w+)`", lambda found: flags.get(found[1], found[0]), text)


def _flags(command: click.Command) -> dict[str, str]:
    """The flags of the library's options; what a library function takes as `data`, options describe."""
    flags = {text.lstrip("-").replace("-", "_"): text for option in command.params for text in option.opts}
    return flags | ({"data": flags["config"]} if "config" in flags else {})


class Group(click.Group):
    """A command with subcommands."""

    command_class = Command
    group_class = type


def usage_error_line(error: click.UsageError) -> str:
    """A usage error in one line: what is wrong, and what to do about it."""
    path = error.ctx.command_path if error.ctx else "fastgen"
    options = error.ctx.command.params if error.ctx else []
    hint = f"{path} --help tells more"
    match error:
        case click.NoSuchOption(option_name=name):
            names = [text for option in options for text in option.opts if text.startswith("--")]
            return _line(f"{name}: {path} has no such option", as_setting(name, error.ctx) or did_you_mean(name, names) or hint)
        case click.NoSuchCommand(command_name=name, ctx=click.Context(command=click.Group() as group) as context):
            names = group.list_commands(context)
            text = f"{name}: {path} has no such command; there are {', '.join(names)}"
            return _line(text, did_you_mean(name, names) or hint)
        case click.MissingParameter(param=click.Option() as missing):
            text = f"{max(missing.opts, key=len)}: must be given: {_meaning(missing)}"
            return _line(text, (error.ctx and as_value(missing, error.ctx)) or hint)
        case click.MissingParameter(param=click.Argument() as missing):
            return _line(f"{missing.metavar}: must be given", hint)
        case click.BadOptionUsage(option_name=name):
            option = next((each for each in options if name in each.opts), None)
            if isinstance(option, click.Option):
                reason = "takes no value" if option.is_flag else f"must have a value: {_meaning(option)}"
                return _line(f"{name}: {reason}", hint)
    text = error.format_message().rstrip(".")
    return _line(text[0].lower() + text[1:], hint)


def _line(text: str, hint: str) -> str:
    return f"{text} ({hint})"


def _meaning(option: click.Option) -> str:
    """What an option is for, in the words of its help."""
    text = option.help or option.metavar or ""
    return text[:1].lower() + text[1:].rstrip(".")
