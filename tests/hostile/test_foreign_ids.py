"""Whoever has one key sees and changes nothing of another product, whatever ids he knows."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select

from faultbox_collector.actions import ACTIONS
from faultbox_collector.store import tables
from faultbox_protocol import api
from support.builders import a_bundle, a_head, a_product, an_id
from support.collector import Served, served
from support.hostile.routes import Route, list_routes
from support.wire import ask

OTHER = "other-product"
REVOKED = "revoked-product"
PART = {"Content-Type": api.PART_TYPE, "Upload-Offset": "0", "Upload-Complete": "?1"}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path / "data") as found:
        yield found


def counts(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    return {
        table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for table in tables.metadata.sorted_tables
    }


async def read_counts(server: Served) -> dict[str, int]:
    return await server.collector.writer.run(counts)


@pytest.fixture(scope="module")
def device_routes(tmp_path_factory: pytest.TempPathFactory) -> list[Route]:
    """The devices' routes that name something by its id."""
    routes = list_routes(tmp_path_factory.mktemp("routes"))
    return [one for one in routes if one.template.startswith("/v1/") and one.names]


async def test_every_route_with_an_id_hides_what_is_another_products(
    server: Served, device_routes: list[Route]
) -> None:
    assert (await server.post(a_bundle())).status == 202
    begun = await ask(server, "POST", api.UPLOADS, {"Upload-Complete": "?0"})
    await server.digested()
    ids = {"id": an_id().hex(), "up": begun.headers["Location"].rpartition("/")[2]}
    foreign = await server.key_for(OTHER)
    before = await read_counts(server)
    assert len(device_routes) >= 5
    for route in device_routes:
        assert set(route.names) <= set(ids), f"{route}: name an id of another product here"
        path = route.fill(ids)
        body = b"x" if route.method == "PATCH" else None
        headers = PART if route.method == "PATCH" else {}
        answer = await ask(server, route.method, path, headers, body, foreign)
        assert answer.status == 404, route
        own = await ask(server, "HEAD", path)
        assert own.status < 300, f"{route}: its owner does not find it either"
    assert await read_counts(server) == before


async def test_the_same_ids_of_another_organisation_are_hidden(server: Served) -> None:
    assert (await server.post(a_bundle())).status == 202
    await server.digested()

    def move(connection: Connection) -> None:
        organisation = {"id": 2, "name": "other", "timezone": "UTC", "language": "en"}
        columns = {c.name: c for c in tables.organisation.columns}
        values = {k: v for k, v in organisation.items() if k in columns}
        values |= {
            name: 0
            for name, column in columns.items()
            if name not in values and not column.nullable and column.default is None
        }
        connection.execute(insert(tables.organisation).values(values))
        connection.execute(tables.occurrence.update().values(organisation_id=2))

    await server.collector.writer.run(move)
    answer = await server.get(f"{api.RECEIPTS}/{an_id().hex()}")
    assert answer.status == 404


async def test_what_a_sender_says_of_our_own_columns_changes_nothing(server: Served) -> None:
    """Mass assignment: names of the store in a report are a vendor's unknown fields."""
    foreign = await server.key_for(OTHER)
    assigned: dict[str, Any] = {
        "organisation_id": 2,
        "product_id": 2,
        "ticket": "FB-20261122001",
        "ticket_id": 1,
        "state": "closed",
        "sig": "x",
        "signature_id": 1,
        "received_ms": 0,
        "sha256": "00" * 32,
        "is_admin": True,
    }
    report = {
        **assigned,
        "v": 1,
        "id": an_id(7).hex(),
        "kind": "error",
        "prod": {"name": "inspect-eye", "id": 2, "organisation_id": 2},
        "err": {"type": "E"},
    }
    headers = {"Content-Type": api.JSON_TYPE}
    answer = await ask(server, "POST", api.BUNDLES, headers, json.dumps(report).encode())
    assert answer.status == 202
    await server.digested()
    receipt = await (await server.get(f"{api.RECEIPTS}/{an_id(7).hex()}")).json()
    assert receipt["state"] == "digested"
    assert receipt["sha256"] != "00" * 32
    hidden = await server.get(f"{api.RECEIPTS}/{an_id(7).hex()}", foreign)
    assert hidden.status == 404
    wrong = {"name": "inspect-eye"}
    other = json.dumps({**report, "id": an_id(8).hex(), "prod": wrong}).encode()
    assert (await ask(server, "POST", api.BUNDLES, headers, other, foreign)).status == 422


async def test_a_report_for_another_product_is_refused_in_every_form(server: Served) -> None:
    foreign = a_bundle(a_head(9, prod=a_product(OTHER)))
    assert (await server.post(foreign)).status == 422
    beat = {"day": 20261122, "prod": {"name": OTHER, "serial": "s"}, "boot": "b", "up_s": 1}
    answer = await ask(
        server,
        "POST",
        api.HEARTBEATS,
        {"Content-Type": api.JSON_TYPE},
        json.dumps({"beats": [beat]}).encode(),
    )
    assert answer.status == 422


async def test_a_forged_or_revoked_key_gets_401_and_a_replay_changes_nothing(
    server: Served,
) -> None:
    revoked = await server.key_for(REVOKED)
    await server.collector.writer.run(
        lambda c: ACTIONS["keys.revoke"](c, {"key": revoked, "prefix": revoked})
    )
    server.collector.keys.load(await server.collector.reader.keys())
    forged = server.key[:-1] + ("a" if server.key[-1] != "a" else "b")
    for key in (revoked, forged, "", server.key.upper(), server.key + "x", "'", "*"):
        assert (await server.post(a_bundle(), FB_Key=key)).status == 401, key
    assert (await server.post(a_bundle())).status == 202
    await server.digested()
    before = await read_counts(server)
    for _ in range(3):
        assert (await server.post(a_bundle())).status in (200, 202)
        await server.digested()
    after = await read_counts(server)
    assert {name for name in after if after[name] != before[name]} <= {"tally", "outcome_day"}
