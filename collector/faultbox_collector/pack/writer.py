"""Appending to the newest pack: one write and one `fdatasync` for everything that waits.

A failed write is undone by cutting the file back, and the bundles are refused. A failed fsync is
final for this process: after EIO the kernel marks the pages clean, so a second fsync that
succeeds proves nothing.
"""

import os
from pathlib import Path

from faultbox_collector.pack.files import FIRST, PackFolder
from faultbox_collector.pack.records import Position, find_end


class PackWriteError(OSError):
    """The bytes could not be written; nothing of them is in the pack."""


class PackSyncError(OSError):
    """The disk did not confirm; this process must not acknowledge anything any more."""


class PackWriter:
    """Appends records to the newest pack; used by one thread only.

    Args:
        folder: where packs lie.
        pack_bytes: size at which a pack is sealed and the next begun.
    """

    def __init__(self, folder: PackFolder, pack_bytes: int) -> None:
        self._folder = folder
        self._pack_bytes = pack_bytes
        folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        numbers = folder.numbers()
        self._number = numbers[-1] if numbers else 0
        self._file = -1
        self._size = 0
        if numbers and find_end(folder.pack_path(self._number), Position(self._number, 0)) is None:
            self._begin()  # a torn tail stays as it is: nobody got a receipt for it
        elif numbers:
            self._open(self._number)
        else:
            self._begin()

    @property
    def end(self) -> Position:
        """Where the next record will lie; everything before it is durable."""
        return Position(self._number, self._size)

    def append(self, records: list[bytes]) -> list[Position]:
        """Write the records and make them durable; return where each lies.

        Raises:
            PackWriteError: nothing was written (the disk is full, for example).
            PackSyncError: nothing may be acknowledged any more.
        """
        if self._size >= self._pack_bytes:
            self._begin()
        self._write(b"".join(records))
        try:
            os.fdatasync(self._file)
        except OSError as error:
            raise PackSyncError(error.errno, f"fdatasync of the pack: {error.strerror}") from error
        positions = []
        for record in records:
            positions.append(Position(self._number, self._size))
            self._size += len(record)
        return positions

    def close(self) -> None:
        """Close the pack."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            os.ftruncate(self._file, self._size)
            raise PackWriteError(error.errno, f"write to the pack: {error.strerror}") from error

    def _begin(self) -> None:
        """Seal the pack and begin the next; its name is durable before anything lies in it."""
        number = self._number + 1 if self._number else FIRST
        file = os.open(
            self._folder.pack_path(number),
            os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC,
            0o600,
        )
        _sync_folder(self._folder.path)
        self.close()
        self._file, self._number, self._size = file, number, 0

    def _open(self, number: int) -> None:
        path = self._folder.pack_path(number)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._number, self._size = number, path.stat().st_size


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
