"""POST /v1/heartbeats over real HTTP: durable before the answer, counted once, batched."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Connection, select

from faultbox_collector.domain.keys import KeyRow, hash_key
from faultbox_collector.store.tables import activity_day
from faultbox_collector.web.auth import KeyRing
from faultbox_collector.web.body import BodyLimits
from faultbox_collector.web.heartbeats import WAITING_BEATS, BeatGroup, Heartbeats, StoreBeats
from faultbox_collector.web.problems import answer_problems
from faultbox_protocol import api, limits
from faultbox_protocol.beats import Beat, beats_to_map
from faultbox_protocol.packing import pack
from support.collector import Served, wait_for
from support.wire import ask, problem_in

TODAY = int(f"{dt.datetime.now(dt.UTC):%Y%m%d}")
JSON = {"Content-Type": api.JSON_TYPE}


def a_beat(serial: str = "SN-1", day: int = TODAY, up_s: int = 3600) -> Beat:
    """Return a beat of the served product."""
    return Beat(day, "inspect-eye", serial, "boot-1", up_s, app="1.4.0")


async def send(server: Served, *beats: Beat, **fields: Any) -> aiohttp.ClientResponse:
    """Send beats as JSON."""
    body = json.dumps(beats_to_map(beats) | fields).encode()
    return await ask(server, "POST", api.HEARTBEATS, JSON, body)


async def stored(server: Served) -> list[tuple[int, int]]:
    """Return day and uptime of each row of activity."""

    def read(connection: Connection) -> list[tuple[int, int]]:
        rows = connection.execute(
            select(activity_day.c.day, activity_day.c.up_seconds).order_by(activity_day.c.device_id)
        )
        return [(row.day, row.up_seconds) for row in rows]

    return await server.collector.writer.run(read)


async def test_heartbeats_are_stored_before_they_are_answered(server: Served) -> None:
    answer = await send(server, a_beat("SN-1"), a_beat("SN-2", up_s=7200))
    told = await answer.json()
    assert answer.status == 202
    assert (told["accepted"], told["ignored"]) == (2, 0)
    assert told["now_ms"] > 0
    assert await stored(server) == [(TODAY, 3600), (TODAY, 7200)]


async def test_a_beat_that_comes_twice_counts_once(server: Served) -> None:
    for up_s in (100, 300, 200):
        assert (await send(server, a_beat(up_s=up_s))).status == 202
    assert await stored(server) == [(TODAY, 300)]


async def test_msgpack_says_the_same(server: Served) -> None:
    body = pack(beats_to_map([a_beat()]))
    answer = await ask(server, "POST", api.HEARTBEATS, {"Content-Type": api.MSGPACK_TYPE}, body)
    assert (answer.status, (await answer.json())["accepted"]) == (202, 1)


async def test_a_day_that_cannot_be_costs_only_itself(server: Served) -> None:
    answer = await send(server, a_beat(), a_beat(day=20000101), a_beat(day=21000101))
    assert (answer.status, await answer.json() | {"now_ms": 0}) == (
        202,
        {"accepted": 1, "ignored": 2, "now_ms": 0},
    )


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 422, "bad_json"),
        (b"{}", 422, "missing_field"),
        (b'{"beats":[{"day":20240501}]}', 422, "missing_field"),
        (b'{"beats":[],"beats":[]}', 422, "bad_json"),
        (b'{"beats":[NaN]}', 422, "bad_json"),
        (
            json.dumps(beats_to_map([Beat(TODAY, "pump", "1", "b", 1)])).encode(),
            422,
            "product_mismatch",
        ),
        (b" " * (limits.BEATS_BYTES + 1), 413, "body_too_large"),
    ],
)
async def test_what_is_no_heartbeat_is_refused(
    server: Served, body: bytes, status: int, reason: str
) -> None:
    answer = await ask(server, "POST", api.HEARTBEATS, JSON, body)
    found = await problem_in(answer)
    assert (answer.status, found["reason"]) == (status, reason)
    assert ("limits" in found) == (status == 413)
    assert await stored(server) == []


async def test_a_chunked_body_over_the_limit_is_413(server: Served) -> None:
    async def many() -> AsyncIterator[bytes]:
        for _ in range(70):
            yield b" " * 1024

    assert (await ask(server, "POST", api.HEARTBEATS, JSON, many())).status == 413


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Content-Type": "text/plain"}, "content_type"),
        ({"Content-Type": api.MEDIA_TYPE}, "content_type"),
        (JSON | {"Content-Encoding": "gzip"}, "content_encoding"),
    ],
)
async def test_other_types_are_415(server: Served, headers: dict[str, str], reason: str) -> None:
    answer = await ask(server, "POST", api.HEARTBEATS, headers, b"{}")
    assert (answer.status, (await problem_in(answer))["reason"]) == (415, reason)


async def test_heartbeats_need_a_key(server: Served) -> None:
    assert (await ask(server, "POST", api.HEARTBEATS, JSON, b"{}", key="")).status == 401


class SlowStore:
    """A database that takes its time, or fails."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def save(self, groups: Sequence[BeatGroup]) -> list[int]:
        """Note how many groups came in one transaction."""
        self.batches.append(len(groups))
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return [len(group.beats) for group in groups]


async def client_of(store: StoreBeats) -> TestClient[web.Request, web.Application]:
    """Serve heartbeats alone."""
    keys = KeyRing()
    keys.load([KeyRow(1, 1, 1, "inspect-eye", "k", hash_key("k"), 0, None)])
    application = web.Application(middlewares=[answer_problems])
    heartbeats = Heartbeats(keys, BodyLimits(10, 60), store)
    application.router.add_post(api.HEARTBEATS, heartbeats.post)
    return TestClient(TestServer(application))


async def post(
    client: TestClient[web.Request, web.Application], beats: Sequence[Beat]
) -> aiohttp.ClientResponse:
    """Send beats as msgpack."""
    headers = {"FB-Key": "k", "Content-Type": api.MSGPACK_TYPE}
    return await client.post(api.HEARTBEATS, data=pack(beats_to_map(beats)), headers=headers)


async def test_what_comes_while_the_database_works_goes_into_one_transaction() -> None:
    store = SlowStore()
    async with await client_of(store.save) as client:
        first = asyncio.create_task(post(client, [a_beat()]))
        await wait_for(lambda: store.batches == [1])
        more = [asyncio.create_task(post(client, [a_beat()])) for _ in range(20)]
        await asyncio.sleep(0.3)
        assert store.batches == [1]
        store.go.set()
        answers = await asyncio.gather(first, *more)
        assert {answer.status for answer in answers} == {202}
        assert sum(store.batches) == 21
        assert len(store.batches) <= 4


async def test_a_database_in_trouble_is_503_and_the_next_beats_are_taken() -> None:
    store = SlowStore()
    store.error = OSError("no database")
    store.go.set()
    async with await client_of(store.save) as client:
        answer = await post(client, [a_beat()])
        assert (answer.status, (await problem_in(answer))["reason"]) == (503, "internal")
        assert "Retry-After" in answer.headers
        store.error = None
        assert (await post(client, [a_beat()])).status == 202


async def test_too_many_waiting_are_asked_to_come_again() -> None:
    store = SlowStore()
    beats = [a_beat(f"{n}") for n in range(500)]
    async with await client_of(store.save) as client:
        enough = WAITING_BEATS // len(beats) + 1
        asked = [asyncio.create_task(post(client, beats)) for _ in range(enough + 5)]
        done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED, timeout=30)
        assert {task.result().status for task in done} == {503}
        store.go.set()
        answers = await asyncio.gather(*asked)
        assert {answer.status for answer in answers} == {202, 503}
