"""How much of the machine the digest leaves to devices that wait for a receipt.

Intake and digest share one interpreter. While bundles come faster than one by one, the digest
rests after each batch for a multiple of what the batch took, so that receipts stay quick and the
backlog waits in the pack, where it is safe; when the storm is over it takes everything. A backlog
that comes near its bound is worked off as fast as the machine can, storm or not: from there on
new bundles would be refused.
"""

import time
from collections.abc import Callable

REST = 4.0
"""Rest while bundles stream in, as a multiple of the batch's own time."""
LONGEST_REST_SECONDS = 0.5
BACKLOG_SHARE = 0.75
"""Of the bound on undigested bundles, from which on nothing rests."""


class Pacing:
    """Tells the digest how long to rest after each batch.

    Args:
        is_busy: whether bundles stream in right now.
        backlog: how full the bound on undigested bundles is, from 0 to 1.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        is_busy: Callable[[], bool],
        backlog: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_busy = is_busy
        self._backlog = backlog
        self._clock = clock
        self._resumed = clock()

    def rest_seconds(self) -> float:
        """Return how long to rest now, after a batch; it began when the last rest was over."""
        now = self._clock()
        worked = max(now - self._resumed, 0.0)
        rest = 0.0
        if self._is_busy() and self._backlog() < BACKLOG_SHARE:
            rest = min(worked * REST, LONGEST_REST_SECONDS)
        self._resumed = now + rest
        return rest
