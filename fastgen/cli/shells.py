"""Shell completion: click's, extended for `--option=word`, settings and lists with commas.

Importing this module replaces click's classes by these.
"""

import os
from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    get_completion_class,
)

from fastgen.errors import UsageError

VARIABLE = "_FASTGEN_COMPLETE"
"""Environment variable that is set while a shell asks for completions."""


def script(shell: str, program: click.Command) -> str:
    """The shell's script, which asks the program at each press of the Tab key."""
    kind = get_completion_class(shell)
    assert kind is not None
    return kind(program, {}, "fastgen", VARIABLE).source()


def _asked(read: Callable[[], tuple[list[str], str]]) -> tuple[list[str], str]:
    """The words of the line and the word to complete, which the shell's script puts into the environment."""
    try:
        return read()
    except (KeyError, ValueError):
        allowed = "must come with COMP_WORDS and COMP_CWORD, as the script sets them"
        raise UsageError(VARIABLE, os.environ[VARIABLE], allowed, hint="fastgen completion prints it") from None


@add_completion_class
class Bash(BashComplete):
    """No space follows the equals sign of a setting; equals signs, at which Bash splits words, are dropped."""

    source_template = BashComplete.source_template.replace(
        "COMPREPLY+=($value)", 'COMPREPLY+=("$value"); [[ $value == *= ]] && compopt -o nospace'
    )

    def get_completion_args(self) -> tuple[list[str], str]:
        args, begun = _asked(super().get_completion_args)
        return [word for word in args if word != "="], begun


class _WholeWords(ShellComplete):
    """For shells that treat `--option=word` as one word: completions include the part up to the equals sign."""

    _before = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        args, begun = _asked(super().get_completion_args)
        if begun.startswith("--") and "=" in begun:
            self._before = begun.partition("=")[0] + "="
        return args, begun

    def format_completion(self, item: CompletionItem[Any]) -> str:
        plain = item.type == "plain"
        return super().format_completion(CompletionItem(self._before + item.value, item.type, item.help) if plain else item)


@add_completion_class
class Zsh(_WholeWords, ZshComplete):
    """No space follows the equals sign of a setting."""

    source_template = (
        ZshComplete.source_template.replace("local -a response", "local -a response tail")
        .replace("_path_files", "[[ $words[CURRENT] == --*=* ]] && compset -P 1 '*='; _path_files")
        .replace(
            "_describe -V unsorted completions_with_descriptions -U",
            '[[ "$completions_with_descriptions" == *=:* ]] && tail=(-S "")\n        '
            '_describe -V unsorted completions_with_descriptions -U "${tail[@]}"',
        )
    )


@add_completion_class
class Fish(_WholeWords, FishComplete):
    """Words and their descriptions may contain commas; files are prefixed with the part up to the equals sign."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","').replace(
        "__fish_complete_path $metadata[2];",
        "set -l before (string match --regex '^--[^=]*=' -- (commandline -t));\n"
        '            for path in (__fish_complete_path $metadata[2]); echo -- "$before$path"; end;',
    )
