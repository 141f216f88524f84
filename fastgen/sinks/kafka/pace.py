"""When messages are due: as fast as possible, so many a second, or as the events' own times pass."""

import time
from typing import NamedTuple

SMOOTH = 50
"""Steps of a second in which messages are sent at a rate."""


class Allowance(NamedTuple):
    """How many messages may be sent now, and those due until when (milliseconds, event time); None: no bound. `wait`: seconds."""

    most: int | None
    until: int | None
    wait: float


class Pace:
    """A schedule, from its making on.

    Args:
        rate: messages a second. speed: how many times faster than life events follow each other. At most one of them.
        first: the first event's time in milliseconds.
    """

    def __init__(self, rate: float | None, speed: float | None, first: int) -> None:
        self.rate, self.speed, self._first = rate, speed, first
        self._began = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    def allowance(self, sent: int, next_due: int) -> Allowance:
        """What may be sent by now, after `sent` messages, the next of which is due at `next_due` in event time."""
        if self.rate is not None:
            step = max(1, int(self.rate / SMOOTH))
            most = int(self.elapsed * self.rate) - sent
            return Allowance(most, None, 0.0 if most >= step else (sent + step) / self.rate - self.elapsed)
        if self.speed is not None:
            until = self._first + int(self.elapsed * self.speed * 1000)
            return Allowance(None, until, (next_due - until) / self.speed / 1000)
        return Allowance(None, None, 0.0)

    def lag(self, sent: int, next_due: int) -> float:
        """Seconds by which the next message is late."""
        if self.rate is not None:
            return max(0.0, self.elapsed - sent / self.rate)
        if self.speed is not None:
            return max(0.0, self.elapsed - (next_due - self._first) / self.speed / 1000)
        return 0.0
