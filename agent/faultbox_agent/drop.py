"""Leaving a record in the spool's drop folder, from any process of the device.

Temporary name, fsync, rename, folder fsync: only a record that will survive a power cut is
called captured. The folder is not ours to list or to open, so where its own fsync is refused
the file is synced once more after the rename, which takes the new name along on ext4, XFS and
Btrfs.
"""

import errno
import os

from faultbox_agent.layout import DROP, make_drop_folder

MAX_RECORDS = 2_000
"""Records waiting where no agent runs; a crash loop must not fill the disk."""
HEADROOM_BYTES = 4 * 1024 * 1024
_EXCLUSIVE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def leave_record(spool: str, name: str, data: bytes, *, durable: bool) -> None:
    """Write `drop/<name>`, complete or not at all; `durable` before it returns, if asked.

    Raises:
        OSError: there is no room, no right, or no disk.
    """
    folder = os.path.join(spool, DROP)
    try:
        status = os.stat(folder)
    except FileNotFoundError:
        make_drop_folder(spool)
        status = os.stat(folder)
    _check_room(folder, len(data))
    # Whoever runs the agent must read it: root and we ourselves can, others need the bits. The
    # folder is not listable and the name holds 74 random bits, so nobody else finds the file.
    mode = 0o600 if status.st_uid in (0, os.geteuid()) else 0o644
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.tmp")
    file = os.open(temporary, _EXCLUSIVE, mode)
    try:
        os.fchmod(file, mode)
        _write_all(file, data)
        if durable:
            os.fsync(file)
        os.rename(temporary, os.path.join(folder, name))
        if durable:
            _sync(folder, file)
    except OSError:
        _discard(temporary)
        raise
    finally:
        os.close(file)


def _check_room(folder: str, data_bytes: int) -> None:
    disk = os.statvfs(folder)
    if disk.f_bavail * disk.f_frsize < data_bytes + HEADROOM_BYTES:
        raise OSError(errno.ENOSPC, "too little room beside the spool", folder)
    try:
        waiting = len(os.listdir(folder))
    except PermissionError:
        return  # another user's agent; the per-process limit and the disk check remain
    if waiting >= MAX_RECORDS:
        raise OSError(errno.EDQUOT, f"{waiting} records wait already", folder)


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _sync(folder: str, file: int) -> None:
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        os.fsync(file)
        return
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _discard(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return  # the agent clears what is left of it
