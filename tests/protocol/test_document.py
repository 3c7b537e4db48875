"""docs/protocol.md says what the code does: reasons, limits, fields, and the example in bytes."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from faultbox_protocol import api, codec, limits
from faultbox_protocol.codec import Bundle
from faultbox_protocol.errors import REASONS
from faultbox_protocol.report import (
    Attachment,
    Cause,
    Err,
    Evidence,
    Fingerprint,
    Frame,
    Head,
    Product,
    Scrub,
    Where,
)
from faultbox_protocol.report_code import report_code
from faultbox_protocol.words import BundleState, ClockQuality, FaultKind, FrameKind, Place, Severity

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "protocol.md").read_text()
RECORDS = (
    Attachment,
    Cause,
    Err,
    Evidence,
    Fingerprint,
    Frame,
    Head,
    Product,
    Scrub,
    Where,
)
FIELDS = sorted({field.name for record in RECORDS for field in fields(record)} - {"unknown"})
LIMITS = {name: value for name, value in vars(limits).items() if name.isupper()}
UNITS = {"KIB", "MIB"}


def example() -> bytes:
    """Return the bytes of the hex dump in the page."""
    match = re.search(r"```hexdump\n(.*?)```", PAGE, re.DOTALL)
    assert match is not None
    rows = [line[10:58] for line in match[1].splitlines()]
    return bytes.fromhex("".join(rows))


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_explained_in_the_same_words(reason: str) -> None:
    assert re.search(rf"^\| `{reason}` \| \d+ \| {re.escape(REASONS[reason])}", PAGE, re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in LIMITS if name not in UNITS])
def test_every_limit_is_given_with_its_figure(name: str) -> None:
    row = re.search(rf"^\| [^|]+ \| (\d+)[^|]* \| `{name}` \|$", PAGE, re.MULTILINE)
    assert row is not None
    assert int(row[1]) == LIMITS[name]


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_described(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("words", [FaultKind, Severity, ClockQuality, Place, BundleState])
def test_every_word_of_a_vocabulary_is_named(words: type[FaultKind]) -> None:
    assert all(f"`{word}`" in PAGE for word in words)


@pytest.mark.parametrize("kind", list(FrameKind))
def test_every_frame_kind_has_its_number(kind: FrameKind) -> None:
    assert f"| {kind} | {kind.name.lower()} |" in PAGE


@pytest.mark.parametrize(
    "text",
    [
        f"POST {api.BUNDLES}",
        f"GET {api.RECEIPTS}/{{id}}",
        f"GET {api.TIME}",
        api.MEDIA_TYPE,
        api.PROBLEM_TYPE,
        api.PROBLEM_PREFIX,
        f"{api.KEY_HEADER}:",
        f"{api.SENT_HEADER}:",
        "Authorization: Bearer",
        str(api.RETRY_AFTER_MAX_SECONDS),
    ],
)
def test_requests_and_headers_are_named(text: str) -> None:
    assert text in PAGE


def test_the_example_in_bytes_is_a_bundle() -> None:
    (bundle,) = codec.split_batch(example())
    assert isinstance(bundle, Bundle)
    head = codec.read_head(bundle)
    assert (head.kind, head.prod.name) == (FaultKind.REBOOT, "pump")
    assert f'"id": "{head.id.hex()}"' in PAGE
    assert f'"sha256": "{bundle.sha256.hex()}"' in PAGE
    assert f"The id `{head.id.hex()}` has the report code `{report_code(head.id)}`" in PAGE


def test_the_explained_bytes_of_the_example_lie_where_the_table_says() -> None:
    rows = re.findall(r"^\| 0x([0-9a-f]{2}) \| ((?:`[0-9a-f]+` ?)+)", PAGE, re.MULTILINE)
    assert len(rows) == 8
    for offset, bytes_text in rows:
        expected = bytes.fromhex("".join(re.findall(r"[0-9a-f]+", bytes_text)))
        at = int(offset, 16)
        assert example()[at : at + len(expected)] == expected


def test_the_example_is_the_golden_file() -> None:
    golden = ROOT / "tests" / "protocol" / "golden" / "v1" / "smallest.fbx"
    assert example() == golden.read_bytes()
