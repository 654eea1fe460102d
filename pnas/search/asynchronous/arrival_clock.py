"""`ArrivalClock`: dates that put choices and results in the order in which they happened."""

import time
from collections.abc import Callable

_TICK = 1e-6
"""Seconds between two dates that the clock does not tell apart; a double holds them until 2100."""


class ArrivalClock:
    """A clock that never stands still or goes back, whatever is done to that of the machine.

    Args:
        last: Latest date so far, in seconds since the epoch.
        now: Clock of the machine.
    """

    def __init__(self, last: float = 0.0, now: Callable[[], float] = time.time) -> None:
        self._last = last
        self._now = now

    def __call__(self) -> float:
        """Return a date after all that were returned before, in seconds since the epoch."""
        self._last = max(self._now(), self._last + _TICK)
        return self._last
