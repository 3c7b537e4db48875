"""docs/protocol.md shows requests and answers as they are: its examples run through the code."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from faultbox_collector.web.forms import FORM_BYTES, bundle_of_form
from faultbox_collector.web.openapi import PATH, make_document
from faultbox_collector.web.problems import WEB_REASONS
from faultbox_collector.web.upload_headers import write_limit
from faultbox_protocol import api, limits
from faultbox_protocol.beats import beats_from_map
from faultbox_protocol.codec import read_evidence, read_head, scan_bundle
from faultbox_protocol.json_text import unpack_json
from support.collector import Served

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "protocol.md").read_text(encoding="utf-8")
EXAMPLES: list[str] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


def example_with(name: str) -> str:
    """Return the first JSON example of the page that has this name at its top."""
    return next(text for text in EXAMPLES if name in json.loads(text))


def section(title: str) -> str:
    """Return one section of the page."""
    found = re.search(rf"^###? {re.escape(title)}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_requests_of_the_page_are_those_of_the_openapi_document() -> None:
    rows = re.findall(r"^\| `([A-Z]+) (/[^`]+)` \| .* \| (yes|no) \|$", PAGE, re.MULTILINE)
    told = {(method, path): key == "yes" for method, path, key in rows}
    paths: dict[str, Any] = json.loads(json.dumps(make_document()))["paths"]
    listed = {
        (method.upper(), path): operation.get("security") != []
        for path, methods in paths.items()
        for method, operation in methods.items()
    }
    assert told == listed | {("GET", "/healthz"): False, ("GET", PATH): False}


@pytest.mark.parametrize("reason", WEB_REASONS)
def test_reasons_of_the_http_side_are_explained_in_the_same_words(reason: str) -> None:
    words = WEB_REASONS[reason].split(";")[0]
    assert re.search(rf"^\| `{reason}` \| [0-9x, ]+ \| {re.escape(words)}", PAGE, re.MULTILINE)


def test_the_json_form_of_the_page_is_a_report() -> None:
    form = bundle_of_form(api.JSON_TYPE, example_with("form").encode())
    bundle = scan_bundle(memoryview(form.bundle))
    assert read_head(bundle).prod.name == "pump"
    assert len(read_evidence(bundle).log) == 2


def test_the_heartbeats_of_the_page_are_heartbeats() -> None:
    [beat] = beats_from_map(unpack_json(example_with("beats").encode()))
    assert (beat.day, beat.serial) == (20240501, "SN-1")


async def test_the_configuration_of_the_page_is_the_real_one(server: Served) -> None:
    shown = json.loads(example_with("codecs"))
    real = await (await server.get(api.CONFIG)).json()
    assert shown.keys() == real.keys()
    assert shown.pop("limits").items() <= real.pop("limits").items()
    assert shown == real


def test_the_figures_of_forms_heartbeats_and_uploads_are_the_real_ones() -> None:
    forms = section("5.2 Other forms of a report")
    assert [int(n) for n in re.findall(r"at most (\d{5,})", forms)] == list(FORM_BYTES.values())
    assert str(limits.HEAD_ENCODED_BYTES) in forms
    beats = section("5.4 Heartbeats")
    assert f"at most {limits.BEATS_BYTES} bytes and {limits.BEATS} beats" in beats
    uploads = section("5.5 Uploads")
    for figure in (
        limits.UPLOAD_BYTES,
        limits.UPLOAD_PART_BYTES,
        limits.UPLOAD_SECONDS,
        f"At most {limits.UPLOADS_OPEN} incomplete",
        f"Upload-Limit: {write_limit(limits.UPLOAD_SECONDS)}",
    ):
        assert str(figure) in uploads


@pytest.mark.parametrize(
    "text",
    [
        api.MSGPACK_TYPE,
        api.JSON_TYPE,
        api.PART_TYPE,
        f"{api.DEVICE_HEADER}:",
        "`cbf43926`",
        "If-None-Match",
    ],
)
def test_types_and_headers_are_named(text: str) -> None:
    assert text in PAGE
