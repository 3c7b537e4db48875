"""How much of the machine the digest leaves to devices that wait for a receipt.

Intake and digest share one interpreter, and a thread that computes without a pause makes the other
wait at each system call. While bundles stream in, the digest takes small batches and draws breath
every millisecond; while they come faster, it rests after each batch for a multiple of what it took:
receipts stay quick and the backlog waits in the pack, where it is safe. When the storm is over it
takes everything. A backlog that comes near its bound is worked off as fast as the machine can,
storm or not: from there on new bundles would be refused.
"""

import time
from collections.abc import Callable
from typing import Protocol

SMALL_BATCH = 40
"""Bundles in one transaction while devices wait: its statements are built between two breaths."""
WORK_SECONDS = 0.001
BREATH_SECONDS = 0.001
"""While devices wait, as long a breath as the work before it."""
REST = 8.0
"""Rest after a batch while devices wait, as a multiple of the batch's own time."""
LONGEST_REST_SECONDS = 0.5
BACKLOG_SHARE = 0.75
"""Of the bound on undigested bundles, from which on nothing rests."""


class Pace(Protocol):
    """How fast the digest may go."""

    def batch_size(self, most: int, /) -> int:
        """Return how many bundles the next batch may have, `most` at most."""
        ...

    def breathe(self) -> None:
        """Leave the interpreter to others for a moment; called between two bundles."""
        ...

    def rest_seconds(self) -> float:
        """Return how long to rest now, after a batch."""
        ...


class FullPace:
    """Nobody else needs the machine."""

    def batch_size(self, most: int) -> int:
        """Return `most`."""
        return most

    def breathe(self) -> None:
        """Go on."""

    def rest_seconds(self) -> float:
        """Return 0."""
        return 0.0


class Pacing:
    """Goes slowly while devices wait.

    Args:
        is_streaming: whether bundles come one after the other: small batches, and breaths.
        is_busy: whether they come faster than that: rests, too.
        backlog: how full the bound on undigested bundles is, from 0 to 1.
        clock: monotonic seconds.
        sleep: sleeps so many seconds.
    """

    def __init__(
        self,
        is_streaming: Callable[[], bool],
        is_busy: Callable[[], bool],
        backlog: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._is_streaming = is_streaming
        self._is_busy = is_busy
        self._backlog = backlog
        self._clock = clock
        self._sleep = sleep
        self._resumed = self._breathed = clock()

    def batch_size(self, most: int) -> int:
        """Return how many bundles the next batch may have."""
        return min(most, SMALL_BATCH) if self._gives_way(self._is_streaming) else most

    def breathe(self) -> None:
        """Sleep a little where there was work enough since the last time, and devices wait."""
        if self._clock() - self._breathed < WORK_SECONDS:
            return
        if self._gives_way(self._is_streaming):
            self._sleep(BREATH_SECONDS)
        self._breathed = self._clock()

    def rest_seconds(self) -> float:
        """Return how long to rest now; the batch began when the last rest was over."""
        now = self._clock()
        worked = max(now - self._resumed, 0.0)
        rest = min(worked * REST, LONGEST_REST_SECONDS) if self._gives_way(self._is_busy) else 0.0
        self._resumed = now + rest
        return rest

    def _gives_way(self, to: Callable[[], bool]) -> bool:
        return to() and self._backlog() < BACKLOG_SHARE
