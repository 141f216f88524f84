"""Checks of the arguments of `produce`, made before anything else is done."""

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib.util import find_spec
from numbers import Real

from fastgen.arguments import check_coordinates
from fastgen.errors import NOT_GIVEN, OptionError, did_you_mean, missing
from fastgen.schema import TRANSACTIONS


def require_client() -> None:
    """Raise FastgenError if the Kafka client is not installed."""
    if find_spec("confluent_kafka") is None:
        raise missing("confluent-kafka", "which talks to Kafka", "kafka")


def check_target(settings: Mapping[str, str], mock: bool) -> None:
    """Refuse a run without a cluster, or with two."""
    if mock and "bootstrap.servers" in settings:
        raise OptionError("mock", NOT_GIVEN, "must not be given with bootstrap servers")
    if not mock and "bootstrap.servers" not in settings:
        allowed = "must be given, as host:port,..."
        raise OptionError("bootstrap_servers", NOT_GIVEN, allowed, hint="or `mock`, to try it without a broker")


def check_messages(key: str | None, coordinates: str, timestamps: str) -> None:
    """Refuse an unknown key, form of coordinates or kind of timestamps."""
    if key is not None and key not in TRANSACTIONS.names:
        names = ("none", *TRANSACTIONS.names)
        hint = "None, not a text" if key == "none" else did_you_mean(key, names)
        raise OptionError("key", key, f"must be one of {', '.join(names)}", hint=hint)
    check_coordinates(coordinates)
    if timestamps not in ("event", "now"):
        raise OptionError("timestamps", timestamps, "must be event or now")


def check_pace(rate: object, speed: object) -> None:
    """Refuse a rate or a speed that is not a number above zero, or both together."""
    for name, value in (("rate", rate), ("speed", speed)):
        if value is not None and not _is_above_zero(value):
            raise OptionError(name, value, "must be a number above 0")
    if rate is not None and speed is not None:
        raise OptionError("rate", rate, "must not be given with `speed`")


def _is_above_zero(value: object) -> bool:
    try:
        return not isinstance(value, bool) and isinstance(value, Real) and 0 < float(value) < math.inf
    except OverflowError:  # an integer beyond the range of floats
        return False


def check_moment(shift_to: object) -> None:
    """Refuse what is not a naive datetime to which data can be moved."""
    if shift_to is not None and not (isinstance(shift_to, datetime) and shift_to.tzinfo is None):
        raise OptionError("shift_to", shift_to, "must be a date and time such as 2026-01-31 12:00:00, without a time zone")


def check_resume(resume: bool, mock: bool, other_rows: bool) -> None:
    """Refuse to resume where nothing is kept, or with other rows than those of the earlier run."""
    if resume and mock:
        raise OptionError("resume", NOT_GIVEN, "must not be given with `mock`, which keeps nothing to go on from")
    if resume and other_rows:
        raise OptionError("resume", NOT_GIVEN, "must not be given with `loop` or `shift_to`, which make other rows each time")


def check_topics(topic: str, labels_topic: str | None) -> None:
    """Refuse invalid names of topics, or the same name twice."""
    for field, name in (("topic", topic), ("labels_topic", labels_topic)):
        if field == "labels_topic" and name is None:
            continue
        if not isinstance(name, str) or not re.fullmatch(r"(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}", name):
            allowed = "must be the name of a topic: up to 249 letters, digits, dots, underscores and hyphens, not . or .."
            raise OptionError(field, name, allowed)
    if labels_topic == topic:
        raise OptionError("labels_topic", labels_topic, "must be another topic than the one of the transactions")


def check_made(made: bool, given: Mapping[str, object]) -> None:
    """Refuse options for the creation of a topic if none is created. Errors do not show their values, which may be secret."""
    for field, value in given.items():
        if value is not None and not made:
            raise OptionError(field, NOT_GIVEN, "must come with `create_topic`: a topic that is there stays as it is")


def check_labels(key: str | None, with_label: bool, topic: str | None, delay: timedelta, timed: bool) -> None:
    """Refuse a label as key that values do not have, or a delay without effect; `timed`: whether a delay has an effect."""
    if key == "fraud_label" and not with_label:
        raise OptionError("key", key, "must not be the label, unless values have it too", hint="give `with_label`")
    check_delay(delay)
    if delay and topic is None:
        raise OptionError("labels_delay", delay, "must come with `labels_topic`")
    if delay and not timed:
        raise OptionError("labels_delay", delay, "has no effect on records that bear the time of sending, unless `speed` is given")


def check_delay(labels_delay: object) -> None:
    """Refuse labels that come before their transactions."""
    if not isinstance(labels_delay, timedelta) or labels_delay < timedelta(0):
        raise OptionError("labels_delay", labels_delay, "must be a length of time that is not negative")
