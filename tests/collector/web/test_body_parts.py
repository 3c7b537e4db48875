"""A body as it comes: limits, deadlines, and what cuts it off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from faultbox_collector.web.body import BodyLimits, CutOffError, read_parts
from faultbox_collector.web.problems import ProblemError, answer_problems
from faultbox_protocol import api
from support.builders import a_bundle
from support.collector import Served

LIMIT_BYTES = 100_000


class Reader:
    """A route that reads its body, and what it met."""

    def __init__(self, slow: BodyLimits) -> None:
        self.slow = slow
        self.port = 0
        self.sizes: list[int] = []
        self.cut: CutOffError | None = None
        self.ended = asyncio.Event()

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Read all of it."""
        too_large = ProblemError(413, "part_too_large")
        try:
            async for part in read_parts(request, self.slow, LIMIT_BYTES, too_large):
                self.sizes.append(len(part))
        except CutOffError as error:
            self.cut = error
            raise
        finally:
            self.ended.set()
        return web.Response(text=str(sum(self.sizes)))


@asynccontextmanager
async def reading(
    idle_seconds: float = 10, total_seconds: float = 60
) -> AsyncIterator[tuple[Reader, aiohttp.ClientSession]]:
    """Serve a reader as ours are served: a connection that ends cancels no handler."""
    reader = Reader(BodyLimits(idle_seconds, total_seconds))
    application = web.Application(middlewares=[answer_problems])
    application.router.add_post("/v1/read", reader.post)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reader.port = runner.addresses[0][1]
        async with aiohttp.ClientSession(f"http://127.0.0.1:{reader.port}") as client:
            yield reader, client
    finally:
        await runner.cleanup()


async def pieces(count: int, size: int, pause_seconds: float = 0) -> AsyncIterator[bytes]:
    """Yield a body in pieces."""
    for _ in range(count):
        yield bytes(size)
        await asyncio.sleep(pause_seconds)


async def test_a_body_comes_in_parts_and_whole() -> None:
    async with reading() as (reader, client):
        answer = await client.post("/v1/read", data=pieces(10, 5_000, 0.01))
        assert await answer.text() == "50000"
        assert len(reader.sizes) > 1


async def test_an_empty_body_has_no_parts() -> None:
    async with reading() as (reader, client):
        assert await (await client.post("/v1/read")).text() == "0"
        assert reader.sizes == []


async def test_what_is_too_large_is_refused_while_it_comes() -> None:
    async with reading() as (reader, client):
        answer = await client.post("/v1/read", data=pieces(40, 5_000, 0.001))
        assert answer.status == 413
        assert sum(reader.sizes) <= LIMIT_BYTES


async def test_a_pause_that_is_too_long_cuts_a_body_off() -> None:
    async with reading(idle_seconds=0.2) as (reader, client):
        answer = await client.post("/v1/read", data=pieces(2, 5_000, 5))
        assert answer.status == 408
        assert reader.sizes == [5_000]


async def test_a_body_that_drips_is_cut_off_in_the_end() -> None:
    async with reading(total_seconds=0.5) as (reader, client):
        answer = await client.post("/v1/read", data=pieces(100, 1, 0.1))
        assert answer.status == 408
        assert 1 <= len(reader.sizes) < 50


async def test_a_connection_that_ends_cuts_a_body_off() -> None:
    async with reading() as (reader, _client):
        _, writer = await asyncio.open_connection("127.0.0.1", reader.port)
        writer.write(b"POST /v1/read HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
        await writer.drain()
        writer.close()
        await asyncio.wait_for(reader.ended.wait(), 10)
        assert (reader.sizes, reader.cut is not None) == ([5], True)


async def test_a_bundle_cut_off_in_mid_body_leaves_nothing_and_no_noise(
    server: Served, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = a_bundle()
    head = (
        f"POST {api.BUNDLES} HTTP/1.1\r\nHost: x\r\n{api.KEY_HEADER}: {server.key}\r\n"
        f"Content-Type: {api.MEDIA_TYPE}\r\nContent-Length: {len(bundle)}\r\n\r\n"
    ).encode()
    before = server.collector.inbox.end
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head + bundle[: len(bundle) // 2])
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.transport.abort()
    assert (await server.post(bundle)).status == 202  # the same device, once more
    assert server.collector.outcomes.take() == {}
    assert server.collector.inbox.end > before
    assert [record.levelname for record in caplog.records if record.levelname == "ERROR"] == []
