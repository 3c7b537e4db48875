"""FBX bodies with lying lengths, wrong order and too much of everything."""

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial

from faultbox_protocol import limits
from faultbox_protocol.framing import write_frame
from faultbox_protocol.packing import pack
from faultbox_protocol.report import Plain
from faultbox_protocol.words import Codec, FrameKind
from support.builders import a_bundle, a_head, a_raw_bundle, an_id
from support.hostile.compression import ZLIB, ZSTD, zstd_rle
from support.hostile.values import SWELLING, VALUES, map_with

MIB = 1 << 20
_HEADER = struct.Struct(">4sBBHII")
PRODUCT = "inspect-eye"
_numbers = iter(range(1_000_000, 1 << 40))


def head_map(**changes: Plain) -> dict[str, Plain]:
    """Return the smallest head of a new bundle."""
    return {
        "v": 1,
        "id": an_id(next(_numbers)),
        "kind": "crash",
        "prod": {"name": PRODUCT},
        **changes,
    }


def head_with(value: bytes, name: str = "zz") -> bytes:
    """Return the msgpack of a head that is right but for one value."""
    head = head_map()
    return map_with(pack(head)[1:], len(head), name, value)


def frame(
    kind: int,
    payload: bytes,
    codec: int = Codec.IDENTITY,
    *,
    encoded: int | None = None,
    raw: int | None = None,
) -> bytes:
    """Return a frame with a right CRC that says what it likes about its lengths."""
    header = _HEADER.pack(
        b"FBX1",
        kind,
        codec,
        0,
        len(payload) if encoded is None else encoded,
        len(payload) if raw is None else raw,
    )
    return header + struct.pack(">I", zlib.crc32(payload, zlib.crc32(header))) + payload


def a_head_frame() -> bytes:
    """Return the frame of a right head."""
    return write_frame(FrameKind.HEAD, pack(head_map()))


def _end(body: bytes) -> bytes:
    return frame(FrameKind.END, hashlib.sha256(body).digest())


def _wrong_digest() -> bytes:
    return a_head_frame() + frame(FrameKind.END, bytes(32))


def _blobs(count: int, size: int = 1) -> list[bytes]:
    return [frame(FrameKind.BLOB, bytes(size)) for _ in range(count)]


def _in_each_other() -> bytes:
    """Return 16 broken bundles, each inside a blob of the one before: all of it is hashed again."""
    body = _wrong_digest()
    blob = frame(FrameKind.BLOB, bytes(limits.BLOB_BYTES - 4096))
    for _ in range(3):
        body = a_head_frame() + frame(FrameKind.BLOB, body[: limits.BLOB_BYTES]) + blob
        body += frame(FrameKind.END, bytes(32))
    return body


def _nested_marks() -> bytes:
    """Return a broken bundle of 16 MiB whose blobs look like the beginning of bundles."""
    inner = (a_head_frame() + b"\0" * 8) * 60_000
    blob = frame(FrameKind.BLOB, inner[: limits.BLOB_BYTES - 64])
    return a_head_frame() + blob * 3 + frame(FrameKind.END, bytes(32))


def _wrong_digests() -> bytes:
    one = a_head_frame() + frame(FrameKind.BLOB, bytes(MIB)) + frame(FrameKind.END, bytes(32))
    return one * 15


def _wide_head() -> dict[str, Plain]:
    """Return the head that costs its reader most for its size: thousands of empty frames."""
    number = next(_numbers)
    causes: list[Plain] = [{"type": "T", "frames": [{}] * 128} for _ in range(16)]
    err: Plain = {"type": f"Wide{number}", "frames": [{}] * 128, "causes": causes}
    return head_map(err=err)


def _long_head() -> dict[str, Plain]:
    """Return a head that fills its limit with texts that are all different."""
    number = next(_numbers)
    frames: list[Plain] = [
        {"fn": f"f{number:x}{n:03x}" + "n" * 200, "mod": f"m{n}", "line": n} for n in range(120)
    ]
    err: Plain = {"type": f"Long{number}", "msg": "m" * 8000, "frames": frames, "text": "t" * 16000}
    return head_map(err=err)


def _many(make: Callable[[], dict[str, Plain]], count: int) -> bytes:
    return b"".join(a_raw_bundle(write_frame(FrameKind.HEAD, pack(make()))) for _ in range(count))


def _swollen_heads(count: int) -> bytes:
    """Return small bundles whose heads open to 64 KiB of empty maps."""
    rows = b"\x99" + (b"\xdc\x07\xc6" + b"\x80" * 1990) * 9
    return b"".join(
        a_raw_bundle(write_frame(FrameKind.HEAD, head_with(rows))) for _ in range(count)
    )


def _head_of(value: bytes) -> bytes:
    return a_raw_bundle(write_frame(FrameKind.HEAD, head_with(value)))


def _evidence_with(value: bytes) -> bytes:
    return a_raw_bundle(
        a_head_frame(), write_frame(FrameKind.EVIDENCE, b"\x81\xa1x" + value, Codec.ZSTD)
    )


def _truncated() -> bytes:
    return a_bundle(a_head(next(_numbers)))[:-1]


def refused_bundles() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield bodies in which nothing may be taken."""
    yield from _STRUCTURES.items()
    for name, value in VALUES.items():
        yield (
            f"a head with {name}",
            partial(_head_of, value),
        )
    for name, make in ZSTD.items():
        yield (
            f"a head of {name}",
            partial(_section, FrameKind.HEAD, Codec.ZSTD, make),
        )
    for name, make in ZLIB.items():
        yield (
            f"a head of {name}",
            partial(_section, FrameKind.HEAD, Codec.ZLIB, make),
        )


def _section(kind: FrameKind, codec: Codec, make: Callable[[bytes], bytes]) -> bytes:
    raw = pack(head_map())
    return a_raw_bundle(frame(kind, make(raw), codec, raw=len(raw)))


def _opaque(kind: FrameKind, codec: Codec, make: Callable[[bytes], bytes], raw: int) -> bytes:
    return a_raw_bundle(a_head_frame(), frame(kind, make(b"\x80" * 100), codec, raw=raw))


def stored_bundles() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield bodies that are taken: what is wrong with them is met by whoever opens them."""
    yield from _LEGAL.items()
    for name, value in {**VALUES, **SWELLING}.items():
        if len(value) < limits.EVIDENCE_RAW_BYTES:
            yield f"evidence with {name}", partial(_evidence_with, value)
    sections = (
        (FrameKind.EVIDENCE, limits.EVIDENCE_RAW_BYTES),
        (FrameKind.BLOB, limits.BLOB_BYTES),
    )
    for kind, raw in sections:
        for codec, makers in ((Codec.ZSTD, ZSTD), (Codec.ZLIB, ZLIB)):
            for name, make in makers.items():
                yield (
                    f"{kind.name.lower()} of {name}",
                    partial(_opaque, kind, codec, make, raw),
                )


_STRUCTURES: dict[str, Callable[[], bytes]] = {
    "no bytes": lambda: b"",
    "one byte": lambda: b"F",
    "16 MiB of zeros": lambda: bytes(16 * MIB),
    "16 MiB and a byte": lambda: bytes(16 * MIB + 1),
    "16 MiB of magics": lambda: b"FBX1\x01" * (16 * MIB // 5),
    "a length of 4 GiB": lambda: a_raw_bundle(frame(FrameKind.HEAD, b"x", encoded=0xFFFF_FFFF)),
    "a length of 4 MiB, 10 bytes there": lambda: frame(
        FrameKind.BLOB, b"x" * 10, encoded=limits.BLOB_BYTES
    ),
    "opens to 4 GiB": lambda: a_raw_bundle(frame(FrameKind.HEAD, b"x", raw=0xFFFF_FFFF)),
    "opens to nothing": lambda: a_raw_bundle(frame(FrameKind.HEAD, pack(head_map()), raw=0)),
    "opens to more than is there": lambda: a_raw_bundle(
        frame(FrameKind.HEAD, pack(head_map()), raw=1000)
    ),
    "a wrong digest": _wrong_digest,
    "a wrong CRC": lambda: a_raw_bundle(a_head_frame()[:-1] + b"\xc1"),
    "no end": a_head_frame,
    "only an end": lambda: _end(b""),
    "two ends": lambda: a_raw_bundle(_end(b"")),
    "an end with a codec": lambda: a_head_frame() + frame(FrameKind.END, bytes(32), Codec.ZLIB),
    "evidence first": lambda: a_raw_bundle(frame(FrameKind.EVIDENCE, b"\x80"), a_head_frame()),
    "two heads": lambda: a_raw_bundle(a_head_frame(), a_head_frame()),
    "evidence twice": lambda: a_raw_bundle(
        a_head_frame(), frame(FrameKind.EVIDENCE, b"\x80"), frame(FrameKind.EVIDENCE, b"\x80")
    ),
    "a blob before the evidence": lambda: a_raw_bundle(
        a_head_frame(), *_blobs(1), frame(FrameKind.EVIDENCE, b"\x80")
    ),
    "17 blobs": lambda: a_raw_bundle(a_head_frame(), *_blobs(17)),
    "a collector's own frame": lambda: a_raw_bundle(frame(5, b"\x80"), a_head_frame()),
    "a kind nobody knows": lambda: a_raw_bundle(a_head_frame(), frame(255, b"x")),
    "a codec nobody knows": lambda: a_raw_bundle(frame(FrameKind.HEAD, b"x", 255)),
    "a head of 32 KiB and a byte": lambda: a_raw_bundle(
        frame(FrameKind.HEAD, bytes(limits.HEAD_ENCODED_BYTES + 1), raw=100)
    ),
    "evidence of 2 MiB and a byte": lambda: a_raw_bundle(
        a_head_frame(), frame(FrameKind.EVIDENCE, b"x", raw=limits.EVIDENCE_RAW_BYTES + 1)
    ),
    "cut off": _truncated,
    "16 MiB of wrong digests": _wrong_digests,
    "broken bundles inside broken bundles": _in_each_other,
    "a broken bundle full of beginnings": _nested_marks,
    "msgpack that is no map": lambda: a_raw_bundle(frame(FrameKind.HEAD, b"\x93\x01\x02\x03")),
    "two maps": lambda: a_raw_bundle(frame(FrameKind.HEAD, pack(head_map()) * 2)),
    "the id twice": lambda: a_raw_bundle(
        frame(FrameKind.HEAD, head_with(b"\xc4\x10" + bytes(16), "id"))
    ),
    "the product twice": lambda: a_raw_bundle(
        frame(FrameKind.HEAD, head_with(b"\x81\xa4name\xa1x", "prod"))
    ),
}

_LEGAL: dict[str, Callable[[], bytes]] = {
    "a hundred heads of the most frames": lambda: _many(_wide_head, 100),
    "a hundred heads of the most text": lambda: _many(_long_head, 100),
    "a hundred heads of 18,000 empty maps": lambda: _swollen_heads(100),
    "three blobs of 4 MiB": lambda: a_raw_bundle(a_head_frame(), *_blobs(3, limits.BLOB_BYTES)),
    "evidence of 512 KiB that opens to 8 GiB": lambda: _opaque(
        FrameKind.EVIDENCE, Codec.ZSTD, lambda _raw: zstd_rle(8 << 30), limits.EVIDENCE_RAW_BYTES
    ),
}
