"""FBX frames: 20 header bytes, then one section, checked by CRC-32.

    "FBX1" kind:u8 codec:u8 flags:u16 enc_len:u32 raw_len:u32 crc32:u32 payload[enc_len]

Big endian. The CRC runs over the 16 bytes before it, then the payload. Sections are compressed
inside the frame, so that no proxy on the way can break them.
"""

import struct
import threading
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import zstandard

from faultbox_protocol import limits
from faultbox_protocol.errors import Malformed, ProtocolError, TooLarge, Unsupported
from faultbox_protocol.words import Codec, FrameKind

MAGIC = b"FBX1"
HEADER_BYTES = 20
_CRC_AT = 16
_HEADER = struct.Struct(">4sBBHII")
_CRC = struct.Struct(">I")
_SLICE = 2047
"""zlib and hashlib give up the interpreter for more bytes than this, and a busy server gets it
back a switch later: what takes microseconds is done in slices instead."""
_SLICED = 16 * 1024
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
ZSTD_LEVEL = 9
"""A report of 17.5 KB of JSON: 4,959 bytes in 0.3 ms at level 3, 4,686 in 0.7 ms here, 4,497 in
2.9 ms at 19. Faults are rare and links are thin, so a third of a millisecond is well spent."""

# One (de)compressor per thread: a shared zstd decompressor crashes the process.
_local = threading.local()


class RawFrame(NamedTuple):
    """One frame as found: where it lies in the buffer, nothing decoded."""

    kind: int
    codec: int
    raw_bytes: int
    start: int
    payload_start: int
    end: int


def write_frame(kind: FrameKind, raw: bytes, codec: Codec = Codec.ZSTD) -> bytes:
    """Return one frame that holds `raw`, plain where compression makes it no smaller."""
    payload = raw
    if codec is Codec.ZSTD:
        payload = _compressor().compress(raw)
    elif codec is Codec.ZLIB:
        payload = zlib.compress(raw, 6)
    if len(payload) >= len(raw):
        codec, payload = Codec.IDENTITY, raw
    head = _HEADER.pack(MAGIC, kind, codec, 0, len(payload), len(raw))
    return head + _CRC.pack(zlib.crc32(payload, zlib.crc32(head))) + payload


def read_frame(buffer: memoryview, start: int) -> RawFrame:
    """Return the frame at `start`, its length and CRC checked, its section untouched.

    Raises:
        Malformed: not a frame, cut off, or altered.
        TooLarge: longer than any frame may be.
    """
    payload_start = start + HEADER_BYTES
    if payload_start > len(buffer):
        if not MAGIC.startswith(bytes(buffer[start : start + 4])):
            raise Malformed("bad_magic", f"at byte {start}")
        raise Malformed("truncated", f"a frame header is cut off at byte {len(buffer)}")
    magic, kind, codec, _flags, encoded, raw = _HEADER.unpack_from(buffer, start)
    if magic != MAGIC:
        raise Malformed("bad_magic", f"at byte {start}")
    if encoded > limits.BLOB_BYTES:
        raise TooLarge(_limit_word(kind), f"a frame of {encoded} bytes at byte {start}")
    end = payload_start + encoded
    if end > len(buffer):
        raise Malformed("truncated", f"{end - len(buffer)} bytes are missing")
    crc = zlib.crc32(buffer[start : start + _CRC_AT])
    for part in slices(buffer[payload_start:end]):
        crc = zlib.crc32(part, crc)
    if crc != _CRC.unpack_from(buffer, start + _CRC_AT)[0]:
        raise Malformed("bad_crc", f"in the frame at byte {start}")
    return RawFrame(kind, codec, raw, start, payload_start, end)


def slices(data: memoryview) -> Iterator[memoryview]:
    """Yield `data` in parts that a checksum takes without giving up the interpreter."""
    size = len(data)
    if size <= _SLICE or size > _SLICED:
        yield data
        return
    for at in range(0, size, _SLICE):
        yield data[at : at + _SLICE]


def open_section(buffer: memoryview, frame: RawFrame, limit_bytes: int) -> bytes:
    """Return a frame's section, decompressed within `limit_bytes`.

    Raises:
        TooLarge: the section is, or says it is, larger.
        Malformed: it cannot be decompressed, or its length is not the one in the header.
        Unsupported: an unknown codec.
    """
    if frame.raw_bytes > limit_bytes:
        raise TooLarge(_limit_word(frame.kind), f"{frame.raw_bytes} > {limit_bytes} bytes")
    payload = bytes(buffer[frame.payload_start : frame.end])
    if frame.codec == Codec.IDENTITY:
        raw = payload
    elif frame.codec == Codec.ZSTD:
        raw = _open_zstd(payload, frame.raw_bytes)
    elif frame.codec == Codec.ZLIB:
        raw = _open_zlib(payload, frame.raw_bytes)
    else:
        raise Unsupported("unknown_codec", f"codec {frame.codec}")
    if len(raw) != frame.raw_bytes:
        raise Malformed("bad_length", f"{len(raw)} bytes where the header says {frame.raw_bytes}")
    return raw


def _limit_word(kind: int) -> str:
    if kind == FrameKind.HEAD:
        return "head_too_large"
    return "evidence_too_large" if kind == FrameKind.EVIDENCE else "blob_too_large"


def _compressor() -> zstandard.ZstdCompressor:
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
    compressor: zstandard.ZstdCompressor = _local.compressor
    return compressor


def _decompressor() -> zstandard.ZstdDecompressor:
    if not hasattr(_local, "decompressor"):
        _local.decompressor = zstandard.ZstdDecompressor(max_window_size=limits.ZSTD_WINDOW_BYTES)
    decompressor: zstandard.ZstdDecompressor = _local.decompressor
    return decompressor


def _open_zstd(payload: bytes, limit_bytes: int) -> bytes:
    """Decompress exactly one zstd frame.

    `max_output_size` is ignored where the frame itself states a size, and skippable frames hide
    data, so both are looked at first.
    """
    try:
        if payload[:4] != _ZSTD_MAGIC:
            raise Malformed("bad_compression", "not one zstd frame")
        stated = zstandard.get_frame_parameters(payload)
        if stated.dict_id or stated.window_size > limits.ZSTD_WINDOW_BYTES:
            raise Malformed("bad_compression", "a dictionary or too large a window")
        size = stated.content_size
        if size != zstandard.CONTENTSIZE_UNKNOWN and not 0 < size <= limit_bytes:
            raise Malformed("bad_length", "the zstd frame states another size")
        # A limit of 0 would mean no limit at all.
        return _decompressor().decompress(
            payload, max_output_size=max(limit_bytes, 1), allow_extra_data=False
        )
    except ProtocolError:
        raise
    except (zstandard.ZstdError, ValueError) as error:
        raise Malformed("bad_compression", str(error)[:200]) from None


def _open_zlib(payload: bytes, limit_bytes: int) -> bytes:
    machine = zlib.decompressobj()
    try:
        raw = machine.decompress(payload, limit_bytes + 1)
    except zlib.error as error:
        raise Malformed("bad_compression", str(error)[:200]) from None
    if not machine.eof or machine.unused_data:
        raise Malformed("bad_compression", "not exactly one zlib stream")
    return raw
