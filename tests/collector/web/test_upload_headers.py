"""Structured fields of uploads and digests: what is not well formed is missing."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from faultbox_collector.web.upload_headers import (
    UploadFields,
    read_upload_fields,
    write_boolean,
    write_limit,
)

DIGEST = hashlib.sha256(b"x").digest()
FIELD = f"sha-256=:{base64.b64encode(DIGEST).decode()}:"


def read(*pairs: tuple[str, str]) -> UploadFields:
    """Return the fields of a request with these headers."""
    return read_upload_fields(CIMultiDictProxy(CIMultiDict(pairs)))


def test_a_request_that_says_nothing_says_nothing() -> None:
    assert read() == UploadFields(None, None, None, None, None)


@pytest.mark.parametrize("value", [True, False])
def test_a_boolean_is_read_as_it_is_written(value: bool) -> None:
    assert read(("Upload-Complete", write_boolean(value))).complete is value


@pytest.mark.parametrize("text", ["", "1", "0", "?2", "true", "?1;a", "?1, ?0", "??1"])
def test_another_boolean_is_none(text: str) -> None:
    assert read(("upload-complete", text)).complete is None


@given(st.integers(0, 10**15 - 1))
def test_an_integer_has_up_to_15_digits(number: int) -> None:
    assert read(("Upload-Offset", f" {number} ")).offset == number


@pytest.mark.parametrize("text", ["-1", "+1", "1.0", "1e3", "1" * 16, "٣", "1 2", "0x1", "1, 1"])
def test_another_integer_is_none(text: str) -> None:
    assert read(("Upload-Offset", text), ("Upload-Length", text)).length is None


@pytest.mark.parametrize(
    "text",
    [FIELD, f"md5=:AAAA:, {FIELD}", f"{FIELD}, sha-512=:AAAA:", f"unixsum=30, {FIELD} ,a=1"],
)
def test_a_sha256_is_found_among_other_digests(text: str) -> None:
    assert read(("Repr-Digest", text)).repr_digest == DIGEST.hex()
    assert read(("Repr-Digest", "md5=:AA==:"), ("Repr-Digest", text)).repr_digest == DIGEST.hex()
    assert read(("Content-Digest", text)).content_digest == DIGEST.hex()


@pytest.mark.parametrize(
    "text", [FIELD[:-1], FIELD.replace("sha-256", "sha-512"), f"x{FIELD}", "sha-256=abc", ""]
)
def test_another_digest_is_none(text: str) -> None:
    assert read(("Repr-Digest", text)).repr_digest is None


@given(st.text(max_size=100))
def test_any_text_is_a_value_or_nothing(text: str) -> None:
    fields = read(("Upload-Offset", text), ("Upload-Complete", text), ("Repr-Digest", text))
    assert fields.offset is None or fields.offset >= 0


def test_limits_are_a_dictionary() -> None:
    assert write_limit() == "max-size=1073741824, max-append-size=8388608"
    assert write_limit(5).endswith(", max-age=5")
