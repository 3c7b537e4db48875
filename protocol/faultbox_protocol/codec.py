"""The door: a report to bundle bytes and back.

    bundle = head, evidence?, blob*, end        batch = bundles back to back

`scan_bundle` checks structure, CRCs and the SHA-256 and decodes nothing, so that intake can
take bytes it never inflates; `read_head` decodes the head, `read_evidence` the rest, each within
its own limit.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from faultbox_protocol import framing, limits, packing, schema
from faultbox_protocol.errors import Malformed, ProtocolError, TooLarge, Unsupported
from faultbox_protocol.framing import RawFrame
from faultbox_protocol.ids import ID_BYTES
from faultbox_protocol.report import Evidence, Head
from faultbox_protocol.shedding import smaller_evidence, smaller_heads
from faultbox_protocol.trimming import trim_evidence, trim_head
from faultbox_protocol.words import Codec, FrameKind

_HEAD_MARK = framing.MAGIC + bytes([FrameKind.HEAD])
_SEARCH_BYTES = 64 * 1024
_DIGEST_BYTES = 32
_RANKS: dict[int, int] = {
    FrameKind.HEAD: 0,
    FrameKind.EVIDENCE: 1,
    FrameKind.BLOB: 2,
    FrameKind.END: 3,
}
"""The order of a bundle's frames; each comes once, only blobs repeat."""
_BLOB_RANK = _RANKS[FrameKind.BLOB]
_BOUNDS: dict[int, tuple[int, int, str]] = {
    FrameKind.HEAD: (limits.HEAD_ENCODED_BYTES, limits.HEAD_RAW_BYTES, "head_too_large"),
    FrameKind.EVIDENCE: (
        limits.EVIDENCE_ENCODED_BYTES,
        limits.EVIDENCE_RAW_BYTES,
        "evidence_too_large",
    ),
    FrameKind.BLOB: (limits.BLOB_BYTES, limits.BLOB_BYTES, "blob_too_large"),
}
_BROKEN_ITEMS = 16
"""After so many broken bundles the rest of a batch is given up: each search costs time."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """One intact bundle inside a buffer; `sha256` is the digest in its end frame."""

    buffer: memoryview
    start: int
    end: int
    sha256: bytes
    head: RawFrame
    evidence: RawFrame | None
    blobs: tuple[RawFrame, ...]

    @property
    def data(self) -> memoryview:
        """The bundle's bytes."""
        return self.buffer[self.start : self.end]


def encode_bundle(
    head: Head,
    evidence: Evidence | None = None,
    blobs: Sequence[bytes] = (),
    codec: Codec = Codec.ZSTD,
) -> bytes:
    """Return the bundle of a report, trimmed to the limits of the wire.

    Raises:
        TooLarge: a blob is larger than 4 MiB, or there are more than 16.
        ValueError: an id that is not 16 bytes.
    """
    if len(head.id) != ID_BYTES or (head.of is not None and len(head.of) != ID_BYTES):
        raise ValueError(f"a bundle id is {ID_BYTES} bytes")
    if len(blobs) > limits.BLOBS:
        raise TooLarge("too_many_blobs", f"{len(blobs)} > {limits.BLOBS}")
    frames = [_encode_head(trim_head(head), codec)]
    if evidence is not None:
        frames.append(_encode_evidence(trim_evidence(evidence), codec))
    for blob in blobs:
        if len(blob) > limits.BLOB_BYTES:
            raise TooLarge("blob_too_large", f"{len(blob)} > {limits.BLOB_BYTES} bytes")
        frames.append(framing.write_frame(FrameKind.BLOB, blob, codec))
    return seal_frames(b"".join(frames))


def seal_frames(frames: bytes) -> bytes:
    """Return head, evidence and blob frames with the end frame that makes a bundle of them."""
    digest = hashlib.sha256(frames).digest()
    return frames + framing.write_frame(FrameKind.END, digest, Codec.IDENTITY)


def scan_bundle(buffer: memoryview, start: int = 0) -> Bundle:
    """Return the bundle at `start`, its structure, CRCs and SHA-256 checked, nothing decoded.

    Raises:
        Malformed, TooLarge, Unsupported: what is wrong with the bytes.
    """
    frames: list[RawFrame] = []
    at = start
    while not frames or frames[-1].kind != FrameKind.END:
        frame = framing.read_frame(buffer, at)
        _check_place(frame, frames)
        frames.append(frame)
        at = frame.end
    digest = framing.open_section(buffer, frame, _DIGEST_BYTES)
    found = hashlib.sha256()
    for part in framing.slices(buffer[start : frame.start]):
        found.update(part)
    if digest != found.digest():
        raise Malformed("bad_digest", f"in the bundle at byte {start}")
    evidence = frames[1] if frames[1].kind == FrameKind.EVIDENCE else None
    blobs = tuple(frame for frame in frames if frame.kind == FrameKind.BLOB)
    return Bundle(buffer, start, at, digest, frames[0], evidence, blobs)


def split_batch(body: bytes | memoryview) -> Iterator[Bundle | ProtocolError]:
    """Yield each bundle of a batch, or what is wrong with it; the rest is still read.

    After a broken bundle the search goes on at the next head frame. At most
    `limits.BODY_BUNDLES` items come; beyond, the last one is `too_many_bundles`.
    """
    buffer = memoryview(body)
    if len(buffer) == 0:
        yield Malformed("empty_body")
        return
    at = count = broken = 0
    while at < len(buffer):
        if count == limits.BODY_BUNDLES:
            yield TooLarge("too_many_bundles", f"more than {limits.BODY_BUNDLES}")
            return
        count += 1
        try:
            bundle = scan_bundle(buffer, at)
        except ProtocolError as error:
            yield error
            broken += 1
            if broken == _BROKEN_ITEMS:
                return
            at = _find_head(buffer, at + 1)
        else:
            yield bundle
            at = bundle.end


def read_head(bundle: Bundle) -> Head:
    """Return the bundle's head, decoded and checked.

    Raises:
        ProtocolError: what is wrong with it.
    """
    raw = framing.open_section(bundle.buffer, bundle.head, limits.HEAD_RAW_BYTES)
    return schema.head_from_map(packing.unpack(raw))


def read_evidence(bundle: Bundle) -> Evidence:
    """Return the bundle's evidence, decoded and checked; empty where it has none.

    Raises:
        ProtocolError: what is wrong with it.
    """
    if bundle.evidence is None:
        return Evidence()
    raw = framing.open_section(bundle.buffer, bundle.evidence, limits.EVIDENCE_RAW_BYTES)
    return schema.evidence_from_map(packing.unpack(raw))


def read_blob(bundle: Bundle, index: int) -> bytes:
    """Return one blob, decompressed within its limit.

    Raises:
        ProtocolError: it cannot be decompressed.
        IndexError: there is no such blob.
    """
    return framing.open_section(bundle.buffer, bundle.blobs[index], limits.BLOB_BYTES)


def _check_place(frame: RawFrame, before: list[RawFrame]) -> None:
    """Check that `frame` may follow the frames before it, and its sizes."""
    kind = frame.kind
    rank = _RANKS.get(kind)
    if rank is None:
        raise Unsupported("unknown_kind", f"frame kind {kind} at byte {frame.start}")
    if frame.codec > Codec.ZLIB:
        raise Unsupported("unknown_codec", f"codec {frame.codec} at byte {frame.start}")
    last = _RANKS[before[-1].kind] if before else -1
    follows = rank == 0 if last < 0 else rank > last or rank == last == _BLOB_RANK
    if not follows:
        raise Malformed("bad_order", f"frame kind {kind} at byte {frame.start}")
    if kind == FrameKind.END:
        if frame.codec != Codec.IDENTITY or frame.raw_bytes != _DIGEST_BYTES:
            raise Malformed("bad_length", "an end frame is 32 plain bytes")
        return
    encoded_bytes, raw_bytes, reason = _BOUNDS[kind]
    if frame.end - frame.payload_start > encoded_bytes or frame.raw_bytes > raw_bytes:
        raise TooLarge(reason, f"in the frame at byte {frame.start}")
    if rank == _BLOB_RANK and sum(one.kind == kind for one in before) == limits.BLOBS:
        raise TooLarge("too_many_blobs", f"more than {limits.BLOBS}")


def _find_head(buffer: memoryview, start: int) -> int:
    """Return where the next head frame may begin, or the end of the body."""
    for at in range(start, len(buffer), _SEARCH_BYTES):
        window = bytes(buffer[at : at + _SEARCH_BYTES + len(_HEAD_MARK) - 1])
        found = window.find(_HEAD_MARK)
        if found >= 0:
            return at + found
    return len(buffer)


def _encode_head(head: Head, codec: Codec) -> bytes:
    for smaller in smaller_heads(head):
        raw = packing.pack(schema.head_to_map(smaller))
        if len(raw) <= limits.HEAD_RAW_BYTES:
            frame = framing.write_frame(FrameKind.HEAD, raw, codec)
            if len(frame) - framing.HEADER_BYTES <= limits.HEAD_ENCODED_BYTES:
                return frame
    raise TooLarge("head_too_large", f"{len(raw)} bytes")  # pragma: no cover - the last one fits


def _encode_evidence(evidence: Evidence, codec: Codec) -> bytes:
    for smaller in smaller_evidence(evidence):
        raw = packing.pack(schema.evidence_to_map(smaller))
        if _is_evidence_readable(raw):
            frame = framing.write_frame(FrameKind.EVIDENCE, raw, codec)
            if len(frame) - framing.HEADER_BYTES <= limits.EVIDENCE_ENCODED_BYTES:
                return frame
    raise TooLarge("evidence_too_large")  # pragma: no cover - the last one is empty


def _is_evidence_readable(raw: bytes) -> bool:
    if len(raw) > limits.EVIDENCE_RAW_BYTES:
        return False
    # Keys are counted along, so this is on the safe side of the reader's limit.
    return len(raw) <= limits.NODES or packing.count_values(raw) <= limits.NODES
