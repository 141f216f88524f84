"""What somebody may have meant who calls a command with an option or an argument that it does not have."""

import shlex
from collections.abc import Sequence
from itertools import pairwise

import click

WORDS = "fastgen.words"
"""Under which a command's context keeps what it was called with."""


def remember(ctx: click.Context, words: Sequence[str]) -> None:
    """Keep what a command is called with, for hints."""
    ctx.meta[WORDS] = list(words)


def as_setting(option: str, ctx: click.Context | None) -> str | None:
    """A hint for an option that is a setting, if the command takes those: how to give it.

    The whole name counts, or its last part, with hyphens, dots or underscores.
    """
    if ctx is None or not any("--set" in each.opts for each in ctx.command.params):
        return None
    from fastgen.config import Config
    from fastgen.settings import single

    settings = single(Config)
    names = {_plain(name.rpartition(".")[2]): name for name in reversed([*settings])}  # of two, the first
    names |= {_plain(name): name for name in settings}  # a whole name counts before another one's last part
    found = names.get(_plain(option))
    return found and f"{found} is a setting: --set {shlex.quote(f'{found}={_value(option, ctx)}')}"


def as_value(missing: click.Option, ctx: click.Context) -> str | None:
    """A hint for an option that is missing where there is one argument too many, which may be its value."""
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
    """The value that an option was called with, or a word for it."""
    for word, after in pairwise([*_words(ctx), "-"]):
        name, equals, value = word.partition("=")
        if name == option and (equals or not after.startswith("-")):
            return value if equals else after
    return "VALUE"
