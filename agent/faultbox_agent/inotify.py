"""The kernel's notice of changes in folders, through the C library; None where there is none."""

import ctypes
import os
import struct
from collections.abc import Iterator

MODIFY, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x2, 0x40, 0x80, 0x100, 0x200
_OVERFLOW = 0x4000
_HEADER = struct.Struct("iIII")
_READ_BYTES = 16_384


class Inotify:
    """Watches folders; `fileno` is readable when something changed."""

    def __init__(self) -> None:
        """Open it.

        Raises:
            OSError: the kernel or its limits do not allow it.
        """
        self._libc = ctypes.CDLL(None, use_errno=True)
        try:
            self._fd = int(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        except AttributeError:
            raise OSError("the C library knows no inotify") from None
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self._folders: dict[int, str] = {}

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._fd

    def watch(self, folder: str, mask: int) -> None:
        """Watch one folder.

        Raises:
            OSError: it does not exist, or there are too many watches.
        """
        path = ctypes.c_char_p(os.fsencode(folder))
        watch = int(self._libc.inotify_add_watch(self._fd, path, ctypes.c_uint32(mask)))
        if watch < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch", folder)
        self._folders[watch] = folder

    def changes(self) -> Iterator[tuple[str, str]]:
        """Yield folder and file name of each change; an empty folder name means any of them."""
        while True:
            try:
                data = os.read(self._fd, _READ_BYTES)
            except BlockingIOError:
                return
            at = 0
            while at < len(data):
                watch, mask, _cookie, length = _HEADER.unpack_from(data, at)
                name = data[at + _HEADER.size : at + _HEADER.size + length].rstrip(b"\0")
                at += _HEADER.size + length
                if mask & _OVERFLOW:
                    yield "", ""
                elif watch in self._folders:
                    yield self._folders[watch], os.fsdecode(name)

    def close(self) -> None:
        """Close it."""
        os.close(self._fd)


def open_inotify() -> Inotify | None:
    """Return an inotify, None where it cannot be had: then folders are looked at by time."""
    try:
        return Inotify()
    except OSError:
        return None
