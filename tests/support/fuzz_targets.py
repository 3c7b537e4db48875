"""What the fuzzer calls: each decoder of bytes that nobody vouches for.

A target catches the errors that its decoder documents; any other, a disagreement of two readers,
or an input that takes too long or too much memory, is a finding.
"""

import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from multidict import CIMultiDict, CIMultiDictProxy

from faultbox_agent.fault_text import BadFault, read_fault
from faultbox_agent.verdict import Answer, judge_answer
from faultbox_collector import heads
from faultbox_collector.pack.records import Position, read_record, read_records
from faultbox_collector.signature.engine import sign_head, sign_text
from faultbox_collector.web.forms import FORM_BYTES, bundle_of_form
from faultbox_collector.web.upload_headers import read_upload_fields
from faultbox_protocol import api, codec, framing, limits, packing
from faultbox_protocol.beats import beats_from_map
from faultbox_protocol.codec import Bundle, scan_bundle
from faultbox_protocol.errors import ProtocolError
from faultbox_protocol.framing import write_frame
from faultbox_protocol.ids import parse_bundle_id
from faultbox_protocol.json_text import unpack_json
from faultbox_protocol.report import Head
from faultbox_protocol.words import Codec, FrameKind

_BUNDLE_HEAD = write_frame(FrameKind.HEAD, b"\x80", Codec.IDENTITY)
_UPLOAD_FIELDS = (
    "Upload-Complete",
    "Upload-Offset",
    "Upload-Length",
    "Repr-Digest",
    "Content-Digest",
)


def fuzz_batch(data: bytes) -> None:
    """Read a body as the intake does, then all that is in it."""
    found = list(codec.split_batch(data))
    assert len(found) <= limits.BODY_BUNDLES + 1
    for item in found:
        if isinstance(item, ProtocolError):
            continue
        for read in (codec.read_head, codec.read_evidence):
            with suppress(ProtocolError):
                read(item)
        for index in range(len(item.blobs)):
            with suppress(ProtocolError):
                assert len(codec.read_blob(item, index)) <= limits.BLOB_BYTES


def fuzz_head(data: bytes) -> None:
    """Read a head with both readers: the quick one takes nothing that the careful one refuses."""
    if len(data) > limits.HEAD_RAW_BYTES:
        return
    quick = heads.read_quickly(data)
    try:
        careful = codec.read_head(_bundle(FrameKind.HEAD, data))
    except ProtocolError:
        assert quick is None, "taken quickly, refused carefully"
        return
    if quick is not None:
        for name in Head.__dataclass_fields__:
            assert repr(getattr(quick, name)) == repr(getattr(careful, name)), name
    sign_head(careful)


def fuzz_evidence(data: bytes) -> None:
    """Read evidence."""
    with suppress(ProtocolError):
        codec.read_evidence(_bundle(FrameKind.EVIDENCE, data))


def fuzz_section(data: bytes) -> None:
    """Open a compressed section: one byte chooses codec and limit, the rest is the payload."""
    if len(data) < 2:
        return
    kind = FrameKind.EVIDENCE if data[0] & 4 else FrameKind.BLOB
    frame = write_frame(kind, data[1:], Codec.IDENTITY)
    header = bytearray(frame[:16])
    header[5] = data[0] & 3
    header[12:16] = (len(data) * 20 & 0xFFFFF).to_bytes(4, "big")
    bundle = codec.seal_frames(_BUNDLE_HEAD + _with_crc(bytes(header), frame[20:]))
    with suppress(ProtocolError):
        item = scan_bundle(memoryview(bundle))
        opened = codec.read_blob(item, 0) if item.blobs else b""
        assert len(opened) <= limits.BLOB_BYTES


def fuzz_json_form(data: bytes) -> None:
    """Make a bundle of a JSON report."""
    _fuzz_form(api.JSON_TYPE, data)


def fuzz_msgpack_form(data: bytes) -> None:
    """Make a bundle of a msgpack head."""
    _fuzz_form(api.MSGPACK_TYPE, data)


def fuzz_beats(data: bytes) -> None:
    """Read heartbeats of either form."""
    for read in (packing.unpack, unpack_json):
        with suppress(ProtocolError):
            beats_from_map(read(data[: limits.BEATS_BYTES]))


def fuzz_headers(data: bytes) -> None:
    """Read the header fields that devices send: clocks, uploads, ids."""
    text = data[:8000].decode("latin-1")
    api.Sent.parse(text)
    with suppress(ValueError):
        parse_bundle_id(text)
    fields = CIMultiDict(zip(_UPLOAD_FIELDS, text.split("\n"), strict=False))
    read_upload_fields(CIMultiDictProxy(fields))


def fuzz_record(data: bytes) -> None:
    """Read a record of a pack, as the digest finds it on the disk."""
    with suppress(ProtocolError):
        read_record(memoryview(data), Position(1, 0))


def fuzz_pack(data: bytes) -> None:
    """Read a whole pack: whatever it holds, the reader goes forward and comes to an end."""
    with tempfile.NamedTemporaryFile(suffix=".fbp") as file:
        file.write(data)
        file.flush()
        at = 0
        for found in read_records(Path(file.name), Position(1, 0), 1000):
            assert found.position.offset == at
            assert found.size > 0
            at += found.size
        assert at <= len(data)


def fuzz_answer(data: bytes) -> None:
    """Judge an answer to an upload, whoever gave it: nothing is given up without our word."""
    head, _, body = data.partition(b"\n")
    words = head.decode("latin-1").split(";")
    status = int(words[0]) if words[0].isascii() and words[0].isdigit() else None
    sent = {bytes([n]) * 16: f"{n:02x}" * 32 for n in range(3)}
    content_type = words[1] if len(words) > 1 else ""
    verdict = judge_answer(
        Answer(
            status=status,
            content_type=content_type,
            retry_after=words[2] if len(words) > 2 else None,
            body=body.decode("utf-8", "replace"),
        ),
        sent,
    )
    assert set(verdict.fates) <= set(sent)
    wait = verdict.retry_after_seconds
    assert wait is None or wait >= 0


def fuzz_crash_text(data: bytes) -> None:
    """Sign a crash text: the parsers must take any text in time that follows its length."""
    text = data.decode("utf-8", "replace")[: limits.CRASH_TEXT_CHARS]
    first = sign_text(text)
    assert first.key is None or first.key


def fuzz_drop_record(data: bytes) -> None:
    """Read a record that another user's process left for the agent."""
    with suppress(BadFault):
        read_fault(data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "batch": fuzz_batch,
    "head": fuzz_head,
    "evidence": fuzz_evidence,
    "section": fuzz_section,
    "json_form": fuzz_json_form,
    "msgpack_form": fuzz_msgpack_form,
    "beats": fuzz_beats,
    "headers": fuzz_headers,
    "record": fuzz_record,
    "pack": fuzz_pack,
    "answer": fuzz_answer,
    "crash_text": fuzz_crash_text,
    "drop_record": fuzz_drop_record,
}


def _bundle(kind: FrameKind, raw: bytes) -> Bundle:
    frame = write_frame(kind, raw, Codec.IDENTITY)
    frames = frame if kind is FrameKind.HEAD else _BUNDLE_HEAD + frame
    at = len(frames) - len(frame)
    whole = memoryview(codec.seal_frames(frames))
    found = framing.read_frame(whole, at)
    head = framing.read_frame(whole, 0)
    evidence = found if kind is FrameKind.EVIDENCE else None
    return Bundle(whole, 0, len(whole), b"", head, evidence, ())


def _with_crc(header: bytes, payload: bytes) -> bytes:
    return header + zlib.crc32(payload, zlib.crc32(header)).to_bytes(4, "big") + payload


def _fuzz_form(content_type: str, data: bytes) -> None:
    if len(data) > FORM_BYTES[content_type]:
        return
    with suppress(ProtocolError):
        form = bundle_of_form(content_type, data, lambda: bytes(16))
        item = scan_bundle(memoryview(form.bundle))
        codec.read_head(item)
        codec.read_evidence(item)
