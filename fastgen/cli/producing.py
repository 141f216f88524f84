"""`fastgen produce`: the dataset into a Kafka topic."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from fastgen.cli import completing
from fastgen.cli.commands import Command, examples, section
from fastgen.cli.common import (
    REAL,
    WHOLE,
    DataOptions,
    announce,
    data_options,
    human_size,
    is_interactive,
    say,
)
from fastgen.cli.compiling import compiling_announced
from fastgen.cli.kafka import connection_options, message_options, say_notes
from fastgen.cli.progress import RateMeter, Show, per_second, progress_bar
from fastgen.cli.stopping import raise_if_stopped
from fastgen.schema import DEFAULT_TOPIC

if TYPE_CHECKING:
    from fastgen.dataset import Dataset
    from fastgen.sinks.kafka.reports import ProduceReport
    from fastgen.sinks.kafka.run import Progress


cluster, target, message = section("The cluster"), section("The topic"), section("The messages")
pace, labels, run = section("The pace"), section("The labels"), section("The run")


@click.command(
    cls=Command,
    epilog=examples(
        "fastgen produce --rows 1M --mock",
        "fastgen produce --rows 10M --bootstrap-servers localhost:9092 --create-topic",
        "fastgen produce --rows 10M --bootstrap-servers localhost:9092 --resume",
        "fastgen produce --bootstrap-servers localhost:9092 --topic live --create-topic --speed 60 --shift-to now --loop",
    ),
)
@data_options
@connection_options(cluster)
@cluster("--mock", is_flag=True, help="Send to a cluster inside this process, which keeps nothing.")
@target("--topic", default=DEFAULT_TOPIC, show_default=True, metavar="NAME", help="The topic to send to.")
@message_options(message, timestamps="Record timestamps: event times, or times of sending.")
@target("--create-topic", is_flag=True, help="Create the topic; it keeps records for ever.")
@target("--partitions", type=WHOLE, metavar="N", help="Partitions of a created topic; 4 by default.")
@target("--replication-factor", type=WHOLE, metavar="N", help="Replication factor of a created topic; 1 by default.")
@target("--topic-config", multiple=True, metavar="KEY=VALUE", help="One setting of a created topic; repeatable.")
@pace("--rate", type=REAL, metavar="N", help="Send N messages per second.")
@pace("--speed", type=REAL, metavar="X", help="Replay events X times faster than real time; 1 is real time.")
@pace(
    "--shift-to",
    metavar="now|TIME",
    shell_complete=completing.words("now"),
    help="Move the first event to now, or to a time such as '2026-01-31 12:00:00'.",
)
@pace("--loop", is_flag=True, help="Continue with the next period when one ends, up to the year 9900.")
@labels("--labels-topic", metavar="NAME", help="Send tid and fraud_label to this topic.")
@labels(
    "--labels-delay", default="0s", show_default=True, metavar="TIME", help="Delay of labels after their transactions, such as 2d."
)
@run("--producers", type=WHOLE, default=1, metavar="N", help="Producers of the client library, each with its own partitions.")
@run("--threads", type=WHOLE, default=1, metavar="N", help="Threads that make rows.")
@run("--resume", is_flag=True, help="Continue where an earlier run of the same configuration ended.")
@run("--plain", is_flag=True, help="One call for each message, through confluent_kafka.Producer.")
@run("--json", "as_json", is_flag=True, help="Print the summary as JSON, to the standard output.")
@run("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@run("--no-progress", is_flag=True, help="No progress bar.")
def produce(
    described: DataOptions,
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
    config = described.config()
    reports: list[ProduceReport] = []
    with _reported(reports, config.seed, as_json=as_json, quiet=quiet), compiling_announced(quiet):
        from fastgen.cli.kafka_values import client_settings, duration, moment, pairs
        from fastgen.dataset import Dataset
        from fastgen.sinks.kafka.producing import produce as send

        say_notes(quiet)
        data = Dataset(config)
        client = client_settings(producer_config, extra)
        with progress_bar(is_interactive(quiet, no_progress)) as show:
            send(
                data,
                key=None if key == "none" else key,
                settings=client,
                topic_config=pairs("topic_config", topic_config),
                shift_to=moment(shift_to),
                labels_delay=duration("labels_delay", labels_delay),
                mock=mock,
                progress=progress_callback(show, data, endless=options["loop"], notes=not quiet, mock=mock),
                tell=reports.append,
                **options,
            )


@contextmanager
def _reported(reports: "list[ProduceReport]", seed: int, *, as_json: bool, quiet: bool) -> Iterator[None]:
    """Print the reports at the end, however the block ends."""
    try:
        yield
    finally:
        for report in reports:
            if as_json:
                click.echo(json.dumps(report.as_dict() | {"seed": seed}))
            elif not quiet:
                say(produced(report, seed))


def produced(report: "ProduceReport", seed: int) -> str:
    """What was sent, in one line."""
    present = report.skipped + report.acknowledged
    parts = [f"{present:,} of {report.rows:,} messages are in {report.topic}"]
    parts += [f"{report.skipped:,} were there before"] if report.skipped else []
    parts += [f"{report.failed:,} got no acknowledgement"] if report.failed else []
    parts += [f"{report.labels.skipped + report.labels.acknowledged:,} labels in {report.labels.topic}"] if report.labels else []
    speed = f"{report.seconds:.2f} s, {per_second(report.messages_per_second)} messages/s"
    rate = f"{speed}, {human_size(report.bytes)}, {report.backend} backend"
    late = f", at worst {report.lag:.1f} s late" if report.lag >= 1 else ""
    return f"{', '.join(parts)}: {rate}{late}, seed {seed}"


def progress_callback(show: Show, data: "Dataset", *, endless: bool, notes: bool, mock: bool) -> "Callable[[Progress], object]":
    """A progress callback; rates are those of acknowledgements. Notes come with its first call, when all options are checked."""
    lately, begun = RateMeter(), not notes

    def look(at: "Progress") -> None:
        nonlocal begun
        raise_if_stopped()
        if not begun:
            begun = True
            announce(data)
            if mock:
                say("note: the cluster is inside this process and forgets what it gets")
        show(at.passed - at.in_flight, None if endless else data.num_rows, state(at, lately.rate(at.seconds, at.acknowledged)))

    return look


def state(at: "Progress", rate: float) -> str:
    """The progress of a run, in a line; `rate` is that of acknowledged messages."""
    size = at.bytes / max(at.acknowledged + at.in_flight, 1)
    late = f"{at.lag:.1f} s late, " if at.lag >= 1 else ""
    return f"{per_second(rate)} msg/s, {human_size(rate * size)}/s, {late}{at.in_flight:,} in flight, {at.failed:,} errors"
