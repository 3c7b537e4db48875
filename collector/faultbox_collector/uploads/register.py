"""The incomplete uploads of this process: how old, how many of whom, and who works on which.

Ages are monotonic, so a wall clock that jumps ends no upload; over a restart they go on from the
wall clock. One request at a time holds an upload; a newer one cuts off an older one that waits.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from faultbox_collector.uploads.records import Upload
from faultbox_protocol import limits

OPEN_PER_KEY = 64
"""Incomplete uploads of a key, whatever devices they say they come from."""


class TooManyUploads(Exception):
    """This device, or this key, has enough incomplete uploads."""


@dataclass(slots=True)
class Entry:
    """An incomplete upload in memory."""

    upload: Upload
    ends_at: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    cut: Callable[[], object] | None = None
    """Ends the request that holds the lock and waits for bytes."""
    gone: bool = False


class Register:
    """Incomplete uploads; the event loop's thread only.

    Args:
        monotonic: seconds that no one sets back or forth.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._open: dict[str, Entry] = {}

    def load(self, uploads: Iterable[Upload], now_ms: int) -> None:
        """Take what a former process left."""
        for upload in uploads:
            age_seconds = max(0, now_ms - upload.created_ms) / 1000
            self._add(upload, age_seconds)

    def add(self, upload: Upload) -> Entry:
        """Take a new upload.

        Raises:
            TooManyUploads: its device or its key has enough.
        """
        of_key = [one.upload for one in self._open.values() if one.upload.key_id == upload.key_id]
        of_device = sum(one.device == upload.device for one in of_key)
        if of_device >= limits.UPLOADS_OPEN or len(of_key) >= OPEN_PER_KEY:
            raise TooManyUploads
        return self._add(upload, 0)

    def find(self, product_id: int, upload_id: str) -> Entry | None:
        """Return an incomplete upload of a product that is not too old."""
        entry = self._open.get(upload_id)
        if entry is None or entry.upload.product_id != product_id or not self.left_seconds(entry):
            return None
        return entry

    async def hold(self, entry: Entry) -> bool:
        """Take the upload's lock from whoever still waits for bytes; False where it is gone."""
        if entry.cut is not None:
            entry.cut()
        await entry.lock.acquire()
        if entry.gone:
            entry.lock.release()
        return not entry.gone

    def drop(self, entry: Entry) -> None:
        """Forget an upload; who waits for its lock finds it gone."""
        entry.gone = True
        self._open.pop(entry.upload.id, None)

    def left_seconds(self, entry: Entry) -> int:
        """Return how long an upload still lives; 0 where it is too old."""
        return max(0, int(entry.ends_at - self._monotonic()))

    def old(self) -> list[Entry]:
        """Return what is too old and not at work."""
        return [
            entry
            for entry in self._open.values()
            if not self.left_seconds(entry) and not entry.lock.locked()
        ]

    def _add(self, upload: Upload, age_seconds: float) -> Entry:
        entry = Entry(upload, self._monotonic() + limits.UPLOAD_SECONDS - age_seconds)
        self._open[upload.id] = entry
        return entry
