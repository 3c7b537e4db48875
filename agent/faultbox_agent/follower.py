"""One log file, followed over rotation, truncation and restarts of the agent.

The open file is read to its end before a new file of the same name is begun. A position is the
file's device and inode, the offset, and a checksum of the file's first bytes, because inode
numbers are used again. A copytruncate loses what was written between the copy and the cut; that
is its nature.
"""

import contextlib
import os
import stat
import zlib
from dataclasses import dataclass

from faultbox_agent.fault import PlainMap

_CHUNK_BYTES = 256 * 1024
_LINE_BYTES = 64 * 1024
_HEAD_BYTES = 256
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and where it begins in which file."""

    text: str
    turn: int
    """The how manieth file (or content, after a cut) under this path it stands in."""
    offset: int


class Follower:
    """Reads the lines that are added to one path."""

    def __init__(
        self, path: str, encoding: str, position: PlainMap | None, *, from_start: bool
    ) -> None:
        self.path = path
        self._encoding = encoding
        self._file = -1
        self._identity = (0, 0)
        self._offset = 0
        self._rest = b""
        self._head = b""
        self._turn = 0
        self._begin(position, from_start=from_start)

    def read(self, *, switch: bool = True) -> list[Line]:
        """Return the complete lines that were added; call again while it returns any.

        Without `switch`, it stays with the file it has, whatever happened to its name.
        """
        if self._file < 0 and not self._open(self.path):
            return []
        lines = self._read_lines()
        if lines or not switch:
            return lines
        if self._was_cut():
            self._offset, self._rest, self._head = 0, b"", b""
            self._turn += 1
        elif self._was_replaced():
            lines = self._flush_rest()
            self.close()
            if self._open(self.path):
                self._turn += 1
        return lines or (self._read_lines() if self._file >= 0 else [])

    def position(self, line: Line | None = None) -> PlainMap:
        """Return where to go on after a restart: behind the last line, or before `line`."""
        device, inode = self._identity
        offset = self._offset - len(self._rest)
        if line is not None and line.turn == self._turn:
            offset = line.offset
        head = self._head[: min(offset, _HEAD_BYTES)]
        return {
            "turn": self._turn,
            "dev": device,
            "ino": inode,
            "offset": offset,
            "head_b": len(head),
            "head": zlib.crc32(head),
        }

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
        self._file, self._offset, self._rest, self._head = -1, 0, b"", b""

    def _begin(self, position: PlainMap | None, *, from_start: bool) -> None:
        if position is None:
            # Absent now means that it will be new when it comes: then all of it counts.
            if self._open(self.path) and not from_start:
                self._go_to(os.fstat(self._file).st_size)
                self._go_to_line_start()
            return
        turn = position.get("turn")
        self._turn = turn if isinstance(turn, int) else 0
        if self._open(self.path) and self._is_at(position):
            return
        self.close()
        old = self._find_rotated(position)
        if old is not None and self._open(old) and self._is_at(position):
            return
        self.close()
        self._turn += 1
        self._open(self.path)

    def _open(self, path: str) -> bool:
        try:
            file = os.open(path, _OPEN)
        except OSError:
            return False
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            os.close(file)
            return False
        self._file = file
        self._identity = (status.st_dev, status.st_ino)
        self._offset, self._rest, self._head = 0, b"", b""
        return True

    def _go_to(self, offset: int) -> None:
        self._head = os.pread(self._file, min(offset, _HEAD_BYTES), 0)
        self._offset = offset

    def _go_to_line_start(self) -> None:
        """Step back over a line whose end is not written yet."""
        start = max(self._offset - _LINE_BYTES, 0)
        before = os.pread(self._file, self._offset - start, start)
        self._offset = start + before.rfind(b"\n") + 1 if b"\n" in before or not start else start

    def _is_at(self, position: PlainMap) -> bool:
        """Go to a remembered position, if this is the file it speaks of."""
        offset, length = position.get("offset"), position.get("head_b")
        same = (position.get("dev"), position.get("ino")) == self._identity
        if not same or not isinstance(offset, int) or not isinstance(length, int):
            return False
        if os.fstat(self._file).st_size < offset or not 0 <= length <= _HEAD_BYTES:
            return False
        if zlib.crc32(os.pread(self._file, length, 0)) != position.get("head"):
            return False
        self._go_to(offset)
        return True

    def _find_rotated(self, position: PlainMap) -> str | None:
        """Return the file that had this path when the position was remembered."""
        folder, name = os.path.split(self.path)
        with contextlib.suppress(OSError), os.scandir(folder or ".") as others:
            for other in others:
                if other.name.startswith(name) and other.inode() == position.get("ino"):
                    return other.path
        return None

    def _was_cut(self) -> bool:
        return os.fstat(self._file).st_size < self._offset

    def _was_replaced(self) -> bool:
        """Say whether the path names another file by now."""
        try:
            status = os.stat(self.path)
        except OSError:
            return False  # moved away, its successor is not there yet
        return (status.st_dev, status.st_ino) != self._identity

    def _read_lines(self) -> list[Line]:
        data = os.pread(self._file, _CHUNK_BYTES, self._offset)
        if not data:
            return []
        if len(self._head) < _HEAD_BYTES:
            self._head += data[: _HEAD_BYTES - len(self._head)]
        start = self._offset - len(self._rest)
        self._offset += len(data)
        parts = (self._rest + data).split(b"\n")
        self._rest = parts.pop()
        lines = []
        for part in parts:
            lines.append(self._line(part, start))
            start += len(part) + 1
        if len(self._rest) > _LINE_BYTES:
            lines.append(self._line(self._rest, start))
            self._rest = b""
        return lines

    def _flush_rest(self) -> list[Line]:
        if not self._rest:
            return []
        line = self._line(self._rest, self._offset - len(self._rest))
        self._rest = b""
        return [line]

    def _line(self, data: bytes, offset: int) -> Line:
        text = data[:_LINE_BYTES].decode(self._encoding, "replace").rstrip("\r")
        return Line(text, self._turn, offset)
