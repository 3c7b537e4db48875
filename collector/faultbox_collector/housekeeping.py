"""What is done now and then: counted outcomes go into the store, old messages go out of it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from faultbox_collector.clock import wall_ms
from faultbox_collector.outcomes import Outcomes
from faultbox_collector.store.outbox import prune_messages
from faultbox_collector.store.progress import add_outcomes, utc_day
from faultbox_collector.writer import DatabaseAway, Writer

logger = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]
FOLD_SECONDS = 2.0
"""At most so many seconds of counts are lost with a process that is killed."""
PRUNE_SECONDS = 3600.0


class Housekeeping:
    """Runs beside the application, as one of its cleanup contexts, while the writer runs."""

    def __init__(
        self, writer: Writer, outcomes: Outcomes, fold_seconds: float = FOLD_SECONDS
    ) -> None:
        self._writer = writer
        self._outcomes = outcomes
        self._fold_seconds = fold_seconds

    async def run(self, _application: web.Application) -> AsyncIterator[None]:
        """Do the work until the application ends, and fold what is left then."""
        tasks = [
            asyncio.create_task(self._repeat(self._fold_seconds, self.fold)),
            asyncio.create_task(self._repeat(PRUNE_SECONDS, self.prune)),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._try(self.fold)

    async def fold(self) -> None:
        """Take the outcomes counted in memory into the store; they stay where it refuses."""
        counts = self._outcomes.take()
        if not counts:
            return
        day = utc_day(wall_ms())
        # Without a limit of time: who gives up waiting does not know whether it was stored.
        folding = asyncio.wrap_future(
            self._writer.submit(lambda connection: add_outcomes(connection, counts, day))
        )
        try:
            # Shielded: a fold that is under way is either stored or put back, never both.
            await asyncio.shield(folding)
        except asyncio.CancelledError:
            await asyncio.wait([folding])
            if folding.exception() is not None:
                self._outcomes.put_back(counts)
            raise
        except BaseException:
            self._outcomes.put_back(counts)
            raise

    async def prune(self) -> None:
        """Delete messages that are no news any more."""
        while await self._writer.run(lambda connection: prune_messages(connection, wall_ms())):
            pass  # some thousand at a time: other jobs come in between

    async def _repeat(self, seconds: float, work: Work) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._try(work)

    async def _try(self, work: Work) -> None:
        try:
            await work()
        except DatabaseAway:
            pass  # the writer has said so, once
        except Exception:
            logger.exception("housekeeping failed; it is tried again")
