"""Accepted, not yet digested: the group commit between the event loop and the pack.

Everything that waits while the disk works goes into the next group, so groups form by
themselves: one or two bundles when it is quiet, dozens under load, and no timer adds delay. The
ids of undigested bundles are kept here, so that a repeat is answered without a database.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from faultbox_collector.pack.records import Position
from faultbox_collector.pack.writer import PackSyncError, PackWriteError, PackWriter
from faultbox_protocol.report import Head

logger = logging.getLogger(__name__)

WAITING_BYTES = 64 * 1024 * 1024
"""More than this waiting for the disk and new bundles are asked to come again later."""
HEADS = 2_000
"""Decoded heads kept for the digest, some 10 KiB each; beyond, it decodes them again."""
GROUP_BYTES = 16 * 1024 * 1024


class InboxFull(Exception):
    """Too much is waiting for the disk; try again in a second."""


@dataclass(slots=True)
class Undigested:
    """A bundle that is on its way to the pack, or durable there and not yet digested."""

    sha256: bytes
    product_id: int
    durable: bool = False


@dataclass(slots=True)
class _Waiting:
    records: list[bytes]
    size: int
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[list[Position]]


class Inbox:
    """Takes records from the event loop and returns when they are durable.

    Args:
        writer: the pack; only the inbox's thread uses it.
        on_fatal: called when the disk no longer confirms; the process has to end.
    """

    def __init__(self, writer: PackWriter, on_fatal: Callable[[], object]) -> None:
        self._writer = writer
        self._on_fatal = on_fatal
        self._on_durable: Callable[[Position], None] | None = None
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._waiting_bytes = 0
        self._undigested: dict[bytes, Undigested] = {}
        self._heads: dict[bytes, Head] = {}
        self._broken: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)

    def start(self, on_durable: Callable[[Position], None]) -> None:
        """Start the thread that writes; it calls `on_durable` after each group."""
        self._on_durable = on_durable
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, then end the thread."""
        self._queue.put(None)
        self._thread.join()
        self._writer.close()

    def remember(self, entry: Undigested, head: Head) -> None:
        """Note a bundle as on its way."""
        self._undigested[head.id] = entry
        if len(self._heads) < HEADS:
            self._heads[entry.sha256] = head

    def take_head(self, sha256: bytes) -> Head | None:
        """Return, once, the head that the intake decoded, so that the digest need not again."""
        return self._heads.pop(sha256, None)

    def forget(self, bundle_ids: list[bytes]) -> None:
        """Drop ids that the digest has committed; from now on the database knows them."""
        for bundle_id in bundle_ids:
            entry = self._undigested.pop(bundle_id, None)
            if entry is not None:
                self._heads.pop(entry.sha256, None)

    def undigested(self, bundle_id: bytes) -> Undigested | None:
        """Return what is known of an id that the database does not know yet."""
        return self._undigested.get(bundle_id)

    @property
    def end(self) -> Position:
        """Everything before this place is durable; asked before the thread starts."""
        return self._writer.end

    @property
    def depth(self) -> int:
        """How many bundles are on their way to the pack or wait there for the digest."""
        return len(self._undigested)

    async def accept(self, records: list[bytes]) -> list[Position]:
        """Return when the records are durable.

        Raises:
            InboxFull: too much is waiting.
            PackWriteError: the disk took nothing.
            PackSyncError: the disk does not confirm any more.
        """
        if self._broken is not None:
            raise self._broken
        size = sum(map(len, records))
        if self._waiting_bytes and self._waiting_bytes + size > WAITING_BYTES:
            raise InboxFull
        loop = asyncio.get_running_loop()
        waiting = _Waiting(records, size, loop, loop.create_future())
        self._waiting_bytes += size
        self._queue.put(waiting)
        try:
            return await waiting.done
        finally:
            self._waiting_bytes -= size

    def _run(self) -> None:
        going = True
        while going:
            group, going = self._next_group()
            if group:
                self._write_group(group)

    def _next_group(self) -> tuple[list[_Waiting], bool]:
        """Wait for one, then take all that is there, up to `GROUP_BYTES`."""
        first = self._queue.get()
        group = []
        size = 0
        while first is not None:
            group.append(first)
            size += first.size
            if size >= GROUP_BYTES:
                break
            try:
                first = self._queue.get_nowait()
            except queue.Empty:
                return group, True
        return group, first is not None

    def _write_group(self, group: list[_Waiting]) -> None:
        outcome: list[list[Position]] | OSError
        try:
            if self._broken is not None:
                raise self._broken
            places = iter(self._writer.append([r for one in group for r in one.records]))
            outcome = [[next(places) for _ in one.records] for one in group]
        except PackWriteError as error:
            logger.warning("the pack takes nothing: %s", error)
            outcome = error
        except PackSyncError as error:
            logger.critical("the disk does not confirm: %s", error)
            if self._broken is None:
                self._broken = error
                self._on_fatal()
            outcome = error
        group[0].loop.call_soon_threadsafe(_resolve, group, outcome)
        if self._on_durable and not isinstance(outcome, OSError):
            self._on_durable(self._writer.end)


def _resolve(group: list[_Waiting], outcome: list[list[Position]] | OSError) -> None:
    for index, waiting in enumerate(group):
        if waiting.done.done():  # its connection went away; the bundle is durable all the same
            continue
        if isinstance(outcome, OSError):
            waiting.done.set_exception(outcome)
        else:
            waiting.done.set_result(outcome[index])
