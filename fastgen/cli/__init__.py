"""The command line: the library's words as flags, and no logic of its own.

Data go to the standard output, all else to the standard error. Exit codes: 0 done, 1 failed,
2 usage or configuration, 130 interrupted, 143 terminated.
"""

import signal
import sys

import click

from fastgen import __version__
from fastgen.cli.common import say
from fastgen.cli.configuring import config
from fastgen.cli.generating import generate
from fastgen.cli.producing import produce
from fastgen.cli.validating import validate
from fastgen.cli.verifying import verify
from fastgen.errors import FastgenError, InterruptedRunError, TerminatedRunError
from fastgen.schema import DATA_VERSION


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message=f"fastgen {__version__} (data version {DATA_VERSION})")
def cli() -> None:
    """Make labelled card-payment data: the same rows from one seed, at hardware speed."""


for command in (generate, produce, verify, validate, config):
    cli.add_command(command)


def main() -> None:
    """Run the command; every failure is one line on the standard error."""
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        cli.main(prog_name="fastgen", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except FastgenError as error:
        say(str(error))
        sys.exit(error.exit_code)
    except MemoryError:
        say("out of memory")
        sys.exit(FastgenError.exit_code)


def _interrupt(*_: object) -> None:
    raise InterruptedRunError("interrupted")


def _terminate(*_: object) -> None:
    raise TerminatedRunError("terminated")
