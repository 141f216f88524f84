"""The command line, called in the process of the tests, where everything is loaded and compiled already."""

import logging
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from fastgen import cli
from fastgen.cli.stopping import SIGNALS, stopped


class Ended(NamedTuple):
    """How a run ended, and what it printed."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


def after_compiling(output: str) -> str:
    """The output as if kernels were compiled already: without the lines that announce compiling and say how long it took."""
    return re.sub(r"^fastgen: compiling (kernels|took) .*\n", "", output, flags=re.MULTILINE)


@contextmanager
def logging_as_in_a_process() -> Iterator[None]:
    """Hide pytest's logging handlers: the command sets up logging only if nobody has."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    root.handlers = []
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Call the command's own `main`, as the script does, in this process."""
    handlers = {number: signal.getsignal(number) for number in SIGNALS}

    def call(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["fastgen", *map(str, arguments)])
        code: Any = 0
        with logging_as_in_a_process():
            try:
                cli.main()
            except SystemExit as ended:
                code = ended.code
        return Ended(code or 0, *capfd.readouterr())

    yield call
    stopped.clear()
    for number, handler in handlers.items():
        signal.signal(number, handler)
