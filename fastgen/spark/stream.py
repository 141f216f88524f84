"""Transactions as a Spark stream: micro-batches in event-time order, at a given rate, continued from a checkpoint."""

import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from fastgen.errors import FastgenError, OptionError
from fastgen.pipeline import available_threads
from fastgen.positions import Position, Positions, RowSpan, pieces
from fastgen.spark.options import SourceOptions, in_one_line
from fastgen.spark.tables import arrow_schema, dataset, group_batches, nullable_fields

try:
    from pyspark.sql.datasource import DataSourceStreamReader, InputPartition
    from pyspark.sql.streaming.datasource import ReadLimit, SupportsTriggerAvailableNow
    from pyspark.sql.types import StructType
except ImportError:
    raise FastgenError("streams need PySpark 4.2 or later: older ones do not tell a source where a stream goes on") from None

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_IN_BATCH: Final = 1_000_000
"""Rows of a micro-batch if no rate is given, or with the trigger `availableNow`."""


class PieceOfBatch(InputPartition):
    """A partition with some of the rows of a micro-batch."""

    def __init__(self, piece: RowSpan) -> None:
        self.piece = piece


class TransactionStream(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Releases the transactions in order, `rowsPerSecond` of them per second from the start or restart of the stream.

    Without a rate, or with the trigger `availableNow`, micro-batches have a million rows and come as fast as they are taken. The
    stream ends with the last row of the dataset. An offset holds the number of rows released, the position of the next one and
    the dataset's fingerprint: a checkpoint of another dataset is refused.
    """

    def __init__(self, request: SourceOptions, schema: StructType) -> None:
        self.config = request.config
        self.rate = request.rows_per_second
        self.most = request.parts or available_threads()
        self.names, self.nullable = tuple(schema.fieldNames()), nullable_fields(schema)
        self._started: tuple[int, float] | None = None

    # On the driver

    @cached_property
    def _positions(self) -> Positions:
        return Positions(dataset(self.config).plan)

    @cached_property
    def _fingerprint(self) -> str:
        return dataset(self.config).fingerprint[:16]

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what executors do not need."""
        return {name: value for name, value in vars(self).items() if name not in ("_positions", "_fingerprint")}

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802
        """Drop the rate: all of the dataset is available now."""
        self.rate = None

    @in_one_line
    def initialOffset(self) -> dict[str, Any]:  # noqa: N802
        return self._offset(Position(0, 0, 0))

    @in_one_line
    def latestOffset(self, start: dict[str, Any], limit: ReadLimit) -> dict[str, Any]:  # noqa: ARG002, N802
        """How far the stream may go by now; Spark calls this repeatedly."""
        position = self._position(start)
        return self._offset(self._positions.after(position, self._due(position.rows)))

    @in_one_line
    def partitions(self, start: dict[str, Any], end: dict[str, Any]) -> Sequence[InputPartition]:
        return [PieceOfBatch(piece) for piece in pieces(self._position(start), self._position(end), self.most)]

    def _due(self, released: int) -> int:
        """How many more rows the clock allows than the `released` ones."""
        if self.rate is None:
            return ROWS_IN_BATCH
        if self._started is None:
            self._started = released, time.monotonic()
        before, since = self._started
        return max(0, before + int(self.rate * (time.monotonic() - since)) - released)

    def _offset(self, position: Position) -> dict[str, Any]:
        return {"dataset": self._fingerprint, **position._asdict()}

    def _position(self, offset: dict[str, Any]) -> Position:
        """The position of an offset.

        Raises:
            OptionError: it belongs to another dataset.
        """
        if offset["dataset"] != self._fingerprint:
            allowed = f"belongs to another dataset than {self._fingerprint}, which the options describe"
            raise OptionError("checkpoint", offset["dataset"], allowed, hint="take another checkpointLocation")
        return Position(offset["rows"], offset["group"], offset["skip"])

    # On an executor

    def read(self, partition: InputPartition) -> Iterator["pa.RecordBatch"]:
        """The batches of a piece."""
        assert isinstance(partition, PieceOfBatch)
        piece = partition.piece
        make = group_batches(dataset(self.config), arrow_schema("transactions", self.names, self.nullable))
        for group in piece.groups:
            yield from make(group, piece.cut(group))
