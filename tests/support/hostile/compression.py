"""Compressed bytes that lie or swell: zstd, gzip, zlib, deflate and brotli, made in no time.

Most are written by hand, block by block: a bomb of 8 GiB costs its maker nothing, and neither may
it cost the reader.
"""

import gzip
import struct
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
import zstandard

MIB = 1 << 20
GIB = 1 << 30
_MAGIC = b"\x28\xb5\x2f\xfd"
_BLOCK = 128 * 1024
_WINDOW_8_MIB = 13 << 3
_WINDOW_128_MIB = 17 << 3


def _rle(blocks: int, *, header: bytes = bytes([0, _WINDOW_8_MIB])) -> bytes:
    """Return a zstd frame of `blocks` times 128 KiB of one byte, at four bytes each."""
    block = (_BLOCK << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    last = (_BLOCK << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"\0"
    return _MAGIC + header + block * (blocks - 1) + last


def zstd_rle(total_bytes: int) -> bytes:
    """Return a zstd frame without a stated size that opens to `total_bytes`."""
    return _rle(total_bytes // _BLOCK)


def zstd_stated(total_bytes: int, stated_bytes: int) -> bytes:
    """Return a zstd frame of `total_bytes` that says it holds `stated_bytes`."""
    header = bytes([3 << 6, _WINDOW_8_MIB]) + struct.pack("<Q", stated_bytes)
    return _rle(max(total_bytes // _BLOCK, 1), header=header)


def zstd_window(window: int) -> bytes:
    """Return a zstd frame that asks for a window, written as the format's descriptor byte."""
    return _rle(2, header=bytes([0, window]))


def zstd_dictionary() -> bytes:
    """Return a zstd frame that asks for dictionary 7."""
    return _rle(2, header=bytes([1, _WINDOW_8_MIB, 7]))


def zstd_skippable(raw: bytes, stated_bytes: int | None = None) -> bytes:
    """Return a skippable frame, of any length it likes to state, in front of a real one."""
    hidden = b"hidden"
    length = len(hidden) if stated_bytes is None else stated_bytes
    return struct.pack("<II", 0x184D2A50, length) + hidden + zstandard.compress(raw)


def zlib_zeros(total_bytes: int, wbits: int = 15) -> bytes:
    """Return a deflate stream that opens to zeros; `wbits` as in zlib: 15, -15 or 31 for gzip."""
    machine = zlib.compressobj(9, zlib.DEFLATED, wbits)
    start = machine.compress(bytes(MIB)) + machine.flush(zlib.Z_FULL_FLUSH)
    part = machine.compress(bytes(MIB)) + machine.flush(zlib.Z_FULL_FLUSH)
    return start + part * (total_bytes // MIB - 1) + machine.flush()


def zlib_with_dictionary(raw: bytes) -> bytes:
    """Return a zlib stream that asks for a preset dictionary."""
    machine = zlib.compressobj(zdict=b"faultbox")
    return machine.compress(raw) + machine.flush()


def brotli_zeros(total_bytes: int) -> bytes:
    """Return a brotli stream that opens to zeros."""
    machine = brotli.Compressor(quality=1)
    return b"".join([*(machine.process(bytes(MIB)) for _ in range(total_bytes // MIB))]) + bytes(
        machine.finish()
    )


ZSTD: dict[str, Callable[[bytes], bytes]] = {
    "zstd of 1 GiB, its size stated": lambda _raw: zstd_stated(GIB, GIB),
    "zstd of 1 GiB, its size not stated": lambda _raw: zstd_rle(GIB),
    "zstd of 1 GiB that states 100 bytes": lambda _raw: zstd_stated(GIB, 100),
    "zstd that states 0 bytes": lambda _raw: zstd_stated(_BLOCK, 0),
    "zstd that states 2**63 bytes": lambda _raw: zstd_stated(_BLOCK, 1 << 63),
    "zstd in two frames": lambda raw: zstandard.compress(raw) * 2,
    "zstd in a thousand empty frames": lambda raw: zstandard.compress(b"") * 1000 + raw,
    "zstd behind a skippable frame": zstd_skippable,
    "zstd behind a skippable frame of 4 GiB": lambda raw: zstd_skippable(raw, 0xFFFF_FFFF),
    "zstd with a window of 128 MiB": lambda _raw: zstd_window(_WINDOW_128_MIB),
    "zstd with a window of 2 TiB": lambda _raw: zstd_window(0xF8),
    "zstd with a dictionary": lambda _raw: zstd_dictionary(),
    "zstd cut off": lambda raw: zstandard.compress(raw)[:-3],
    "zstd with bytes behind it": lambda raw: zstandard.compress(raw) + b"more",
    "zstd without its first bytes": lambda raw: zstandard.compress(raw)[4:],
}
"""What a zstd section may be instead of one honest frame; each is made of the honest bytes."""

ZLIB: dict[str, Callable[[bytes], bytes]] = {
    "zlib of 24 MiB": lambda _raw: zlib_zeros(24 * MIB),
    "zlib cut off": lambda raw: zlib.compress(raw)[:-3],
    "zlib with a wrong checksum": lambda raw: zlib.compress(raw)[:-4] + b"\0\0\0\0",
    "zlib with bytes behind it": lambda raw: zlib.compress(raw) + b"more",
    "zlib twice": lambda raw: zlib.compress(raw) * 2,
    "zlib with a dictionary": zlib_with_dictionary,
    "gzip where zlib is announced": gzip.compress,
}

ENCODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip of 1 GiB": ("gzip", lambda _raw: zlib_zeros(GIB, 31)),
    "gzip of gzip": ("gzip, gzip", lambda _raw: gzip.compress(zlib_zeros(GIB, 31))),
    "gzip cut off": ("gzip", lambda raw: gzip.compress(raw)[:-6]),
    "gzip honest": ("gzip", gzip.compress),
    "gzip announced, none there": ("gzip", lambda raw: raw),
    "x-gzip": ("x-gzip", gzip.compress),
    "deflate of 1 GiB": ("deflate", lambda _raw: zlib_zeros(GIB)),
    "deflate without a header": ("deflate", lambda _raw: zlib_zeros(GIB, -15)),
    "deflate cut off": ("deflate", lambda raw: zlib.compress(raw)[:-2]),
    "brotli of 2 GiB": ("br", lambda _raw: brotli_zeros(2 * GIB)),
    "brotli cut off": ("br", lambda raw: bytes(brotli.compress(raw))[:-2]),
    "zstd of 8 GiB": ("zstd", lambda _raw: zstd_rle(8 * GIB)),
    "zstd honest": ("zstd", zstandard.compress),
    "an encoding nobody knows": ("rot13", lambda raw: raw),
    "a hundred encodings": (", ".join(["gzip"] * 100), lambda raw: raw),
}
"""Bodies for each `Content-Encoding`, made of honest bytes."""
