"""The command line: the library's words as flags, and no logic of its own.

Data go to the standard output, all else to the standard error. Exit codes: 0 done, 1 failed,
2 usage or configuration, 130 interrupted, 143 terminated.
"""

import os
import signal
import sys

import click

from fastgen import __version__
from fastgen.cli.commands import Group, examples, mistake
from fastgen.cli.common import say
from fastgen.cli.completing import completion
from fastgen.cli.configuring import config
from fastgen.cli.generating import generate
from fastgen.cli.producing import produce
from fastgen.errors import FastgenError, InterruptedRunError, TerminatedRunError
from fastgen.schema import DATA_VERSION


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


for command in (generate, produce, config, completion):
    cli.add_command(command)


def main() -> None:
    """Run the command; every failure is one line on the standard error."""
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGINT, _interrupt)
    if "_FASTGEN_COMPLETE" in os.environ:
        import fastgen.cli.shells  # noqa: F401
    try:
        cli.main(prog_name="fastgen", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.UsageError as error:
        say(mistake(error))
        sys.exit(error.exit_code)
    except FastgenError as error:
        say(str(error))
        sys.exit(error.exit_code)
    except MemoryError:
        say("out of memory")
        sys.exit(FastgenError.exit_code)
    except OSError as error:  # such as that of a full standard output; those of other outputs are FastgenErrors
        say(f"{error.filename or '-: cannot be written'}: {(error.strerror or str(error)).lower()}")
        sys.exit(FastgenError.exit_code)


def _interrupt(*_: object) -> None:
    raise InterruptedRunError("interrupted")


def _terminate(*_: object) -> None:
    raise TerminatedRunError("terminated")
