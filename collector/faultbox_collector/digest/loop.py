"""The digest's own thread: read the queue behind the cursor, draft, hand the batch to the store.

A batch that the store refuses is halved until the one bundle that spoils it is found; that one
goes to quarantine with its place in the pack and the rest goes on. Where the database itself is
in trouble (disk full, locked) the batch waits and is tried again: nothing is skipped for that.
What ends the whole process is counted before the work (`digest.attempts`) and found record by
record.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from faultbox_collector.clock import wall_ms
from faultbox_collector.digest.attempts import RECORD_TRIES, Attempts
from faultbox_collector.digest.batch import Batch, apply_batch
from faultbox_collector.digest.drafts import Draft, Drafter, weigh
from faultbox_collector.digest.pacing import FullPace, Pace
from faultbox_collector.digest.setting_aside import (
    is_bundles_fault,
    quarantine_row,
    read_id,
    reason_of,
)
from faultbox_collector.digest.watchdog import end_when_hung
from faultbox_collector.domain.outcome_names import DEADLY, UNDIGESTIBLE
from faultbox_collector.pack.files import START
from faultbox_collector.pack.records import Damage, Position, Record
from faultbox_collector.store.occurrences import QuarantineRow
from faultbox_collector.store.progress import read_cursor
from faultbox_collector.writer import DatabaseAway

logger = logging.getLogger(__name__)

T = TypeVar("T")
RETRY_SECONDS = 1.0
BATCH_BYTES = 16 * 1024 * 1024
"""Of drafts in one transaction, as they lie in memory: 500 ordinary ones take half of it, but 500
heads of the most frames would take 110 MiB."""
PAUSE_SECONDS = 0.05
"""Between a batch and the next, unless a full one waits: half of a small transaction's cost is
the same for a large one, and devices wait for nothing that the digest does."""


class Queue(Protocol):
    """What the digest needs of the queue: records in order, from a place that it remembers."""

    def read_from(self, at: Position, limit: int, end: Position) -> list[Record | Damage]:
        """Return at most `limit` records from `at` on; nothing at or behind `end` is looked at."""
        ...

    def next_after(self, position: Position) -> Position | None:
        """Return where to go on when there is nothing more at `position`, None for the end."""
        ...


class Store(Protocol):
    """What the digest needs of the store: one transaction after the other."""

    def submit(self, job: Callable[[Connection], T], /) -> "Future[T]":
        """Run `job` in a transaction; the future is done after the commit."""
        ...


class Digest:
    """Follows the queue from `start` to what the inbox has made durable.

    Args:
        queue: where the records are.
        store: runs the transactions.
        attempts: counts the tries of a batch before the work.
        start: the stored cursor.
        batch_size: most bundles in one transaction.
        on_digested: called after each commit with the ids of its bundles.
        retry_seconds: how long it waits where the database is in trouble.
        drafter: what decodes and signs.
        pace: how much of the machine is left to others.
        hang_seconds: a batch that takes longer to draft ends the process; None keeps no watch.
    """

    def __init__(
        self,
        queue: Queue,
        store: Store,
        attempts: Attempts,
        start: Position | None,
        batch_size: int,
        on_digested: Callable[[list[bytes]], None],
        *,
        retry_seconds: float = RETRY_SECONDS,
        drafter: Drafter | None = None,
        pace: Pace | None = None,
        hang_seconds: float | None = None,
    ) -> None:
        self._queue = queue
        self._store = store
        self._attempts = attempts
        self._at = start or START
        self._batch_size = batch_size
        self._on_digested = on_digested
        self._retry_seconds = retry_seconds
        self._drafter = drafter or Drafter()
        self._pace = pace or FullPace()
        self._hang_seconds = hang_seconds
        self._durable = self._at
        self._waiting_for: str | None = None
        self._in_doubt: Batch | None = None
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="digest", daemon=True)

    def start(self, durable: Position) -> None:
        """Start the thread; everything before `durable` is there to be digested."""
        self._durable = durable
        self._attempts.expect(durable)
        self._wake.set()
        self._thread.start()

    def notice(self, durable: Position) -> None:
        """Learn that the pack is durable up to here; may be called from any thread."""
        self._durable = durable
        self._wake.set()

    def stop(self) -> None:
        """End the thread after the batch in hand."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()
        self._attempts.close()

    @property
    def position(self) -> Position:
        """Everything before this place is digested."""
        return self._at

    @property
    def durable(self) -> Position:
        """Everything before this place waits to be digested, or is."""
        return self._durable

    @property
    def waiting_for(self) -> str | None:
        """What keeps the batch in hand from being stored, None while all is well."""
        return self._waiting_for

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                found = self._step()
                self._waiting_for = None
            except Exception as error:
                if not isinstance(error, DatabaseAway):  # that is logged once, by the writer
                    logger.exception("the digest cannot go on; it tries again")
                self._waiting_for = type(error).__name__
                self._stopping.wait(self._retry_seconds)
                continue
            if found is None:
                self._wake.wait()
                continue
            pause = max(self._pace.rest_seconds(), 0.0 if found else PAUSE_SECONDS)
            if pause > 0:
                self._stopping.wait(pause)

    def _step(self) -> bool | None:
        """Digest one batch; tell whether more may wait behind it, None where nothing waited."""
        self._settle()
        durable = self._durable
        if self._at >= durable:
            return None
        limit = self._attempts.limit(self._at, self._pace.batch_size(self._batch_size))
        found = self._queue.read_from(self._at, limit, durable)
        if not found:
            following = self._queue.next_after(self._at)
            if following is None or self._at.pack >= durable.pack:
                return None
            self._at = following
            return True
        tries = self._attempts.begin(self._at, len(found))
        if len(found) == 1 and tries > RECORD_TRIES:
            batch = Batch([], [_deadly(found[0], tries - 1)], _end_of(found[0]))
        else:
            with end_when_hung(self._hang_seconds):
                batch = self._draft_some(found)
        self._apply(batch)
        return len(found) >= limit or batch.end < _end_of(found[-1])

    def _draft_some(self, found: list[Record | Damage]) -> Batch:
        """Return the batch of the first records, of all where they are not too large together."""
        drafts: list[Draft] = []
        set_aside: list[QuarantineRow] = []
        size = 0
        for one in found:
            if size > BATCH_BYTES:
                break
            self._pace.breathe()
            end = _end_of(one)
            if isinstance(one, Damage):
                set_aside.append(quarantine_row(one, one.reason, "damaged bytes in the pack"))
                continue
            try:
                draft = self._drafter.draft(one)
            except MemoryError:
                raise  # the machine's trouble: it may pass
            except Exception as error:
                logger.exception("a bundle cannot be digested; it is set aside")
                row = quarantine_row(one, reason_of(error), str(error), read_id(one))
                set_aside.append(row)
            else:
                drafts.append(draft)
                size += weigh(one, draft.head)
        return Batch(drafts, set_aside, end)

    def _apply(self, batch: Batch) -> None:
        """Store a batch, or its halves where it cannot be stored; the cursor follows each part."""
        try:
            self._submit(batch)
        except Exception as error:
            if not is_bundles_fault(error):
                raise
            self._divide(batch, error)

    def _divide(self, batch: Batch, error: Exception) -> None:
        drafts = batch.drafts
        if not drafts:
            raise error
        if len(drafts) == 1:
            logger.error("a bundle cannot be stored; it is set aside", exc_info=error)
            row = quarantine_row(drafts[0], UNDIGESTIBLE, str(error), drafts[0].head.id)
            self._submit(Batch([], [*batch.set_aside, row], batch.end))
            return
        half = len(drafts) // 2
        middle = drafts[half].position
        before = [row for row in batch.set_aside if Position(row.pack, row.pack_offset) < middle]
        after = [row for row in batch.set_aside if Position(row.pack, row.pack_offset) > middle]
        self._apply(Batch(drafts[:half], before, middle))
        self._apply(Batch(drafts[half:], after, batch.end))

    def _submit(self, batch: Batch) -> None:
        now_ms = wall_ms()
        self._in_doubt = batch
        self._store.submit(lambda connection: apply_batch(connection, batch, now_ms)).result()
        self._finish(batch)

    def _settle(self) -> None:
        """Ask the cursor whether the last commit arrived, where its answer did not.

        The ids would absorb the batch a second time, and count each bundle as a duplicate.
        """
        batch = self._in_doubt
        if batch is None:
            return
        at = self._store.submit(read_cursor).result()
        self._in_doubt = None
        if at == batch.end:
            self._finish(batch)

    def _finish(self, batch: Batch) -> None:
        self._in_doubt = None
        self._at = batch.end
        done = [draft.head.id for draft in batch.drafts]
        done.extend(row.bundle_id for row in batch.set_aside if row.bundle_id)
        self._on_digested(done)


def _end_of(one: Record | Damage) -> Position:
    return Position(one.position.pack, one.position.offset + one.size)


def _deadly(one: Record | Damage, tries: int) -> QuarantineRow:
    """Return the row of a record that is not looked at again: its head may be what kills."""
    logger.error("the process ended %d times while it digested one bundle; it is set aside", tries)
    return quarantine_row(one, DEADLY, f"the process ended {tries} times while it worked on this")
