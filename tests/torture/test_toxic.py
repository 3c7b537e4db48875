"""The misbehaving network: what it does to requests is what its toxins say."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from support.collector import wait_for
from support.toxic import Proxy, Toxin

ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok"
REQUEST = b"POST /v1/bundles HTTP/1.1\r\nContent-Length: 400\r\n\r\n" + bytes(400)


class Origin:
    """A server that keeps the bytes of each request and says ok to whole ones."""

    def __init__(self) -> None:
        self.whole: list[bytes] = []
        self.parts: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = b""
        try:
            while len(data) < len(REQUEST) and (part := await reader.read(4096)):
                data += part
        except OSError:
            pass
        (self.whole if len(data) == len(REQUEST) else self.parts).append(data)
        if len(data) == len(REQUEST):
            writer.write(ANSWER)
        writer.close()


@asynccontextmanager
async def behind(*toxins: Toxin) -> AsyncIterator[tuple[Origin, Proxy, int]]:
    origin = Origin()
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0)
    proxy = Proxy(server.sockets[0].getsockname()[1], dict.fromkeys(toxins, 1.0), random.Random(5))
    try:
        yield origin, proxy, await proxy.start()
    finally:
        await proxy.stop()
        server.close()


async def ask(port: int) -> bytes:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        try:
            async with asyncio.timeout(5):
                return await reader.read(len(ANSWER))
        finally:
            writer.close()
    except OSError:
        return b""


async def test_without_a_toxin_everything_passes() -> None:
    async with behind() as (origin, _, port):
        assert await ask(port) == ANSWER
        assert origin.whole == [REQUEST]


async def test_a_slow_link_delivers_the_whole() -> None:
    async with behind(Toxin.SLOW) as (origin, _, port):
        assert await ask(port) == ANSWER
        assert origin.whole == [REQUEST]


@pytest.mark.parametrize("toxin", [Toxin.SWALLOW, Toxin.LATE])
async def test_an_answer_is_lost_and_the_request_arrives(toxin: Toxin) -> None:
    async with behind(toxin) as (origin, proxy, port):
        assert await ask(port) == b""
        await wait_for(lambda: bool(origin.whole))
        assert proxy.done[toxin] == 1


async def test_a_request_arrives_twice_and_is_answered_once() -> None:
    async with behind(Toxin.TWICE) as (origin, _, port):
        assert await ask(port) == ANSWER
        assert origin.whole == [REQUEST, REQUEST]


async def test_a_body_ends_in_the_middle() -> None:
    async with behind(Toxin.CUT_BODY) as (origin, _, port):
        assert await ask(port) == b""
        await wait_for(lambda: bool(origin.parts))
        assert origin.whole == []
        assert origin.parts[0] == REQUEST[: len(origin.parts[0])]


async def test_an_answer_ends_in_the_middle() -> None:
    async with behind(Toxin.CUT_ANSWER) as (origin, _, port):
        answer = await ask(port)
        assert answer != ANSWER
        assert ANSWER.startswith(answer)
        assert origin.whole == [REQUEST]


@pytest.mark.parametrize("toxin", [Toxin.RESET, Toxin.BLACK_HOLE])
async def test_a_request_is_gone(toxin: Toxin) -> None:
    async with behind(toxin) as (origin, _, port):
        assert await ask(port) == b""
        assert origin.whole == []


async def test_a_cut_link_passes_nothing_until_it_is_mended() -> None:
    async with behind() as (origin, proxy, port):
        proxy.cut()
        assert await ask(port) == b""
        assert origin.whole == []
        proxy.mend()
        assert await ask(port) == ANSWER
