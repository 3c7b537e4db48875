"""The digest's own thread: read the pack behind the cursor, draft, hand the batch to the writer.

A batch that the store refuses is halved until the one bundle that spoils it is found; that one
goes to quarantine with its place in the pack and the rest goes on. Where the database itself is
in trouble (disk full, locked) the batch waits and is tried again: nothing is skipped for that.
"""

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from faultbox_collector.clock import wall_ms
from faultbox_collector.digest.batch import Batch, apply_batch
from faultbox_collector.digest.drafts import Draft, Drafter
from faultbox_collector.heads import read_head
from faultbox_collector.pack.files import START, PackFolder
from faultbox_collector.pack.records import Damage, Position, Record, read_records
from faultbox_collector.store.occurrences import QuarantineRow
from faultbox_collector.store.products import DEFAULT_ORGANISATION
from faultbox_collector.writer import Writer
from faultbox_protocol.errors import ProtocolError

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
PAUSE_SECONDS = 0.05
"""Between a batch and the next, unless a full one waits: half of a small transaction's cost is
the same for a large one, and devices wait for nothing that the digest does."""


class Digest:
    """Follows the packs from `start` to what the inbox has made durable.

    Args:
        folder: where packs lie.
        writer: the thread that writes the database.
        start: the stored cursor.
        batch_size: most bundles in one transaction.
        on_digested: called after each commit with the ids of its bundles.
        retry_seconds: how long it waits where the database is in trouble.
        drafter: what decodes and signs.
    """

    def __init__(
        self,
        folder: PackFolder,
        writer: Writer,
        start: Position | None,
        batch_size: int,
        on_digested: Callable[[list[bytes]], None],
        retry_seconds: float = RETRY_SECONDS,
        drafter: Drafter | None = None,
    ) -> None:
        self._folder = folder
        self._writer = writer
        self._at = start or START
        self._batch_size = batch_size
        self._on_digested = on_digested
        self._retry_seconds = retry_seconds
        self._drafter = drafter or Drafter()
        self._durable = self._at
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="digest", daemon=True)

    def start(self, durable: Position) -> None:
        """Start the thread; everything before `durable` is there to be digested."""
        self._durable = durable
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

    @property
    def position(self) -> Position:
        """Everything before this place is digested."""
        return self._at

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                found = self._step()
                if found:
                    if found < self._batch_size:
                        self._stopping.wait(PAUSE_SECONDS)
                    continue
            except Exception:
                logger.exception("the digest cannot go on; it tries again")
                self._stopping.wait(self._retry_seconds)
                continue
            self._wake.wait()

    def _step(self) -> int:
        """Digest one batch; return how many records it had, 0 where nothing waits."""
        durable = self._durable
        if self._at >= durable:
            return 0
        path = self._folder.pack_path(self._at.pack)
        end = durable.offset if self._at.pack == durable.pack else None
        found = list(read_records(path, self._at, self._batch_size, end)) if path.exists() else []
        if not found:
            following = self._folder.next_after(self._at)
            if following is None or self._at.pack >= durable.pack:
                return 0
            self._at = following
            return self._batch_size  # go on at once
        last = found[-1]
        drafts, set_aside = self._draft_all(found)
        self._apply(
            Batch(drafts, set_aside, Position(last.position.pack, last.position.offset + last.size))
        )
        return len(found)

    def _draft_all(self, found: list[Record | Damage]) -> tuple[list[Draft], list[QuarantineRow]]:
        drafts: list[Draft] = []
        set_aside: list[QuarantineRow] = []
        for one in found:
            if isinstance(one, Damage):
                set_aside.append(_quarantine(one, one.reason, "damaged bytes in the pack"))
                continue
            try:
                drafts.append(self._drafter.draft(one))
            except Exception as error:
                logger.exception("a bundle cannot be digested; it is set aside")
                reason = getattr(error, "reason", "undigestible")
                set_aside.append(_quarantine(one, reason, str(error), _read_id(one)))
        return drafts, set_aside

    def _apply(self, batch: Batch) -> None:
        """Store a batch, or its halves where it cannot be stored; the cursor follows each part."""
        try:
            self._submit(batch)
        except Exception as error:
            if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError | DataError):
                raise  # the database's trouble, not the bundles'
            self._divide(batch, error)

    def _divide(self, batch: Batch, error: Exception) -> None:
        drafts = batch.drafts
        if not drafts:
            raise error
        if len(drafts) == 1:
            logger.error("a bundle cannot be stored; it is set aside", exc_info=error)
            row = _quarantine(drafts[0], "undigestible", str(error), drafts[0].head.id)
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
        self._writer.submit(lambda connection: apply_batch(connection, batch, now_ms)).result()
        self._at = batch.end
        done = [draft.head.id for draft in batch.drafts]
        done.extend(row.bundle_id for row in batch.set_aside if row.bundle_id)
        self._on_digested(done)


def _read_id(record: Record) -> bytes | None:
    try:
        return read_head(record.bundle).id
    except ProtocolError:
        return None


def _quarantine(
    one: Record | Damage | Draft, reason: str, detail: str, bundle_id: bytes | None = None
) -> QuarantineRow:
    arrival = None if isinstance(one, Damage) else one.arrival
    return QuarantineRow(
        organisation_id=arrival.organisation_id if arrival else DEFAULT_ORGANISATION,
        product_id=arrival.product_id if arrival else None,
        bundle_id=bundle_id,
        reason=reason,
        detail=detail[:500].encode("utf-8", "replace").decode(),
        received_ms=arrival.received_ms if arrival else wall_ms(),
        pack=one.position.pack,
        pack_offset=one.position.offset,
        pack_bytes=one.size,
    )
