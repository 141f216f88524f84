"""Ctrl-C at inconvenient moments: in an import, in a destructor, twice, while threads are working."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import indent
from typing import Final

import pytest

from fastgen import InterruptedRunError
from fastgen.cli import stopping

STRIKE: Final = "os.kill(os.getpid(), signal.SIGINT)"
SWALLOWED: Final = f"try:\n    {STRIKE}\n    time.sleep(9)\nexcept BaseException:\n    pass\n"
IN_A_DESTRUCTOR: Final = f"class Struck:\n    def __del__(self):\n        {STRIKE}\n        time.sleep(0.01)\nStruck()\n"


def run(folder: Path, before: str = "", *arguments: str) -> tuple[int, str, float]:
    """Run the command after some code; return its exit code, its standard error, and the seconds from the first signal to its end."""
    # Tests that run in the background or under nohup may have signals ignored, which child processes inherit.
    code = (
        "import os, signal, sys, threading, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
        f"{before}\n"
        f"sys.argv = ['fastgen', *{list(arguments)!r}]\n"
        "import runpy\n"
        "runpy.run_module('fastgen', run_name='__main__')\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, cwd=folder)
    assert done.stdout == ""
    struck = folder / "struck"
    return done.returncode, done.stderr, time.time() - struck.stat().st_mtime if struck.exists() else 0.0


def instead_of_writing(body: str) -> str:
    """Code that makes the command run `body` instead of writing files."""
    return f"import fastgen.sinks.files\ndef run_job(*_, **__):\n{indent(body, '    ')}\nfastgen.sinks.files.run_job = run_job\n"


@pytest.mark.parametrize(
    "body", [f"{STRIKE}\ntime.sleep(9)\n", SWALLOWED, IN_A_DESTRUCTOR], ids=["plain", "swallowed", "destructor"]
)
@pytest.mark.parametrize("module", ["click", "faker"])
def test_while_modules_are_loaded(tmp_path: Path, module: str, body: str) -> None:
    """Modules of the command line, and those that make data, whatever they do with the exception."""
    (tmp_path / f"{module}.py").write_text(f"import os, signal, time\n{body}time.sleep(0.5)\nos._exit(1)\n")
    assert run(tmp_path, "", "generate", "--rows=9", "-o", "x.csv")[:2] == (130, "fastgen: interrupted\n")
    assert not (tmp_path / "x.csv").exists()


def test_when_a_file_is_just_being_closed(tmp_path: Path) -> None:
    """The code that would remove the file never gets the exception."""
    before = (
        "import fastgen.sinks.files as files\n"
        "kept = []\n"
        "class Struck:\n"
        "    def __init__(self, *given, opened=files.opened):\n"
        "        self.own = opened(*given)\n"
        "        kept.append(self.own)\n"
        "    def __enter__(self):\n"
        "        return self.own.__enter__()\n"
        "    def __exit__(self, *_):\n"
        f"        {STRIKE}\n"
        "        time.sleep(9)\n"
        "files.opened = Struck\n"
    )
    code, stderr, _ = run(tmp_path, before, "generate", "--rows=9", "-o", "x.csv")
    assert (code, stderr.splitlines()[-1]) == (130, "fastgen: interrupted; unfinished files were removed")
    assert list(tmp_path.iterdir()) == []


def test_a_destructor_that_swallows_it_while_files_are_written(tmp_path: Path) -> None:
    body = f"open('struck', 'w').close()\n{IN_A_DESTRUCTOR}time.sleep(9)"
    code, stderr, seconds = run(tmp_path, instead_of_writing(body), "generate", "--rows=9", "-o", "x.csv")
    assert (code, stderr) == (130, "fastgen: interrupted; unfinished files were removed\n")
    assert seconds < 5


def test_a_library_that_swallows_it_while_files_are_written(tmp_path: Path) -> None:
    """As Numba does: it takes the exception for its own failure and tries other ways to compile a call."""
    body = f"open('struck', 'w').close()\nfor _ in range(5):\n{indent(SWALLOWED, '    ')}time.sleep(9)"
    code, stderr, seconds = run(tmp_path, instead_of_writing(body), "generate", "--rows=9", "-o", "x.csv")
    assert (code, stderr) == (130, "fastgen: interrupted; unfinished files were removed\n")
    assert seconds < 5


def test_clearing_away_may_take_a_while(tmp_path: Path) -> None:
    """The exception is not raised again while clean-up code is running, whatever that code calls."""
    body = (
        "import contextlib\n"
        "@contextlib.contextmanager\n"
        "def block():\n    try:\n        yield\n    finally:\n        time.sleep(0.3)\n        open('cleared 1', 'w').close()\n"
        "def clear():\n    try:\n        raise OSError\n    except OSError:\n        time.sleep(0.3)\n    open('cleared 2', 'w').close()\n"
        f"with contextlib.ExitStack() as stack, block():\n    stack.callback(clear)\n    {STRIKE}\n    time.sleep(9)"
    )
    code, stderr, _ = run(tmp_path, instead_of_writing(body), "generate", "--rows=9", "-o", "x.csv")
    assert (code, stderr) == (130, "fastgen: interrupted; unfinished files were removed\n")
    assert {path.name for path in tmp_path.iterdir()} == {"cleared 1", "cleared 2"}


def test_a_run_that_is_done_by_then(tmp_path: Path) -> None:
    """An interruption that is swallowed at the very end does not kill the process later."""
    body = f"try:\n    {STRIKE}\n    time.sleep(9)\nexcept BaseException:\n    pass\nraise SystemExit(3)"
    assert run(
        tmp_path,
        f"import atexit\natexit.register(time.sleep, 0.3)\n{instead_of_writing(body)}",
        "generate",
        "--rows=9",
        "-o",
        "x.csv",
    )[:2] == (3, "")


def test_other_failures_of_destructors_are_told(tmp_path: Path) -> None:
    body = f"class Bad:\n    def __del__(self):\n        raise ValueError('of its own')\nBad()\n{STRIKE}\ntime.sleep(9)"
    code, stderr, _ = run(tmp_path, instead_of_writing(body), "generate", "--rows=9", "-o", "x.csv")
    assert code == 130
    assert "ValueError: of its own" in stderr


def test_twice(tmp_path: Path) -> None:
    """The second signal does not stop the clean-up after the first."""
    body = f"try:\n    {STRIKE}\n    time.sleep(9)\nfinally:\n    {STRIKE}\n    time.sleep(0.1)\n    open('cleared', 'w').close()"
    code, stderr, _ = run(tmp_path, instead_of_writing(body), "generate", "--rows=9", "-o", "x.csv")
    assert (code, stderr) == (130, "fastgen: interrupted; unfinished files were removed\n")
    assert (tmp_path / "cleared").exists()


def test_a_terminal_that_is_closed(tmp_path: Path) -> None:
    """The command cleans up as after Ctrl-C; under nohup the signal is ignored."""
    body = "open('begun', 'w').close()\nos.kill(os.getpid(), signal.SIGHUP)\nopen('went_on', 'w').close()"
    code, stderr, _ = run(tmp_path, instead_of_writing(body), "generate", "--rows=9", "-o", "x.csv")
    assert (code, stderr) == (143, "fastgen: terminated, as its terminal was closed; unfinished files were removed\n")
    assert not (tmp_path / "went_on").exists()
    run(
        tmp_path, f"signal.signal(signal.SIGHUP, signal.SIG_IGN)\n{instead_of_writing(body)}", "generate", "--rows=9", "-o", "x.csv"
    )
    assert (tmp_path / "went_on").exists()


@pytest.mark.parametrize(("kind", "number", "word"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
def test_threads_are_not_waited_for(tmp_path: Path, kind: str, number: int, word: str) -> None:
    strike = STRIKE.replace("SIGINT", kind)
    body = f"threading.Thread(target=time.sleep, args=[20]).start()\nopen('struck', 'w').close()\n{strike}\ntime.sleep(9)"
    code, stderr, seconds = run(tmp_path, instead_of_writing(body), "generate", "--rows=9", "-o", "x.csv")
    assert (code, stderr) == (number, f"fastgen: {word}; unfinished files were removed\n")
    assert seconds < 5


def test_a_second_one_that_comes_later_is_another_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clean-up that takes long is abandoned."""
    monkeypatch.setattr(stopping, "GRACE_SECONDS", 0.3)
    handlers = {number: signal.getsignal(number) for number in stopping.SIGNALS}
    stopping.handle_signals(None)
    try:
        with pytest.raises(InterruptedRunError, match="interrupted"):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)  # soon after the first: ignored
        time.sleep(0.4)
        with pytest.raises(InterruptedRunError, match="terminated"):
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(InterruptedRunError, match="interrupted"):  # the first signal counts
            stopping.raise_if_stopped()
    finally:
        stopping.stopped.clear()
        for number, handler in handlers.items():
            signal.signal(number, handler)
