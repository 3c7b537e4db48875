"""Accepted, not yet digested: the group commit between the event loop and the pack.

Everything that waits while the disk works goes into the next group, so groups form by
themselves: one or two bundles when it is quiet, dozens under load, and no timer adds delay. One
hand-over to the thread and one back per group: each of them makes two threads wait for the
interpreter.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from faultbox_collector.pack.records import Position
from faultbox_collector.pack.writer import Buffer, PackSyncError, PackWriteError
from faultbox_collector.undigested import UndigestedIds

logger = logging.getLogger(__name__)

WAITING_BYTES = 64 * 1024 * 1024
"""More than this waiting for the disk and new bundles are asked to come again later."""
GROUP_SECONDS = 0.002
"""Least time from one group to the next: a group of one costs 80 us of CPU, a bundle in a group of
30 costs 5. Who comes alone waits for nothing."""
UNDIGESTED = 200_000
"""More bundles than this waiting for the digest, and new ones are asked to come again: what a
database in trouble for hours leaves behind must be digested some day."""

_STREAM_GROUP = 1.5
_BUSY_GROUP = 3
_BUSY_SECONDS = 0.05
"""So many requests in a group, the last one so short a while ago: bundles stream in."""
_GROUPS = 8
"""The mean runs over about so many groups."""


class InboxFull(Exception):
    """Too much is waiting for the disk or for the digest; try again in a second."""


@dataclass(slots=True)
class _Group:
    """What goes to the disk in one write, and who waits for it."""

    buffers: list[Buffer] = field(default_factory=list)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)
    size: int = 0


class Pack(Protocol):
    """What the inbox needs of a `PackWriter`."""

    @property
    def end(self) -> Position:
        """Everything before this place is durable."""
        ...

    def append(self, buffers: Sequence[Buffer], /) -> Position:
        """Make bytes durable and return where they begin."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class Inbox:
    """Takes records from the event loop and returns when they are durable.

    Belongs to the event loop's thread.

    Args:
        writer: the pack; only the inbox's thread uses it.
        on_fatal: called when the disk no longer confirms; the process has to end.
        undigested: how many bundles may wait for the digest.
    """

    def __init__(
        self, writer: Pack, on_fatal: Callable[[], object], undigested: int = UNDIGESTED
    ) -> None:
        self._writer = writer
        self._most = undigested
        self._on_fatal = on_fatal
        self._on_durable: Callable[[Position], None] | None = None
        self._next = _Group()
        self._writing = False
        self._due = 0.0
        self._grouped = 0.0
        self._busy_until = 0.0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._queue: queue.SimpleQueue[tuple[_Group, asyncio.AbstractEventLoop] | None] = (
            queue.SimpleQueue()
        )
        self._waiting_bytes = 0
        self.ids = UndigestedIds()
        """What has come and is not digested yet."""
        self._broken: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)

    def start(self, on_durable: Callable[[Position], None]) -> None:
        """Start the thread that writes; it calls `on_durable` after each group."""
        self._on_durable = on_durable
        self._thread.start()

    async def stop(self) -> None:
        """Write what waits, then end the thread; nothing more may come."""
        await self._quiet.wait()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        self._writer.close()

    @property
    def end(self) -> Position:
        """Everything before this place is durable; asked before the thread starts."""
        return self._writer.end

    @property
    def depth(self) -> int:
        """How many bundles are on their way to the pack or wait there for the digest."""
        return len(self.ids)

    @property
    def fullness(self) -> float:
        """How much of the bound on undigested bundles is taken, from 0 to 1."""
        return self.depth / self._most

    def is_streaming(self) -> bool:
        """Tell whether bundles come one after the other, some hundred in a second."""
        return self._grouped >= _STREAM_GROUP and time.monotonic() < self._busy_until

    def is_busy(self) -> bool:
        """Tell whether bundles come so fast that several are in each group."""
        return self._grouped >= _BUSY_GROUP and time.monotonic() < self._busy_until

    @property
    def waiting_bytes(self) -> int:
        """How many bytes wait for the disk."""
        return self._waiting_bytes

    @property
    def is_full(self) -> bool:
        """Whether more would be refused."""
        return self.depth > self._most or self._waiting_bytes > WAITING_BYTES

    async def accept(self, buffers: Sequence[Buffer]) -> None:
        """Return when the buffers, one or more whole records, are durable.

        Raises:
            InboxFull: too much is waiting.
            PackWriteError: the disk took nothing.
            PackSyncError: the disk does not confirm any more.
        """
        if self._broken is not None:
            raise self._broken
        size = sum(map(len, buffers))
        if self._waiting_bytes and self._waiting_bytes + size > WAITING_BYTES:
            raise InboxFull
        if self.depth > self._most:
            raise InboxFull
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        group = self._next
        if not group.waiting and not self._writing:
            self._quiet.clear()
            # With all that this turn of the loop brings, or what comes until the next is due.
            loop.call_at(self._due, self._hand_over, loop)
        group.buffers += buffers
        group.waiting.append(done)
        group.size += size
        self._waiting_bytes += size
        await done

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._next.waiting and not self._writing:
            self._writing = True
            now = loop.time()
            self._due = now + GROUP_SECONDS
            self._grouped += (len(self._next.waiting) - self._grouped) / _GROUPS
            self._busy_until = now + _BUSY_SECONDS
            self._queue.put((self._next, loop))
            self._next = _Group()

    def _run(self) -> None:
        while (found := self._queue.get()) is not None:
            group, loop = found
            failure = self._append(group)
            loop.call_soon_threadsafe(self._finish, group, failure, loop)
            if self._on_durable and failure is None:
                self._on_durable(self._writer.end)

    def _append(self, group: _Group) -> OSError | None:
        if self._broken is not None:
            return self._broken
        try:
            self._writer.append(group.buffers)
        except PackWriteError as error:
            logger.warning("the pack takes nothing: %s", error)
            return error
        except Exception as error:  # a PackSyncError, or one that nobody thought of
            logger.exception("nothing can be made durable any more")
            self._broken = error if isinstance(error, PackSyncError) else PackSyncError(str(error))
            self._on_fatal()
            return self._broken
        return None

    def _finish(
        self, group: _Group, failure: OSError | None, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._writing = False
        if self._next.waiting:
            loop.call_at(self._due, self._hand_over, loop)
        else:
            self._quiet.set()
        self._waiting_bytes -= group.size
        for done in group.waiting:
            if done.done():  # its connection went away; the bundle is durable all the same
                continue
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(failure)
