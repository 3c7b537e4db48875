"""A disk in memory that forgets: what was not synced survives a power cut by chance, in any order.

Data and names are kept apart, as file systems keep them. A file's bytes are durable after its own
sync, the names of a folder after the folder's. Until then a power cut keeps any of the changes of
names and any beginning of the bytes, the rest zeros. `fuse` ends the process before one operation.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

Chance = Callable[[int], int]
"""Returns a number from 0 up to, not including, its argument."""


class Killed(BaseException):
    """The process ended here; no handler of errors may go on."""


@dataclass(slots=True)
class Content:
    """The bytes of one file, as the process sees them and as the disk has them."""

    data: bytearray = field(default_factory=bytearray)
    durable: bytes = b""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of names: `gone` no longer names anything, `come` names `content`."""

    gone: str | None
    come: str | None
    content: Content | None

    def touches(self, folder: str) -> bool:
        """Say whether a sync of the folder makes this durable."""
        return folder in {os.path.dirname(path) for path in (self.gone, self.come) if path}

    def apply(self, names: dict[str, Content]) -> None:
        """Make this change."""
        if self.gone is not None:
            names.pop(self.gone, None)
        if self.come is not None and self.content is not None:
            names[self.come] = self.content


class MemoryFile:
    """A file being written."""

    def __init__(self, disk: "ForgetfulDisk", content: Content) -> None:
        self._disk = disk
        self._content = content

    def write(self, data: bytes | memoryview) -> int:
        """Write half at first, so that there is a moment in the middle."""
        self._disk.burn()
        part = bytes(data if self._content.data else data[: len(data) // 2 + 1])
        self._content.data += part
        return len(part)

    def sync(self) -> None:
        """Make the bytes durable."""
        self._disk.burn()
        self._content.durable = bytes(self._content.data)

    def close(self) -> None:
        """Nothing is kept open."""


class ForgetfulDisk:
    """Stands in for `LocalDisk`."""

    def __init__(self) -> None:
        self._names: dict[str, Content] = {}
        self._durable: dict[str, Content] = {}
        self._pending: list[Change] = []
        self.fuse: int | None = None
        """Operations until the process is killed; None for never."""

    def burn(self) -> None:
        """Spend one operation."""
        if self.fuse is not None:
            if self.fuse <= 0:
                raise Killed
            self.fuse -= 1

    def create(self, path: str) -> MemoryFile:
        """Begin a file."""
        self.burn()
        content = Content()
        self._change(Change(None, path, content))
        return MemoryFile(self, content)

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        return bytes(self._content(path).data)

    def names(self, folder: str) -> list[str]:
        """Return what lies in a folder."""
        return [os.path.basename(path) for path in self._names if os.path.dirname(path) == folder]

    def rename(self, source: str, target: str) -> None:
        """Give a file another name; a journal keeps this whole."""
        self.burn()
        self._change(Change(source, target, self._content(source)))

    def unlink(self, path: str) -> None:
        """Take a name away."""
        self.burn()
        self._content(path)
        self._change(Change(path, None, None))

    def sync_folder(self, folder: str) -> None:
        """Make the names in a folder durable."""
        self.burn()
        self._keep(lambda change: change.touches(folder))

    def write_back(self, chance: Chance) -> None:
        """Let the kernel write what it likes."""
        self._keep(lambda _: chance(2) == 1)
        for content in self._names.values():
            if chance(2):
                content.durable = bytes(content.data)

    def cut_power(self, chance: Chance) -> None:
        """Forget what was not synced, all of it or by chance a part."""
        self._keep(lambda _: chance(2) == 1)
        self._pending.clear()
        self._names = dict(self._durable)
        for content in self._names.values():
            if bytes(content.data) != content.durable:
                _tear(content, chance)

    def _content(self, path: str) -> Content:
        found = self._names.get(path)
        if found is None:
            raise FileNotFoundError(path)
        return found

    def _change(self, change: Change) -> None:
        change.apply(self._names)
        self._pending.append(change)

    def _keep(self, chosen: Callable[[Change], bool]) -> None:
        left = []
        for change in self._pending:
            if chosen(change):
                change.apply(self._durable)
            else:
                left.append(change)
        self._pending = left


def _tear(content: Content, chance: Chance) -> None:
    """Keep a beginning of what was written, with zeros for the rest, or the length lost too."""
    whole = bytes(content.data)
    kept = max(chance(len(whole) + 1), len(content.durable))
    zeros = bytes(len(whole) - kept) if chance(2) else b""
    content.data = bytearray(whole[:kept] + zeros)
    content.durable = bytes(content.data)
