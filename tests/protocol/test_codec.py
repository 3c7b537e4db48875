"""Bundles and batches: altered, cut, out of order, or between broken neighbours."""

import hashlib
import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_protocol import codec, framing, limits, packing
from faultbox_protocol.codec import Bundle
from faultbox_protocol.errors import Invalid, Malformed, ProtocolError, TooLarge, Unsupported
from faultbox_protocol.framing import write_frame
from faultbox_protocol.report import Evidence, Plain
from faultbox_protocol.words import Codec, FrameKind
from support.builders import a_batch, a_bundle, a_head, a_raw_bundle, an_evidence, an_id

HEAD = write_frame(FrameKind.HEAD, packing.pack({"v": 1}))
EVIDENCE = write_frame(FrameKind.EVIDENCE, packing.pack({}))
BLOB = write_frame(FrameKind.BLOB, b"core")


def open_all(data: bytes) -> tuple[object, ...]:
    """Return everything that a bundle says, each section opened."""
    bundle = codec.scan_bundle(memoryview(data))
    if bundle.end != len(data):
        raise Malformed("bad_length", "bytes behind the bundle")
    blobs = tuple(codec.read_blob(bundle, index) for index in range(len(bundle.blobs)))
    return codec.read_head(bundle), codec.read_evidence(bundle), blobs


def scan_refusal(data: bytes) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        codec.scan_bundle(memoryview(data))
    return caught.value


def test_a_bundle_says_what_was_put_into_it() -> None:
    blobs = [b"a core dump" * 100, b""]
    data = a_bundle(a_head(), an_evidence(), blobs)
    assert open_all(data) == (a_head(), an_evidence(), tuple(blobs))


@pytest.mark.parametrize("how", list(Codec))
def test_every_codec_carries_a_bundle(how: Codec) -> None:
    data = codec.encode_bundle(a_head(), an_evidence(50), [bytes(5000)], how)
    assert open_all(data) == (a_head(), an_evidence(50), (bytes(5000),))


def test_evidence_may_be_absent() -> None:
    bundle = codec.scan_bundle(memoryview(codec.encode_bundle(a_head())))
    assert bundle.evidence is None
    assert codec.read_evidence(bundle) == Evidence()


def test_a_bundle_knows_its_bytes_and_their_digest() -> None:
    padded = b"before" + a_bundle() + b"behind"
    bundle = codec.scan_bundle(memoryview(padded), 6)
    assert bytes(bundle.data) == a_bundle()
    assert bundle.sha256 == hashlib.sha256(a_bundle()[:-52]).digest() == a_bundle()[-32:]


@pytest.mark.parametrize("bit", [0x01, 0x80, 0xFF])
def test_every_altered_byte_is_found(bit: int) -> None:
    whole = bytearray(a_bundle(a_head(), an_evidence(1), [b"core"]))
    for at in range(len(whole)):
        whole[at] ^= bit
        with pytest.raises(ProtocolError):
            open_all(bytes(whole))
        whole[at] ^= bit
    assert open_all(bytes(whole))


def test_a_bundle_cut_anywhere_is_truncated() -> None:
    whole = a_bundle(a_head(), an_evidence(1), [b"core"])
    for length in range(len(whole)):
        assert scan_refusal(whole[:length]).reason == "truncated"


def test_an_altered_section_with_a_right_crc_is_found_by_the_digest() -> None:
    good = a_raw_bundle(HEAD, BLOB)
    other = write_frame(FrameKind.BLOB, b"c0re")
    assert scan_refusal(good.replace(BLOB, other)).reason == "bad_digest"


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [EVIDENCE],
        [BLOB],
        [HEAD, HEAD],
        [HEAD, EVIDENCE, EVIDENCE],
        [HEAD, EVIDENCE, HEAD],
        [HEAD, BLOB, EVIDENCE],
        [HEAD, BLOB, HEAD],
    ],
)
def test_frames_out_of_order_are_refused(frames: list[bytes]) -> None:
    assert scan_refusal(a_raw_bundle(*frames)).reason == "bad_order"


@pytest.mark.parametrize(
    "frames", [[HEAD], [HEAD, EVIDENCE], [HEAD, BLOB, BLOB], [HEAD, EVIDENCE, BLOB]]
)
def test_frames_in_order_are_taken(frames: list[bytes]) -> None:
    bundle = codec.scan_bundle(memoryview(a_raw_bundle(*frames)))
    assert (bundle.evidence is not None) == (EVIDENCE in frames)
    assert len(bundle.blobs) == frames.count(BLOB)


@pytest.mark.parametrize("kind", [0, FrameKind.ARRIVAL, 6, 255])
def test_other_kinds_are_refused_on_the_wire(kind: int) -> None:
    strange = craft(kind, Codec.IDENTITY, b"arrival", 7)
    for frames in ([strange, HEAD], [HEAD, strange]):
        error = scan_refusal(a_raw_bundle(*frames))
        assert isinstance(error, Unsupported)
        assert error.reason == "unknown_kind"


@pytest.mark.parametrize("kind", [FrameKind.HEAD, FrameKind.EVIDENCE, FrameKind.BLOB])
def test_an_unknown_codec_is_refused_by_the_scan(kind: FrameKind) -> None:
    strange = craft(kind, 3, b"data", 4)
    frames = [strange] if kind is FrameKind.HEAD else [HEAD, strange]
    assert scan_refusal(a_raw_bundle(*frames)).reason == "unknown_codec"


def craft(kind: int, how: int, payload: bytes, raw_bytes: int) -> bytes:
    """Return a frame with a right CRC and anything else the test wants."""
    head = struct.pack(">4sBBHII", b"FBX1", kind, how, 0, len(payload), raw_bytes)
    return head + struct.pack(">I", zlib.crc32(payload, zlib.crc32(head))) + payload


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (craft(1, 1, bytes(limits.HEAD_ENCODED_BYTES + 1), 9), "head_too_large"),
        (craft(1, 1, b"x", limits.HEAD_RAW_BYTES + 1), "head_too_large"),
        (craft(4, 1, bytes(limits.EVIDENCE_ENCODED_BYTES + 1), 9), "evidence_too_large"),
        (craft(4, 1, b"x", limits.EVIDENCE_RAW_BYTES + 1), "evidence_too_large"),
        (craft(2, 1, b"x", limits.BLOB_BYTES + 1), "blob_too_large"),
    ],
)
def test_sizes_are_bounded_before_anything_is_opened(frame: bytes, reason: str) -> None:
    frames = [frame] if reason == "head_too_large" else [HEAD, frame]
    error = scan_refusal(a_raw_bundle(*frames))
    assert isinstance(error, TooLarge)
    assert error.reason == reason


def test_a_bundle_holds_at_most_16_blobs() -> None:
    assert len(codec.scan_bundle(memoryview(a_raw_bundle(HEAD, *[BLOB] * 16))).blobs) == 16
    assert scan_refusal(a_raw_bundle(HEAD, *[BLOB] * 17)).reason == "too_many_blobs"


def test_an_end_frame_is_32_plain_bytes() -> None:
    digest = hashlib.sha256(HEAD).digest()
    assert scan_refusal(HEAD + craft(3, 0, digest[:31], 31)).reason == "bad_length"
    zipped = zlib.compress(digest)
    assert scan_refusal(HEAD + craft(3, 2, zipped, 32)).reason == "bad_length"


def test_a_writer_is_told_what_it_cannot_send() -> None:
    with pytest.raises(TooLarge, match="17 > 16"):
        codec.encode_bundle(a_head(), None, [b""] * 17)
    with pytest.raises(TooLarge, match="blob_too_large"):
        codec.encode_bundle(a_head(), None, [bytes(limits.BLOB_BYTES + 1)])


def test_intact_bytes_with_a_content_that_is_refused_are_invalid() -> None:
    bundle = codec.scan_bundle(memoryview(a_raw_bundle(HEAD)))
    with pytest.raises(Invalid, match="missing_field"):
        codec.read_head(bundle)


# --- batches --------------------------------------------------------------------------------


def take(body: bytes | memoryview) -> list[bytes | str]:
    """Return the id of each bundle of a batch, or the reason word of what is wrong with it."""
    return [
        codec.read_head(item).id if isinstance(item, Bundle) else item.reason
        for item in codec.split_batch(body)
    ]


def test_a_batch_gives_its_bundles_in_order() -> None:
    assert take(a_batch(3)) == [an_id(1), an_id(2), an_id(3)]
    assert take(memoryview(bytearray(a_batch(3)))) == [an_id(1), an_id(2), an_id(3)]


def test_an_empty_body_holds_no_bundle() -> None:
    assert take(b"") == ["empty_body"]


def test_a_broken_bundle_does_not_cost_its_neighbours() -> None:
    good, broken, last = (a_bundle(a_head(number)) for number in (1, 2, 3))
    for at in range(len(broken)):
        altered = broken[:at] + bytes([broken[at] ^ 0x55]) + broken[at + 1 :]
        items = take(good + altered + last)
        assert [item for item in items if isinstance(item, bytes)] == [an_id(1), an_id(3)]
        assert len(items) > 2


def test_a_bundle_cut_anywhere_does_not_cost_its_neighbours() -> None:
    good, cut, last = (a_bundle(a_head(number)) for number in (1, 2, 3))
    for length in range(1, len(cut)):
        items = take(good + cut[:length] + last)
        assert [item for item in items if isinstance(item, bytes)] == [an_id(1), an_id(3)]


def test_rubbish_around_bundles_is_named_once() -> None:
    assert take(b"rubbish" + a_batch(2)) == ["bad_magic", an_id(1), an_id(2)]
    assert take(a_batch(1) + b"\0") == [an_id(1), "bad_magic"]
    assert take(a_batch(1) + b"FBX") == [an_id(1), "truncated"]


def test_the_next_head_is_found_across_search_windows() -> None:
    for pad in range(65_530, 65_545):
        assert take(b"?" * pad + a_batch(1)) == ["bad_magic", an_id(1)]


def test_a_batch_holds_at_most_100_bundles() -> None:
    one = a_bundle(a_head(1))
    assert take(one * 100) == [an_id(1)] * 100
    assert take(one * 101) == [an_id(1)] * 100 + ["too_many_bundles"]


def test_a_hostile_body_of_magics_is_given_up_early() -> None:
    body = (b"FBX1\x01" * (limits.BODY_BYTES // 5))[: limits.BODY_BYTES]
    assert len(take(body)) == 16
    header = struct.pack(">4sBBHIII", b"FBX1", 1, 0, 0, limits.BLOB_BYTES, 9, 0)
    assert take(header * (limits.BODY_BYTES // len(header))) == ["bad_crc"] * 16


def test_a_body_without_any_magic_is_searched_once() -> None:
    assert take(bytes(limits.BODY_BYTES)) == ["bad_magic"]


@given(st.binary(max_size=400))
def test_any_body_is_split_without_another_error(body: bytes) -> None:
    for item in codec.split_batch(body):
        assert isinstance(item, ProtocolError)


@given(st.integers(0, 2**32), st.integers(1, 12))
def test_random_damage_never_raises_and_never_changes_a_bundle(seed: int, hits: int) -> None:
    body = bytearray(a_batch(3))
    chance = random.Random(seed)
    for _ in range(hits):
        body[chance.randrange(len(body))] = chance.randrange(256)
    sent = {a_bundle(a_head(number)) for number in (1, 2, 3)}
    for item in codec.split_batch(bytes(body)):
        assert isinstance(item, ProtocolError) or bytes(item.data) in sent


@given(st.dictionaries(st.text(max_size=6), st.integers() | st.text(max_size=9), max_size=6))
def test_any_map_as_head_is_a_head_or_refused(source: dict[str, Plain]) -> None:
    try:
        raw = packing.pack({**source, "v": 1})
    except (OverflowError, UnicodeEncodeError):
        return
    bundle = codec.scan_bundle(memoryview(a_raw_bundle(write_frame(FrameKind.HEAD, raw))))
    with pytest.raises(Invalid):
        codec.read_head(bundle)


def test_a_blob_that_is_not_there_is_an_error_of_the_reader() -> None:
    with pytest.raises(IndexError):
        codec.read_blob(codec.scan_bundle(memoryview(a_bundle())), 0)


def test_a_blob_that_cannot_be_opened_is_refused() -> None:
    bundle = codec.scan_bundle(memoryview(a_raw_bundle(HEAD, craft(2, 1, b"not zstd", 99))))
    with pytest.raises(Malformed, match="bad_compression"):
        codec.read_blob(bundle, 0)
    assert framing.HEADER_BYTES == 20
