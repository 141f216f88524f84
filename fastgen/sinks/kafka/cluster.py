"""Access to a cluster: its topics, their settings, the offsets and last records of their partitions."""

import logging
import re
import time
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from confluent_kafka import KafkaError as KafkaErrors
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic
from numpy.typing import NDArray

from fastgen.errors import NOT_GIVEN, KafkaError, OptionError
from fastgen.sinks.kafka.topic import Topic

LOG: Final = logging.getLogger("fastgen.kafka")
"""Keeps the client library's log off the standard error unless requested; what matters is reported as errors."""
LOG.addHandler(logging.NullHandler())
NOTES: Final = logging.getLogger("fastgen")
TIMEOUT = 15.0
"""Seconds to wait for the answer to a request."""
ELECTING: Final = {
    KafkaErrors.NOT_LEADER_FOR_PARTITION,
    KafkaErrors.LEADER_NOT_AVAILABLE,
    KafkaErrors.UNKNOWN_TOPIC_OR_PART,
    KafkaErrors._UNKNOWN_PARTITION,
    KafkaErrors._UNKNOWN_TOPIC,
}
"""Errors for a partition that momentarily has no leader: from brokers, and from the library when it knows of no leader."""
HOPELESS: Final = {KafkaErrors._AUTHENTICATION, KafkaErrors._SSL}
"""Errors that waiting does not cure: wrong passwords or certificates."""
HIDDEN: Final = {
    KafkaErrors.TOPIC_AUTHORIZATION_FAILED,
    KafkaErrors.CLUSTER_AUTHORIZATION_FAILED,
    KafkaErrors.UNSUPPORTED_VERSION,
    KafkaErrors._UNSUPPORTED_FEATURE,
}
"""Errors of a broker that does not reveal a topic's settings, at least not to this client."""
STILL = 2.0
"""Seconds without change after which offsets count as final."""


class HandshakeLog:
    """Receives the client library's log, the only place that says that brokers close connections at once, as TLS listeners do."""

    def __init__(self) -> None:
        self.refused = False

    def log(self, _level: int, _form: str, *words: object) -> None:
        """Take a line, with the arguments of Logger.log."""
        self.refused |= "in state APIVERSION_QUERY" in str(words[-1])


class Cluster:
    """A client of a cluster; `settings` are librdkafka's."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings: dict[str, Any] = dict(settings) | ({} if "debug" in settings else {"logger": LOG, "log_level": "0"})
        self._address = settings["bootstrap.servers"]
        self._causes: list[KafkaErrors] = []
        self._greeting = HandshakeLog()
        with_causes = self._settings | {"error_cb": self._causes.append}
        if "debug" not in settings:
            with_causes |= {"logger": self._greeting, "log_level": "6"}
        try:
            self._admin = AdminClient(with_causes)
        except (KafkaException, ValueError) as error:
            raise OptionError("client settings", NOT_GIVEN, f"are refused: {_reason(error)}") from None

    def topic(self, name: str) -> Topic | None:
        """Look up a topic; None if it does not exist. Looking it up does not create it."""
        until, is_announced = time.monotonic() + TIMEOUT, False
        while True:
            try:
                found = self._admin.list_topics(timeout=TIMEOUT / 8).topics.get(name)
            except KafkaException as error:
                self._admin.poll(0)  # calls error_cb with the causes
                cause = next((each for each in reversed(self._causes) if each.code() != KafkaErrors._ALL_BROKERS_DOWN), None)
                if cause is not None and cause.code() in HOPELESS:
                    raise KafkaError(f"{self._address}: no broker takes the connection: {_message(cause)}") from None
                if not is_announced:
                    is_announced = True
                    NOTES.warning("no answer yet from %s; trying for %.0f s", self._address, TIMEOUT)
                if time.monotonic() > until:
                    reason = _message(cause) if cause else _reason(error)
                    raise KafkaError(f"{self._address}: no broker answers: {reason}", hint=self._hint) from None
            else:
                return None if found is None else Topic(name, len(found.partitions))

    @property
    def _hint(self) -> str:
        """The hint for the user when no broker answers."""
        plain = "ssl" not in self._settings.get("security.protocol", "").lower()
        if plain and self._greeting.refused:
            return "it closes connections at once: if it expects TLS, set security.protocol to SSL or SASL_SSL"
        return "is this its address, and is it running?"

    def settings(self, topic: Topic) -> dict[str, str]:
        """A topic's settings; none if the broker does not reveal them.

        Raises:
            KafkaError: it does not answer.
        """
        name = topic.name
        [future] = self._admin.describe_configs([ConfigResource(ResourceType.TOPIC, name)], request_timeout=TIMEOUT).values()
        try:
            return {key: entry.value for key, entry in future.result().items() if entry.value is not None}
        except KafkaException as error:
            if error.args[0].code() not in HIDDEN:
                raise KafkaError(f"the settings of topic {name} cannot be read: {_reason(error)}") from None
            return {}

    def create(self, name: str, partitions: int, replication: int, settings: Mapping[str, str]) -> None:
        """Create a topic and wait until it exists."""
        new_topic = NewTopic(name, num_partitions=partitions, replication_factor=replication, config=dict(settings))
        [future] = self._admin.create_topics([new_topic], operation_timeout=TIMEOUT).values()
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaErrors.TOPIC_ALREADY_EXISTS:
                raise KafkaError(f"topic {name} cannot be made: {_reason(error)}") from None
            partitions = 1  # another client was faster, and chose the number of partitions
        until = time.monotonic() + TIMEOUT
        while (found := self.topic(name)) is None or found.partitions < partitions:
            if time.monotonic() > until:
                raise KafkaError(f"topic {name} was made but does not appear")
            time.sleep(0.1)

    def ends(self, topic: Topic) -> NDArray[np.int64]:
        """int64[partitions]: the end offsets, once nothing has been added for a while.

        Waiting is necessary as a request that a producer sent before it died may still be on its way into the log.

        Raises:
            KafkaError: records at the beginning have been deleted.
        """
        consumer = self.consumer({})
        try:
            seen, since = self._watermarks(consumer, topic), time.monotonic()
            while time.monotonic() - since < STILL:
                time.sleep(STILL / 8)
                found = self._watermarks(consumer, topic)
                if not np.array_equal(found, seen):
                    seen, since = found, time.monotonic()
            return seen
        finally:
            consumer.close()

    def offsets(self, topic: Topic) -> NDArray[np.int64]:
        """int64[partitions, 2]: the current first and end offsets."""
        consumer = self.consumer({})
        try:
            return _all_offsets(consumer, topic)
        finally:
            consumer.close()

    def _watermarks(self, consumer: Consumer, topic: Topic) -> NDArray[np.int64]:
        found = _all_offsets(consumer, topic)
        for partition, low in enumerate(found[:, 0].tolist()):
            if low:
                raise KafkaError(f"topic {topic.name}: the first {low:,} records of partition {partition} have been deleted")
        return found[:, 1]

    def last_records(self, topic: Topic, ends: NDArray[np.int64]) -> dict[int, Message]:
        """The last record of each partition that has any.

        Raises:
            KafkaError: the last offset of a partition holds no record, as after a transaction.
        """
        consumer = self.consumer({})
        positions = [TopicPartition(topic.name, int(p), int(ends[p]) - 1) for p in np.flatnonzero(ends)]
        found: dict[int, Message] = {}
        try:
            consumer.assign(positions)
            until = time.monotonic() + TIMEOUT
            while len(found) < len(positions) and time.monotonic() < until:
                for message in consumer.consume(len(positions), timeout=1.0):
                    if not message.error():
                        found.setdefault(int(message.partition() or 0), message)
        finally:
            consumer.close()
        missing = [part.partition for part in positions if part.partition not in found]
        if missing:
            raise KafkaError(
                f"topic {topic.name}: the last offset of partition {missing[0]} holds no record, as after a transaction"
            )
        return found

    def consumer(self, settings: Mapping[str, str]) -> Consumer:
        """A consumer that commits no offsets and sees all records; `settings` override this."""
        own = {"group.id": "fastgen", "enable.auto.commit": "false", "isolation.level": "read_uncommitted"}
        return Consumer({**self._settings, **own, **settings})


def _all_offsets(consumer: Consumer, topic: Topic) -> NDArray[np.int64]:
    return np.array([_offsets(consumer, topic, partition) for partition in range(topic.partitions)], np.int64)


def _offsets(consumer: Consumer, topic: Topic, partition: int) -> tuple[int, int]:
    """The first and end offsets of a partition; retries as a new topic may not have its leaders yet."""
    until = time.monotonic() + TIMEOUT
    while True:
        try:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic.name, partition), timeout=TIMEOUT)
        except KafkaException as error:
            if error.args[0].code() not in ELECTING or time.monotonic() > until:
                raise KafkaError(f"topic {topic.name}: its offsets cannot be read: {_reason(error)}") from None
            time.sleep(0.1)
        else:
            return int(low), int(high)


def _message(cause: KafkaErrors) -> str:
    """The client library's message about a connection, without the leading address and the trailing state."""
    return re.sub(r"^\S+://\S+: | \(after \d+ms in state \w+\)", "", cause.str())


def _reason(error: Exception) -> str:
    first = error.args[0] if error.args else error
    return str(first.str() if hasattr(first, "str") else first)
