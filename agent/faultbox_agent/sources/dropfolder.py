"""Records that other processes left in the drop folder, of any user and any language.

The folder is open to the whole device, so nothing in it is believed: no links, no pipes, no
large files; a record that cannot be read is set aside, and its neighbours are taken.
"""

import contextlib
import os
import re
import stat
import time
from dataclasses import dataclass

from faultbox_agent.fault import MAX_BYTES, Fault, Losses
from faultbox_agent.fault_text import BadFault, read_fault
from faultbox_agent.layout import DROP, RECORD_SUFFIX, sync_folder
from faultbox_protocol import limits
from faultbox_protocol.ids import parse_bundle_id
from faultbox_protocol.report import Plain

BLOB_SUFFIX = ".blob"
FILES_BYTES = 8 * 1024 * 1024
"""All files of one report together."""
_STALE_SECONDS = 3_600
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FILE_NAME = re.compile(r"[0-9a-f]{32}\.[0-9]{1,2}\.blob")


@dataclass(frozen=True, slots=True)
class LeftFile:
    """A file that lies beside a record."""

    name: str
    ctype: str
    file: str


class DropFolder:
    """The drop folder, as its owner reads it."""

    def __init__(self, spool: str) -> None:
        self.path = os.path.join(spool, DROP)

    def names(self, most: int) -> list[str]:
        """Return the names of at most `most` finished records, oldest name first."""
        found = [name for name in os.listdir(self.path) if _is_record(name)]
        return sorted(found)[:most]

    def read(self, name: str) -> Fault | Losses:
        """Return the record under a name.

        Raises:
            BadFault: it is not a record.
            OSError: it cannot be read.
        """
        data = self._read_file(name, MAX_BYTES)
        try:
            named = parse_bundle_id(name.removesuffix(RECORD_SUFFIX))
        except ValueError:
            named = None
        return read_fault(data, named)

    def read_files(self, fault: Fault) -> list[tuple[LeftFile, bytes]]:
        """Return the files that a record brings along; those that cannot be read stay out."""
        found: list[tuple[LeftFile, bytes]] = []
        left_bytes = FILES_BYTES
        for file in list_files(fault)[: limits.ATTACHMENTS]:
            with contextlib.suppress(BadFault, OSError):
                data = self._read_file(file.file, min(left_bytes, limits.BLOB_BYTES))
                left_bytes -= len(data)
                found.append((file, data))
        return found

    def discard(self, faults: list[tuple[str, Fault | None]]) -> None:
        """Delete records that live on elsewhere, durably, with their files.

        Raises:
            OSError: the folder cannot be synced.
        """
        for name, fault in faults:
            self._unlink(name)
            for file in list_files(fault) if fault is not None else []:
                self._unlink(file.file)
        sync_folder(self.path)

    def clear_stale(self) -> None:
        """Delete what was never finished: temporary files, files without their record."""
        oldest = time.time() - _STALE_SECONDS
        for name in os.listdir(self.path):
            path = os.path.join(self.path, name)
            with contextlib.suppress(OSError):
                if not _is_record(name) and os.lstat(path).st_mtime < oldest:
                    os.unlink(path)

    def _read_file(self, name: str, most_bytes: int) -> bytes:
        try:
            file = os.open(os.path.join(self.path, name), _OPEN)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise BadFault(f"cannot be opened: {error.strerror}") from None
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
                raise BadFault("not a plain file")
            if status.st_size > most_bytes:
                raise BadFault(f"more than {most_bytes} bytes")
            return _read_all(file, most_bytes)
        finally:
            os.close(file)

    def _unlink(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(self.path, name))


def list_files(fault: Fault) -> list[LeftFile]:
    """Return the files that a record names; only names of its own kind count."""
    listed = fault.facts.get("files")
    found = []
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict):
            name, ctype, file = (_text(item.get(key)) for key in ("name", "ctype", "file"))
            if _FILE_NAME.fullmatch(file) and file.startswith(fault.id.hex()):
                found.append(LeftFile(os.path.basename(name)[:128] or file, ctype[:128], file))
    return found


def _is_record(name: str) -> bool:
    return name.endswith(RECORD_SUFFIX) and not name.startswith(".")


def _read_all(file: int, most_bytes: int) -> bytes:
    parts = []
    left = most_bytes + 1
    while left > 0:
        part = os.read(file, min(left, 1 << 20))
        if not part:
            break
        parts.append(part)
        left -= len(part)
    if left <= 0:
        raise BadFault(f"more than {most_bytes} bytes")
    return b"".join(parts)


def _text(value: Plain) -> str:
    return value if isinstance(value, str) else ""
