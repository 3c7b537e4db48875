"""Limits as a device meets them: before its body is read, or bundle by bundle."""

import asyncio
import json
from pathlib import Path

from faultbox_collector.web import openapi
from faultbox_protocol import api, limits
from support.builders import a_batch, a_bundle, a_head, a_product
from support.collector import PRODUCT, Served, served


def bundle_of(serial: str, number: int) -> bytes:
    """Return one bundle of a device."""
    return a_bundle(a_head(number, prod=a_product(PRODUCT, serial=serial)))


async def test_a_device_over_its_rate_is_429_and_learns_when_to_come_again(tmp_path: Path) -> None:
    async with served(tmp_path / "data", rate_device_per_minute=6, rate_device_burst=2) as server:
        for number in (1, 2):
            assert (await server.post(bundle_of("SN-1", number))).status == 202
        refused = await server.post(bundle_of("SN-1", 3))
        assert (refused.status, refused.content_type) == (429, api.PROBLEM_TYPE)
        assert (await refused.json(content_type=None))["reason"] == "rate_device"
        assert 8 <= int(refused.headers["Retry-After"]) <= 10
        assert (await server.post(bundle_of("SN-2", 4))).status == 202
        await server.digested()
        assert (await server.get(f"{api.RECEIPTS}/{a_head(3).id.hex()}")).status == 404


async def test_of_a_batch_over_the_rate_the_rest_is_429_each(tmp_path: Path) -> None:
    async with served(tmp_path / "data", rate_device_per_minute=60, rate_device_burst=3) as server:
        batch = b"".join(bundle_of("SN-1", number) for number in range(1, 6))
        answer = await server.post(batch + bundle_of("SN-2", 9))
        assert answer.status == 207
        body = json.loads(await answer.text())
        assert [item["status"] for item in body["items"]] == [202, 202, 202, 429, 429, 202]
        assert {item["reason"] for item in body["items"]} == {None, "rate_device"}
        assert len(body["receipts"]) == 4
        # Both that are left will be taken then: a device need not come for each.
        assert answer.headers["Retry-After"] == "2"


async def test_the_same_bundle_again_costs_a_device_nothing(tmp_path: Path) -> None:
    async with served(tmp_path / "data", rate_device_per_minute=1, rate_device_burst=1) as server:
        with server.digest_waiting():
            assert (await server.post(bundle_of("SN-1", 1))).status == 202
            for _ in range(3):
                assert (await server.post(bundle_of("SN-1", 1))).status == 200


async def test_a_key_over_its_rate_is_429_before_the_body_is_read(tmp_path: Path) -> None:
    async with served(tmp_path / "data", rate_key_per_second=1, rate_key_burst=2) as server:
        assert (await server.post(a_batch(3))).status == 202
        answer = await ask_with_a_body_that_never_comes(server)
        assert answer.startswith(b"HTTP/1.1 429 ")
        assert b"Retry-After: " in answer
        assert b"rate_key" in answer
        other = await server.key_for("other")
        mine = a_bundle(a_head(7, prod=a_product("other")))
        assert (await server.post(mine, FB_Key=other)).status == 202


async def test_a_key_over_its_rate_is_told_before_it_sends(tmp_path: Path) -> None:
    async with served(tmp_path / "data", rate_key_per_second=1, rate_key_burst=1) as server:
        assert (await server.post(a_bundle())).status == 202
        answer = await ask_with_a_body_that_never_comes(server, "Expect: 100-continue")
        assert answer.startswith(b"HTTP/1.1 429 ")


async def ask_with_a_body_that_never_comes(server: Served, *lines: str) -> bytes:
    """Send the head of a request and return what is answered to it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = (
        f"POST {api.BUNDLES} HTTP/1.1",
        "Host: x",
        f"FB-Key: {server.key}",
        f"Content-Type: {api.MEDIA_TYPE}",
        f"Content-Length: {limits.BODY_BYTES}",
        *lines,
        "",
        "",
    )
    writer.write("\r\n".join(head).encode())
    answer = await asyncio.wait_for(reader.readuntil(b"}"), 20)
    writer.close()
    return answer


async def test_clients_of_a_named_proxy_are_limited_one_by_one(tmp_path: Path) -> None:
    async with served(
        tmp_path / "data",
        trusted_proxies="127.0.0.1",
        rate_address_per_second=1,
        rate_address_burst=1,
    ) as server:
        for client in ("203.0.113.1", "203.0.113.2"):
            assert (await server.post(a_bundle(), X_Forwarded_For=client)).status in (200, 202)
        refused = await server.post(a_bundle(), X_Forwarded_For="203.0.113.1")
        assert refused.status == 429
        assert (await refused.json(content_type=None))["reason"] == "rate_address"
        reading = {"FB-Key": server.key, "X-Forwarded-For": "203.0.113.2"}
        answer = await server.session.get(server.url + api.CONFIG, headers=reading)
        assert answer.status == 429


async def test_every_route_of_the_devices_is_behind_the_limits(tmp_path: Path) -> None:
    """But for the clock, what the collector can do, and the machine's own health."""
    async with served(
        tmp_path / "data",
        trusted_proxies="127.0.0.1",
        rate_address_per_second=1,
        rate_address_burst=1,
    ) as server:
        headers = {"FB-Key": server.key, "X-Forwarded-For": "203.0.113.1"}
        free = set[tuple[str, str]]()
        limited = set[tuple[str, str]]()
        async with server.session.get(server.url + api.CONFIG, headers=headers):
            pass  # the only token
        for route in server.collector.application.router.routes():
            assert route.resource is not None
            path = route.resource.canonical.replace("{id}", "0" * 32).replace("{up}", "0" * 32)
            if not path.startswith("/v1/"):
                continue
            for _ in range(2):  # a token may have come back meanwhile
                async with server.session.request(
                    route.method, server.url + path, headers=headers
                ) as answer:
                    status = answer.status
            place = (route.method, route.resource.canonical)
            (limited if status == 429 else free).add(place)
        assert {path for _, path in free} <= {api.TIME, openapi.PATH, api.UPLOADS}
        assert ("POST", api.UPLOADS) in limited
        assert len(limited) >= 8


async def test_a_full_disk_is_503_before_the_body_and_reads_are_served(tmp_path: Path) -> None:
    async with served(tmp_path / "data", disk_reserve_mib=256) as server:
        assert (await server.post(a_bundle())).status == 202
        disk = server.collector.disk
        while disk.has_room(1 << 40):
            pass
        answer = await ask_with_a_body_that_never_comes(server)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"disk_full" in answer
        assert (await server.get(f"{api.RECEIPTS}/{a_head().id.hex()}")).status == 200
        disk.look()
        assert (await server.post(a_bundle(a_head(2)))).status == 202
