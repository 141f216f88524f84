"""A topic, as clients see it."""

from typing import NamedTuple


class Topic(NamedTuple):
    """A topic and its number of partitions."""

    name: str
    partitions: int
