"""When messages are due: at once, at a rate, or as event time passes; and how late they are."""

import math
import time
from collections import deque
from typing import NamedTuple

SMOOTH = 50
"""Portions per second in which messages are sent at a rate."""
ALL = 2.0**62
"""More than any number of messages or milliseconds of event time, but within 64 bits."""


class Allowance(NamedTuple):
    """How many messages may be sent now, and up to which event time (milliseconds); None: no bound. `wait`: seconds to wait."""

    most: int | None
    until: int | None
    wait: float


class Pace:
    """A schedule that starts when it is created.

    Args:
        rate: messages per second. speed: how many times faster than real time event time passes. At most one of them.
        first: the first event's time in milliseconds.
    """

    def __init__(self, rate: float | None, speed: float | None, first: int) -> None:
        self.rate, self.speed = (None if value is None else float(value) for value in (rate, speed))
        self._first = first
        self._began = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    def allowance(self, sent: int, next_due: int) -> Allowance:
        """What may be sent by now, after `sent` messages; the next one is due at `next_due` in event time."""
        if self.rate is not None:
            step = max(1, int(self.rate / SMOOTH))
            most = int(min(self.elapsed * self.rate, ALL)) + 1 - sent  # the first one is due at once
            return Allowance(most, None, 0.0 if most >= step else (sent + step - 1) / self.rate - self.elapsed)
        if self.speed is not None:
            until = self._first + int(min(self.elapsed * self.speed * 1000, ALL))
            return Allowance(None, until, (next_due - until) / self.speed / 1000)
        return Allowance(None, None, 0.0)

    def due(self, sent: int, next_due: int) -> float:
        """Seconds after the start when the message after `sent` ones, with event time `next_due`, is due; inf if unscheduled."""
        if self.rate is not None:
            return sent / self.rate
        if self.speed is not None:
            return (next_due - self._first) / self.speed / 1000
        return math.inf


class Lag:
    """How late messages are: those still to be sent, and those that were sent but not yet acknowledged."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._parts: deque[tuple[int, float]] = deque()
        self.worst = 0.0

    def begin(self, sent: int, next_due: int) -> None:
        """Register a part: it follows `sent` messages, and its first message is due at `next_due` in event time."""
        self._parts.append((sent, self._pace.due(sent, next_due)))

    def now(self, settled: int, sent: int, next_due: int | None) -> float:
        """Seconds by which the oldest unacknowledged message is late.

        Args:
            settled: messages with a delivery report. sent: messages that were sent.
            next_due: event time at which the next one is due, None at the end.
        """
        while self._parts and (settled >= sent or (len(self._parts) > 1 and settled >= self._parts[1][0])):
            self._parts.popleft()
        dues = [due for _, due in list(self._parts)[:1]]
        if next_due is not None:
            dues.append(self._pace.due(sent, next_due))
        late = max(0.0, self._pace.elapsed - min(dues, default=math.inf))
        self.worst = max(self.worst, late)
        return late
