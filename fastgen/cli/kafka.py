"""Options of the commands that deal with Kafka: where the cluster is and how to connect, and what messages are like."""

import logging
from collections.abc import Callable

import click

from fastgen.cli import completing
from fastgen.cli.commands import PATH, F, in_flags, together

Declare = Callable[..., Callable[[F], F]]
"""What declares an option in a section of the help; see `section`."""


class _Notes(logging.Formatter):
    """What is logged, with options as the running command writes them."""

    def __init__(self) -> None:
        super().__init__("fastgen: %(message)s")
        self._command = click.get_current_context().command

    def format(self, record: logging.LogRecord) -> str:
        return in_flags(super().format(record), self._command)


def say_notes(quiet: bool) -> None:
    """Have what the Kafka modules log said as the command says things, and with --quiet only errors."""
    notes = logging.StreamHandler()
    notes.setFormatter(_Notes())
    logging.basicConfig(handlers=[notes], level=logging.ERROR if quiet else logging.WARNING)


def connection_options(option: Declare[F]) -> Callable[[F], F]:
    """Where the cluster is, and the client library's settings."""
    return together(
        option("--bootstrap-servers", metavar="HOST:PORT,...", help="Where the cluster is."),
        option(
            "--producer-config",
            type=PATH,
            metavar="FILE",
            help="librdkafka's settings, key=value lines; ${NAME} is a variable of the environment.",
        ),
        option("-X", "extra", multiple=True, metavar="KEY=VALUE", help="One of librdkafka's settings; repeatable."),
    )


def message_options(option: Declare[F], timestamps: str) -> Callable[[F], F]:
    """What keys, values and timestamps are; `timestamps` is the help of their option."""
    return together(
        option(
            "--key",
            default="cc_num",
            show_default=True,
            metavar="COLUMN|none",
            shell_complete=completing.column_or_none,
            help="The column that is the messages' key.",
        ),
        option("--with-label", is_flag=True, help="Values have fraud_label too."),
        option(
            "--coordinates",
            metavar="text|number",
            default="text",
            show_default=True,
            shell_complete=completing.words("text", "number"),
            help="Latitudes and longitudes in values.",
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
