"""Batch reads of a table, in partitions."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from pyspark.sql.datasource import DataSourceReader, InputPartition
from pyspark.sql.types import StructType

from fastgen.pipeline import available_threads
from fastgen.spark.options import SourceOptions
from fastgen.spark.tables import arrow_schema, dataset, group_batches, nullable_fields

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_IN_PART: Final = 1_000_000
"""The approximate rows of a partition; partitions are smaller if processors would be idle otherwise."""


class PartNumber(InputPartition):
    """The partition for part `number`, counted from 1."""

    def __init__(self, number: int) -> None:
        self.number = number


class PartReader(DataSourceReader):
    """Makes a table, with a partition for each part of the dataset."""

    def __init__(self, request: SourceOptions, schema: StructType) -> None:
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
        return (batch for group in part.groups for batch in make(group, slice(None)))


def _number_of_parts(request: SourceOptions) -> int:
    """The number of partitions.

    Raises:
        OptionError: more were requested than are possible.
    """
    data = dataset(request.config)
    if request.parts is None:
        return min(data.plan.grid.groups, max(available_threads(), round(data.plan.rows / ROWS_IN_PART)))
    data.part(1, of=request.parts)
    return request.parts
