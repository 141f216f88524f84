"""A data source for Apache Spark: tables as DataFrames, made by the executors, and streams of transactions.

    from fastgen.spark import FastgenSource
    spark.dataSource.register(FastgenSource)
    spark.read.format("fastgen").option("rows", "10M").load()

Options are words of the command line, and Spark does not tell capitals from small letters in them:

    rows, scale, seed, config    as the command's flags; the file of `config` is read where the driver runs
    any other setting            as with `--set`, such as fraud.ratio
    table                        transactions, unless given, credit_cards or profiles
    columns                      names with commas between them; what is not among them is not made
    parts                        partitions; of a stream, the most that a micro-batch has
    rowsPerSecond                of a stream: how fast it is
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, wraps
from typing import TYPE_CHECKING, Any, Final, NamedTuple, ParamSpec, TypeVar

from fastgen.config import Config, load_config, merge
from fastgen.config_text import parse_count, parse_setting
from fastgen.errors import ConfigError, FastgenError, OptionError, did_you_mean
from fastgen.schema import TABLES, Kind

try:
    from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
    from pyspark.sql.types import ByteType, DataType, DateType, DoubleType, StringType, StructField, StructType, TimestampNTZType
except ModuleNotFoundError:
    raise FastgenError(
        "PySpark 4, which this data source is for, is not installed", hint="it comes with the extra spark of fastgen-payments"
    ) from None

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql.datasource import DataSourceStreamReader

    from fastgen.dataset import Dataset

ROWS_IN_PART: Final = 1_000_000
"""About how many rows a partition has, unless there are processors that would have none."""
OPTIONS: Final = ("table", "columns", "parts", "config", "rowsPerSecond")
"""Beside the settings of a configuration."""

_NOT_TEXT: Final[dict[Kind, DataType]] = {
    "datetime": TimestampNTZType(),
    "amount": DoubleType(),
    "latitude": DoubleType(),
    "longitude": DoubleType(),
    "label": ByteType(),
    "date": DateType(),
}


class Request(NamedTuple):
    """What options ask for; what is None was not given."""

    config: Config
    table: str
    columns: tuple[str, ...] | None
    parts: int | None
    rows_per_second: int | None


P = ParamSpec("P")
R = TypeVar("R")


def in_one_line(method: Callable[P, R]) -> Callable[P, R]:
    """Errors lose their traceback: Spark puts it into the message, and the user is to find what is wrong, not where we saw it."""

    @wraps(method)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except FastgenError as error:
            raise error.with_traceback(None) from None

    return wrapper


class FastgenSource(DataSource):
    """The data source `fastgen`. Wrong options are an OptionError or ConfigError on the driver, before anything is made."""

    @classmethod
    def name(cls) -> str:
        return "fastgen"

    @cached_property
    def request(self) -> Request:
        """The options, read once: a configuration file may be gone when the rows are made."""
        return parse_options(self.options)

    @in_one_line
    def schema(self) -> StructType:
        request = self.request
        return spark_schema(request.table, request.columns or TABLES[request.table].names)

    @in_one_line
    def reader(self, schema: StructType) -> "PartReader":
        if self.request.rows_per_second is not None:
            raise OptionError("rowsPerSecond", self.request.rows_per_second, "is for streams: spark.readStream")
        _check_schema(schema, self.request)
        return PartReader(self.request, schema)

    @in_one_line
    def streamReader(self, schema: StructType) -> "DataSourceStreamReader":  # noqa: N802
        """Raises OptionError for other tables than transactions."""
        from fastgen.spark_stream import TransactionStream

        if self.request.table != "transactions":
            raise OptionError("table", self.request.table, "must be transactions in a stream; the card tables are read at once")
        _check_schema(schema, self.request)
        return TransactionStream(self.request, schema)


class PartNumber(InputPartition):
    """Part `number`, counted from 1."""

    def __init__(self, number: int) -> None:
        self.number = number


class PartReader(DataSourceReader):
    """Makes a table, a partition for each part of the dataset."""

    def __init__(self, request: Request, schema: StructType) -> None:
        self.request = request
        self.names = tuple(schema.fieldNames())
        self.nullable = nullable_fields(schema)
        self.parts = _number_of_parts(request)

    def partitions(self) -> Sequence[InputPartition]:
        return [PartNumber(number) for number in range(1, self.parts + 1)]

    def read(self, partition: InputPartition) -> Iterator["pa.RecordBatch"]:
        """The batches of a part, on an executor."""
        assert isinstance(partition, PartNumber)
        part = dataset(self.request.config).part(partition.number, of=self.parts)
        schema = arrow_schema(self.request.table, self.names, self.nullable)
        if self.request.table != "transactions":
            from fastgen.arrow import HolderBatches

            holders = HolderBatches(part.plan, self.request.table, schema)
            return map(holders.batch, part.card_chunks())
        make = group_batches(part, schema)
        return (batch for group in part.groups if (batch := make(group)).num_rows)


# What partitions and streams share


@lru_cache(maxsize=4)
def dataset(config: Config) -> "Dataset":
    """The dataset, whose plan outlives a task: Spark lets a worker process do many."""
    from fastgen.dataset import Dataset

    return Dataset(config)


def group_batches(data: "Dataset", schema: "pa.Schema") -> Callable[[int], "pa.RecordBatch"]:
    """A function that makes the transactions of a group."""
    from fastgen.arrow import TransactionBatches
    from fastgen.ids import RowSource

    source, batches = RowSource(data.plan, schema.names), TransactionBatches(data.plan, schema)
    return lambda group: batches.batch(*source.fill(range(group, group + 1)))


def spark_schema(table: str, names: Sequence[str]) -> StructType:
    """These columns of a table; none of them is ever null.

    Example:
        >>> spark_schema("transactions", ["cc_num", "fraud_label"]).simpleString()
        'struct<cc_num:string,fraud_label:tinyint>'
    """
    return StructType([StructField(name, _NOT_TEXT.get(TABLES[table].kind(name), StringType()), False) for name in names])


def nullable_fields(schema: StructType) -> frozenset[str]:
    """The columns that a schema allows to be null. Batches must say the same, although none of them is."""
    return frozenset(field.name for field in schema.fields if field.nullable)


def arrow_schema(table: str, names: Sequence[str], nullable: frozenset[str]) -> "pa.Schema":
    """How batches have these columns; Spark compares it with its own."""
    import pyarrow as pa

    from fastgen.arrow import plain_schema

    return pa.schema([field.with_nullable(field.name in nullable) for field in plain_schema(table, names)])


def processors() -> int:
    """As many as this machine has."""
    return os.cpu_count() or 1


def _number_of_parts(request: Request) -> int:
    """How many partitions there are.

    Raises:
        OptionError: more than there can be.
    """
    data = dataset(request.config)
    if request.parts is None:
        return min(data.plan.grid.groups, max(processors(), round(data.plan.rows / ROWS_IN_PART)))
    data.part(1, of=request.parts)
    return request.parts


def _check_schema(schema: StructType, request: Request) -> None:
    """A schema that is given by hand picks columns, as the option does, and changes none.

    Raises:
        OptionError: unknown columns, other types, or others than the option `columns` has.
    """
    names = schema.fieldNames()
    _known_columns(request.table, names)
    if request.columns is not None and set(names) != set(request.columns):
        raise OptionError("columns", ",".join(request.columns), f"must be those of the schema, {','.join(names)}")
    for given, field in zip(schema.fields, spark_schema(request.table, names).fields, strict=True):
        if given.dataType != field.dataType:
            shown = given.dataType.simpleString()
            raise OptionError(f"schema: {given.name}", shown, f"must be {field.dataType.simpleString()}; cast it afterwards")


# Options


def parse_options(options: Mapping[str, str]) -> Request:
    """What options ask for; capitals in their names do not count.

    Raises:
        OptionError: an option that there is not, an unknown table or column, a number out of range.
        ConfigError: settings that are not allowed, or a file that cannot be read.

    Example:
        >>> request = parse_options({"rows": "10k", "atm.cards": "0", "columns": "cc_num, amount"})
        >>> request.config.rows, request.config.atm.cards, request.columns
        (10000, 0, ('cc_num', 'amount'))
    """
    given = {name.lower(): value for name, value in options.items()}
    settings = {name: value for name, value in given.items() if name not in _OWN}
    _check_names(settings)
    table = given.get("table", "transactions")
    if table not in TABLES:
        raise OptionError("table", table, f"must be one of {', '.join(TABLES)}", hint=did_you_mean(table, TABLES))
    return Request(
        config=_read_config(given.get("config"), settings),
        table=table,
        columns=_known_columns(table, [name.strip() for name in given["columns"].split(",")]) if "columns" in given else None,
        parts=_positive("parts", given),
        rows_per_second=_positive("rowsPerSecond", given),
    )


_OWN: Final = frozenset(name.lower() for name in OPTIONS)


def _check_names(settings: Mapping[str, str]) -> None:
    """Dotted names are left to the configuration, which knows more about them."""
    known = ["rows", *OPTIONS, *(name for name in Config.model_fields if name != "rows")]
    for name, value in settings.items():
        if "." not in name and name not in Config.model_fields:
            allowed = f"there is no such option; there are {', '.join(known)}, and settings such as fraud.ratio"
            raise OptionError(name, value, allowed, hint=did_you_mean(name, known))


def _read_config(path: str | None, settings: Mapping[str, str]) -> Config:
    rows = {"rows": parse_count(settings["rows"])} if "rows" in settings else {}
    others = [parse_setting(f"{name}={value}") for name, value in settings.items() if name != "rows"]
    return load_config(path, **merge(*others, rows))


def _known_columns(table: str, names: Sequence[str]) -> tuple[str, ...]:
    """The same columns, all of which the table has."""
    from fastgen.dataset import check_columns

    check_columns(table, names)
    return tuple(names)


def _positive(name: str, given: Mapping[str, Any]) -> int | None:
    """A whole number above zero, such as 64 or 10k."""
    text = given.get(name.lower())
    if text is None:
        return None
    try:
        number = parse_count(text, name)
    except ConfigError as error:
        raise OptionError(name, text, error.allowed) from None
    if number < 1:
        raise OptionError(name, text, "must be a whole number of at least 1")
    return number
