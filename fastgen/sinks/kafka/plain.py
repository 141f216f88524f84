"""Messages sent one by one through confluent_kafka.Producer, where the compiled way is not available."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar

import confluent_kafka
import numpy as np
from numpy.typing import NDArray

from fastgen.errors import NOT_GIVEN, OptionError
from fastgen.sinks.kafka.cluster import LOG
from fastgen.sinks.kafka.messages import Messages
from fastgen.sinks.kafka.sender import DeliveryCounts, RefusedError


class PlainSender:
    """A sender with a call and a callback for each message; see `Sender`."""

    backend: ClassVar = "plain"

    def __init__(self, settings: Mapping[str, str], topic: str, partitions: int, with_key: bool) -> None:
        quiet: dict[str, Any] = {} if "debug" in settings else {"logger": LOG}
        try:
            self._producer = confluent_kafka.Producer({**settings, "log_level": "0", **quiet})
        except confluent_kafka.KafkaException as error:
            raise OptionError("client settings", NOT_GIVEN, f"are refused: {error.args[0].str()}") from None
        self._topic, self._with_key, self._stopped = topic, with_key, False
        self.taken = 0
        self._delivered = np.zeros(partitions, np.int64)
        self._errors: Counter[str] = Counter()

    def _count(self, error: Any, message: Any) -> None:
        if error is None:
            self._delivered[message.partition()] += 1
        else:
            self._errors[f"{error.str()} ({error.name()})"] += 1

    def send(self, messages: Messages, times: NDArray[np.int64], order: NDArray[np.int32], ranges: NDArray[np.int64]) -> None:
        """See `Sender.send`."""
        for partition, (first, stop) in enumerate(ranges.tolist()):
            for i in order[first:stop].tolist():
                self._send(messages, i, int(times[i]), partition)
        self.poll(0)

    def _send(self, messages: Messages, i: int, time: int, partition: int) -> None:
        key = messages.keys.text(i) if self._with_key else None
        value = messages.values.text(i)
        while not self._stopped:
            try:
                self._producer.produce(self._topic, value, key, partition, on_delivery=self._count, timestamp=time)
            except BufferError:
                self.poll(20)
            except confluent_kafka.KafkaException as error:
                raise RefusedError(f"{error.args[0].str()} ({error.args[0].name()})") from None
            else:
                self.taken += 1
                return

    def poll(self, milliseconds: int) -> None:
        """See `Sender.poll`."""
        with suppress(confluent_kafka.KafkaException):  # a fatal error: `send` raises it, and reports tell the fate of messages
            self._producer.poll(milliseconds / 1000)

    @property
    def waiting(self) -> int:
        """Messages that have no delivery report yet."""
        return len(self._producer)

    def flush(self, milliseconds: int) -> int:
        """See `Sender.flush`."""
        with suppress(confluent_kafka.KafkaException):
            self._producer.flush(milliseconds / 1000)
        return self.waiting

    def stop(self) -> None:
        """See `Sender.stop`."""
        self._stopped = True

    def purge(self) -> None:
        """See `Sender.purge`."""
        self._producer.purge()
        self.flush(1000)

    @property
    def counts(self) -> DeliveryCounts:
        """The delivery reports so far."""
        return DeliveryCounts(int(self._delivered.sum()), sum(self._errors.values()), dict(self._errors), self._delivered.copy())

    def close(self) -> None:
        """Do nothing: the producer is released with the object."""
