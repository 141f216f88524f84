"""Completion: which words are offered where, and that the Tab key works in real shells."""

import fcntl
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from command import Run

from fastgen import cli
from fastgen.cli import shells

CASES = {
    "fastgen gen": "fastgen generate ",
    "fastgen config ch": "fastgen config check ",
    "fastgen completion z": "fastgen completion zsh ",
    "fastgen generate --form": "fastgen generate --format ",
    "fastgen generate --format nd": "fastgen generate --format ndjson ",
    "fastgen generate --format=nd": "fastgen generate --format=ndjson ",
    "fastgen generate --format csv --compression z": "fastgen generate --format csv --compression zstd ",
    "fastgen generate --table prof": "fastgen generate --table profiles ",
    "fastgen generate --columns tid,am": "fastgen generate --columns tid,amount ",
    "fastgen generate --set fraud.ra": "fastgen generate --set fraud.ratio=",
    "fastgen generate --set=fraud.ra": "fastgen generate --set=fraud.ratio=",
    "fastgen generate --set fraud.ratio=0.1 --see": "fastgen generate --set fraud.ratio=0.1 --seed ",
    "fastgen generate --output fol": "fastgen generate --output folder/",
    "fastgen generate --output=fol": "fastgen generate --output=folder/",
    "fastgen generate --config=sett": "fastgen generate --config=settings.toml ",
    "fastgen generate --config sett": "fastgen generate --config settings.toml ",
    "fastgen config check sett": "fastgen config check settings.toml ",
    "fastgen produce --key cit": "fastgen produce --key city ",
    "fastgen produce --timestamps n": "fastgen produce --timestamps now ",
}
"""What is typed before the Tab key, and the resulting line."""
SHELLS = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        """eval "$(fastgen completion bash)"; show() { printf "<<%s>>" "$READLINE_LINE"; }; bind -x '"\\C-t": show'""",
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        'autoload -Uz compinit; compinit -u -D; eval "$(fastgen completion zsh)"; '
        'show() { print -nr -- "<<$BUFFER>>"; }; zle -N show; bindkey "^T" show',
    ),
    "fish": (
        ["fish", "--no-config", "-i"],
        """fastgen completion fish | source; bind \\ct 'printf "<<%s>>" (commandline)'""",
    ),
}
"""For each shell: how it is started, and the code that enables completion and shows the line on Ctrl-T."""


class Terminal:
    """A shell in a pseudo-terminal."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "200", "PATH": f"{folder}/bin:{os.environ['PATH']}"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def read(self, pattern: str, seconds: float) -> re.Match[str] | None:
        """Wait until the pattern is on the screen, at most this long."""
        seen, until = "", time.monotonic() + seconds
        while time.monotonic() < until and not re.search(pattern, seen):
            if select.select([self._ours], [], [], 0.05)[0]:
                seen += os.read(self._ours, 65_536).decode(errors="replace")
        return re.search(pattern, seen)

    def completed(self, line: str) -> str:
        """The line after the Tab key; read repeatedly until the shell has handled the key."""
        self.type(line + "\t")
        found = ""
        for _ in range(60):
            time.sleep(0.1)
            self.type("\x14")
            shown = self.read(f"<<({re.escape(line)}.*?)>>", 1)  # a slow shell may still show the previous line
            found = shown[1] if shown else found
            if shown and found != line:
                break
        self.type("\x15")
        return found

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)


@pytest.fixture(params=SHELLS)
def terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    command, setup = SHELLS[request.param]
    if not shutil.which(command[0]):
        if os.environ.get("CI"):
            pytest.fail(f"no {command[0]} to test with", pytrace=False)
        pytest.skip(f"no {command[0]} to test with")
    (tmp_path / "folder").mkdir()
    (tmp_path / "settings.toml").touch()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "fastgen").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fastgen "$@"\n')
    (tmp_path / "bin" / "fastgen").chmod(0o755)
    shell = Terminal(command, tmp_path)
    shell.type(setup + "; echo rea''dy\n")
    assert shell.read("ready\r", 20)
    yield shell
    shell.close()


def test_the_tab_key(terminal: Terminal) -> None:
    assert {line: terminal.completed(line) for line in CASES} == CASES


@pytest.mark.parametrize(
    ("shell", "variables"),
    [
        *((shell, variables) for shell in SHELLS for variables in ({}, {"COMP_WORDS": "fastgen"})),
        *((shell, {"COMP_WORDS": "fastgen", "COMP_CWORD": "x"}) for shell in ("bash", "zsh")),  # for fish it is a word
    ],
)
def test_a_shell_that_does_not_say_what_to_complete(
    run: Run, monkeypatch: pytest.MonkeyPatch, shell: str, variables: dict[str, str]
) -> None:
    for name, value in {"_FASTGEN_COMPLETE": f"{shell}_complete", **variables}.items():
        monkeypatch.setenv(name, value)
    line = "must come with COMP_WORDS and COMP_CWORD, as the script sets them (fastgen completion prints it)"
    assert run() == (2, "", f"fastgen: _FASTGEN_COMPLETE = '{shell}_complete': {line}\n")


# The words that are offered


@pytest.fixture
def complete() -> Callable[[str], list[str]]:
    """The completions offered for the last word of a line."""

    def words(line: str) -> list[str]:
        *before, begun = line.split(" ")
        return [item.value for item in ShellComplete(cli.cli, {}, "fastgen", shells.VARIABLE).get_completions(before, begun)]

    return words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", ["completion", "config", "generate", "produce", "report", "validate", "verify"]),
        ("config ", ["check", "init", "schema", "show"]),
        ("completion ", ["bash", "zsh", "fish"]),
        ("generate --format ", ["parquet", "csv", "ndjson", "ipc"]),
        ("generate --compression ", ["zstd", "snappy", "lz4", "gzip", "none"]),
        ("generate --format ndjson --compression ", ["none", "gzip", "zstd"]),
        ("generate --format nonsense --compression l", ["lz4"]),
        ("generate --table ", ["transactions", "credit_cards", "profiles"]),
        ("generate --columns t", ["tid"]),
        ("generate --columns amount,ci", ["amount,city"]),
        ("generate --columns tid,t", []),
        ("generate --table credit_cards --columns ", ["cc_num", "provider", "expires"]),
        ("generate --table nonsense --columns ", []),
        ("generate --coordinates ", ["text", "number"]),
        ("generate --set s", ["seed=", "scale=", "start="]),
        ("generate --set atm.s", ["atm.step_hours="]),
        ("generate --set atm.step_hours=", []),
        ("generate --seed x --pa", ["--parts", "--part"]),
        ("config show --set ag", ["ages="]),
        ("produce --key c", ["cc_num", "category", "city", "country"]),
        ("produce --key no", ["none"]),
        ("produce --shift-to ", ["now"]),
        ("verify --key c", ["cc_num", "category", "city", "country"]),
        ("verify --timestamps ", ["event", "now"]),
        ("verify --table ", ["transactions", "credit_cards", "profiles"]),
    ],
)
def test_words(complete: Callable[[str], list[str]], line: str, words: list[str]) -> None:
    assert complete(line) == words


def test_every_setting_is_offered_and_none_that_is_a_table(complete: Callable[[str], list[str]]) -> None:
    assert complete("generate --set ") == [
        "seed=", "scale=", "rows=", "payments=", "cards=", "start=", "end=", "ages=", "amounts=", "categories=",
        "fraud.ratio=", "fraud.chain_lengths=", "fraud.chain_gap_seconds=",
        "atm.cards=", "atm.withdrawals=", "atm.lengths=", "atm.step_hours=", "atm.radius=", "atm.foreign_hours=", "atm.bands=",
    ]  # fmt: skip


@pytest.mark.parametrize("option", ["generate --output", "generate --config", "generate -o", "verify --producer-config"])
def test_files_are_left_to_the_shell(option: str) -> None:
    items = ShellComplete(cli.cli, {}, "fastgen", shells.VARIABLE).get_completions(option.split(), "x")
    assert [item.type for item in items] == ["file"]


@pytest.mark.parametrize(
    ("shell", "changes"), [("bash", ["nospace"]), ("zsh", ["compset", "-S"]), ("fish", ["--max 1", "$before$path"])]
)
def test_the_script_is_that_of_the_shell(shell: str, changes: list[str]) -> None:
    """The changes to click's scripts are in place."""
    ended = CliRunner().invoke(cli.cli, ["completion", shell])
    assert ended.exit_code == 0
    assert all(change in ended.output for change in ("_FASTGEN_COMPLETE", *changes))
