"""Datasets moved in time: to a given moment, or one period after another."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from fastgen.config import Config
from fastgen.dataset import Dataset
from fastgen.errors import ConfigError, OptionError, UsageError
from fastgen.plan import Plan
from fastgen.workers import Worker

TOO_FAR: Final = (ConfigError, OverflowError)
"""Raised when a period is moved into years that configurations do not allow or that datetime does not have."""


def moved(config: Config, start: datetime, seed: int | None = None) -> Config:
    """The configuration with a period that begins at `start`, and with `seed` if given."""
    settings = config.model_dump(exclude_none=True)
    settings |= {"start": start, "end": start + (config.end - config.start), "seed": config.seed if seed is None else seed}
    return Config(**settings)


def first_event_at(data: Dataset, moment: datetime) -> Dataset:
    """The dataset moved so that its first event is at `moment`, to the second; a part is moved as far as the whole dataset.

    Raises:
        OptionError: the moment is too far away.
    """
    plan = data.plan
    worker = Worker(plan, names=["datetime"])
    made = (worker.fill(range(group, group + 1)) for group in range(plan.grid.groups))
    first = next(int(rows.second[0]) for rows in made if rows.second.size) - plan.day_offset
    try:
        config = moved(data.config, moment.replace(microsecond=0) - timedelta(seconds=first))
    except TOO_FAR:
        raise OptionError("shift_to", moment, "must leave the whole period within the years 1970 to 9900") from None
    return data.remade(config)


def endless(data: Dataset) -> Iterator[Dataset]:
    """The dataset, or the part of one, then its followers, each beginning once no more events of the one before can come.

    Their seeds are derived from the first seed and their number; a seed that makes no valid dataset, or none in this many parts,
    is skipped. The last period is the last one within the years that configurations allow.
    """
    plan = data.plan
    yield data
    for number in count(1):
        derived = int.from_bytes(hashlib.sha256(f"{data.config.seed} {number}".encode()).digest()[:8], "big")
        try:
            config = moved(data.config, _after(plan), derived)
        except TOO_FAR:
            return
        try:
            follower = data.remade(config)
            plan = follower.plan
        except UsageError:  # for example, no card can withdraw cash
            continue
        yield follower


def _after(plan: Plan) -> datetime:
    """The moment from which no more events can come."""
    return plan.midnight + timedelta(seconds=plan.day_offset + plan.horizon)
