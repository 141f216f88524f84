"""Schemas of tables in Spark and Arrow, and what batch and stream readers share."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pyspark.sql.types import ByteType, DataType, DateType, DoubleType, StringType, StructField, StructType, TimestampNTZType

from fastgen.config import Config
from fastgen.errors import OptionError
from fastgen.schema import TABLES, Kind
from fastgen.spark.options import SourceOptions, known_columns

if TYPE_CHECKING:
    import pyarrow as pa

    from fastgen.dataset import Dataset

_NOT_TEXT: Final[dict[Kind, DataType]] = {
    "datetime": TimestampNTZType(),
    "amount": DoubleType(),
    "latitude": DoubleType(),
    "longitude": DoubleType(),
    "label": ByteType(),
    "date": DateType(),
}

MOST_ROWS_IN_BATCH: Final = 1 << 20
"""The most rows of a batch: their texts, of at most 400 bytes each, are addressed by 31 bits."""


@lru_cache(maxsize=4)
def dataset(config: Config) -> "Dataset":
    """The dataset of a configuration, cached so that its plan outlives a task: Spark reuses worker processes."""
    from fastgen.dataset import Dataset

    return Dataset(config)


def group_batches(data: "Dataset", schema: "pa.Schema") -> Callable[[int, slice], Iterator["pa.RecordBatch"]]:
    """Return a function that makes the transactions of a group, or a slice of them, in batches whose texts can be addressed."""
    from fastgen.arrow import TransactionBatches
    from fastgen.workers import RowSource

    source, batches = RowSource(data.plan, schema.names), TransactionBatches(data.plan, schema)

    def make(group: int, cut: slice) -> Iterator["pa.RecordBatch"]:
        rows, tids = source.fill(range(group, group + 1))
        wanted = range(rows.second.size)[cut]
        for first in wanted[::MOST_ROWS_IN_BATCH]:
            behind = min(first + MOST_ROWS_IN_BATCH, wanted.stop)
            yield batches.batch(source.worker.rows.rows(first, behind), tids[16 * first : 16 * behind])

    return make


def spark_schema(table: str, names: Sequence[str]) -> StructType:
    """The schema of these columns of a table; none is nullable.

    Example:
        >>> spark_schema("transactions", ["cc_num", "fraud_label"]).simpleString()
        'struct<cc_num:string,fraud_label:tinyint>'
    """
    return StructType([StructField(name, _NOT_TEXT.get(TABLES[table].kind(name), StringType()), False) for name in names])


def nullable_fields(schema: StructType) -> frozenset[str]:
    """The columns that a schema allows to be null. Batches must declare the same, although no value is null."""
    return frozenset(field.name for field in schema.fields if field.nullable)


def arrow_schema(table: str, names: Sequence[str], nullable: frozenset[str]) -> "pa.Schema":
    """The Arrow schema of batches with these columns; Spark compares it with its own."""
    import pyarrow as pa

    from fastgen.arrow import plain_schema

    return pa.schema([field.with_nullable(field.name in nullable) for field in plain_schema(table, names)])


def check_schema(schema: StructType, request: SourceOptions) -> None:
    """Check a schema that the user gave: it may select columns, as the option `columns` does, but not change their types.

    Raises:
        OptionError: unknown columns, other types, or a selection that contradicts the option `columns`.
    """
    names = schema.fieldNames()
    known_columns(request.table, names)
    if request.columns is not None and set(names) != set(request.columns):
        raise OptionError("columns", ",".join(request.columns), f"must be those of the schema, {','.join(names)}")
    for given, field in zip(schema.fields, spark_schema(request.table, names).fields, strict=True):
        if given.dataType != field.dataType:
            shown = given.dataType.simpleString()
            raise OptionError(f"schema: {given.name}", shown, f"must be {field.dataType.simpleString()}; cast it afterwards")
