"""Brokers that are killed, stopped and restarted: what they keep, and how runs that send to them end."""

import socket
import threading
from datetime import UTC, datetime, timedelta

import pytest
from confluent_kafka import KafkaError as KafkaErrors

from fastgen import Dataset, DeliveryError
from fastgen.sinks.kafka.reports import ProduceReport
from fastgen.sinks.kafka.run import Progress

from . import test_broker
from .broker import Broker, BrokerError
from .test_broker import RECORDS, by_key, create, receive, refusal
from .test_producing import dataset, expected, received, send, ways

SOON = {"reconnect.backoff.max.ms": "500"}
"""By default the client library's retries slow down to one every ten seconds."""

# The broker itself


def test_a_killed_broker_comes_back_with_its_records(own_broker: Broker, topic: str) -> None:
    create(own_broker.properties, topic)
    test_broker.send(own_broker.properties, topic, RECORDS)
    own_broker.kill()
    assert not own_broker.running
    assert refusal(own_broker.properties)[0] in (KafkaErrors._TRANSPORT, KafkaErrors._ALL_BROKERS_DOWN)
    own_broker.start()
    assert by_key(receive(own_broker.properties, topic)) == by_key(RECORDS)
    own_broker.restart()
    assert by_key(receive(own_broker.secure_properties, topic)) == by_key(RECORDS)


def test_a_broker_that_cannot_start_says_why(own_broker: Broker) -> None:
    own_broker.stop()
    host, port = own_broker.bootstrap.split(":")
    with socket.create_server((host, int(port))), pytest.raises(BrokerError, match="ended by itself") as raised:
        own_broker.start()
    assert f"failed to bind to {own_broker.bootstrap}: Address already in use" in str(raised.value)
    assert not own_broker.running


# Runs


@ways
def test_a_broker_that_dies(own_broker: Broker, topic: str, plain: bool) -> None:
    """What it acknowledged is in the topic; the rest is reported, and a later run sends it."""
    data = dataset(20_000)
    killed = False

    def progress(at: Progress) -> None:
        nonlocal killed
        if not killed and at.acknowledged > 3_000:
            own_broker.kill()
            killed = True

    settings = own_broker.properties | {"message.timeout.ms": "4000"}
    reports: list[ProduceReport] = []
    with pytest.raises(DeliveryError, match=r"messages failed|not acknowledged"):
        send(own_broker, topic, data, settings=settings, rate=10_000, progress=progress, tell=reports.append, plain=plain)
    assert reports[0].failed
    assert sum(reports[0].errors.values()) == reports[0].failed
    own_broker.restart()
    assert sum(map(len, received(own_broker.properties, topic))) >= reports[0].acknowledged
    send(own_broker, topic, data, resume=True, plain=plain)
    assert received(own_broker.properties, topic) == expected(data)


def away_for_a_while(broker: Broker, topic: str, data: Dataset, queue: dict[str, str]) -> ProduceReport:
    """A run whose broker is stopped meanwhile, and restarted after six seconds."""
    lags: list[float] = []

    def progress(at: Progress) -> None:
        lags.append(at.lag)
        if at.acknowledged > 3_000 and not lags.count(-1):
            lags.append(-1)
            broker.stop()
            restart.start()

    restart = threading.Timer(6, broker.start)
    try:
        report = send(broker, topic, data, rate=10_000, progress=progress, settings=broker.properties | SOON | queue)
    finally:
        restart.join()
    assert report.acknowledged == 20_000
    assert report.lag == max(lags) > 5
    assert len({round(lag) for lag in lags}) > 5, "it is seen while it grows"
    return report


@pytest.mark.parametrize("queue", [{}, {"queue.buffering.max.messages": "1000"}], ids=["roomy", "full"])
def test_a_broker_that_is_away_for_a_while(own_broker: Broker, topic: str, queue: dict[str, str]) -> None:
    """The run waits, reports its lag, and loses or doubles nothing, as the broker still knows its producer."""
    start = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(hours=12)
    data = Dataset(dataset(20_000).config.model_copy(update={"start": start, "end": start + timedelta(hours=10)}))
    away_for_a_while(own_broker, topic, data, queue)
    assert received(own_broker.properties, topic) == expected(data)


def test_a_broker_that_is_away_and_forgets_its_producer(own_broker: Broker, topic: str) -> None:
    """As it does if events are old: records that it appends twice are reported."""
    data, message = dataset(20_000), ""
    try:
        away_for_a_while(own_broker, topic, data, {"queue.buffering.max.messages": "1000"})
    except DeliveryError as error:
        message = str(error)
    found = received(own_broker.properties, topic)
    more = sum(map(len, found)) - 20_000
    assert found == expected(data) if not message else more > 0
    assert not message or f"got {more:,} more records than were sent" in message
