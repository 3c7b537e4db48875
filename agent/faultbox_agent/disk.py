"""What the spool asks of a disk, and the real one.

A file is written under a name that nobody reads, synced, and renamed; the folder is synced, and
only then is it there. These steps are a port, because their order is what a power cut tests:
a model of a disk that forgets whatever was not synced stands in for this one.
"""

import contextlib
import os
from typing import Protocol

from faultbox_agent.layout import sync_folder

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


class NewFile(Protocol):
    """A file being written."""

    def write(self, data: bytes | memoryview) -> int:
        """Write at least one byte; return how many.

        Raises:
            OSError: the disk is full or broken.
        """

    def sync(self) -> None:
        """Make what was written durable.

        Raises:
            OSError: it is not.
        """

    def close(self) -> None:
        """End the writing."""


class Disk(Protocol):
    """A file system; paths are absolute. Everything raises OSError."""

    def create(self, path: str) -> NewFile:
        """Begin a file, of mode 0600, empty whatever was there."""

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""

    def names(self, folder: str) -> list[str]:
        """Return what lies in a folder."""

    def rename(self, source: str, target: str) -> None:
        """Give a file another name, in place of what has that name."""

    def unlink(self, path: str) -> None:
        """Take a name away."""

    def sync_folder(self, folder: str) -> None:
        """Make the names in a folder durable."""


class _LocalFile:
    """A file of this machine."""

    __slots__ = ("_file",)

    def __init__(self, path: str) -> None:
        self._file = os.open(path, _CREATE, 0o600)

    def write(self, data: bytes | memoryview) -> int:
        """Write what the kernel takes."""
        return os.write(self._file, data)

    def sync(self) -> None:
        """Wait for the disk."""
        os.fsync(self._file)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._file)


class LocalDisk:
    """The disk of this machine."""

    __slots__ = ()

    def create(self, path: str) -> NewFile:
        """Begin a file."""
        return _LocalFile(path)

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        with open(path, "rb") as file:
            return file.read()

    def names(self, folder: str) -> list[str]:
        """Return what lies in a folder."""
        return os.listdir(folder)

    def rename(self, source: str, target: str) -> None:
        """Give a file another name."""
        os.rename(source, target)

    def unlink(self, path: str) -> None:
        """Take a name away."""
        os.unlink(path)

    def sync_folder(self, folder: str) -> None:
        """Wait for the folder."""
        sync_folder(folder)


def write_durably(disk: Disk, temporary: str, path: str, data: bytes) -> None:
    """Put `data` at `path`, all of it or nothing; the folder's name is not synced yet.

    Raises:
        OSError: it was not written; the temporary file is gone as far as the disk lets us.
    """
    file = disk.create(temporary)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
        file.sync()
    except OSError:
        with contextlib.suppress(OSError):
            disk.unlink(temporary)
        raise
    finally:
        file.close()
    disk.rename(temporary, path)
