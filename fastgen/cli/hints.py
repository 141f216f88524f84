"""Guesses at what was meant by an option or an argument that a command does not have."""

import shlex
from collections.abc import Sequence
from itertools import pairwise

import click

WORDS = "fastgen.words"
"""The key under which a command's context keeps its arguments."""


def remember(ctx: click.Context, words: Sequence[str]) -> None:
    """Keep the arguments of a command, for hints."""
    ctx.meta[WORDS] = list(words)


def as_setting(option: str, ctx: click.Context | None) -> str | None:
    """A hint for an unknown option that names a setting, if the command takes settings: how to give it.

    The option may be the setting's whole name or the last part of it, with hyphens, dots or underscores.
    """
    if ctx is None or not any("--set" in each.opts for each in ctx.command.params):
        return None
    from fastgen.config import Config
    from fastgen.settings import plain_settings

    settings = plain_settings(Config)
    names = {_plain(name.rpartition(".")[2]): name for name in reversed([*settings])}  # of two with the same last part, the first
    names |= {_plain(name): name for name in settings}  # a whole name wins over the last part of another
    found = names.get(_plain(option))
    return found and f"{found} is a setting: --set {shlex.quote(f'{found}={_value(option, ctx)}')}"


def as_value(missing: click.Option, ctx: click.Context) -> str | None:
    """A hint for a missing option if there is one argument too many, which may be its value."""
    try:
        _, left, _ = ctx.command.make_parser(ctx).parse_args(_words(ctx))
    except click.UsageError:
        return None
    return f"did you mean {max(missing.opts, key=len)} {shlex.quote(left[0])}?" if len(left) == 1 else None


def _words(ctx: click.Context) -> list[str]:
    return [*ctx.meta.get(WORDS, ())]


def _plain(name: str) -> str:
    return name.lstrip("-").replace("-", "_").replace(".", "_").lower()


def _value(option: str, ctx: click.Context) -> str:
    """The value that was given to an option, or a placeholder for it."""
    for word, after in pairwise([*_words(ctx), "-"]):
        name, equals, value = word.partition("=")
        if name == option and (equals or not after.startswith("-")):
            return value if equals else after
    return "VALUE"
