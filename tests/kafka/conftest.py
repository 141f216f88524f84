"""Brokers for tests: a shared one, one that tests may kill, and names for topics.

With KAFKA_BOOTSTRAP=host:port the shared broker is the one at that address. If no broker is available, tests are
skipped; with CI set they fail, as there nobody would read why tests were skipped.
"""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient

from fastgen.sinks.kafka import cluster

from .broker import SHORT_LIVED, Address, Broker, MissingError, jars

OUTSIDE = os.environ.get("KAFKA_BOOTSTRAP")
SHARED = pytest.StashKey[Broker]()


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Address:
    """The broker that tests share: the one at KAFKA_BOOTSTRAP, or one that is started here.

    Each folder that imports this has its own fixture; all of them share one broker.
    """
    if OUTSIDE:
        return Address(OUTSIDE)
    stash = request.config.stash
    if SHARED not in stash:
        _require_kafka()
        with ExitStack() as stack:
            stash[SHARED] = stack.enter_context(Broker(flags=SHORT_LIVED))
            request.config.add_cleanup(stack.pop_all().close)
    return stash[SHARED]


@pytest.fixture(scope="session")
def secure_broker(broker: Address) -> Broker:
    """The shared broker, for tests that rely on its setup: TLS, passwords, settings."""
    if not isinstance(broker, Broker):
        pytest.skip("needs a broker that the tests set up themselves, for its TLS and passwords; KAFKA_BOOTSTRAP names another")
    return broker


@pytest.fixture(scope="module")
def mortal_broker() -> Iterator[Broker]:
    """A broker that only tests with `own_broker` use."""
    if OUTSIDE:
        pytest.skip("needs a broker that it may kill; KAFKA_BOOTSTRAP names one that it may not")
    _require_kafka()
    with Broker(flags=SHORT_LIVED) as broker:
        yield broker


@pytest.fixture
def own_broker(mortal_broker: Broker) -> Broker:
    """A broker for tests that kill it; it runs again whatever the test before did to it."""
    if not mortal_broker.running:
        mortal_broker.start()
    return mortal_broker


@pytest.fixture(autouse=True)
def soon_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the wait for final offsets: a run in this process has all delivery reports when it ends, so nothing is appended later."""
    monkeypatch.setattr(cluster, "STILL", 0.2)


@pytest.fixture
def topic(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a topic that does not exist yet; after the test the topic is deleted from the shared broker."""
    broker = request.getfixturevalue("broker") if "broker" in request.fixturenames else None
    name = f"{re.sub('[^a-z0-9_]+', '-', request.node.name.lower())[:60]}-{uuid4().hex[:12]}"
    yield name
    if broker is not None:
        drop(broker, name)


def drop(broker: Address, topic: str) -> None:
    """Delete a topic if it exists."""
    admin = AdminClient({**broker.properties})
    if topic in admin.list_topics(timeout=15).topics:
        admin.delete_topics([topic])[topic].result(timeout=15)


def _require_kafka() -> None:
    """Skip, or fail if CI is set, if no broker can be started here."""
    if missing := _missing():
        reason = f"no Kafka broker to test with. Missing: {missing}; or else KAFKA_BOOTSTRAP=host:port with a running one"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@cache
def _missing() -> str:
    """What is missing to start a broker. Cached, as Maven is slow to fail."""
    try:
        jars()
    except MissingError as error:
        return str(error)
    return ""
