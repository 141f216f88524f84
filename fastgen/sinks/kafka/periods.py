"""The same kind of data at another time: moved to now, or one period after another without end."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

from fastgen.dataset import Dataset
from fastgen.errors import ConfigError, OptionError
from fastgen.windows import Worker


def moved(data: Dataset, start: datetime, seed: int | None = None) -> Dataset:
    """A dataset of the same settings whose period begins at `start`, with the same seed unless another is given."""
    config = data.config
    given = config.model_dump(exclude_none=True)
    given |= {"start": start, "end": start + (config.end - config.start), "seed": config.seed if seed is None else seed}
    return Dataset(type(config)(**given))


def first_event_at(data: Dataset, moment: datetime) -> Dataset:
    """A dataset moved so that its first event is at `moment`, to the second.

    Raises:
        OptionError: a moment that is too far away.
    """
    plan = data.plan
    blocks = Worker(plan, names=()).pieces(range(plan.grid.groups))
    first = next(int(block.second[0]) - plan.day_offset for block in blocks)
    try:
        return moved(data, moment.replace(microsecond=0) - timedelta(seconds=first))
    except (ConfigError, OverflowError):  # years that configurations do not have, or that there are not
        raise OptionError("shift_to", moment, "must leave the whole period within the years 1970 to 9900") from None


def endless(data: Dataset) -> Iterator[Dataset]:
    """The dataset, then others of its kind, each beginning when no event of the one before can come any more.

    Their seeds follow from the first one's and from their number.
    """
    seed = data.config.seed
    for number in count(1):
        yield data
        plan = data.plan
        after = plan.origin + timedelta(seconds=plan.day_offset + plan.grid.groups * plan.grid.group)
        derived = int.from_bytes(hashlib.sha256(f"{seed} {number}".encode()).digest()[:8], "big")
        data = moved(data, after, derived)
