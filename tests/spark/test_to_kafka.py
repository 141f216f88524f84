"""From Spark to a topic of a real broker with Spark's own connector: the messages are those that `produce` sends."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from kafka.broker import Address
from kafka.test_producing import Record, make_topic, received

from fastgen import Config, Dataset, produce
from fastgen.schema import TRANSACTIONS

from .conftest import examples, give_up, require_pyspark

require_pyspark()

DATA = Dataset(Config(rows=30_000, seed=7))
COLUMNS = ", ".join(name for name in TRANSACTIONS.names if name != "fraud_label")
MESSAGE = ["cc_num as key", f"to_json(struct({COLUMNS}), map('timestampNTZFormat', 'yyyy-MM-dd HH:mm:ss')) as value"]


@pytest.fixture
def topics(broker: Address, topic: str, connector: str) -> Iterator[tuple[str, str]]:
    """One topic for `produce` to fill, one for Spark."""
    if not connector:
        give_up("Spark's connector to Kafka is not here, and Maven could not get the one of this version of Spark")
    names = topic, f"{topic}-spark"
    for name in names:
        make_topic(broker, name, retention_ms="-1")
    yield names
    admin = AdminClient({**broker.properties})
    admin.delete_topics([names[1]])[names[1]].result(timeout=15)


def contents(broker: Address, topic: str) -> list[Counter[tuple[bytes | None, str]]]:
    """The content of each partition, with normalised JSON, in no order, as several tasks write at once."""

    def value(record: Record) -> str:
        return json.dumps(json.loads(record.value))

    return [Counter((record.key, value(record)) for record in records) for records in received(dict(broker.properties), topic)]


def test_a_topic(broker: Address, topics: tuple[str, str], spark: Any) -> None:
    """With the documentation's example."""
    ours, sparks = topics
    produce(DATA, topic=ours, settings=broker.properties, coordinates="number")
    [example] = examples(kafka=True)
    exec(example.replace("localhost:9092", broker.bootstrap).replace('"payments"', f'"{sparks}"'), {"spark": spark})
    expected = contents(broker, ours)
    assert sum(map(Counter.total, expected)) == 30_000
    assert contents(broker, sparks) == expected


def test_a_stream_into_a_topic(broker: Address, topics: tuple[str, str], spark: Any, tmp_path: Path) -> None:
    """With a single Spark partition, a card's events keep their order."""
    ours, sparks = topics
    produce(DATA, topic=ours, settings=broker.properties, coordinates="number")
    stream = spark.readStream.format("fastgen").options(rows="30k", seed=7, parts=1).load()
    writer = stream.selectExpr(*MESSAGE).writeStream.format("kafka").option("kafka.bootstrap.servers", broker.bootstrap)
    writer = writer.option("topic", sparks).option("checkpointLocation", str(tmp_path)).trigger(availableNow=True)
    writer.start().awaitTermination()
    properties = dict(broker.properties)
    for expected, found in zip(received(properties, ours), received(properties, sparks), strict=True):
        assert [(record.key, json.loads(record.value)) for record in found] == [
            (record.key, json.loads(record.value)) for record in expected
        ]
