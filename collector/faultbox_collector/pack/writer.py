"""Appending to the newest pack: one write and one `fdatasync` for everything that waits.

A failed write is undone by cutting the file back, and the bundles are refused. A failed fsync is
final for this process: after EIO the kernel marks the pages clean, so a second fsync that
succeeds proves nothing.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from faultbox_collector.pack.files import START, PackFolder
from faultbox_collector.pack.records import Position, find_end

Buffer = bytes | bytearray | memoryview
_VECTOR = 1024
"""IOV_MAX of Linux: how many buffers one writev takes."""


class PackWriteError(OSError):
    """The bytes could not be written; nothing of them is in the pack."""


class PackSyncError(OSError):
    """The disk did not confirm; this process must not acknowledge anything any more."""


class PackWriter:
    """Appends records to the newest pack; used by one thread only.

    Args:
        folder: where packs lie.
        pack_bytes: size at which a pack is sealed and the next begun.
        after: how far the digest has come. Nothing is written before that place, where it would
            never be digested, even if the packs end earlier (an older backup, a lying disk).

    Raises:
        OSError: the folder or the newest pack cannot be used.
    """

    def __init__(self, folder: PackFolder, pack_bytes: int, after: Position = START) -> None:
        self._folder = folder
        self._pack_bytes = pack_bytes
        self._file = -1
        self._size = 0
        self._number = _newest(folder)
        if self._number and self._reopen() and self.end >= after:
            return
        # A torn tail stays as it is: nobody got a receipt for it.
        self._number = max(self._number, after.pack if after.offset else after.pack - 1)
        self._begin()

    @property
    def end(self) -> Position:
        """Where the next record will lie; everything before it is durable."""
        return Position(self._number, self._size)

    def append(self, buffers: Sequence[Buffer]) -> Position:
        """Write whole records, in any number of buffers, and make them durable.

        Returns:
            Where the first of them lies; the others follow without gaps.

        Raises:
            PackWriteError: nothing was written (the disk is full, for example).
            PackSyncError: nothing may be acknowledged any more.
        """
        if self._size >= self._pack_bytes:
            self._begin()
        begun = self.end
        size = self._write(buffers)
        _confirm(self._file)
        self._size += size
        return begun

    def close(self) -> None:
        """Close the pack."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, buffers: Sequence[Buffer]) -> int:
        """Write everything and return how many bytes that was."""
        size = 0
        try:
            for start in range(0, len(buffers), _VECTOR):
                part = buffers[start : start + _VECTOR]
                wanted = sum(map(len, part))
                written = os.writev(self._file, part)
                size += written
                if written < wanted:  # a nearly full disk, or a limit on the file's size
                    size += self._write_rest(memoryview(b"".join(part))[written:])
        except OSError as error:
            self._cut_back()
            raise PackWriteError(error.errno, f"write to the pack: {error.strerror}") from error
        return size

    def _write_rest(self, rest: memoryview) -> int:
        size = len(rest)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        return size

    def _cut_back(self) -> None:
        try:
            if os.fstat(self._file).st_size == self._size:
                return  # nothing to undo, and a read-only disk would not let us
            os.ftruncate(self._file, self._size)
        except OSError as error:  # half a record would stand in front of the next one
            raise PackSyncError(error.errno, f"cut back the pack: {error.strerror}") from error

    def _begin(self) -> None:
        """Seal the pack and begin the next; its name is durable before anything lies in it."""
        try:
            file = os.open(
                self._folder.pack_path(self._number + 1),
                os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC,
                0o600,
            )
        except OSError as error:
            raise PackWriteError(error.errno, f"begin a pack: {error.strerror}") from error
        self.close()
        self._file, self._number, self._size = file, self._number + 1, 0
        sync_folder(self._folder.path)

    def _reopen(self) -> bool:
        """Go on with the newest pack; False where its tail is torn.

        The last process may have died between write and fsync, and the digest will take what it
        left: so that is made durable first.
        """
        path = self._folder.pack_path(self._number)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        _confirm(self._file)
        self._size = path.stat().st_size
        return find_end(path, Position(self._number, 0)) is not None


def _newest(folder: PackFolder) -> int:
    """Return the number of the newest pack, 0 where there is none; the folder is made."""
    if not folder.path.exists():
        folder.path.mkdir(parents=True, mode=0o700)
        sync_folder(folder.path.parent)
    return max(folder.numbers(), default=0)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable.

    Raises:
        PackSyncError: the disk does not confirm.
    """
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)  # not fdatasync: a new name is metadata to a file system
    except OSError as error:
        raise PackSyncError(error.errno, f"fsync of {path}: {error.strerror}") from error
    finally:
        os.close(folder)


def _confirm(file: int) -> None:
    try:
        os.fdatasync(file)
    except OSError as error:
        raise PackSyncError(error.errno, f"fdatasync of the pack: {error.strerror}") from error
