"""The door: a report to bundle bytes and back.

    bundle = head, evidence?, blob*, end        batch = bundles back to back

`scan_bundle` checks structure, CRCs and the SHA-256 and decodes nothing, so that intake can
take bytes it never inflates; `read_head` decodes the head, `read_evidence` the rest, each within
its own limit.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from faultbox_protocol import framing, limits, packing, schema
from faultbox_protocol.errors import Malformed, ProtocolError, TooLarge, Unsupported
from faultbox_protocol.framing import RawFrame
from faultbox_protocol.report import Evidence, Head
from faultbox_protocol.trimming import both_ends, trim_evidence, trim_head, trim_text
from faultbox_protocol.words import Codec, FrameKind

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
        TooLarge: a blob is larger than 4 MiB, there are more than 16, or the head stays too large.
    """
    if len(blobs) > limits.BLOBS:
        raise TooLarge("too_many_blobs", f"{len(blobs)} > {limits.BLOBS}")
    frames = [_encode_head(trim_head(head), codec)]
    if evidence is not None:
        frames.append(_encode_evidence(trim_evidence(evidence), codec))
    for blob in blobs:
        if len(blob) > limits.BLOB_BYTES:
            raise TooLarge("blob_too_large", f"{len(blob)} > {limits.BLOB_BYTES} bytes")
        frames.append(framing.write_frame(FrameKind.BLOB, blob, codec))
    body = b"".join(frames)
    digest = hashlib.sha256(body).digest()
    return body + framing.write_frame(FrameKind.END, digest, Codec.IDENTITY)


def scan_bundle(buffer: memoryview, start: int = 0) -> Bundle:
    """Return the bundle at `start`, its structure, CRCs and SHA-256 checked, nothing decoded.

    Raises:
        Malformed, TooLarge, Unsupported: what is wrong with the bytes.
    """
    head: RawFrame | None = None
    evidence: RawFrame | None = None
    blobs: list[RawFrame] = []
    at = start
    while True:
        frame = framing.read_frame(buffer, at)
        at = frame.end
        if frame.kind == FrameKind.END:
            break
        if frame.kind == FrameKind.HEAD and head is None:
            _bound(frame, limits.HEAD_ENCODED_BYTES, limits.HEAD_RAW_BYTES, "head_too_large")
            head = frame
        elif frame.kind == FrameKind.EVIDENCE and head and evidence is None and not blobs:
            most = limits.EVIDENCE_ENCODED_BYTES
            _bound(frame, most, limits.EVIDENCE_RAW_BYTES, "evidence_too_large")
            evidence = frame
        elif frame.kind == FrameKind.BLOB and head:
            _bound(frame, limits.BLOB_BYTES, limits.BLOB_BYTES, "blob_too_large")
            blobs.append(frame)
            if len(blobs) > limits.BLOBS:
                raise TooLarge("too_many_blobs", f"more than {limits.BLOBS}")
        elif frame.kind in (FrameKind.HEAD, FrameKind.EVIDENCE, FrameKind.BLOB):
            raise Malformed("bad_order", f"frame kind {frame.kind} at byte {frame.start}")
        else:
            raise Unsupported("unknown_kind", f"frame kind {frame.kind} at byte {frame.start}")
    if head is None:
        raise Malformed("bad_order", "an end frame without a head")
    digest = framing.open_section(buffer, frame, 32)
    if digest != hashlib.sha256(buffer[start : frame.start]).digest():
        raise Malformed("bad_digest", f"in the bundle at byte {start}")
    return Bundle(buffer, start, at, digest, head, evidence, tuple(blobs))


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
            at = _find_head(body, at + 1)
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


def _bound(frame: RawFrame, encoded_bytes: int, raw_bytes: int, reason: str) -> None:
    if frame.end - frame.payload_start > encoded_bytes or frame.raw_bytes > raw_bytes:
        raise TooLarge(reason, f"in the frame at byte {frame.start}")


def _find_head(body: bytes | memoryview, start: int) -> int:
    """Return where the next head frame may begin, or the end of the body."""
    data = body if isinstance(body, bytes) else bytes(body)
    found = data.find(framing.MAGIC + bytes([FrameKind.HEAD]), start)
    return len(data) if found < 0 else found


def _encode_head(head: Head, codec: Codec) -> bytes:
    """Encode the head; one that is still too large sheds crash text, then its causes' frames."""
    for shed in (_keep, _shed_text, _shed_causes, _shed_frames):
        head = shed(head)
        raw = packing.pack(schema.head_to_map(head))
        if len(raw) <= limits.HEAD_RAW_BYTES:
            frame = framing.write_frame(FrameKind.HEAD, raw, codec)
            if len(frame) - framing.HEADER_BYTES <= limits.HEAD_ENCODED_BYTES:
                return frame
    raise TooLarge("head_too_large", f"{len(raw)} bytes")


def _keep(head: Head) -> Head:
    return head


def _shed_text(head: Head) -> Head:
    return replace(head, err=replace(head.err, text=None)) if head.err else head


def _shed_causes(head: Head) -> Head:
    return replace(head, err=replace(head.err, causes=())) if head.err else head


def _shed_frames(head: Head) -> Head:
    if head.err is None:
        return head
    message = trim_text(head.err.msg or "", 1024) or None
    frames = both_ends(head.err.frames, 32)
    return replace(head, err=replace(head.err, frames=frames, msg=message))


def _encode_evidence(evidence: Evidence, codec: Codec) -> bytes:
    """Encode the evidence; one too large gives up the older half of its log until it fits."""
    while True:
        raw = packing.pack(schema.evidence_to_map(evidence))
        if len(raw) <= limits.EVIDENCE_RAW_BYTES:
            frame = framing.write_frame(FrameKind.EVIDENCE, raw, codec)
            if len(frame) - framing.HEADER_BYTES <= limits.EVIDENCE_ENCODED_BYTES:
                return frame
        if not evidence.log:
            raise TooLarge("evidence_too_large", f"{len(raw)} bytes")
        evidence = replace(evidence, log=evidence.log[(len(evidence.log) + 1) // 2 :])
