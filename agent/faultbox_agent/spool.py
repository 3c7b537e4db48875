"""The spool: a folder as a queue of finished bundles, written by one process at a time.

A bundle is written under `tmp/`, synced, renamed to `ready/<id>.fbx`, and the folder is synced;
only then is it captured. A file that a power cut damaged goes to `dead/`, its neighbours are
sent. The quota (bytes, files, free disk) is applied before writing.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from faultbox_agent.layout import DEAD, READY, TMP, make_spool, sync_folder
from faultbox_agent.lock import take_lock
from faultbox_agent.quota import Room, Waiting, choose_evictions
from faultbox_protocol import codec
from faultbox_protocol.errors import ProtocolError
from faultbox_protocol.report import Head

SUFFIX = ".fbx"
DEAD_FILES = 100
DEAD_BYTES = 8 * 1024 * 1024
HEADROOM_FILES = 100
_KNOWN_IDS = 4_096
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class SpoolFull(RuntimeError):
    """The quota has no place for this bundle."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the spool may hold, and what it leaves of the disk."""

    max_bytes: int
    max_files: int
    headroom_bytes: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One bundle that waits."""

    id: bytes
    seq: int
    size_bytes: int
    fault_key: str
    n: int
    t_ms: int | None
    drops: dict[str, int] = field(default_factory=dict)


class Spool:
    """The waiting bundles; whoever holds one has the spool's lock."""

    def __init__(self, root: str, limits: Limits) -> None:
        """Take the lock, clear what was never finished, and look at every waiting bundle.

        Raises:
            SpoolBusy: another process holds the lock.
            OSError: the folder cannot be made or read.
        """
        self.root = root
        self._limits = limits
        self._entries: dict[bytes, Entry] = {}
        self._known: dict[bytes, None] = {}
        self._bytes = 0
        self.damaged: list[str] = []
        make_spool(root)
        self._lock = take_lock(root)
        self._clear_tmp()
        self._read_ready()

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._lock)

    @property
    def entries(self) -> list[Entry]:
        """What waits, in order of sequence number."""
        return sorted(self._entries.values(), key=lambda entry: (entry.seq, entry.id))

    @property
    def size_bytes(self) -> int:
        """Bytes of all waiting bundles."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._entries)

    def knows(self, fault_id: bytes) -> bool:
        """Say whether this fault was spooled already, here or lately.

        Only the random part of an id counts: its time part may differ where the same log line
        was read twice.
        """
        return fault_id[6:] in self._known

    def path(self, fault_id: bytes) -> str:
        """Return where a waiting bundle lies."""
        return os.path.join(self.root, READY, fault_id.hex() + SUFFIX)

    def make_room(self, size_bytes: int, fault_key: str) -> list[Entry]:
        """Give up what must go for a bundle of this size; return it, for its losses to be counted.

        Raises:
            SpoolFull: there is nothing that may go.
            OSError: the disk cannot be asked.
        """
        waiting = [
            Waiting(entry.id, entry.seq, entry.size_bytes, entry.fault_key)
            for entry in self._entries.values()
        ]
        chosen = choose_evictions(waiting, self._room(), size_bytes, fault_key)
        if chosen is None:
            raise SpoolFull(f"no room for {size_bytes} bytes")
        gone = [self._entries[victim.id] for victim in chosen]
        for entry in gone:
            self.remove(entry.id)
        return gone

    def put(self, entry: Entry, data: bytes) -> None:
        """Store a bundle durably.

        Raises:
            OSError: it was not stored; nothing of it remains under `ready/`.
        """
        temporary = os.path.join(self.root, TMP, entry.id.hex() + SUFFIX)
        file = os.open(temporary, _FLAGS, 0o600)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(file, rest) :]
            os.fsync(file)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        finally:
            os.close(file)
        os.rename(temporary, self.path(entry.id))
        self._add(entry)
        sync_folder(os.path.join(self.root, READY))

    def remove(self, fault_id: bytes) -> Entry | None:
        """Delete a bundle that arrived or is given up; not synced, a repeat is harmless."""
        entry = self._entries.pop(fault_id, None)
        if entry is not None:
            self._bytes -= entry.size_bytes
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(fault_id))
        return entry

    def set_aside(self, fault_id: bytes) -> Entry | None:
        """Move a bundle to `dead/`, where people may look at it; return what it was."""
        entry = self._entries.pop(fault_id, None)
        if entry is not None:
            self._bytes -= entry.size_bytes
        with contextlib.suppress(FileNotFoundError):
            move_to_dead(self.root, self.path(fault_id))
        return entry

    def read(self, fault_id: bytes) -> bytes:
        """Return a bundle's bytes.

        Raises:
            OSError: it cannot be read.
        """
        with open(self.path(fault_id), "rb") as file:
            return file.read()

    def _room(self) -> Room:
        disk = os.statvfs(self.root)
        free = disk.f_bavail * disk.f_frsize - self._limits.headroom_bytes
        files = disk.f_favail - HEADROOM_FILES if disk.f_files else self._limits.max_files
        return Room(
            min(self._limits.max_bytes - self._bytes, free),
            min(self._limits.max_files - len(self._entries), files),
        )

    def _add(self, entry: Entry) -> None:
        self._entries[entry.id] = entry
        self._bytes += entry.size_bytes
        self._known[entry.id[6:]] = None
        if len(self._known) > _KNOWN_IDS + len(self._entries):
            del self._known[next(iter(self._known))]

    def _clear_tmp(self) -> None:
        folder = os.path.join(self.root, TMP)
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, name))

    def _read_ready(self) -> None:
        folder = os.path.join(self.root, READY)
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            try:
                head, size_bytes = read_bundle(path)
            except FileNotFoundError:
                continue
            except (OSError, ValueError):
                self.damaged.append(name)
                with contextlib.suppress(OSError):
                    move_to_dead(self.root, path)
            else:
                self._add(entry_of(head, size_bytes))


def entry_of(head: Head, size_bytes: int) -> Entry:
    """Return the entry of a bundle with this head."""
    key = head.fp.sig if head.fp is not None else ""
    t_ms = head.t_ms if head.t_ms is not None else None
    return Entry(head.id, head.seq or 0, size_bytes, key, head.n, t_ms, dict(head.drops))


def read_bundle(path: str) -> tuple[Head, int]:
    """Return the head and the size of a bundle file, every byte of it checked.

    Raises:
        OSError: it cannot be read.
        ProtocolError: it is damaged.
    """
    with open(path, "rb") as file:
        data = file.read()
    bundle = codec.scan_bundle(memoryview(data))
    if bundle.end != len(data):
        raise ProtocolError("bad_length", f"{len(data) - bundle.end} bytes behind the bundle")
    head = codec.read_head(bundle)
    if os.path.basename(path) != head.id.hex() + SUFFIX:
        raise ProtocolError("bad_field", "the name of the file is not the bundle's id")
    return head, len(data)


def is_full(error: OSError) -> bool:
    """Say whether a write failed for want of room rather than for a broken disk."""
    return error.errno in _FULL


def move_to_dead(root: str, path: str) -> None:
    """Move a file to `dead/`, and delete the oldest there beyond its bounds.

    Raises:
        OSError: it cannot be moved.
    """
    folder = os.path.join(root, DEAD)
    os.rename(path, os.path.join(folder, os.path.basename(path)))
    kept_bytes = 0
    for index, (_, size_bytes, name) in enumerate(_newest_first(folder)):
        kept_bytes += size_bytes
        if index >= DEAD_FILES or kept_bytes > DEAD_BYTES:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, name))


def _newest_first(folder: str) -> Iterator[tuple[int, int, str]]:
    found = []
    for name in os.listdir(folder):
        with contextlib.suppress(OSError):
            status = os.lstat(os.path.join(folder, name))
            found.append((status.st_ctime_ns, status.st_size, name))
    yield from sorted(found, reverse=True)
