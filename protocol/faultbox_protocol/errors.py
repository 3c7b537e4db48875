"""What can be wrong with bytes that claim to be bundles.

    ProtocolError (ValueError)
    ├── Malformed      the container is broken: cut, altered, not ours   (HTTP 400)
    ├── TooLarge       a limit of `limits` is passed                     (HTTP 413)
    ├── Unsupported    a codec or a content type that v1 does not have   (HTTP 415)
    └── Invalid        intact bytes with a content that is refused       (HTTP 422)

Every error carries a `reason`: one stable word, the same in exception, HTTP body, log line and
documentation. `REASONS` is the whole list.
"""

from typing import ClassVar

REASONS: dict[str, str] = {
    # Malformed
    "truncated": "the bytes end before the bundle does",
    "bad_magic": "a frame does not begin with FBX1",
    "bad_crc": "a frame was altered: its CRC-32 does not match",
    "bad_digest": "a bundle was altered: its SHA-256 does not match",
    "bad_length": "a length does not agree with the bytes that follow",
    "bad_order": "frames must be head, evidence (at most one), blobs, end",
    "bad_compression": "a section cannot be decompressed",
    "empty_body": "the request holds no bundle",
    # TooLarge
    "body_too_large": "the request is larger than the limit",
    "too_many_bundles": "the request holds more bundles than the limit",
    "head_too_large": "the head is larger than the limit",
    "evidence_too_large": "the evidence is larger than the limit",
    "blob_too_large": "a blob is larger than the limit",
    "too_many_blobs": "the bundle holds more blobs than the limit",
    # Unsupported
    "unknown_codec": "the frame's codec is not one of identity, zstd, zlib",
    "unknown_kind": "the frame's kind is not one of head, evidence, blob, end",
    "content_type": "the content type is not accepted here",
    "content_encoding": "the content encoding is not accepted here",
    # Invalid
    "bad_msgpack": "a section is not one plain msgpack map",
    "bad_json": "the body is not one plain JSON map",
    "missing_field": "a required field is missing",
    "bad_field": "a field has the wrong type or is out of range",
    "field_too_long": "a text or a list is longer than the limit",
    "unknown_version": "the head's version is not one this reader knows",
    "unknown_crit": "the bundle demands a feature that this reader does not have",
    "product_mismatch": "the key belongs to another product",
    "id_reused": "this id was already stored with other bytes",
}


class ProtocolError(ValueError):
    """Bytes that cannot be taken as bundles; `reason` is one word of `REASONS`."""

    kind: ClassVar[str] = "protocol"

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail or REASONS[reason]}")


class Malformed(ProtocolError):
    """The container is broken: cut off, altered, or not ours."""

    kind = "malformed"


class TooLarge(ProtocolError):
    """A limit of `limits` is passed."""

    kind = "too_large"


class Unsupported(ProtocolError):
    """A codec, frame kind or content type that this version does not have."""

    kind = "unsupported"


class Invalid(ProtocolError):
    """Intact bytes whose content is refused."""

    kind = "invalid"
