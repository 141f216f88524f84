"""The command line: the library's options as flags, and no logic of its own.

Data go to the standard output, everything else to the standard error. Exit codes: 0 done, 1 failed,
2 wrong usage or configuration, 130 interrupted, 143 terminated.
"""

import io
import os
import sys
from typing import NoReturn

import click

from fastgen import __version__
from fastgen.cli.commands import Group, examples, usage_error_line
from fastgen.cli.common import ClosedOutput, collect_seldom, say
from fastgen.cli.completing import completion
from fastgen.cli.configuring import config
from fastgen.cli.generating import generate
from fastgen.cli.producing import produce
from fastgen.cli.reporting import report
from fastgen.cli.stopping import ExitNow, handle_signals, ignore_signals, stop_rechecking, stopped
from fastgen.cli.validating import validate
from fastgen.cli.verifying import verify
from fastgen.errors import CLOSED_PIPE, STANDARD_OUTPUT, FastgenError, InterruptedRunError
from fastgen.schema import DATA_VERSION
from fastgen.sinks.output import drop_unfinished


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "fastgen generate --output data/",
        "fastgen generate --rows 1M --format csv --output - | head",
        "fastgen produce --rows 1M --mock",
        "fastgen config init",
    ),
)
@click.version_option(__version__, message=f"fastgen {__version__} (data version {DATA_VERSION})")
def cli() -> None:
    """Make labelled card-payment data: the same rows from one seed, at hardware speed."""


for command in (generate, produce, verify, validate, report, config, completion):
    cli.add_command(command)


def main(exit_now: ExitNow | None = None) -> None:
    """Run the command; every failure is one line on the standard error. `exit_now` ends the process, see `stopping`."""
    handle_signals(exit_now)
    collect_seldom()
    if "_FASTGEN_COMPLETE" in os.environ:
        import fastgen.cli.shells  # noqa: F401
    sys.stdout = sys.stdout or ClosedOutput()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as the standard error does: not every file's name is UTF-8
    try:
        cli.main(prog_name="fastgen", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.UsageError as error:
        say(usage_error_line(error))
        sys.exit(error.exit_code)
    except FastgenError as error:
        _fail(error)
    except BrokenPipeError:
        _fail(FastgenError(f"{STANDARD_OUTPUT}: {CLOSED_PIPE}"))
    except Exception as error:
        if stopped:
            _fail(stopped[0])
        if lack := _lack(error):
            _fail(lack)
        if isinstance(error, OSError):  # such as a full standard output; errors of other outputs are FastgenErrors
            _fail(
                FastgenError(
                    f"{error.filename or f'{STANDARD_OUTPUT}: cannot be written'}: {(error.strerror or str(error)).lower()}"
                )
            )
        raise
    finally:
        drop_unfinished()  # files that their own block could not remove, as a signal came while it was exiting
        _drop_unwritten()
        stop_rechecking()


def _lack(error: Exception) -> FastgenError | None:
    """What the system refused, memory or threads, if that is why a command failed."""
    text = str(error)
    if isinstance(error, MemoryError):
        return FastgenError("out of memory")
    if isinstance(error, RuntimeError) and text == "can't start new thread":
        return FastgenError("the system starts no more threads", hint="limits of memory or of processes may be the cause")
    if isinstance(error, ImportError) and ("failed to map segment" in text or "Cannot allocate memory" in text):
        return FastgenError(f"a library cannot be loaded: {text}", hint="a limit of memory may be the cause")
    return None


def _drop_unwritten() -> None:
    """Discard what the standard streams could not write.

    At exit the interpreter would try to write it again, complain, and exit with code 120.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _fail(error: FastgenError) -> NoReturn:
    if isinstance(error, InterruptedRunError):  # all is cleaned up: while threads end, no signal may change the exit code
        ignore_signals()
    say(str(error))
    sys.exit(error.exit_code)
