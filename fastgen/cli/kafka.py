"""Options that the Kafka commands share: how to connect to the cluster, and the form of messages."""

import logging
from collections.abc import Callable

import click

from fastgen.cli import completing
from fastgen.cli.commands import PATH, F, in_flags, option_group

Declare = Callable[..., Callable[[F], F]]
"""A decorator for options of a section of the help; see `section`."""


class _Notes(logging.Formatter):
    """Formats log lines, with options as flags of the running command."""

    def __init__(self) -> None:
        super().__init__("fastgen: %(message)s")
        self._command = click.get_current_context().command

    def format(self, record: logging.LogRecord) -> str:
        return in_flags(super().format(record), self._command)


def say_notes(quiet: bool) -> None:
    """Print the log lines of the Kafka modules like the command's own messages; with --quiet, only errors."""
    notes = logging.StreamHandler()
    notes.setFormatter(_Notes())
    logging.basicConfig(handlers=[notes], level=logging.ERROR if quiet else logging.WARNING)


def connection_options(option: Declare[F]) -> Callable[[F], F]:
    """Options for the address of the cluster and the client library's settings."""
    return option_group(
        option("--bootstrap-servers", metavar="HOST:PORT,...", help="Brokers of the cluster."),
        option(
            "--producer-config",
            type=PATH,
            metavar="FILE",
            help="librdkafka settings as key=value lines; ${NAME} is an environment variable.",
        ),
        option("-X", "extra", multiple=True, metavar="KEY=VALUE", help="One librdkafka setting; repeatable."),
    )


def message_options(option: Declare[F], timestamps: str) -> Callable[[F], F]:
    """Options for keys, values and timestamps; `timestamps` is the help text of --timestamps."""
    return option_group(
        option(
            "--key",
            default="cc_num",
            show_default=True,
            metavar="COLUMN|none",
            shell_complete=completing.column_or_none,
            help="The column that is the message key.",
        ),
        option("--with-label", is_flag=True, help="Values include fraud_label."),
        option(
            "--coordinates",
            metavar="text|number",
            default="text",
            show_default=True,
            shell_complete=completing.words("text", "number"),
            help="Form of latitudes and longitudes in values.",
        ),
        option(
            "--timestamps",
            metavar="event|now",
            default="event",
            show_default=True,
            shell_complete=completing.words("event", "now"),
            help=timestamps,
        ),
    )
