"""The settings of the client library: those given, fastgen's defaults for producers, and those that are refused."""

import logging
from collections.abc import Mapping
from typing import Final

from fastgen.errors import NOT_GIVEN, OptionError

LOG: Final = logging.getLogger("fastgen")
UNFIT: Final = {
    "transactional.id": "messages are sent without transactions, by producers that are idempotent without them",
    "delivery.report.only.error": "messages are counted by their delivery reports",
    "test.mock.num.brokers": "messages would go to a cluster inside this process; `mock` has one",
    "partitioner": "partitions are computed as Java's producer does, which librdkafka calls murmur2_random",
}
"""Settings with which a run would never end or would count wrongly, or that would have no effect."""
DEFAULTS: Final = {
    "enable.idempotence": "true",
    "acks": "all",
    "compression.type": "lz4",
    "linger.ms": "50",
    "queue.buffering.max.messages": "100000",
}
"""Safe, and the fastest of those measured; each can be overridden."""
GAPLESS: Final = {"enable.gapless.guarantee": "true"}
"""For idempotent producers: they stop at the first refused batch. If later batches were accepted, no run could resume there."""


def with_servers(settings: Mapping[str, str] | None, bootstrap_servers: str | None) -> dict[str, str]:
    """The given settings, with the servers if these are given separately.

    Raises:
        OptionError: a value is not a text.
    """
    # A dash comes from an option that took the next one for its value, as if a variable of the shell was empty.
    servers: object = bootstrap_servers
    if servers is not None and (not isinstance(servers, str) or servers.startswith("-")):
        raise OptionError("bootstrap_servers", bootstrap_servers, "must be a text such as host:9092,other:9092")
    if not isinstance(settings, Mapping | None):
        raise OptionError("settings", NOT_GIVEN, "must be librdkafka's settings, by name")
    for name, value in (settings or {}).items():
        if not isinstance(value, str):
            raise OptionError(f"client setting {name}", NOT_GIVEN, f"must be a text, not {type(value).__name__}")
    return dict(settings or {}) | ({"bootstrap.servers": bootstrap_servers} if bootstrap_servers else {})


def with_defaults(given: Mapping[str, str]) -> dict[str, str]:
    """All settings of a producer."""
    settings = DEFAULTS | dict(given)
    return GAPLESS | settings if _is_idempotent(settings) else settings


def check_fit(settings: Mapping[str, str]) -> None:
    """Refuse settings that a run cannot honour. Errors do not show their values, which may be secret."""
    for name, reason in UNFIT.items():
        if name in settings:
            raise OptionError(f"client setting {name}", NOT_GIVEN, f"must not be given: {reason}")
    for name in ("acks", "request.required.acks"):
        if settings.get(name) == "0":
            raise OptionError(f"client setting {name}", "0", "must not be 0: no message would be acknowledged")


def check_accepted(settings: Mapping[str, str]) -> None:
    """Refuse settings that the library refuses, and warn of producers that are not idempotent; `settings`: all of a producer."""
    if not _is_idempotent(settings):
        LOG.warning(
            "producers are not idempotent (enable.idempotence): where requests are repeated, rows may be doubled or swapped"
        )
    try:
        from fastgen.sinks.kafka.librdkafka import check
    except (OSError, AttributeError):
        return  # the client will refuse wrong settings
    check(settings)


def _is_idempotent(settings: Mapping[str, str]) -> bool:
    return settings["enable.idempotence"].lower() in ("true", "t", "1")
