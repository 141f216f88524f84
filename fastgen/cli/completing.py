"""Shell completion: the candidates for each option, and `fastgen completion`, which prints the shell's script."""

from collections.abc import Callable, Iterable
from typing import Any

import click

from fastgen.cli.commands import Command, examples
from fastgen.errors import OptionError, did_you_mean

Complete = Callable[[click.Context, click.Parameter, str], list[Any]]
SHELLS = ("bash", "zsh", "fish")


def words(*texts: str) -> Complete:
    """A completer that offers these words."""
    return lambda _, __, begun: _beginning(begun, texts)


def _beginning(begun: str, texts: Iterable[str]) -> list[str]:
    return [text for text in texts if text.startswith(begun)]


def formats(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """Names of formats."""
    from fastgen.sinks.formats import FORMATS

    return _beginning(begun, FORMATS)


def compressions(ctx: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Compressions of the given format, or of all formats if none is given yet."""
    from fastgen.sinks.formats import FORMATS

    of = [FORMATS[kind]] if (kind := ctx.params.get("kind")) in FORMATS else FORMATS.values()
    return _beginning(begun, dict.fromkeys(name for rules in of for name in rules.compressions))


def tables(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """Names of tables."""
    from fastgen.schema import TABLES

    return _beginning(begun, TABLES)


def columns(ctx: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """The list so far, with each column of the table that it does not have yet."""
    from fastgen.schema import TABLES

    before, comma, last = begun.rpartition(",")
    table = TABLES.get(ctx.params.get("table") or "transactions")
    left = [name for name in table.names if name not in before.split(",")] if table else []
    return [f"{before}{comma}{name}" for name in _beginning(last, left)]


def column_or_none(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """Columns of the transactions, and "none"."""
    from fastgen.schema import TRANSACTIONS

    return _beginning(begun, (*TRANSACTIONS.names, "none"))


def settings(_: click.Context, __: click.Parameter, begun: str) -> list[Any]:
    """Names of settings, each with an equals sign."""
    from click.shell_completion import CompletionItem

    from fastgen.config import Config
    from fastgen.settings import plain_settings

    meanings = plain_settings(Config)
    return [CompletionItem(f"{name}=", help=meanings[name]) for name in _beginning(begun, meanings)]


@click.command(
    cls=Command,
    epilog=examples(
        'eval "$(fastgen completion bash)"     # in ~/.bashrc',
        'eval "$(fastgen completion zsh)"      # in ~/.zshrc, after compinit',
        "fastgen completion fish > ~/.config/fish/completions/fastgen.fish",
    ),
)
@click.argument("shell", metavar="bash|zsh|fish", shell_complete=words(*SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for a shell.

    With it, the Tab key completes commands, options, formats, compressions, tables, columns, settings after --set, and files.
    """
    if shell not in SHELLS:
        raise OptionError("shell", shell, f"must be one of {', '.join(SHELLS)}", hint=did_you_mean(shell, SHELLS))
    from fastgen.cli.shells import script

    click.echo(script(shell, ctx.find_root().command), nl=False)
