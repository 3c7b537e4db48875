"""The OpenAPI document: the routes that are served, and schemas that say what the reader does."""

import json
from dataclasses import fields, replace
from typing import Any, cast

import jsonschema_rs
import pytest
from hypothesis import given, settings

from faultbox_collector.web.forms import bundle_of_form
from faultbox_collector.web.openapi import PATH, make_document
from faultbox_collector.web.openapi_schemas import SCHEMAS
from faultbox_protocol import api
from faultbox_protocol.codec import read_evidence, read_head, scan_bundle
from faultbox_protocol.errors import ProtocolError
from faultbox_protocol.report import Attachment, Cause, Err, Evidence, Frame, Head, Product
from faultbox_protocol.schema import evidence_to_map, head_to_map
from support.builders import a_bundle
from support.collector import Served
from support.strategies import evidences, heads
from support.wire import ask

DOCUMENT: dict[str, Any] = json.loads(json.dumps(make_document()))


def schema(name: str) -> dict[str, Any]:
    """Return a schema with everything it refers to."""
    return {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}


def listed() -> set[tuple[str, str]]:
    """Return method and path of what the document lists."""
    return {
        (method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods
    }


async def test_the_document_lists_the_routes_that_are_served(server: Served) -> None:
    served = {
        (route.method, route.resource.canonical)
        for route in server.collector.application.router.routes()
        if route.resource is not None and route.resource.canonical.startswith("/v1/")
    }
    gets = {path for method, path in served if method == "GET"}
    told_apart = {
        (method, path)
        for method, path in served
        if method != "OPTIONS" and not (method == "HEAD" and path in gets)
    }
    assert told_apart == listed()


async def test_the_document_is_served_to_everybody(server: Served) -> None:
    answer = await server.session.get(server.url + PATH)
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert await answer.json() == DOCUMENT


def test_every_reference_leads_somewhere() -> None:
    names = set(DOCUMENT["components"]["schemas"])
    for part in json.dumps(DOCUMENT).split('"#/components/schemas/')[1:]:
        assert part.split('"')[0] in names


def test_every_field_of_a_report_and_a_heartbeat_has_a_schema() -> None:
    told = {name for one in SCHEMAS.values() for name in cast(dict[str, Any], one["properties"])}
    records = (Head, Evidence, Err, Frame, Cause, Product, Attachment)
    known = {field.name for record in records for field in fields(record)} - {"unknown"}
    assert known <= told
    assert set(cast(dict[str, Any], SCHEMAS["Report"]["properties"])) == {
        field.name for record in (Head, Evidence) for field in fields(record)
    } - {"unknown"}


async def test_answers_are_what_their_schemas_say(server: Served) -> None:
    receipts = await (await server.post(a_bundle())).json()
    jsonschema_rs.validate(schema("Receipts"), receipts)
    mixed = await (await server.post(a_bundle() + b"FBX1")).json()
    jsonschema_rs.validate(schema("Receipts"), mixed)
    receipt = await (await server.get(f"{api.RECEIPTS}/{receipts['receipts'][0]['id']}")).json()
    jsonschema_rs.validate(schema("Receipt"), receipt)
    jsonschema_rs.validate(schema("Config"), await (await server.get(api.CONFIG)).json())
    jsonschema_rs.validate(schema("Time"), await (await server.get(api.TIME)).json())
    refused = await ask(
        server, "POST", api.HEARTBEATS, {"Content-Type": api.JSON_TYPE}, b" " * 70_000
    )
    jsonschema_rs.validate(schema("Problem"), json.loads(await refused.text()))
    made = await ask(server, "POST", api.UPLOADS, {"Upload-Complete": "?0"})
    jsonschema_rs.validate(schema("UploadMade"), await made.json())


@settings(max_examples=50)
@given(heads(), evidences())
def test_what_the_reader_takes_the_schema_allows(head: Head, evidence: Evidence) -> None:
    said = head_to_map(head) | evidence_to_map(replace(evidence, form={}))
    body = json.dumps(said, default=bytes.hex)
    bundle = scan_bundle(memoryview(bundle_of_form(api.JSON_TYPE, body.encode()).bundle))
    assert read_head(bundle).id == head.id
    assert read_evidence(bundle).log == evidence.log
    jsonschema_rs.validate(schema("Report"), json.loads(body))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("v", 2),
        ("kind", None),
        ("prod", {}),
        ("id", "xyz"),
        ("n", 0),
        ("boot", "b" * 37),
        ("log", [[1, 2]]),
        ("crit", ["telepathy"]),
        ("err", {"msg": "\0"}),
        ("form", {"phenomenon": 5}),
        ("x", {"a": []}),
    ],
)
def test_what_the_reader_refuses_the_schema_forbids(field: str, value: object) -> None:
    said = {"v": 1, "kind": "error", "prod": {"name": "pump"}, field: value}
    with pytest.raises(ProtocolError):
        bundle_of_form(api.JSON_TYPE, json.dumps(said).encode())
    assert not jsonschema_rs.is_valid(schema("Report"), said)
