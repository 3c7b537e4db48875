"""Bodies made to cost memory; each is a small bundle or a body full of false promises."""

import hashlib
import struct
import zlib
from collections.abc import Callable

import zstandard

from faultbox_protocol import limits
from faultbox_protocol.framing import write_frame
from faultbox_protocol.packing import pack
from faultbox_protocol.words import Codec, FrameKind

_HEAD = write_frame(FrameKind.HEAD, pack({"v": 1, "id": bytes(16)}), Codec.IDENTITY)
_GIB = 1 << 30


def _close(*frames: bytes) -> bytes:
    body = b"".join(frames)
    return body + write_frame(FrameKind.END, hashlib.sha256(body).digest(), Codec.IDENTITY)


def _frame(kind: FrameKind, codec: Codec, payload: bytes, raw_bytes: int) -> bytes:
    head = struct.pack(">4sBBHII", b"FBX1", kind, codec, 0, len(payload), raw_bytes)
    return head + struct.pack(">I", zlib.crc32(payload, zlib.crc32(head))) + payload


def _zstd(raw_bytes: int, *, stated: bool) -> bytes:
    machine = zstandard.ZstdCompressor(write_content_size=stated).compressobj(
        size=raw_bytes if stated else -1
    )
    parts = [machine.compress(bytes(1 << 20)) for _ in range(raw_bytes >> 20)]
    return b"".join([*parts, machine.flush()])


def _zlib(raw_bytes: int) -> bytes:
    machine = zlib.compressobj()
    parts = [machine.compress(bytes(1 << 20)) for _ in range(raw_bytes >> 20)]
    return b"".join([*parts, machine.flush()])


def _blob(codec: Codec, payload: bytes) -> bytes:
    return _close(_HEAD, _frame(FrameKind.BLOB, codec, payload, limits.BLOB_BYTES))


def _rows(item: bytes, total_bytes: int) -> bytes:
    row = b"\xdc\x07\xd0" + item * 2000
    rows = min(total_bytes // len(row), 2000)
    return b"\x81\xa1a\xdc" + rows.to_bytes(2, "big") + row * rows


def _evidence(item: bytes) -> bytes:
    raw = _rows(item, limits.EVIDENCE_RAW_BYTES - 8)
    return _close(_HEAD, write_frame(FrameKind.EVIDENCE, raw))


def _fake_headers() -> bytes:
    header = struct.pack(">4sBBHIII", b"FBX1", 1, 0, 0, limits.BLOB_BYTES, 9, 0)
    return header * (limits.BODY_BYTES // len(header))


BOMBS: dict[str, Callable[[], bytes]] = {
    "zstd with its size": lambda: _blob(Codec.ZSTD, _zstd(_GIB, stated=True)),
    "zstd without its size": lambda: _blob(Codec.ZSTD, _zstd(_GIB, stated=False)),
    "zlib": lambda: _blob(Codec.ZLIB, _zlib(_GIB)),
    "empty maps in the head": lambda: _close(
        write_frame(FrameKind.HEAD, _rows(b"\x80", limits.HEAD_RAW_BYTES - 8))
    ),
    "empty maps in the evidence": lambda: _evidence(b"\x80"),
    "short texts in the evidence": lambda: _evidence(b"\xa2ab"),
    "numbers in the evidence": lambda: _evidence(b"\xcd\x7f\xff"),
    "fake magics": lambda: b"FBX1\x01" * (limits.BODY_BYTES // 5),
    "fake headers": _fake_headers,
}
