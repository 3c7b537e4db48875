"""Keeping the disk from filling up: a high-water mark for the intake, ballast for the database.

The disk is looked at every second. New bundles are refused as soon as less than the reserve is
free, so that the digest can store what was acknowledged. Between two looks what has been let in
counts as written. Others may fill the disk all the same, and a full disk cannot even be pruned,
because SQLite needs room to delete: so a file of really allocated blocks is kept, given up when
nothing else is free, and made again when there is room.
"""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

BALLAST = "ballast"
SECONDS = 1.0
"""Between two looks: two statvfs, some 5 microseconds."""
LARGEST_SHARE = 20
"""Reserve and ballast are at most a twentieth of the disk each: small disks hold bundles, too."""
RESERVE_FILES = 1000
"""Inodes kept free, or a twentieth; packs need one for each 64 MiB, SQLite a few."""
FULL_BYTES = 4 * 1024 * 1024
"""Less than this, or than a quarter of the reserve, is as good as nothing: ballast goes."""
WRITTEN_PER_BYTE = 2
"""What one byte let in may take on the disk: itself, and rows with their log ahead."""


@dataclass(frozen=True, slots=True)
class Space:
    """What a file system has to give to this process."""

    free_bytes: int
    total_bytes: int
    free_files: int
    """Inodes; with a total of 0 the file system makes them as it needs them."""
    total_files: int
    writable: bool = True


def read_space(path: Path) -> Space:
    """Return the space of the file system that holds `path`.

    Raises:
        OSError: the disk does not answer.
    """
    found = os.statvfs(path)
    return Space(
        free_bytes=found.f_bavail * found.f_frsize,
        total_bytes=found.f_blocks * found.f_frsize,
        free_files=found.f_favail,
        total_files=found.f_files,
        writable=not found.f_flag & os.ST_RDONLY,
    )


class Disk:
    """Watches the disk of the data folder in a thread of its own.

    Args:
        folders: the data folder, then what may lie on another disk once it exists.
        reserve_bytes: free space that is left to the digest; 0 switches refusing off.
        ballast_bytes: size of the file to give up; 0 for none.
        read: what tells the space of a folder.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        reserve_bytes: int,
        ballast_bytes: int,
        read: Callable[[Path], Space] = read_space,
    ) -> None:
        self._folders = tuple(folders)
        self._reserve = reserve_bytes
        self._ballast_bytes = ballast_bytes
        self._ballast = self._folders[0] / BALLAST
        self._read = read
        self._room = 0
        self._trouble = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="disk", daemon=True)

    def start(self) -> None:
        """Look once, then go on looking."""
        if not self._ballast_bytes:
            self._ballast.unlink(missing_ok=True)  # of a time when there was some
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join()

    @property
    def trouble(self) -> str:
        """Why nothing can be taken at the moment; empty where something can."""
        return self._trouble or ("" if self._room > 0 or not self._reserve else "no space is left")

    def has_room(self, size: int) -> bool:
        """Count `size` bytes as written; False where the disk has no room for them.

        What is counted wrongly, as two threads may, is right again after the next look.
        """
        if self._trouble:
            return False
        if not self._reserve:
            return True
        self._room -= size * WRITTEN_PER_BYTE
        return self._room > 0

    def look(self) -> None:
        """Read the space there is; give up the ballast or make it, and set the room."""
        try:
            spaces = [self._read(one) for one in self._folders if one.exists()]
        except OSError as error:
            self._note(f"the disk does not answer: {error.strerror}")
            return
        if not spaces:
            self._note("the data folder is gone")
            return
        self._tend_ballast(spaces[0])
        kept = [self._reserve_of(one) for one in spaces]
        if self._reserve and not self._ballast.exists():
            kept[0] += self._ballast_of(spaces[0])  # its place is not for bundles
        self._room = min(one.free_bytes - its for one, its in zip(spaces, kept, strict=True))
        self._note(next(filter(None, map(self._find_trouble, spaces, kept)), ""))

    def _run(self) -> None:
        while not self._stopping.wait(SECONDS):
            try:
                self.look()
            except Exception:
                logger.exception("the disk could not be looked at")

    def _reserve_of(self, space: Space) -> int:
        return min(self._reserve, space.total_bytes // LARGEST_SHARE)

    def _ballast_of(self, space: Space) -> int:
        return min(self._ballast_bytes, space.total_bytes // LARGEST_SHARE)

    def _find_trouble(self, space: Space, kept: int) -> str:
        if not space.writable:
            return "the disk is read-only"
        if not self._reserve:
            return ""
        if self._trouble:
            kept += kept // 8  # a little more to begin again, so that it does not flutter
        if space.free_bytes < kept:
            return f"{space.free_bytes >> 20} MiB are free, {kept >> 20} MiB are kept"
        if space.total_files and space.free_files < min(
            RESERVE_FILES, space.total_files // LARGEST_SHARE
        ):
            return f"only {space.free_files} more files can be made"
        return ""

    def _note(self, trouble: str) -> None:
        if bool(trouble) != bool(self._trouble):
            if trouble:
                logger.warning("new bundles are refused: %s", trouble)
            else:
                logger.warning("new bundles are taken again")
        self._trouble = trouble

    def _tend_ballast(self, space: Space) -> None:
        size = self._ballast_of(space)
        low = min(FULL_BYTES, self._reserve_of(space) // 4 or FULL_BYTES)
        if space.free_bytes < low:
            self._give_up_ballast()
        elif size and space.writable and space.free_bytes > size + self._reserve_of(space) * 5 // 4:
            self._make_ballast(size)

    def _give_up_ballast(self) -> None:
        try:
            self._ballast.unlink()
        except OSError:
            return  # there is none, or the disk is read-only
        logger.warning("the disk is full: the ballast is given up so that the digest can go on")

    def _make_ballast(self, size: int) -> None:
        """Make the file where there is none of this size; where that fails there is none."""
        try:
            if self._ballast.stat().st_blocks * 512 >= size:
                return
        except OSError:
            pass
        try:
            file = os.open(self._ballast, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(file, 0, size)
            finally:
                os.close(file)
        except OSError as error:
            logger.warning("no ballast: %s", error.strerror)
            with suppress(OSError):
                self._ballast.unlink()
