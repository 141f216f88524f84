"""`fastgen verify`: files or a topic, compared with what their configuration makes."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from fastgen.cli import completing
from fastgen.cli.commands import PATH, Command, examples, section
from fastgen.cli.common import WHOLE, DataOptions, counted, data_options, is_interactive, say
from fastgen.cli.compiling import compiling_announced
from fastgen.cli.kafka import connection_options, message_options, say_notes
from fastgen.cli.progress import rows_bar
from fastgen.errors import NOT_GIVEN, DifferenceError, OptionError

OF_FILES = ("table", "parts", "part")
OF_TOPICS = (
    "bootstrap_servers",
    "key",
    "with_label",
    "coordinates",
    "timestamps",
    "labels_topic",
    "labels_delay",
    "producer_config",
    "extra",
)
"""Parameters that only concern a topic: where it is, and what it holds."""
SHOWN = 10
"""Differences that are printed; the JSON has more."""

if TYPE_CHECKING:
    from fastgen.dataset import Dataset
    from fastgen.verifying.report import TableCounts, VerifyReport


files, kafka, run = section("Files"), section("A topic"), section("The run")


@click.command(
    cls=Command,
    epilog=examples(
        "fastgen verify data/",
        "fastgen verify payments.parquet --rows 10M --seed 7",
        "fastgen verify data/ --json | jq .ok",
        "fastgen verify --topic credit_card_transactions --bootstrap-servers localhost:9092 --rows 10M",
    ),
)
@click.argument("target", required=False, type=PATH, metavar="[DIR|FILE]")
@data_options
@files("--table", metavar="NAME", shell_complete=completing.tables, help="Only this table; for a file, which one it is.")
@files("--parts", type=WHOLE, metavar="N", help="With --part, for a file that is a part: how many parts there are.")
@files("--part", type=WHOLE, metavar="I", help="With --parts: which part the file is.")
@kafka("--topic", metavar="NAME", help="Compare this topic instead of files.")
@connection_options(kafka)
@kafka("--manifest", metavar="DIR|FILE", help="The topic holds what this manifest.json describes.")
@message_options(kafka, timestamps="Record timestamps; with now, they are not compared.")
@kafka("--labels-topic", metavar="NAME", help="The topic with tid and fraud_label.")
@kafka(
    "--labels-delay", default="0s", show_default=True, metavar="TIME", help="Delay of labels after their transactions, such as 2d."
)
@run("--threads", type=WHOLE, metavar="N", help="Threads that make rows; by default one per processor.")
@run("--json", "as_json", is_flag=True, help="The report as JSON.")
@run("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@run("--no-progress", is_flag=True, help="No progress bar.")
def verify(
    target: str | None,
    described: DataOptions,
    table: str | None,
    parts: int | None,
    part: int | None,
    topic: str | None,
    manifest: str | None,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    no_progress: bool,
    **messages: Any,
) -> None:
    """Compare data with what their configuration makes, row by row.

    The configuration is the one in a directory's manifest.json or in the metadata of a Parquet or Arrow IPC file, unless options
    say what the data are. For a topic, give the options that fastgen produce was given. Exits with 0 if everything is present and
    correct, with 1 if not; of a directory that lacks parts, only the parts present are compared.
    """
    check_target(target, topic)
    check_part(parts, part, described)
    if manifest is not None and (described.are_given or topic is None):
        raise OptionError("manifest", manifest, "must come with `topic`, and with no options that say what the data are")
    shown = is_interactive(quiet, no_progress)
    with compiling_announced(quiet):
        if topic is not None:
            say_notes(quiet)
            report = of_topic(dataset_of_topic(described, manifest), topic, threads, shown, **messages)
        else:
            report = of_files(str(target), dataset_of_files(described, parts, part), table, threads, shown)
    if as_json:
        click.echo(json.dumps(report.as_dict()))
    elif not quiet:
        click.echo("\n".join(lines(report)))
    if not report.ok:
        wrong = report.wrong if as_json or quiet else report.wrong_in_numbers  # problems have been printed already
        raise DifferenceError(f"{report.path} does not hold what its configuration makes: {wrong}")
    if not quiet:
        say(f"{report.path} holds what its configuration makes: {speed(report)}")


def check_target(target: str | None, topic: str | None) -> None:
    """Refuse a target besides a topic, neither of them, options of a topic with files, and those of files with a topic."""
    if target is None and topic is None:
        raise OptionError("DIR|FILE", NOT_GIVEN, "must be given, or else `topic`")
    if target is not None and topic is not None:
        raise OptionError("topic", topic, "must not be given with a directory or a file")
    has_topic = topic is not None
    source = click.get_current_context().get_parameter_source
    for name in OF_FILES if has_topic else OF_TOPICS:
        if source(name) is ParameterSource.COMMANDLINE:
            allowed = "must not be given with `topic`" if has_topic else "must come with `topic`"
            raise OptionError("X" if name == "extra" else name, NOT_GIVEN, allowed)


def check_part(parts: int | None, part: int | None, described: DataOptions) -> None:
    """Refuse a part of data that no options describe, and one of the two options without the other."""
    if (parts, part) != (None, None) and not described.are_given:
        field, value = ("parts", parts) if part is None else ("part", part)
        hint = "such as `config`, `rows`, `seed` or `set`"
        raise OptionError(field, value, "must come with options that say what the data are", hint=hint)
    if (parts is None) != (part is None):
        field, value, other = ("part", part, "parts") if parts is None else ("parts", parts, "part")
        raise OptionError(field, value, f"must come with `{other}`")


def dataset_of_files(described: DataOptions, parts: int | None, part: int | None) -> "Dataset | None":
    """What options say that files hold; None if there are none."""
    from fastgen.dataset import Dataset

    if not described.are_given:
        return None
    dataset = Dataset(described.config())
    return dataset if parts is None or part is None else dataset.part(part, parts)


def dataset_of_topic(described: DataOptions, manifest: str | None) -> "Dataset":
    """What options or a manifest say that a topic holds."""
    from fastgen.dataset import Dataset
    from fastgen.verifying.manifests import dataset_of_manifest

    return Dataset(described.config()) if manifest is None else dataset_of_manifest(manifest)


def of_files(path: str, data: "Dataset | None", table: str | None, threads: int | None, shown: bool) -> "VerifyReport":
    """Compare files, with or without a progress bar."""
    from fastgen.verifying.files import rows_to_compare
    from fastgen.verifying.files import verify as check

    with rows_bar(rows_to_compare(path, data, table=table) if shown else 0, shown) as advance:
        return check(path, data, table=table, threads=threads, progress=advance)


def of_topic(
    data: "Dataset",
    topic: str,
    threads: int | None,
    shown: bool,
    key: str,
    labels_delay: str,
    producer_config: str | None,
    extra: tuple[str, ...],
    **options: Any,
) -> "VerifyReport":
    """Compare a topic, with or without a progress bar."""
    from fastgen.cli.kafka_values import client_settings, duration
    from fastgen.verifying.topics import verify_topic

    with rows_bar(data.num_rows * (1 + (options["labels_topic"] is not None)), shown) as advance:
        return verify_topic(
            data,
            topic=topic,
            key=None if key == "none" else key,
            settings=client_settings(producer_config, extra),
            labels_delay=duration("labels_delay", labels_delay),
            threads=threads,
            progress=advance,
            **options,
        )


def speed(report: "VerifyReport") -> str:
    """How many rows were compared, and how fast."""
    pace = f"{report.rows / max(report.seconds, 1e-9):,.0f} rows/s"
    return f"{counted(report.rows, 'rows')} in {report.seconds:.2f} s, {pace}, seed {report.seed}"


def lines(report: "VerifyReport") -> Iterator[str]:
    """The report as lines: tables, problems, notes and the first differences."""
    yield from (f"{table.table}: {', '.join(counts(table))}" for table in report.tables)
    yield from (f"problem: {problem}" for problem in report.problems)
    yield from (f"note: {note}" for note in report.notes)
    for number, difference in enumerate(report.differences[:SHOWN]):
        yield f"{'another' if number else 'first difference'}: {difference}"


def counts(table: "TableCounts") -> Iterator[str]:
    """The numbers of rows of a table by outcome, in words."""
    yield f"{table.same:,} of {table.rows:,} rows are as they should be"
    if table.absent:
        yield f"compared without {' and '.join(table.absent)}"
    for kind, count in table.counts():
        columns = [f"unreadable {table.unreadable:,}"] if table.unreadable else []
        columns += [f"{name} {rows:,}" for name, rows in table.columns.items()]
        yield f"{count:,} {kind} ({', '.join(columns)})" if kind == "altered" else f"{count:,} {kind}"
    if table.stopped:
        yield f"stopped: {table.stopped}"
