"""Bundles in other forms over real HTTP: taken, counted once, and told apart by their bodies."""

import hashlib
import json

import aiohttp
import pytest

from faultbox_collector.store import tables
from faultbox_protocol import api, packing
from faultbox_protocol.report import Plain
from support.builders import an_id
from support.collector import Served

HEAD: dict[str, Plain] = {
    "v": 1,
    "id": an_id(1),
    "kind": "error",
    "prod": {"name": "inspect-eye", "serial": "SN-7"},
    "err": {"code": "E-202", "msg": "light source failure"},
}


def as_msgpack(**changes: Plain) -> bytes:
    """Return what a small device posts."""
    return packing.pack({**HEAD, **changes})


def as_json(**changes: Plain) -> bytes:
    """Return what curl posts."""
    return json.dumps({**HEAD, "id": an_id(1).hex(), **changes}).encode()


async def post(server: Served, content_type: str, body: bytes) -> aiohttp.ClientResponse:
    """Post a body of a form."""
    return await server.post(body, Content_Type=content_type)


async def receipt_of(answer: aiohttp.ClientResponse) -> dict[str, str]:
    """Return the one receipt of an answer."""
    [receipt] = (await answer.json())["receipts"]
    found: dict[str, str] = receipt
    return found


@pytest.mark.parametrize(
    ("content_type", "body"),
    [(api.MSGPACK_TYPE, as_msgpack()), (api.JSON_TYPE, as_json())],
    ids=["msgpack", "json"],
)
async def test_the_receipt_has_the_digest_of_the_body_and_keeps_it(
    server: Served, content_type: str, body: bytes
) -> None:
    answer = await post(server, content_type, body)
    assert answer.status == 202
    receipt = await receipt_of(answer)
    assert (receipt["id"], receipt["sha256"]) == (an_id(1).hex(), hashlib.sha256(body).hexdigest())
    await server.digested()
    later = await (await server.get(f"{api.RECEIPTS}/{receipt['id']}")).json()
    assert later["sha256"] == receipt["sha256"]
    assert later["ticket"].startswith("FB-")


@pytest.mark.parametrize("digested", [False, True])
async def test_a_repeat_counts_once_and_another_body_under_the_id_does_not_count(
    server: Served, digested: bool
) -> None:
    await post(server, api.MSGPACK_TYPE, as_msgpack())
    if digested:
        await server.digested()
    again = await post(server, api.MSGPACK_TYPE, as_msgpack())
    other = await post(server, api.MSGPACK_TYPE, as_msgpack(n=2))
    assert again.status in (200, 202)
    assert other.status in (422, 202)
    await server.digested()
    reader = server.collector.store.reader_engine
    with reader.connect() as connection:
        [row] = connection.execute(tables.occurrence.select()).all()
        [signature] = connection.execute(
            tables.signature.select().where(tables.signature.c.code == "E-202")
        ).all()
    assert (row.id, row.folded, signature.occurrences) == (an_id(1), 1, 1)


async def test_curl_needs_no_id(server: Served) -> None:
    body = json.dumps({"v": 1, "kind": "error", "prod": {"name": "inspect-eye"}}).encode()
    ids = {(await receipt_of(await post(server, api.JSON_TYPE, body)))["id"] for _ in range(2)}
    assert len(ids) == 2


@pytest.mark.parametrize("content_type", [api.MSGPACK_TYPE, api.JSON_TYPE])
async def test_another_product_than_the_keys_is_refused(server: Served, content_type: str) -> None:
    prod: dict[str, Plain] = {"name": "another"}
    body = as_msgpack(prod=prod) if content_type == api.MSGPACK_TYPE else as_json(prod=prod)
    answer = await post(server, content_type, body)
    assert answer.status == 422
    assert json.loads(await answer.text())["reason"] == "product_mismatch"


async def test_a_form_that_is_too_long_is_refused_before_it_is_read_whole(server: Served) -> None:
    answer = await post(server, api.MSGPACK_TYPE, bytes(65537))
    assert answer.status == 413
    found = json.loads(await answer.text())
    assert found["reason"] == "body_too_large"
