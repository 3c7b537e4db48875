"""Uploads on disk: parts in `uploads/`, finished ones in `objects/` under their SHA-256.

    uploads/<id>.part                                    the bytes so far
    uploads/<id>.json                                    how many of them count
    objects/<organisation>/sha256/<ab>/<sha256>          a finished upload's bytes
    objects/<organisation>/uploads/<ab>/<id>.json        which bytes an upload became

Bytes are made durable first, then the state that counts them: what a crash leaves beyond the offset
is cut off when the next part begins. Finishing is noted in the state before anything moves, so a
crash in the middle is finished at the next start. Nothing here is named by a device.
"""

import hashlib
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from faultbox_collector.pack.writer import PackSyncError, sync_folder
from faultbox_collector.uploads.records import StateError, Upload, read_state, write_state

logger = logging.getLogger(__name__)

_HEX = frozenset("0123456789abcdef")
_READ_BYTES = 1024 * 1024


class DigestError(Exception):
    """The bytes do not have the SHA-256 that was announced; the upload is gone."""


class UploadFolder:
    """Uploads below the data folder; each upload is touched by one thread at a time."""

    def __init__(self, data: Path) -> None:
        self._parts = data / "uploads"
        self._objects = data / "objects"

    def prepare(self) -> list[Upload]:
        """Make the folder, finish what a crash left half done; return the incomplete uploads.

        Raises:
            OSError: the folder cannot be used.
        """
        _make_folder(self._parts)
        return list(self._read_all())

    def create(self, upload: Upload) -> None:
        """Make a new upload durable.

        Raises:
            OSError: the disk takes nothing; a `PackSyncError`: it does not confirm.
        """
        self._save(upload)

    def begin_part(self, upload: Upload) -> "Part":
        """Return a part that goes on at the upload's offset.

        Raises:
            OSError: the disk takes nothing.
        """
        return Part(self._part_path(upload.id), upload.offset)

    def keep_part(self, upload: Upload, part: "Part", length: int | None) -> Upload:
        """Make a part durable, then the new offset; return the upload as it is now.

        Raises:
            OSError: the disk takes nothing; a `PackSyncError`: it does not confirm.
        """
        part.sync()
        grown = replace(upload, offset=upload.offset + part.size, length=length)
        self._save(grown)
        return grown

    def finish(self, upload: Upload, announced: str | None) -> Upload:
        """Turn the whole bytes into an object; return the upload with its SHA-256.

        Raises:
            DigestError: they are not those that were announced.
            OSError: the disk takes nothing; a `PackSyncError`: it does not confirm.
        """
        digest = self._hash_part(upload)
        if digest != (announced or digest) or digest != (upload.announced or digest):
            self.remove(upload.id)
            raise DigestError(digest)
        finished = replace(upload, length=upload.offset, sha256=digest)
        self._save(finished)
        self._move(finished)
        return finished

    def remove(self, upload_id: str) -> None:
        """Forget an incomplete upload; its state goes first, so that no half of it is found."""
        self._state_path(upload_id).unlink(missing_ok=True)
        self._part_path(upload_id).unlink(missing_ok=True)

    def find_upload(self, organisation_id: int, product_id: int, upload_id: str) -> Upload | None:
        """Return a finished upload of a product, None where there is none."""
        if not is_upload_id(upload_id):
            return None
        upload = _load(self._link_path(organisation_id, upload_id))
        return upload if upload is not None and upload.product_id == product_id else None

    def object_path(self, organisation_id: int, sha256: str) -> Path:
        """Return where the bytes of a finished upload lie."""
        return self._objects / str(organisation_id) / "sha256" / sha256[:2] / sha256

    def _read_all(self) -> Iterator[Upload]:
        kept = set()
        for path in sorted(self._parts.glob("*.json")):
            upload = _load(path)
            if upload is None or upload.id != path.stem:
                logger.warning("the upload %s is unreadable and is given up", path.stem)
            elif upload.sha256 is not None and self._has_whole(upload):
                self._move(upload)
            elif upload.sha256 is None and self._has_bytes(upload):
                kept.add(upload.id)
                yield upload
            else:  # an offset must never decrease: what lost its bytes is no upload any more
                logger.warning("the upload %s lost its bytes and is given up", upload.id)
        for path in self._parts.iterdir():
            if path.stem not in kept or path.suffix not in (".json", ".part"):
                path.unlink(missing_ok=True)

    def _has_whole(self, upload: Upload) -> bool:
        moved = self.object_path(upload.organisation_id, upload.sha256 or "")
        return moved.exists() or self._part_path(upload.id).exists()

    def _has_bytes(self, upload: Upload) -> bool:
        if upload.offset == 0:
            return True
        try:
            return self._part_path(upload.id).stat().st_size >= upload.offset
        except FileNotFoundError:
            return False

    def _save(self, upload: Upload) -> None:
        _write_durably(self._state_path(upload.id), write_state(upload))

    def _move(self, upload: Upload) -> None:
        """Move a finished upload: bytes, then link, then state; each step may be repeated."""
        path = self.object_path(upload.organisation_id, upload.sha256 or "")
        part = self._part_path(upload.id)
        if part.exists():
            _make_folder(path.parent)
            part.replace(path)  # the same bytes may lie there: then nothing changes
            sync_folder(path.parent)
        link = self._link_path(upload.organisation_id, upload.id)
        _make_folder(link.parent)
        _write_durably(link, write_state(upload))
        self._state_path(upload.id).unlink(missing_ok=True)

    def _hash_part(self, upload: Upload) -> str:
        """Return the SHA-256 of the bytes that count; what lies beyond is cut off."""
        digest = hashlib.sha256()
        part = Part(self._part_path(upload.id), upload.offset)
        try:
            part.sync()
        finally:
            part.close()
        with self._part_path(upload.id).open("rb") as file:
            while data := file.read(_READ_BYTES):
                digest.update(data)
        return digest.hexdigest()

    def _state_path(self, upload_id: str) -> Path:
        return self._parts / f"{upload_id}.json"

    def _part_path(self, upload_id: str) -> Path:
        return self._parts / f"{upload_id}.part"

    def _link_path(self, organisation_id: int, upload_id: str) -> Path:
        folder = self._objects / str(organisation_id) / "uploads" / upload_id[:2]
        return folder / f"{upload_id}.json"


class Part:
    """Bytes on their way behind an upload's offset; nothing counts until the folder keeps them.

    A request that is given up may close its part while a thread still writes; so each step takes
    the lock, and after the close every step is an OSError.
    """

    def __init__(self, path: Path, offset: int) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        self._offset = offset
        self._lock = threading.Lock()
        self.size = 0
        os.ftruncate(self._file, offset)

    def append(self, data: bytes | bytearray) -> None:
        """Write behind what is there.

        Raises:
            OSError: the disk takes nothing.
        """
        rest = memoryview(data)
        with self._lock:
            while rest:
                written = os.pwrite(self._file, rest, self._offset + self.size)
                self.size += written
                rest = rest[written:]

    def sync(self) -> None:
        """Make the bytes durable.

        Raises:
            PackSyncError: the disk does not confirm.
        """
        with self._lock:
            _confirm(self._file)

    def discard(self) -> None:
        """Give back the room of what does not count."""
        with self._lock:
            os.ftruncate(self._file, self._offset)
            self.size = 0

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            file, self._file = self._file, -1
            os.close(file)


def is_upload_id(text: str) -> bool:
    """Tell whether a text may be an upload's id: 32 small hex digits and nothing else."""
    return len(text) == 32 and _HEX.issuperset(text)


def _load(path: Path) -> Upload | None:
    try:
        return read_state(path.read_bytes())
    except (FileNotFoundError, StateError):
        return None


def _make_folder(path: Path) -> None:
    """Make a folder and those above it; each new name is durable."""
    if path.is_dir():
        return
    _make_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    sync_folder(path.parent)


def _write_durably(path: Path, text: bytes) -> None:
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(text)
        file.flush()
        _confirm(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


def _confirm(file: int) -> None:
    try:
        os.fdatasync(file)
    except OSError as error:
        raise PackSyncError(error.errno, f"fdatasync of an upload: {error.strerror}") from error
