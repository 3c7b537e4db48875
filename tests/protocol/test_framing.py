"""One frame: header, CRC, and sections that are decompressed within a bound."""

import struct
import threading
import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from faultbox_protocol import framing, limits
from faultbox_protocol.errors import Malformed, ProtocolError, TooLarge, Unsupported
from faultbox_protocol.words import Codec, FrameKind

KIB = 1024


def make_frame(
    payload: bytes,
    raw_bytes: int,
    codec: int = Codec.ZSTD,
    kind: int = FrameKind.BLOB,
    magic: bytes = b"FBX1",
) -> memoryview:
    """Return a frame with a right CRC around a payload of the test's own."""
    head = struct.pack(">4sBBHII", magic, kind, codec, 0, len(payload), raw_bytes)
    return memoryview(head + struct.pack(">I", zlib.crc32(payload, zlib.crc32(head))) + payload)


def open_payload(payload: bytes, raw_bytes: int, codec: int = Codec.ZSTD) -> bytes:
    buffer = make_frame(payload, raw_bytes, codec)
    return framing.open_section(buffer, framing.read_frame(buffer, 0), 64 * KIB)


def reason_of(payload: bytes, raw_bytes: int, codec: int = Codec.ZSTD) -> str:
    with pytest.raises(ProtocolError) as caught:
        open_payload(payload, raw_bytes, codec)
    return caught.value.reason


def compress(data: bytes, *, size: bool = True) -> bytes:
    return zstandard.ZstdCompressor(write_content_size=size).compress(data)


def zstd_frame(descriptor: int, *parts: bytes) -> bytes:
    """Return a zstd frame put together by hand (RFC 8878, section 3.1.1)."""
    return b"\x28\xb5\x2f\xfd" + bytes([descriptor]) + b"".join(parts)


@given(st.binary(max_size=5000), st.sampled_from(Codec))
def test_a_section_comes_back_as_it_was(raw: bytes, codec: Codec) -> None:
    buffer = memoryview(framing.write_frame(FrameKind.BLOB, raw, codec))
    frame = framing.read_frame(buffer, 0)
    assert frame.end == len(buffer)
    assert framing.open_section(buffer, frame, 5000) == raw


def test_what_does_not_shrink_is_sent_plain() -> None:
    frame = framing.write_frame(FrameKind.BLOB, b"abc", Codec.ZSTD)
    assert frame[5] == Codec.IDENTITY
    assert frame[framing.HEADER_BYTES :] == b"abc"


def test_the_header_is_laid_out_as_the_specification_says() -> None:
    frame = framing.write_frame(FrameKind.HEAD, b"abc", Codec.IDENTITY)
    assert frame[:16] == b"FBX1" + bytes([1, 0, 0, 0]) + bytes([0, 0, 0, 3]) + bytes([0, 0, 0, 3])
    assert frame[16:20] == struct.pack(">I", zlib.crc32(frame[:16] + b"abc"))


@given(st.binary(max_size=64))
def test_any_bytes_are_a_frame_or_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        framing.read_frame(memoryview(data), 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (b"FB", "truncated"),
        (b"FBX1" + bytes(15), "truncated"),
        (b"GIF89a", "bad_magic"),
        (b"FBX2" + bytes(40), "bad_magic"),
        (b"FBX1" + bytes([2, 0, 0, 0, 0, 0, 0, 9]) + bytes(8), "truncated"),
        (b"FBX1" + bytes([2, 0, 0, 0, 0, 0, 0, 0]) + bytes(8), "bad_crc"),
    ],
)
def test_a_broken_header_is_named(data: bytes, reason: str) -> None:
    with pytest.raises(Malformed) as caught:
        framing.read_frame(memoryview(data), 0)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("kind", "reason"), [(1, "head_too_large"), (4, "evidence_too_large"), (2, "blob_too_large")]
)
def test_a_frame_beyond_any_limit_is_refused_by_its_header_alone(kind: int, reason: str) -> None:
    header = struct.pack(">4sBBHIII", b"FBX1", kind, 0, 0, limits.BLOB_BYTES + 1, 0, 0)
    with pytest.raises(TooLarge) as caught:
        framing.read_frame(memoryview(header), 0)
    assert caught.value.reason == reason


def test_a_section_larger_than_its_limit_is_refused_before_it_is_opened() -> None:
    buffer = make_frame(compress(bytes(100)), 64 * KIB + 1)
    with pytest.raises(TooLarge):
        framing.open_section(buffer, framing.read_frame(buffer, 0), 64 * KIB)


def test_an_unknown_codec_is_unsupported() -> None:
    with pytest.raises(Unsupported):
        open_payload(b"abc", 3, codec=9)


def test_zstd_without_a_stated_size_is_taken() -> None:
    assert open_payload(compress(bytes(1000), size=False), 1000) == bytes(1000)


def test_a_zstd_bomb_that_states_its_size_is_refused() -> None:
    assert reason_of(compress(bytes(64 << 20)), 64 * KIB) == "bad_length"


def test_a_zstd_bomb_that_states_no_size_is_refused() -> None:
    assert reason_of(compress(bytes(64 << 20), size=False), 64 * KIB) == "bad_compression"


def test_a_bomb_of_repeated_bytes_is_refused() -> None:
    block = (128 * KIB << 3 | 1 << 1).to_bytes(3, "little") + b"A"  # RLE, not the last
    last = (128 * KIB << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"A"
    bomb = zstd_frame(0x00, b"\x38", block * 1000, last)
    assert reason_of(bomb, 64 * KIB) == "bad_compression"


def test_two_zstd_frames_in_one_section_are_refused() -> None:
    one = compress(bytes(500))
    assert reason_of(one + one, 1000) == "bad_compression"
    assert reason_of(one + b"tail", 500) == "bad_compression"


def test_a_skippable_frame_hides_nothing() -> None:
    hidden = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"data"
    assert reason_of(hidden + compress(bytes(100)), 100) == "bad_compression"
    assert reason_of(hidden, 0) == "bad_compression"


def test_a_dictionary_is_refused() -> None:
    block = (3 << 3 | 1).to_bytes(3, "little") + b"abc"  # raw, last
    assert open_payload(zstd_frame(0x20, b"\x03", block), 3) == b"abc"
    assert reason_of(zstd_frame(0x21, b"\x07", b"\x03", block), 3) == "bad_compression"


def test_a_window_above_8_mib_is_refused() -> None:
    block = (3 << 3 | 1).to_bytes(3, "little") + b"abc"
    assert open_payload(zstd_frame(0x00, bytes([(23 - 10) << 3]), block), 3) == b"abc"
    assert reason_of(zstd_frame(0x00, bytes([(24 - 10) << 3]), block), 3) == "bad_compression"


def test_a_stated_size_of_nothing_with_data_behind_it_is_refused() -> None:
    block = (3 << 3 | 1).to_bytes(3, "little") + b"abc"
    assert reason_of(zstd_frame(0x20, b"\x00", block), 3) == "bad_length"


@pytest.mark.parametrize("size", [True, False])
def test_zstd_cut_anywhere_is_refused(size: bool) -> None:
    whole = compress(b"0123456789" * 100, size=size)
    for length in range(len(whole)):
        assert reason_of(whole[:length], 1000) == "bad_compression"


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("raw_bytes", [999, 1001])
def test_another_length_than_the_header_says_is_refused(codec: Codec, raw_bytes: int) -> None:
    raw = bytes(1000)
    payload = {Codec.IDENTITY: raw, Codec.ZSTD: compress(raw), Codec.ZLIB: zlib.compress(raw)}
    assert reason_of(payload[codec], raw_bytes, codec) in {"bad_length", "bad_compression"}


def test_a_zlib_bomb_and_a_broken_zlib_stream_are_refused() -> None:
    assert reason_of(zlib.compress(bytes(64 << 20)), 64 * KIB, Codec.ZLIB) == "bad_compression"
    whole = zlib.compress(b"0123456789" * 100)
    for length in range(len(whole)):
        assert reason_of(whole[:length], 1000, Codec.ZLIB) == "bad_compression"
    assert reason_of(whole + whole, 2000, Codec.ZLIB) == "bad_compression"
    assert reason_of(b"not zlib", 8, Codec.ZLIB) == "bad_compression"


@given(st.binary(max_size=200), st.sampled_from([Codec.ZSTD, Codec.ZLIB]))
def test_random_payloads_never_raise_anything_else(payload: bytes, codec: Codec) -> None:
    for candidate in (payload, b"\x28\xb5\x2f\xfd" + payload):
        try:
            open_payload(candidate, 100, codec)
        except ProtocolError as error:
            assert error.reason in {"bad_compression", "bad_length"}  # noqa: PT017


def test_threads_open_sections_side_by_side() -> None:
    raws = [bytes([n]) * 20_000 for n in range(4)]
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(50):
            buffer = memoryview(framing.write_frame(FrameKind.BLOB, raws[number]))
            frame = framing.read_frame(buffer, 0)
            if framing.open_section(buffer, frame, 64 * KIB) != raws[number]:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
