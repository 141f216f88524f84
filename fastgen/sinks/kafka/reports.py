"""Reports of runs that account for every message, and errors for those that were not acknowledged."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from fastgen.errors import DeliveryError
from fastgen.sinks.kafka.run import Run

RESUME: Final = "`resume` sends the rest"
TOO_LARGE: Final = "MSG_SIZE_TOO_LARGE"
"""The broker's error for a batch of messages that is larger than the topic accepts."""
FRAME: Final = 72
"""Overhead in bytes of a batch with one message of up to 8 kB: a header of 61, lengths, deltas and flags."""
USUAL: Final = 1_048_588
"""Kafka's default for max.message.bytes, the largest batch that a topic accepts."""


@dataclass(frozen=True)
class ProduceReport:
    """What `produce` did.

    Attributes:
        topic: its name.
        rows: messages of the dataset.
        skipped: how many of them were in the topic already.
        acknowledged: messages that the broker has acknowledged.
        failed: messages that were sent but failed.
        errors: failed messages by reason.
        partitions: acknowledged messages by partition.
        bytes: of the values that were handed to the client library.
        seconds: from the first message to the last delivery report.
        lag: the greatest delay behind the schedule, in seconds; 0 without `rate` and `speed`.
        backend: compiled or plain.
        labels: the report for the labels' topic, if there is one.
    """

    topic: str
    rows: int
    skipped: int
    acknowledged: int
    failed: int
    errors: dict[str, int]
    partitions: tuple[int, ...]
    bytes: int
    seconds: float
    lag: float
    backend: str
    labels: "ProduceReport | None" = None

    @property
    def messages_per_second(self) -> float:
        """Acknowledged messages per second."""
        return self.acknowledged / max(self.seconds, 1e-9)

    def as_dict(self) -> dict[str, Any]:
        """The report as a dict for JSON; the one nested under `labels` has the same keys, except `labels`."""
        fields = asdict(self) | {name: round(getattr(self, name), 3) for name in ("seconds", "lag", "messages_per_second")}
        if self.labels is not None:
            fields["labels"] = {name: value for name, value in self.labels.as_dict().items() if name != "labels"}
        return fields


def report_of(runs: list[Run]) -> ProduceReport:
    """The report of runs, the first of which is that of the transactions."""
    labels = report_of(runs[1:]) if runs[1:] else None
    run = runs[0]
    counts = run.counts
    errors: dict[str, int] = {}
    for each in counts:
        for reason, number in each.errors.items():
            errors[reason] = errors.get(reason, 0) + number
    return ProduceReport(
        topic=run.topic.name,
        rows=run.rows,
        skipped=run.skipped,
        acknowledged=sum(each.delivered for each in counts),
        failed=sum(each.failed for each in counts),
        errors=errors,
        partitions=tuple(np.sum([each.partitions for each in counts], axis=0).tolist()),
        bytes=run.stream.bytes,
        seconds=run.seconds,
        lag=run.lag.worst,
        backend=run.backend,
        labels=labels,
    )


def check_delivered(runs: list[Run], refused: str = "") -> None:
    """Raise DeliveryError if messages were not acknowledged; `refused`: why the client library accepted no more."""
    report = report_of(runs)
    for run, each in zip(runs, (report, report.labels), strict=False):
        if each and (each.failed or each.skipped + each.acknowledged != each.rows):
            reasons = [f"{number:,} {reason}" for reason, number in each.errors.items()]
            unsent = each.rows - each.skipped - each.acknowledged - each.failed
            why = f": {refused}" if refused and not reasons else ""
            reasons += [f"{unsent:,} were not sent{why}"] if unsent else []
            lost, reason = each.failed + unsent, "; ".join(reasons)
            hint = f"{_room(run)}; then {RESUME}" if TOO_LARGE in reason else RESUME
            raise DeliveryError(
                f"topic {each.topic}: {lost:,} of {each.rows:,} messages were not acknowledged: {reason}", hint=hint
            )


def _room(run: Run) -> str:
    """The hint for the user if batches are too large for the topic."""
    needed = run.stream.largest + FRAME
    if run.limit is not None and run.limit < needed:
        return (
            f"the topic's max.message.bytes is {run.limit:,}, and a single message takes some {needed:,}: "
            f"raise it, best to Kafka's default of {USUAL:,}, which has room for batches"
        )
    return "raise the topic's max.message.bytes, or lower batch.size"
