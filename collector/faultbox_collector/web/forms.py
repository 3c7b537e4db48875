"""Bundles in other forms: a msgpack head from a small device, a JSON map from curl or a web form.

Either becomes an FBX bundle, so that packs, digest and archive know one container. The receipt
shows the SHA-256 of the body as it came, which is what its sender can compute.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import cast

from faultbox_collector.clock import wall_ms
from faultbox_protocol import api, codec, framing, limits, packing, schema
from faultbox_protocol.errors import Invalid, Malformed, TooLarge, Unsupported
from faultbox_protocol.ids import make_bundle_id, parse_bundle_id
from faultbox_protocol.json_text import unpack_json
from faultbox_protocol.report import Evidence, Plain
from faultbox_protocol.words import Codec, FrameKind

FORM_BYTES = {
    api.MSGPACK_TYPE: limits.HEAD_RAW_BYTES,
    api.JSON_TYPE: limits.JSON_FORM_BYTES,
}
"""Content types that are taken beside FBX, and how long such a body may be."""

_EVIDENCE_NAMES = frozenset(field.name for field in fields(Evidence)) - {"form"}
_ID_NAMES = ("id", "of")
_ENCODED = {
    FrameKind.HEAD: (limits.HEAD_ENCODED_BYTES, "head_too_large"),
    FrameKind.EVIDENCE: (limits.EVIDENCE_ENCODED_BYTES, "evidence_too_large"),
}


@dataclass(frozen=True, slots=True)
class Form:
    """A body of another form as a bundle."""

    bundle: bytes
    """FBX, ready for the pack; its head is checked by whoever reads it, as any bundle's."""
    sha256: bytes
    """Of the body as it came: the digest of the receipt."""


def new_id() -> bytes:
    """Return a bundle id for a report that came without one."""
    return make_bundle_id(wall_ms(), os.urandom(10))


def bundle_of_form(content_type: str, body: bytes, make_id: Callable[[], bytes] = new_id) -> Form:
    """Return the bundle of one report; the same body gives the same bytes, but for a made id.

    Args:
        content_type: `application/msgpack` or `application/json`.
        body: one head as msgpack, at most 64 KiB, or one map of head and evidence names as JSON,
            at most 2 MiB.
        make_id: asked where a JSON report has no `id`.

    Raises:
        ProtocolError: what is wrong with the body; a msgpack head is not looked into.
    """
    limit_bytes = FORM_BYTES.get(content_type)
    if limit_bytes is None:
        raise Unsupported("content_type", f"no form of a bundle is {content_type[:100]}")
    if not body:
        raise Malformed("empty_body")
    if len(body) > limit_bytes:
        raise TooLarge("body_too_large", f"at most {limit_bytes} bytes of {content_type}")
    if content_type == api.MSGPACK_TYPE:
        codec_used = Codec.IDENTITY if len(body) <= limits.HEAD_ENCODED_BYTES else Codec.ZSTD
        frames = _head_frame(body, codec_used)
    else:
        frames = _frames_of_json(body, make_id)
    return Form(codec.seal_frames(frames), hashlib.sha256(body).digest())


def _frames_of_json(body: bytes, make_id: Callable[[], bytes]) -> bytes:
    """Return head and evidence frames of a JSON report, both checked as their readers would."""
    head = unpack_json(body)
    evidence = {name: head.pop(name) for name in sorted(_EVIDENCE_NAMES & head.keys())}
    _split_form(head, evidence)
    if head.get("id") is None:
        head["id"] = make_id()
    for name in _ID_NAMES:
        _read_id(head, name)
    raw = packing.pack(head)
    schema.head_from_map(packing.unpack(raw))
    frames = _head_frame(raw, Codec.ZSTD)
    if evidence:
        raw = packing.pack(evidence)
        schema.evidence_from_map(packing.unpack(raw))
        frames += _frame(FrameKind.EVIDENCE, raw, Codec.ZSTD)
    return frames


def _split_form(head: dict[str, Plain], evidence: dict[str, Plain]) -> None:
    """Move form texts that are too long for the head into the evidence, under the same name."""
    form = head.get("form")
    if not isinstance(form, dict):
        return
    long = {
        name: form.pop(name)
        for name, text in list(form.items())
        if isinstance(text, str) and len(text) > limits.MESSAGE_CHARS
    }
    if long:
        evidence["form"] = cast(Plain, long)


def _read_id(head: dict[str, Plain], name: str) -> None:
    """Turn an id as people write it, with hyphens or without, into its bytes."""
    text = head.get(name)
    if isinstance(text, str):
        try:
            head[name] = parse_bundle_id(text)
        except ValueError:
            raise Invalid("bad_field", f"{name}: 32 hex digits are expected") from None


def _head_frame(raw: bytes, wanted: Codec) -> bytes:
    if len(raw) > limits.HEAD_RAW_BYTES:
        raise TooLarge("head_too_large", f"{len(raw)} > {limits.HEAD_RAW_BYTES} bytes")
    return _frame(FrameKind.HEAD, raw, wanted)


def _frame(kind: FrameKind, raw: bytes, wanted: Codec) -> bytes:
    limit_bytes, reason = _ENCODED[kind]
    frame = framing.write_frame(kind, raw, wanted)
    if len(frame) - framing.HEADER_BYTES > limit_bytes:
        raise TooLarge(reason, f"{len(raw)} bytes, compressed still more than {limit_bytes}")
    return frame
