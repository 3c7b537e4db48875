"""A small ext4 disk that can lose its power, fill up, and run out of names.

A file holds an ext4 file system on a loop device; the shutdown ioctl without a flush drops
whatever the kernel has not written yet, as losing the power does. One thing differs: an fdatasync
under way at that moment may still return success although nothing was kept (in about one cut of ten
with nothing but a loop of write and fdatasync on such a disk), and the process goes on to answer.
Without power no answer leaves the machine: whoever cuts makes the listeners deaf first.
"""

import contextlib
import errno
import fcntl
import os
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.needs import give_up

_FS_IOC_SHUTDOWN = 0x8004587D
LOG_FLUSH = 1
"""The journal reaches the disk, data that nobody synced does not: names without bytes."""
NO_LOG_FLUSH = 2
"""Nothing more reaches the disk."""
_FILLER = "filler"
_MIB = 1 << 20
_UNMOUNT_SECONDS = 20.0


class Disk:
    """One disk, mounted at `path`."""

    def __init__(self, folder: Path, *, mib: int = 256, inodes: int = 0) -> None:
        """Make and mount it; `inodes` limits how many files it holds.

        Raises:
            OSError: this machine cannot, or we may not.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.image = folder / "disk"
        self.path = folder / "mounted"
        self.path.mkdir()
        self.cuts = 0
        with self.image.open("wb") as file:
            file.truncate(mib << 20)
        names = ("-N", str(inodes)) if inodes else ()
        _run("mkfs.ext4", "-q", "-F", "-m", "0", *names, str(self.image))
        self.mount()

    def mount(self) -> None:
        """Mount it, its journal replayed."""
        _run("mount", "-o", "loop", str(self.image), str(self.path))

    def is_unmounted(self) -> bool:
        """Try to unmount; False while another process of the machine looks into it."""
        try:
            _run("umount", str(self.path))
        except OSError:
            return False
        return True

    def power_on(self) -> None:
        """Unmount what the cut left, mount it again, and free it: a filler may be back.

        Raises:
            OSError: some process still holds it.
        """
        deadline = time.monotonic() + _UNMOUNT_SECONDS
        while not self.is_unmounted():
            if time.monotonic() > deadline:
                raise OSError(errno.EBUSY, f"{self.path} is still in use")
            time.sleep(0.01)
        self.mount()
        self.free()

    def cut_power(self, how: int = NO_LOG_FLUSH) -> None:
        """Let nothing reach the disk any more."""
        folder = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, _FS_IOC_SHUTDOWN, struct.pack("I", how))
        finally:
            os.close(folder)
        self.cuts += 1

    def sync(self) -> None:
        """Write everything of this disk, and of no other."""
        _run("sync", "-f", str(self.path))

    def fill(self, left_bytes: int = 0) -> None:
        """Take all free space but `left_bytes`."""
        disk = os.statvfs(self.path)
        size = max(disk.f_bavail * disk.f_frsize - left_bytes, 0)
        with contextlib.suppress(OSError), (self.path / _FILLER).open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(size, 1))
            while not left_bytes:  # the file system's own needs make the last blocks uncertain
                os.write(file.fileno(), bytes(4096))

    def fill_names(self) -> None:
        """Take every free inode."""
        folder = self.path / (_FILLER + "s")
        folder.mkdir(exist_ok=True)
        with contextlib.suppress(OSError):
            for number in range(1 << 20):
                (folder / str(number)).touch()

    def free(self) -> None:
        """Give back what `fill` and `fill_names` took."""
        (self.path / _FILLER).unlink(missing_ok=True)
        folder = self.path / (_FILLER + "s")
        if folder.is_dir():
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()

    def discard(self) -> None:
        """Unmount it whatever still looks into it; a test that failed may have left it in use."""
        with contextlib.suppress(OSError):
            _run("umount", "--lazy", str(self.path))


@contextmanager
def a_disk(folder: Path, *, mib: int = 256, inodes: int = 0) -> Iterator[Disk]:
    """Provide a disk for a test; where the machine cannot, the test is given up."""
    if os.geteuid() != 0:
        give_up("cutting a disk's power needs root")
    try:
        disk = Disk(folder, mib=mib, inodes=inodes)
    except OSError as error:
        give_up(f"no ext4 on a loop device here: {error}")
    try:
        yield disk
    finally:
        disk.discard()


def _run(*command: str) -> None:
    """Run a command of the system.

    Raises:
        OSError: it failed; its complaint is in the text.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
