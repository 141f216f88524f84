"""The command line: the library's words as flags, and no logic of its own.

Data go to the standard output, all else to the standard error. Exit codes: 0 done, 1 failed,
2 usage or configuration, 130 interrupted, 143 terminated.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fastgen import __version__
from fastgen.errors import FastgenError, InterruptedRunError, OptionError, TerminatedRunError
from fastgen.schema import DATA_VERSION

if TYPE_CHECKING:
    from fastgen.config import Config
    from fastgen.dataset import Dataset
    from fastgen.sinks.files import WriteReport
    from fastgen.sinks.kafka.producing import ProduceReport

F = TypeVar("F", bound=Callable[..., Any])


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


def say(text: str) -> None:
    """A line to the user, on the standard error."""
    click.echo(f"fastgen: {text}", err=True)


class Number(click.ParamType[Any]):
    """A number; what is none gets the same kind of line as every other mistake."""

    name = "number"

    def __init__(self, kind: Callable[[str], Any], what: str) -> None:
        self.kind, self.what = kind, what

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002
        """The number, or an OptionError that names the option."""
        try:
            return self.kind(value)
        except ValueError:
            raise OptionError(str(param and param.name), value, f"must be {self.what}") from None


WHOLE = Number(int, "a whole number")
REAL = Number(float, "a number")


def data_options(function: F) -> F:
    """The options that say what the data are."""
    options = [
        click.option(
            "--config", "path", type=click.Path(), metavar="FILE", help="Settings from a TOML file (see: fastgen config init)."
        ),
        click.option("--rows", metavar="N", help="Exactly so many transactions, such as 500000 or 10M; all else in proportion."),
        click.option("--scale", type=REAL, metavar="X", help="Size in units of the tutorial's 106,020 transactions."),
        click.option("--seed", type=WHOLE, metavar="N", help="What all random draws follow from."),
        click.option(
            "--set", "settings", multiple=True, metavar="KEY=VALUE", help="One setting, such as fraud.ratio=0.01; repeatable."
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def read_config(path: str | None, rows: str | None, scale: float | None, seed: int | None, settings: tuple[str, ...]) -> "Config":
    """The configuration that the options describe; flags win over --set, --set over the file."""
    from fastgen.config import load_config, merge
    from fastgen.config_text import parse_count, parse_setting

    flags = {"rows": None if rows is None else parse_count(rows), "scale": scale, "seed": seed}
    given = {name: value for name, value in flags.items() if value is not None}
    return load_config(path, **merge(*map(parse_setting, settings), given))


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message=f"fastgen {__version__} (data version {DATA_VERSION})")
def cli() -> None:
    """Make labelled card-payment data: the same rows from one seed, at hardware speed."""


@cli.command(
    epilog="""\b
Examples:
  fastgen generate --output data/
  fastgen generate --rows 10M --seed 7 --output payments.parquet
  fastgen generate --rows 1M --format ndjson --output - | head -3
"""
)
@data_options
@click.option("--output", "-o", required=True, metavar="DIR|FILE|-", help="A directory for all tables, a file or - for one.")
@click.option("--format", "kind", metavar="NAME", help="parquet, csv, ndjson or ipc; a file's suffix says it too.")
@click.option(
    "--compression",
    metavar="NAME",
    help="parquet: zstd, snappy, lz4, gzip, none; csv, ndjson: none, gzip, zstd; ipc: none, zstd, lz4.",
)
@click.option("--table", metavar="NAME", help="For a file: transactions (unless said), credit_cards or profiles.")
@click.option("--columns", metavar="A,B,...", help="For a file: these columns only.")
@click.option(
    "--coordinates", metavar="text|number", default="text", show_default=True, help="Latitudes and longitudes in csv and ndjson."
)
@click.option("--threads", type=WHOLE, metavar="N", help="Threads that make rows; all processors unless said.")
@click.option("--overwrite", is_flag=True, help="Replace files that are there.")
@click.option("--dry-run", is_flag=True, help="Print the plan and the estimated size; write nothing.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
def generate(
    path: str | None,
    rows: str | None,
    scale: float | None,
    seed: int | None,
    settings: tuple[str, ...],
    output: str,
    kind: Any,
    compression: str | None,
    table: str | None,
    columns: str | None,
    coordinates: Any,
    threads: int | None,
    overwrite: bool,
    dry_run: bool,
    quiet: bool,
    no_progress: bool,
) -> None:
    """Write the dataset to files, or one table to a file or the standard output."""
    config = read_config(path, rows, scale, seed, settings)
    with compiling_announced(quiet):
        from fastgen.dataset import Dataset
        from fastgen.sinks.files import estimate, write

        data = Dataset(config)
        options: dict[str, Any] = {
            "format": kind,
            "table": table,
            "columns": None if columns is None else [name.strip() for name in columns.split(",")],
            "compression": compression,
            "coordinates": coordinates,
        }
        if dry_run:
            click.echo(plan_text(data, estimate(data, output, **options)))
            return
        if not quiet:
            announce(data)
        with progress_bar(data, shown=not quiet and not no_progress and sys.stderr.isatty()) as advance:
            try:
                report = write(data, output, threads=threads, overwrite=overwrite, progress=advance, **options)
            except InterruptedRunError as error:
                raise type(error)(f"{error.message}; unfinished files were removed") from None
    if not quiet:
        say(summary(data, output, report))


@cli.command(
    epilog="""\b
Examples:
  fastgen produce --rows 1M --mock
  fastgen produce --rows 10M --bootstrap-servers localhost:9092 --create-topic
  fastgen produce --bootstrap-servers localhost:9092 --speed 60 --shift-to now --loop
"""
)
@data_options
@click.option("--bootstrap-servers", metavar="HOST:PORT,...", help="The cluster.")
@click.option("--topic", default="credit_card_transactions", show_default=True, metavar="NAME", help="Where messages go.")
@click.option("--key", default="cc_num", show_default=True, metavar="COLUMN|none", help="The column that is the messages' key.")
@click.option("--with-label", is_flag=True, help="Values have fraud_label too.")
@click.option("--coordinates", metavar="text|number", default="text", show_default=True, help="Latitudes and longitudes.")
@click.option("--timestamps", metavar="event|now", default="event", show_default=True, help="What records bear.")
@click.option(
    "--producer-config", metavar="FILE", help="librdkafka's settings, key=value lines; ${NAME} is a variable of the environment."
)
@click.option("-X", "extra", multiple=True, metavar="KEY=VALUE", help="One of librdkafka's settings; repeatable.")
@click.option(
    "--producers", type=WHOLE, default=1, metavar="N", help="Handles of the client library, each with its own partitions."
)
@click.option("--threads", type=WHOLE, default=1, metavar="N", help="Threads that make rows.")
@click.option("--create-topic", is_flag=True, help="Make the topic; it keeps records for ever.")
@click.option("--partitions", type=WHOLE, default=4, show_default=True, metavar="N", help="Of a topic that is made.")
@click.option("--replication-factor", type=WHOLE, default=1, show_default=True, metavar="N", help="Of a topic that is made.")
@click.option("--topic-config", multiple=True, metavar="KEY=VALUE", help="One setting of a topic that is made; repeatable.")
@click.option("--resume", is_flag=True, help="Go on where an earlier run of the same configuration ended.")
@click.option("--rate", type=REAL, metavar="N", help="Messages a second.")
@click.option("--speed", type=REAL, metavar="X", help="Replay so many times faster than life; 1 is live.")
@click.option("--shift-to", metavar="now", help="Move the first event to now.")
@click.option("--loop", is_flag=True, help="Go on with a next period when one ends.")
@click.option("--labels-topic", metavar="NAME", help="A topic for tid and fraud_label.")
@click.option("--labels-delay", default="0s", show_default=True, metavar="TIME", help="How much later labels come, such as 2d.")
@click.option("--mock", is_flag=True, help="Send to a cluster inside this process, which forgets what it gets.")
@click.option("--plain", is_flag=True, help="One call for each message, through confluent_kafka.Producer.")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON, on the standard output.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
def produce(
    path: str | None,
    rows: str | None,
    scale: float | None,
    seed: int | None,
    settings: tuple[str, ...],
    key: str,
    producer_config: str | None,
    extra: tuple[str, ...],
    topic_config: tuple[str, ...],
    shift_to: str | None,
    labels_delay: str,
    mock: bool,
    as_json: bool,
    quiet: bool,
    no_progress: bool,
    **options: Any,
) -> None:
    """Send the transactions to a Kafka topic."""
    config = read_config(path, rows, scale, seed, settings)
    with compiling_announced(quiet):
        from fastgen.dataset import Dataset
        from fastgen.sinks.kafka.options import client_settings, duration, moment, pairs
        from fastgen.sinks.kafka.producing import produce as send

        data = Dataset(config)
        client = client_settings(producer_config, extra)
        reports: list[ProduceReport] = []
        if not quiet:
            announce(data)
        if mock and not quiet:
            say("note: the cluster is inside this process and forgets what it gets")
        try:
            with progress_bar(data, shown=not quiet and not no_progress and sys.stderr.isatty()) as advance:
                send(
                    data,
                    key=None if key == "none" else key,
                    settings=client,
                    topic_config=pairs("topic_config", topic_config),
                    shift_to=moment(shift_to),
                    labels_delay=duration("labels_delay", labels_delay),
                    mock=mock,
                    progress=advance,
                    tell=reports.append,
                    **options,
                )
        finally:
            for report in reports:
                if as_json:
                    click.echo(json_text(report.as_dict() | {"seed": config.seed}))
                elif not quiet:
                    say(produced(report, config.seed))


def produced(report: "ProduceReport", seed: int) -> str:
    """What was sent, in one line."""
    parts = [f"{report.acknowledged:,} of {report.rows:,} messages acknowledged by {report.topic}"]
    parts += [f"{report.skipped:,} were there"] if report.skipped else []
    parts += [f"{report.failed:,} failed"] if report.failed else []
    parts += [f"{report.labels.acknowledged:,} labels by {report.labels.topic}"] if report.labels else []
    rate = f"{report.seconds:.2f} s, {report.messages_per_second:,.0f} messages/s, {human_size(report.bytes)}, {report.way} way"
    late = f", at worst {report.lag:.1f} s late" if report.lag >= 1 else ""
    return f"{', '.join(parts)}: {rate}{late}, seed {seed}"


def json_text(content: dict[str, Any]) -> str:
    """One line of JSON."""
    import json

    return json.dumps(content)


def announce(data: "Dataset") -> None:
    """Say where the data differ from what was asked for."""
    plan = data.plan
    if plan.cash_cards < plan.cash_cards_wanted:
        say(f"note: {plan.cash_cards:,} cash cards, not {plan.cash_cards_wanted:,}: no more cards have a susceptible holder")


def summary(data: "Dataset", output: str, report: "WriteReport") -> str:
    """What was done, in one line."""
    tables = ", ".join(f"{file.rows:,} {file.table}" for file in report.files)
    rate = report.rows / max(report.seconds, 1e-9)
    return f"{tables} to {output}: {human_size(report.size)} in {report.seconds:.2f} s, {rate:,.0f} rows/s, seed {data.config.seed}"


def plan_text(data: "Dataset", sizes: dict[str, int]) -> str:
    """The plan as lines of names and numbers."""
    lines = [f"seed                 {data.config.seed}", f"fingerprint          {data.fingerprint}"]
    lines += [f"{name:20} {count:,}" for name, count in data.plan.counts.items()]
    lines += [f"{name:20} about {human_size(size)}" for name, size in sizes.items()]
    return "\n".join(lines)


def human_size(size: float) -> str:
    """Bytes in decimal units."""
    for unit in ("B", "kB", "MB", "GB"):
        if round(size, 1) < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


@contextmanager
def compiling_announced(quiet: bool) -> Iterator[None]:
    """Say it once if kernels have to be compiled, which takes seconds."""
    from numba.core import event

    class Listener(event.Listener):  # type: ignore[misc]
        told = quiet

        def on_start(self, _: object) -> None:
            if not self.told:
                self.told = True
                say("compiling kernels for this machine; later runs start at once")

        def on_end(self, _: object) -> None: ...

    with event.install_listener("numba:compile", Listener()):
        yield


@contextmanager
def progress_bar(data: "Dataset", shown: bool) -> Iterator[Callable[[int], object]]:
    """A bar on the terminal; gives the function that moves it on."""
    if not shown:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    rate = TextColumn("{task.completed:,.0f} rows")
    with Progress(
        BarColumn(), TaskProgressColumn(), rate, TimeRemainingColumn(), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task("rows", total=data.num_rows)
        yield lambda rows: bar.advance(task, rows)


@cli.group()
def config() -> None:
    """Show, start, check and describe configurations."""


@config.command()
@data_options
def show(path: str | None, rows: str | None, scale: float | None, seed: int | None, settings: tuple[str, ...]) -> None:
    """Print the whole configuration that the options describe, as TOML."""
    from fastgen.config_text import to_toml

    click.echo(to_toml(read_config(path, rows, scale, seed, settings)), nl=False)


@config.command()
@click.argument("path", type=click.Path(), default="fastgen.toml", metavar="[FILE]")
def init(path: str) -> None:
    """Write a commented configuration file with all defaults (fastgen.toml unless named)."""
    from fastgen.config import Config
    from fastgen.config_text import to_toml
    from fastgen.errors import OutputError, OutputExistsError

    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(to_toml(Config()))
    except FileExistsError:
        raise OutputExistsError(f"{path} exists already") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from error
    say(f"wrote {path}")


@config.command()
@click.argument("path", type=click.Path(), default="fastgen.toml", metavar="[FILE]")
def check(path: str) -> None:
    """Check a configuration file (fastgen.toml unless named)."""
    from fastgen.config import load_config
    from fastgen.dataset import Dataset

    data = Dataset(load_config(path))
    say(f"{path} is valid: {data.num_rows:,} transactions, fingerprint {data.fingerprint}")


@config.command()
def schema() -> None:
    """Print the JSON schema of the configuration."""
    import json

    from fastgen.config import config_schema

    click.echo(json.dumps(config_schema(), indent=2))
