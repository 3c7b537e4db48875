"""The spool: a folder as a queue of finished bundles, written by one process at a time.

A bundle is written under `tmp/`, synced, renamed to `ready/<id>.fbx`, and the folder is synced;
only then is it captured. The quota (bytes, files, free disk) is applied before writing. What
leaves is only forgotten here; its file goes when the `ledger` has counted its end durably. A file
that a power cut damaged is named in `damaged` and left where it is, for the ledger to set aside.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from faultbox_agent.disk import Disk, LocalDisk, write_durably
from faultbox_agent.layout import DEAD, READY, TMP, make_spool
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
    of: bytes | None = None
    """The bundle that this one replaces."""

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.id.hex() + SUFFIX


class Spool:
    """The waiting bundles; whoever holds one has the spool's lock."""

    def __init__(self, root: str, limits: Limits, disk: Disk | None = None) -> None:
        """Take the lock, clear what was never finished, and look at every waiting bundle.

        Raises:
            SpoolBusy: another process holds the lock.
            OSError: the folder cannot be made or read.
        """
        self.root = root
        self.disk: Disk = disk or LocalDisk()
        self._limits = limits
        self._entries: dict[bytes, Entry] = {}
        self._known: dict[bytes, None] = {}
        self._bytes = 0
        self._leaving: dict[str, int] = {}
        """Files of bundles that wait no more, with their bytes: they go at the next commit."""
        self.damaged: list[str] = []
        """Names of files under `ready/` that are not whole bundles."""
        make_spool(root)
        self._lock = take_lock(root)
        self._clear_tmp()
        self._settle_names()
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

    @property
    def leaving_bytes(self) -> int:
        """Bytes of files that are forgotten and not gone yet."""
        return sum(self._leaving.values())

    def __len__(self) -> int:
        return len(self._entries)

    def note_known(self, name: str) -> None:
        """Remember the bundle of a file that is gone."""
        with contextlib.suppress(ValueError):
            self._known[bytes.fromhex(name.removesuffix(SUFFIX))[6:]] = None

    def knows(self, fault_id: bytes) -> bool:
        """Say whether this fault was spooled already, here or lately.

        Only the random part of an id counts: its time part may differ where the same log line
        was read twice.
        """
        return fault_id[6:] in self._known

    def waits(self, fault_id: bytes) -> bool:
        """Say whether a bundle waits here."""
        return fault_id in self._entries

    def path(self, fault_id: bytes) -> str:
        """Return where a waiting bundle lies."""
        return os.path.join(self.root, READY, fault_id.hex() + SUFFIX)

    def choose_room(self, size_bytes: int, fault_key: str) -> list[Entry]:
        """Return what must be given up for a bundle of this size; nothing is, yet.

        What is being given up already counts as room: its files go within the turn, and until then
        the headroom holds the difference.

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
        return [self._entries[victim.id] for victim in chosen]

    def put(self, entry: Entry, data: bytes) -> None:
        """Store a bundle durably, in place of one with the same id.

        Raises:
            OSError: it was not stored; nothing of it remains under `ready/`.
        """
        temporary = os.path.join(self.root, TMP, entry.name)
        replaces = entry.id in self._entries
        write_durably(self.disk, temporary, self.path(entry.id), data)
        self._add(entry)
        try:
            self.sync_ready()
        except OSError:
            if not replaces:
                self.forget(entry.id)
                with contextlib.suppress(OSError):
                    self.delete_file(entry.name)
            raise

    def forget(self, fault_id: bytes) -> Entry | None:
        """Count a bundle as waiting no more; its file stays."""
        entry = self._entries.pop(fault_id, None)
        if entry is not None:
            self._bytes -= entry.size_bytes
            self._leaving[entry.name] = entry.size_bytes
        return entry

    def delete_file(self, name: str) -> None:
        """Delete a file of `ready/`; not synced.

        Raises:
            OSError: it is still there.
        """
        with contextlib.suppress(FileNotFoundError):
            self.disk.unlink(os.path.join(self.root, READY, name))
        self._leaving.pop(name, None)

    def set_file_aside(self, name: str) -> None:
        """Move a file of `ready/` to `dead/`, where people may look at it; not synced.

        Raises:
            OSError: it is still there.
        """
        with contextlib.suppress(FileNotFoundError):
            move_to_dead(self.root, os.path.join(self.root, READY, name), self.disk)
        self._leaving.pop(name, None)

    def sync_ready(self) -> None:
        """Make what came to and went from `ready/` durable.

        Raises:
            OSError: the folder cannot be synced.
        """
        self.disk.sync_folder(os.path.join(self.root, READY))

    def read(self, fault_id: bytes) -> bytes:
        """Return a bundle's bytes.

        Raises:
            OSError: it cannot be read.
        """
        return self.disk.read(self.path(fault_id))

    def free_bytes(self) -> int:
        """Return how much more the spool may hold.

        Raises:
            OSError: the disk cannot be asked.
        """
        return self._room().free_bytes

    def _room(self) -> Room:
        disk = os.statvfs(self.root)
        free = disk.f_bavail * disk.f_frsize - self._limits.headroom_bytes + self.leaving_bytes
        files = self._limits.max_files
        if disk.f_files:
            files = disk.f_favail - HEADROOM_FILES + len(self._leaving)
        return Room(
            min(self._limits.max_bytes - self._bytes, free),
            min(self._limits.max_files - len(self._entries), files),
        )

    def _add(self, entry: Entry) -> None:
        self.forget(entry.id)
        self._leaving.pop(entry.name, None)
        self._entries[entry.id] = entry
        self._bytes += entry.size_bytes
        self._known[entry.id[6:]] = None
        if len(self._known) > _KNOWN_IDS + len(self._entries):
            del self._known[next(iter(self._known))]

    def _clear_tmp(self) -> None:
        folder = os.path.join(self.root, TMP)
        for name in self.disk.names(folder):
            with contextlib.suppress(OSError):
                self.disk.unlink(os.path.join(folder, name))

    def _settle_names(self) -> None:
        """Make durable what an earlier run renamed and was killed before syncing.

        From here on it counts as spooled and as saved, and the power may go next.
        """
        with contextlib.suppress(OSError):
            self.disk.sync_folder(self.root)
            self.sync_ready()

    def _read_ready(self) -> None:
        folder = os.path.join(self.root, READY)
        for name in sorted(self.disk.names(folder)):
            try:
                head, size_bytes = check_bundle(name, self.disk.read(os.path.join(folder, name)))
            except FileNotFoundError:
                continue
            except (OSError, ValueError):
                self.damaged.append(name)
            else:
                self._add(entry_of(head, size_bytes))


def entry_of(head: Head, size_bytes: int) -> Entry:
    """Return the entry of a bundle with this head."""
    key = head.fp.sig if head.fp is not None else ""
    drops = dict(head.drops)
    return Entry(head.id, head.seq or 0, size_bytes, key, head.n, head.t_ms, drops, head.of)


def check_bundle(name: str, data: bytes) -> tuple[Head, int]:
    """Return the head and the size of a bundle file, every byte of it checked.

    Raises:
        ProtocolError: it is damaged, or not the bundle that its name says.
    """
    bundle = codec.scan_bundle(memoryview(data))
    if bundle.end != len(data):
        raise ProtocolError("bad_length", f"{len(data) - bundle.end} bytes behind the bundle")
    head = codec.read_head(bundle)
    if name != head.id.hex() + SUFFIX:
        raise ProtocolError("bad_field", "the name of the file is not the bundle's id")
    return head, len(data)


def is_full(error: OSError) -> bool:
    """Say whether a write failed for want of room rather than for a broken disk."""
    return error.errno in _FULL


def move_to_dead(root: str, path: str, disk: Disk | None = None) -> None:
    """Move a file to `dead/`, and delete the oldest there beyond its bounds.

    Raises:
        OSError: it cannot be moved.
    """
    folder = os.path.join(root, DEAD)
    (disk or LocalDisk()).rename(path, os.path.join(folder, os.path.basename(path)))
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
