"""Header fields of resumable uploads and of digests (structured fields, RFC 9651), read strictly.

A field that is not what its definition says is ignored, as the draft demands, and so is missing.
"""

import base64
import re
from dataclasses import dataclass

from multidict import CIMultiDictProxy

from faultbox_collector.uploads.records import Upload
from faultbox_collector.web.wire_limits import WIRE_LIMITS

COMPLETE, OFFSET, LENGTH, LIMIT = (
    "Upload-Complete",
    "Upload-Offset",
    "Upload-Length",
    "Upload-Limit",
)
REPR_DIGEST, CONTENT_DIGEST = "Repr-Digest", "Content-Digest"

_INTEGER = re.compile(r" *([0-9]{1,15}) *")
_BOOLEAN = {"?0": False, "?1": True}
_SHA256 = re.compile(r"(?:^|,)[ \t]*sha-256=:([A-Za-z0-9+/]{43}=):[ \t]*(?=,|$)")


@dataclass(frozen=True, slots=True)
class UploadFields:
    """What a request says about its upload; None where it says nothing."""

    complete: bool | None
    offset: int | None
    length: int | None
    repr_digest: str | None
    """SHA-256 in hex of the whole upload."""
    content_digest: str | None
    """SHA-256 in hex of this request's body."""


def read_upload_fields(headers: CIMultiDictProxy[str]) -> UploadFields:
    """Return the upload's fields of a request."""
    return UploadFields(
        complete=_BOOLEAN.get(headers.get(COMPLETE, "").strip()),
        offset=_integer(headers.get(OFFSET, "")),
        length=_integer(headers.get(LENGTH, "")),
        repr_digest=_sha256(headers.getall(REPR_DIGEST, [])),
        content_digest=_sha256(headers.getall(CONTENT_DIGEST, [])),
    )


def describe_open(upload: Upload, left_seconds: int) -> dict[str, str]:
    """Return what is told of an incomplete upload that lives for `left_seconds` more."""
    headers = {
        OFFSET: str(upload.offset),
        COMPLETE: write_boolean(False),
        LIMIT: write_limit(left_seconds),
        "Cache-Control": "no-store",
    }
    if upload.length is not None:
        headers[LENGTH] = str(upload.length)
    return headers


def describe_complete(length: int) -> dict[str, str]:
    """Return what is told of a complete upload."""
    return {
        OFFSET: str(length),
        LENGTH: str(length),
        COMPLETE: write_boolean(True),
        "Cache-Control": "no-store",
    }


def write_boolean(value: bool, /) -> str:
    """Return a boolean as a structured field has it."""
    return "?1" if value else "?0"


def write_limit(age_seconds: int | None = None) -> str:
    """Return the value of Upload-Limit; `age_seconds` is how long an upload still lives."""
    text = (
        f"max-size={WIRE_LIMITS['upload_bytes']}, "
        f"max-append-size={WIRE_LIMITS['upload_part_bytes']}"
    )
    return text if age_seconds is None else f"{text}, max-age={age_seconds}"


def _integer(text: str) -> int | None:
    match = _INTEGER.fullmatch(text)
    return None if match is None else int(match[1])


def _sha256(values: list[str]) -> str | None:
    match = _SHA256.search(",".join(values))
    return None if match is None else base64.b64decode(match[1]).hex()
