"""msgpack values that no report may hold: each is put where a reader least expects it."""

import struct

_NAN = struct.pack(">d", float("nan"))
_INF = struct.pack(">d", float("inf"))
_FLOAT32_NAN = b"\xca\x7f\xc0\x00\x00"


def _text(raw: bytes) -> bytes:
    return b"\xda" + struct.pack(">H", len(raw)) + raw


def _nested(tag: bytes, depth: int) -> bytes:
    return tag * depth + b"\xc0"


VALUES: dict[str, bytes] = {
    "NaN": b"\xcb" + _NAN,
    "infinity": b"\xcb" + _INF,
    "minus infinity": b"\xcb" + struct.pack(">d", float("-inf")),
    "a short NaN": _FLOAT32_NAN,
    "2**64 - 1": b"\xcf" + b"\xff" * 8,
    "2**63": b"\xcf\x80" + bytes(7),
    "a timestamp of 32 bits": b"\xd6\xff\xff\xff\xff\xff",
    "a timestamp of 64 bits": b"\xd7\xff" + b"\xff" * 8,
    "a timestamp in the year 146 billion": b"\xc7\x0c\xff" + bytes(4) + b"\x7f" + b"\xff" * 7,
    "an extension of one byte": b"\xd4\x01\x00",
    "an extension of sixteen bytes": b"\xd8\x7f" + bytes(16),
    "an extension of 4 GiB": b"\xc9\xff\xff\xff\xff\x01",
    "the byte that is never used": b"\xc1",
    "a text with NUL": _text(b"a\0b"),
    "a text that is not UTF-8": _text(b"\xff\xfe\x80"),
    "a text with half a surrogate pair": _text(b"\xed\xa0\x80"),
    "an overlong slash": _text(b"..\xc0\xaf"),
    "a key that comes twice": b"\x82\xa1k\x01\xa1k\x02",
    "a key of bytes": b"\x81\xc4\x01k\x01",
    "a key that is a number": b"\x81\x01\x01",
    "a key that is nil": b"\x81\xc0\x01",
    "a key that is a list": b"\x81\x90\x01",
    "a key that is NaN": b"\x81\xcb" + _NAN + b"\x01",
    "a key with NUL": b"\x81\xa1\x00\x01",
    "17 bytes": b"\xc4\x11" + bytes(17),
    "lists 13 deep": _nested(b"\x91", 13),
    "lists 1,025 deep": _nested(b"\x91", 1025),
    "lists 60,000 deep": _nested(b"\x91", 60_000),
    "maps 1,025 deep": _nested(b"\x81\xa1a", 1025),
    "maps 20,000 deep": _nested(b"\x81\xa1a", 20_000),
    "a text of 4 GiB": b"\xdb\xff\xff\xff\xff",
    "bytes of 4 GiB": b"\xc6\xff\xff\xff\xff",
    "a list of 4 Gi values": b"\xdd\xff\xff\xff\xff",
    "a map of 4 Gi values": b"\xdf\xff\xff\xff\xff",
    "a list of 65,535 values that are not there": b"\xdc\xff\xff",
    "60,000 empty maps": b"\xdc\xea\x60" + b"\x80" * 60_000,
    "30 lists of 2,000 empty maps": b"\xdc\x00\x1e" + (b"\xdc\x07\xd0" + b"\x80" * 2000) * 30,
    "a map of 257 names": b"\xde\x01\x01"
    + b"".join(b"\xa3" + b"%03d" % n + b"\xc0" for n in range(257)),
    "nothing": b"",
}

SWELLING: dict[str, bytes] = {
    "4 MiB of 0x80": b"\xdd\x00\x3f\xff\xf0" + b"\x80" * 0x3FFFF0,
    "2 MiB of 0x80 in rows": b"\xdc\x04\x00" + (b"\xdc\x07\xd0" + b"\x80" * 2000) * 1024,
    "2 MiB of nil": b"\xdd\x00\x1f\xff\xf0" + b"\xc0" * 0x1FFFF0,
    "a million short texts": b"\xdd\x00\x0f\x42\x40" + b"\xa1a" * 1_000_000,
}
"""Values too large for any head; whoever reads bodies or evidence meets them."""


def map_with(fields: bytes, count: int, name: str, value: bytes) -> bytes:
    """Return a msgpack map of `count` ready-made `fields` and one more."""
    key = name.encode()
    return b"\xde" + struct.pack(">H", count + 1) + fields + bytes([0xA0 | len(key)]) + key + value
