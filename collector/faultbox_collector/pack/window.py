"""Looking at a pack through a window: a stretch of it in memory, moved on as the reader goes.

Read, not mapped: a mapped page that the disk cannot read, or that was cut off meanwhile, ends the
process with SIGBUS, again at every start. A failed read is an error that can be told.
"""

import os
from io import FileIO

from faultbox_protocol import limits

WINDOW_BYTES = 1024 * 1024
"""What is read at once: some hundred records. Whoever holds a record holds its window."""
RECORD_BYTES = limits.BODY_BYTES + 64 * 1024
"""No record is longer: a whole body behind its arrival frame."""


class Window:
    """A stretch of one open pack; `end` is how far the pack may be looked at.

    Args:
        file: the pack, open for reading as long as the window is used.
        end: nothing from this byte on is looked at; None for the size of the file.
    """

    def __init__(self, file: FileIO, end: int | None = None) -> None:
        self._file = file.fileno()
        size = os.fstat(self._file).st_size
        self.end = size if end is None else min(size, end)
        self._base = 0
        self._data = b""

    def look(self, at: int, wanted: int) -> tuple[memoryview, int]:
        """Return bytes that hold `wanted` from `at` on, or all there are, and where they begin.

        Raises:
            OSError: the disk cannot read them.
        """
        until = min(at + wanted, self.end)
        if not self._base <= at <= until <= self._base + len(self._data):
            self._base, self._data = at, self._read(at, max(wanted, WINDOW_BYTES))
        return memoryview(self._data), self._base

    def find(self, mark: bytes, start: int) -> int | None:
        """Return where `mark` comes first from `start` on, None where it does not.

        Raises:
            OSError: the disk cannot read.
        """
        at = start
        while at < self.end:
            self.look(at, WINDOW_BYTES)
            found = self._data.find(mark, at - self._base)
            if found >= 0:
                return self._base + found
            at = max(self._base + len(self._data) - len(mark) + 1, at + 1)
        return None

    def _read(self, at: int, wanted: int) -> bytes:
        parts: list[bytes] = []
        left = min(wanted, self.end - at)
        while left > 0:
            part = os.pread(self._file, left, at)
            if not part:  # cut off meanwhile
                break
            parts.append(part)
            at += len(part)
            left -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)
