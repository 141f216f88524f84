"""A topic, partition by partition: its records compared with the expected messages."""

from collections.abc import Callable

import numpy as np
import polars as pl

from fastgen.sinks.kafka.cluster import Cluster
from fastgen.sinks.kafka.consuming import read_partition
from fastgen.sinks.kafka.topic import Topic
from fastgen.verifying.aligning import Aligner
from fastgen.verifying.chunks import UNKNOWN
from fastgen.verifying.cursors import Cursor
from fastgen.verifying.log import Log
from fastgen.verifying.missing import count_missing
from fastgen.verifying.records import RecordCursor
from fastgen.verifying.report import Difference, TableCounts
from fastgen.verifying.sent import PartitionRows, SentMessages, Split

BESIDE = 16
"""Partitions to read concurrently; for the next ones the messages are made again."""


class TopicCheck:
    """Compares the records of a topic with the messages that were sent to it."""

    def __init__(self, cluster: Cluster, topic: Topic, sent: SentMessages) -> None:
        self._cluster, self._topic, self._sent = cluster, topic, sent
        self._offsets = cluster.offsets(topic)
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.differences: list[Difference] = []

    def run(self, progress: Callable[[int], object]) -> list[TableCounts]:
        """Run the comparison; progress is called with numbers of messages."""
        self._note_offsets()
        counts: list[TableCounts] = []
        for first in range(0, self._topic.partitions, BESIDE):
            partitions = range(first, min(first + BESIDE, self._topic.partitions))
            checks = [PartitionCheck(self._sent, self._topic.name, each, self._records(each)) for each in partitions]
            for number, split in self._sent.sequence():
                for check in checks:
                    progress(check.step(number, split))
                if all(check.stopped for check in checks):
                    break
            for check in checks:
                counts.append(check.finish())
                self.differences += check.differences
                self.problems += check.problems
                self.notes += check.notes
        ends = self._cluster.offsets(self._topic)[:, 1]
        if more := int((ends - self._offsets[:, 1]).sum()):
            self.notes.append(f"topic {self._topic.name} got {more:,} more records while it was read; they were not compared")
        return counts

    def _note_offsets(self) -> None:
        name = self._topic.name
        if not (self._offsets[:, 1] - self._offsets[:, 0]).any():
            self.notes.append(f"topic {name} is empty")
        for partition in np.flatnonzero(self._offsets[:, 0]).tolist():
            gone = int(self._offsets[partition, 0])
            self.notes.append(f"topic {name}: the first {gone:,} records of partition {partition} have been deleted")

    def _records(self, partition: int) -> Cursor:
        low, high = self._offsets[partition].tolist()
        batches = read_partition(self._cluster, self._topic, partition, (low, high), min(BESIDE, self._topic.partitions))
        what = f"topic {self._topic.name}, partition {partition}"
        return RecordCursor(batches, self._sent.form, what, low)


class PartitionCheck:
    """Compares one partition. cursor: its records."""

    def __init__(self, sent: SentMessages, topic: str, partition: int, cursor: Cursor) -> None:
        self._sent, self._partition, self._cursor = sent, partition, cursor
        self._rows = PartitionRows(sent, partition)
        self._log = Log(f"{topic}, partition {partition}", 0, sent.form.columns, unit="offset")
        self._aligner = Aligner(self._rows, iter([("", cursor)]), self._log)
        self.problems: list[str] = []
        self.notes: list[str] = []

    @property
    def stopped(self) -> str | None:
        """See `Aligner.stopped`."""
        return self._aligner.stopped

    def step(self, number: int, split: Split) -> int:
        """Compare with the partition's share of the next chunk, and return how many messages it has."""
        chunk = self._rows.chunk(number, split)
        if not self.stopped:
            self._aligner.step(chunk)
        self._log.counts.rows += chunk.rows
        return chunk.rows

    def finish(self) -> TableCounts:
        """Classify what is left, and return the counts."""
        self._aligner.finish()
        self._log.counts.stopped = self.stopped
        if not self.stopped:
            count_missing(self._aligner, self._rows, self._log)
        name = self._log.counts.table
        self.problems += [f"{name}: records from offset {each.first:,} on: {each.reason}" for each in self._cursor.damages]
        if elsewhere := self._elsewhere():
            self.notes.append(
                f"{name}: {elsewhere:,} of the first {self._log.sample.height:,} foreign records are rows of other partitions: "
                "another partitioner sent them, or the topic had another number of partitions"
            )
        return self._log.finish()

    def _elsewhere(self) -> int:
        """How many of the first foreign rows belong to other partitions."""
        rows = self._log.sample
        chunks = self._rows.locate(rows) if rows.height else np.empty(0, np.int64)
        found = 0
        for chunk in np.unique(chunks[chunks != UNKNOWN]).tolist():
            own = rows.filter(pl.Series(chunks == chunk))
            others = (PartitionRows(self._sent, other).frame(chunk) for other in range(self._sent.partitions))
            found += sum(own.join(other, on=own.columns, how="semi").height for other in others)
        return found

    @property
    def differences(self) -> list[Difference]:
        """See `Log.differences`."""
        return self._log.differences
