"""Attempts, counted before the work: a bundle that ends the process must not end it for ever.

Before the digest works on a batch, it notes in a small file where the batch begins, how many
records it has and how often it was tried. A process that dies in it leaves the note behind, and
the next one sees that the same place is being tried again: a second time whole, then record by
record, each with a count of its own. A record that has been tried `RECORD_TRIES` times alone is
set aside. One by one and not by halves, because every step down costs an outage of the intake.

The note is one write into the page cache, some microseconds, which survives the end of the
process. It need not survive the power as well, unless something has happened: after an end that
was not clean each note is synced before its work, as far as the packs reached at that end, and so
is every second try. At worst the first of the tries is not counted.
"""

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from faultbox_collector.pack.files import START
from faultbox_collector.pack.records import Position
from faultbox_collector.pack.writer import sync_folder

FILE = "digest.attempt"
WHOLE_TRIES = 2
"""A batch is tried so often whole: most ends have nothing to do with what was being digested."""
RECORD_TRIES = 3
_NOTE = struct.Struct("<4sIQQII")
_MAGIC = b"FBA1"
_CLEAN, _OPEN = 0, 1


@dataclass(frozen=True, slots=True)
class Attempt:
    """A batch that was begun: its first record, how many it has, how often it was tried."""

    at: Position
    records: int
    tries: int


class Attempts:
    """The note on the batch in hand, used by the digest's thread alone.

    Args:
        path: the file, made where it is missing.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        new = not path.exists()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            clean, left = _decode(os.pread(self._file, _NOTE.size + 4, 0))
            self._left = None if clean else left
            self._unclean = not clean
            self._careful_until = START
            self._alone = 0
            self._now: Attempt | None = None
            self._write(_OPEN, left or Attempt(START, 0, 0), sync=True)
            if new:
                sync_folder(path.parent)
        except BaseException:
            os.close(self._file)
            raise

    def expect(self, end: Position) -> None:
        """Learn how far the packs reach at the start: an earlier process may have begun there."""
        if self._unclean:
            self._careful_until = end

    def limit(self, at: Position, batch_size: int) -> int:
        """Return how many records the batch that begins at `at` may have."""
        left = self._left
        if left is None or left.at != at:
            return 1 if self._alone else batch_size
        if left.records > 1 and left.tries >= WHOLE_TRIES:
            self._left = None
            self._alone = left.records
            return 1
        return min(left.records, batch_size)

    def begin(self, at: Position, records: int) -> int:
        """Note that this batch is being worked on; return the how-manieth try of it this is.

        Raises:
            OSError: it cannot be noted; the work must wait.
        """
        now = self._now
        if now is not None and now.at == at and (now.records == 1) == (records == 1):
            return now.tries  # the database was in trouble: the same try goes on
        left = self._left
        again = left is not None and left.at == at and (left.records == 1) == (records == 1)
        attempt = Attempt(at, records, left.tries + 1 if again and left else 1)
        self._write(_OPEN, attempt, sync=attempt.tries > 1 or at < self._careful_until)
        if self._alone and (now is None or now.at != at):
            self._alone -= 1
        self._now = attempt
        return attempt.tries

    def close(self) -> None:
        """Note that the digest ended in order, with nothing in hand."""
        try:
            self._write(_CLEAN, Attempt(START, 0, 0), sync=True)
        finally:
            os.close(self._file)

    def _write(self, state: int, attempt: Attempt, *, sync: bool) -> None:
        note = _NOTE.pack(
            _MAGIC, state, attempt.at.pack, attempt.at.offset, attempt.records, attempt.tries
        )
        os.pwrite(self._file, note + zlib.crc32(note).to_bytes(4, "little"), 0)
        if sync:
            os.fdatasync(self._file)


def _decode(data: bytes) -> tuple[bool, Attempt | None]:
    """Return whether the last end was clean, and the batch that was in hand.

    A note that cannot be read was torn by a power cut: not clean, and nothing known.
    """
    note = data[: _NOTE.size]
    if len(note) < _NOTE.size or data[_NOTE.size :] != zlib.crc32(note).to_bytes(4, "little"):
        return False, None
    magic, state, pack, offset, records, tries = _NOTE.unpack(note)
    if magic != _MAGIC:
        return False, None
    attempt = Attempt(Position(pack, offset), records, tries) if records else None
    return state == _CLEAN, attempt
