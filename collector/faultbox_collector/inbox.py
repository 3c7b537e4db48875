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
from typing import Protocol

from faultbox_collector.pack.records import Position
from faultbox_collector.pack.writer import PackSyncError, PackWriteError
from faultbox_protocol.report import Head

logger = logging.getLogger(__name__)

WAITING_BYTES = 64 * 1024 * 1024
"""More than this waiting for the disk and new bundles are asked to come again later."""
HEADS_BYTES = 8 * 1024 * 1024
"""Decoded heads kept for the digest, by their bytes on the wire: in memory they take some five
times that. Beyond, the digest decodes them again."""
UNDIGESTED = 200_000
"""More ids than this waiting for the digest, some 60 MiB, and new bundles are asked to come again:
a database in trouble for hours must not fill the memory."""
GROUP_BYTES = 16 * 1024 * 1024


class InboxFull(Exception):
    """Too much is waiting for the disk or for the digest; try again in a second."""


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


class Pack(Protocol):
    """What the inbox needs of a `PackWriter`."""

    @property
    def end(self) -> Position:
        """Everything before this place is durable."""
        ...

    def append(self, records: list[bytes], /) -> list[Position]:
        """Make records durable."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class Inbox:
    """Takes records from the event loop and returns when they are durable.

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
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._waiting_bytes = 0
        self._undigested: dict[bytes, Undigested] = {}
        self._heads: dict[bytes, tuple[Head, int]] = {}
        self._heads_bytes = 0
        self._heads_lock = threading.Lock()
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

    def remember(self, entry: Undigested, head: Head, head_bytes: int) -> None:
        """Note a bundle as on its way; `head_bytes` is the size of its head on the wire."""
        self._undigested[head.id] = entry
        with self._heads_lock:
            if self._heads_bytes + head_bytes <= HEADS_BYTES and entry.sha256 not in self._heads:
                self._heads[entry.sha256] = head, head_bytes
                self._heads_bytes += head_bytes

    def take_head(self, sha256: bytes) -> Head | None:
        """Return, once, the head that the intake decoded, so that the digest need not again."""
        with self._heads_lock:
            head, head_bytes = self._heads.pop(sha256, (None, 0))
            self._heads_bytes -= head_bytes
        return head

    def forget(self, bundle_ids: list[bytes]) -> None:
        """Drop ids that the digest has committed; from now on the database knows them."""
        for bundle_id in bundle_ids:
            entry = self._undigested.pop(bundle_id, None)
            if entry is not None:
                self.take_head(entry.sha256)

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
        if self.depth > self._most:
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
        outcome = self._broken or self._append(group)
        group[0].loop.call_soon_threadsafe(_resolve, group, outcome)
        if self._on_durable and not isinstance(outcome, OSError):
            self._on_durable(self._writer.end)

    def _append(self, group: list[_Waiting]) -> list[list[Position]] | OSError:
        try:
            places = iter(self._writer.append([r for one in group for r in one.records]))
            return [[next(places) for _ in one.records] for one in group]
        except PackWriteError as error:
            logger.warning("the pack takes nothing: %s", error)
            return error
        except Exception as error:  # a PackSyncError, or one that nobody thought of
            logger.exception("nothing can be made durable any more")
            self._broken = error if isinstance(error, PackSyncError) else PackSyncError(str(error))
            self._on_fatal()
            return self._broken


def _resolve(group: list[_Waiting], outcome: list[list[Position]] | OSError) -> None:
    for index, waiting in enumerate(group):
        if waiting.done.done():  # its connection went away; the bundle is durable all the same
            continue
        if isinstance(outcome, OSError):
            waiting.done.set_exception(outcome)
        else:
            waiting.done.set_result(outcome[index])
