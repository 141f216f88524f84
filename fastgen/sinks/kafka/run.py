"""A run: fills topics in parallel, each message when it is due, until the last delivery report."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final, NamedTuple

from fastgen.dataset import Dataset
from fastgen.layouts import Coordinates
from fastgen.sinks.kafka.messages import MessageSource
from fastgen.sinks.kafka.pace import Lag, Pace
from fastgen.sinks.kafka.periods import endless
from fastgen.sinks.kafka.resume import ResumePoint
from fastgen.sinks.kafka.sender import DeliveryCounts, RefusedError, Sender
from fastgen.sinks.kafka.stream import Stream
from fastgen.sinks.kafka.topic import Topic
from fastgen.sinks.kafka.topics import TopicContent

LOG: Final = logging.getLogger("fastgen")
SHUTDOWN_SECONDS: Final = 10.0
"""Seconds that an interrupted run waits for messages in flight."""
POLL_SECONDS: Final = 0.1
"""Seconds between two looks at a waiting run."""


class Progress(NamedTuple):
    """How far a run of `produce` is with the transactions.

    Attributes:
        passed: messages that are in the topic or in flight.
        acknowledged: messages that the broker has acknowledged.
        failed: messages whose delivery reports say that they failed.
        in_flight: messages without a delivery report.
        bytes: of the values of messages that were sent, approximately.
        seconds: since the start.
        lag: seconds by which the oldest message without a delivery report is late.
    """

    passed: int
    acknowledged: int
    failed: int
    in_flight: int
    bytes: int
    seconds: float
    lag: float


@dataclass(frozen=True)
class MessageSpec:
    """What is sent: a dataset, or that and its endless followers, and how rows become messages."""

    data: Dataset
    key: str | None
    coordinates: Coordinates
    loop: bool

    def source(self, data: Dataset, columns: tuple[str, ...], topic: Topic) -> MessageSource:
        """The messages of one dataset."""
        return MessageSource(data, columns, self.key, topic.partitions, self.coordinates)

    def sources(self, columns: tuple[str, ...], topic: Topic) -> Iterator[MessageSource]:
        """The messages of all datasets, one source each."""
        datasets = endless(self.data) if self.loop else iter([self.data])
        return (self.source(data, columns, topic) for data in datasets)


@dataclass(frozen=True, kw_only=True)
class Options:
    """How messages are sent: checked arguments of `produce`.

    settings: all of librdkafka's. producers: how many senders a topic has, at most.
    event_times: whether records bear the times of their events, rather than those of sending.
    """

    settings: dict[str, str]
    producers: int
    threads: int
    event_times: bool
    plain: bool
    rate: float | None
    speed: float | None
    resume: bool
    mock: bool


class Run:
    """One topic with its stream and senders.

    Args:
        at: where to resume. limit: bytes of the largest batch that the topic accepts, if known.
    """

    def __init__(
        self,
        spec: MessageSpec,
        content: TopicContent,
        topic: Topic,
        at: ResumePoint,
        options: Options,
        limit: int | None,
    ) -> None:
        self.topic, self.limit, self._data = topic, limit, None if spec.loop else spec.data
        self.skipped = int(at.present.sum())
        sender = choose_sender(options.plain)
        self.backend = sender.backend
        self.senders: list[Sender] = []
        self.began, self.seconds = time.perf_counter(), 0.0
        with ExitStack() as held:
            for _ in range(min(options.producers, topic.partitions)):
                self.senders.append(sender(options.settings, topic.name, topic.partitions, spec.key is not None))
                held.callback(self.senders[-1].close)
            self.stream = Stream(
                spec.sources(content.columns, topic),
                self.senders,
                item=at.item,
                seen=at.seen,
                present=at.present,
                threads=options.threads,
                delay=round(content.delay.total_seconds() * 1000),
                event_times=options.event_times,
            )
            held.callback(self.stream.close)
            self._held = held.pop_all()
        self.pace, self.lag = Pace(None, None, 0), Lag(Pace(None, None, 0))

    def start(self, pace: Pace) -> None:
        """Follow a schedule from now on. The first rows are there, and with them compiled kernels."""
        self.began = time.perf_counter()
        self.pace, self.lag = pace, Lag(pace)

    @property
    def rows(self) -> int:
        """Messages of the dataset, or, if it loops, those that have a delivery report."""
        return self._data.num_rows if self._data else sum(each.delivered + each.failed for each in self.counts)

    @property
    def counts(self) -> list[DeliveryCounts]:
        """The delivery reports of each sender."""
        return [sender.counts for sender in self.senders]

    @property
    def done(self) -> bool:
        """Whether there are no more messages to send."""
        return self.stream.next_due is None

    def wait(self) -> float:
        """Seconds until messages may be sent."""
        assert self.stream.next_due is not None
        return self.pace.allowance(self.stream.sent, self.stream.next_due).wait

    def due_before(self, until: int | None) -> bool:
        """Whether a message is due before a moment of event time (milliseconds)."""
        return until is not None and self.stream.next_due is not None and self.stream.next_due < until

    def send(self, before: int | None = None) -> None:
        """Begin to send the messages that are due by now, or before a moment of event time."""
        assert self.stream.next_due is not None
        self.lag.begin(self.stream.sent, self.stream.next_due)
        if before is None:
            allowed = self.pace.allowance(self.stream.sent, self.stream.next_due)
            self.stream.send(allowed.most, allowed.until)
        else:
            self.stream.send(None, before - 1)

    def poll(self, seconds: float) -> None:
        """Count delivery reports for this long, but only once no thread is sending: such threads count their own."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and self.stream.wait(left):
            for sender in self.senders:
                sender.poll(max(1, int(left * 1000)))

    def look(self) -> Progress:
        """The progress.

        Raises:
            RefusedError: a message failed. It leaves a gap, after which nothing more may be sent.
        """
        # The stream counts whole parts, but the library has accepted only what fits into its queue. Threads continue meanwhile.
        taken = sum(sender.taken for sender in self.senders)
        counts, stream = self.counts, self.stream
        delivered, failed = sum(each.delivered for each in counts), sum(each.failed for each in counts)
        taken = max(taken, delivered)
        if failed:
            raise RefusedError(f"topic {self.topic.name}: messages failed")
        lag = self.lag.now(delivered, stream.sent, stream.next_due)
        seconds = time.perf_counter() - self.began
        size = round(stream.bytes * taken / max(stream.sent, 1))
        return Progress(self.skipped + taken, delivered, failed, taken - delivered, size, seconds, lag)

    def flush(self) -> bool:
        """Wait a little for delivery reports; returns whether all have come."""
        waiting = sum(sender.flush(round(POLL_SECONDS * 1000)) for sender in self.senders)
        self.seconds = time.perf_counter() - self.began
        return not waiting

    def abandon(self) -> None:
        """Send nothing more, and drop messages that are not acknowledged within SHUTDOWN_SECONDS seconds."""
        self.stream.stop()
        until = time.monotonic() + SHUTDOWN_SECONDS
        while any(sender.flush(round(POLL_SECONDS * 1000)) for sender in self.senders):
            if time.monotonic() > until:
                for sender in self.senders:
                    sender.purge()
        self.seconds = time.perf_counter() - self.began

    def close(self) -> None:
        """Release the stream and the senders."""
        self._held.close()


def send_all(runs: list[Run], options: Options, progress: Callable[[Progress], object]) -> None:
    """Send all messages, each when it is due; without a speed, other topics follow the first one's event time."""
    first, *others = runs
    began = min((run.stream.next_due for run in runs if run.stream.next_due is not None), default=0)
    for run in runs:
        run.start(Pace(options.rate if run is first else None, options.speed, began))

    def look() -> None:
        seen = [run.look() for run in runs]
        progress(seen[0]._replace(lag=max(each.lag for each in seen)))

    def send(run: Run, before: int | None = None) -> None:
        while not run.stream.wait(POLL_SECONDS):
            look()
        run.send(before)
        look()

    def send_or_wait(run: Run) -> None:
        if (seconds := run.wait()) <= 0:
            send(run)
            return
        for each in runs:
            each.poll(min(seconds, POLL_SECONDS) / len(runs))
        look()

    while unfinished := [run for run in runs if not run.done]:
        if options.speed or first.done:
            send_or_wait(min(unfinished, key=Run.wait))
            continue
        send_or_wait(first)
        for other in others:
            while other.due_before(first.stream.next_due):
                send(other, first.stream.next_due)
    for run in runs:
        while not (run.stream.wait(POLL_SECONDS) and run.flush()):
            look()
    look()


def choose_sender(plain: bool) -> type[Sender]:
    """The kind of sender: compiled, or plain if that is wanted or compiled code cannot call the library."""
    if not plain:
        try:
            from fastgen.sinks.kafka.librdkafka import CompiledSender
        except (OSError, AttributeError) as error:
            LOG.warning("librdkafka cannot be called directly (%s); sending one message at a time", error)
        else:
            return CompiledSender
    from fastgen.sinks.kafka.plain import PlainSender

    return PlainSender
