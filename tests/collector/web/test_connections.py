"""Connections over the limits and heads that never end: answered, and others are served."""

import asyncio
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
from aiohttp import web

from faultbox_collector.domain.addresses import Proxies, Sender, name_sender, parse_networks
from faultbox_collector.settings import Settings, SettingsError
from faultbox_collector.web.connections import (
    ANSWERED,
    ConnectionLimits,
    Gate,
    GuardedSite,
    raise_file_limit,
    read_proxies,
)
from support.collector import wait_for

REQUEST = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def every_address(host: str) -> Sender:
    """Name each address of the loopback network for itself, as if it were far away."""
    return Sender(host, False)


@dataclass(frozen=True, slots=True)
class Guarded:
    """An application behind a gate."""

    gate: Gate
    port: int
    streams: list[Stream]

    async def connect(self, address: str = "127.0.0.1") -> Stream:
        """Open a connection from an address of this machine."""
        stream = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(address, 0))
        self.streams.append(stream)
        return stream

    async def ask(self, stream: Stream, request: bytes = REQUEST) -> bytes:
        """Send a request and return the whole answer."""
        stream[1].write(request)
        return await read_answer(stream)


async def read_answer(stream: Stream) -> bytes:
    """Return the whole of the next answer."""
    async with asyncio.timeout(20):
        head = await stream[0].readuntil(b"\r\n\r\n")
        [length] = [
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        ]
        return head + await stream[0].readexactly(length)


async def echo(request: web.Request) -> web.StreamResponse:
    """Return the body."""
    return web.Response(body=await request.read())


@asynccontextmanager
async def guarded(
    limits: ConnectionLimits, proxies: str = "", name: Callable[[str], Sender] = every_address
) -> AsyncIterator[Guarded]:
    """Serve behind a gate, on a free port."""
    application = web.Application(client_max_size=64 << 20)
    application.router.add_post("/echo", echo)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    gate = Gate(limits, Proxies(parse_networks(proxies)), name)
    options: dict[str, float | bool | None] = {"access_log": None, "keepalive_timeout": 30.0}
    site = GuardedSite(runner, gate, options, "127.0.0.1", 0)
    await site.start()
    server = Guarded(gate, runner.addresses[0][1], [])
    try:
        yield server
    finally:
        for _, writer in server.streams:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        await runner.cleanup()


def some_limits(
    per_address: int = 0, in_all: int = 0, head_seconds: float = 0, lingering_seconds: float = 1
) -> ConnectionLimits:
    """Return limits of which most are off."""
    return ConnectionLimits(per_address, in_all, head_seconds, lingering_seconds, 60)


async def test_an_address_with_too_many_connections_gets_429_and_others_are_served() -> None:
    async with guarded(some_limits(per_address=3)) as server:
        streams = [await server.connect("127.0.0.5") for _ in range(3)]
        for stream in streams:
            assert (await server.ask(stream)).startswith(b"HTTP/1.1 200 ")
        fourth = await server.connect("127.0.0.5")
        refused = await server.ask(fourth)
        assert refused.startswith(b"HTTP/1.1 429 ")
        assert b"Retry-After: " in refused
        assert b"urn:faultbox:problem:rate_address" in refused
        assert await fourth[0].read() == b""  # and closed
        assert (await server.ask(await server.connect("127.0.0.6"))).startswith(b"HTTP/1.1 200 ")
        streams[0][1].close()
        fourth[1].close()
        await wait_for(lambda: len(server.gate) == 3)
        again = await server.connect("127.0.0.5")
        assert (await server.ask(again)).startswith(b"HTTP/1.1 200 ")


async def test_this_machine_and_named_proxies_have_no_limit() -> None:
    for proxies, name in (("", name_sender), ("127.0.0.0/8", every_address)):
        async with guarded(some_limits(per_address=1), proxies, name) as server:
            streams = [await server.connect() for _ in range(5)]
            for stream in streams:
                assert (await server.ask(stream)).startswith(b"HTTP/1.1 200 ")


async def test_who_is_refused_while_sending_a_large_body_sees_the_answer() -> None:
    async with guarded(some_limits(per_address=1)) as server:
        first = await server.connect()
        large = 4 << 20
        request = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % large
        second = await server.connect()
        second[1].write(request)
        await asyncio.sleep(0.05)
        second[1].write(bytes(large))
        await second[1].drain()
        assert (await read_answer(second)).startswith(b"HTTP/1.1 429 ")
        assert (await server.ask(first)).startswith(b"HTTP/1.1 200 ")


async def test_a_refused_connection_that_stays_is_cut_and_counts_no_more() -> None:
    async with guarded(some_limits(per_address=1, lingering_seconds=0.2)) as server:
        first = await server.connect()
        silent = await server.connect()
        async with asyncio.timeout(10):
            assert await silent[0].read() == b""
        first[1].close()
        await wait_for(lambda: not len(server.gate))
        assert (await server.ask(await server.connect())).startswith(b"HTTP/1.1 200 ")


async def test_connections_refused_for_their_number_do_not_count_for_their_address() -> None:
    async with guarded(some_limits(per_address=2, in_all=2)) as server:
        first, second = await server.connect(), await server.connect()
        for _ in range(3):
            third = await server.connect()
            assert (await server.ask(third)).startswith(b"HTTP/1.1 503 ")
            third[1].close()
            await wait_for(lambda: len(server.gate) == 2)
        second[1].close()
        await wait_for(lambda: len(server.gate) == 1)
        again = await server.connect()
        assert (await server.ask(again)).startswith(b"HTTP/1.1 200 ")
        assert (await server.ask(first)).startswith(b"HTTP/1.1 200 ")
        assert server.gate.count("127.0.0.1") == 2


async def test_a_crowd_is_cut_without_an_answer_and_those_inside_are_served() -> None:
    async with guarded(some_limits(in_all=1, lingering_seconds=5)) as server:
        first = await server.connect()
        crowd = [await server.connect() for _ in range(ANSWERED + 20)]
        await wait_for(lambda: len(server.gate) == ANSWERED + 1)
        assert (await server.ask(crowd[0])).startswith(b"HTTP/1.1 503 ")
        with suppress(ConnectionResetError):
            assert await crowd[-1][0].read() == b""
        assert (await server.ask(first)).startswith(b"HTTP/1.1 200 ")


async def test_too_many_connections_in_all_are_503() -> None:
    async with guarded(some_limits(in_all=2)) as server:
        streams = [await server.connect(f"127.0.0.{number}") for number in (5, 6, 7)]
        answers = [await server.ask(stream) for stream in streams]
        assert [answer.split()[1] for answer in answers] == [b"200", b"200", b"503"]
        assert b"Retry-After: " in answers[2]


@pytest.mark.parametrize("begun", [b"POST /", b"POST /echo HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_a_head_that_never_ends_is_408_and_others_are_served(begun: bytes) -> None:
    async with guarded(some_limits(head_seconds=1)) as server:
        slow = await server.connect()
        slow[1].write(begun)
        trickle = asyncio.create_task(drip(slow[1]))
        loop = asyncio.get_running_loop()
        begun_at = loop.time()
        other = await server.connect()
        assert (await server.ask(other)).startswith(b"HTTP/1.1 200 ")
        assert loop.time() - begun_at < 1
        answer = await read_answer(slow)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"urn:faultbox:problem:too_slow" in answer
        assert 0.9 < loop.time() - begun_at < 10
        assert (await server.ask(other)).startswith(b"HTTP/1.1 200 ")
        await trickle
        await wait_for(lambda: len(server.gate) == 1)


async def drip(writer: asyncio.StreamWriter) -> None:
    """Send a byte now and then until the other side has enough."""
    for _ in range(100):
        await asyncio.sleep(0.05)
        if writer.is_closing():
            return
        writer.write(b"a")
        try:
            await writer.drain()
        except OSError:
            return


async def test_a_second_request_that_never_ends_is_408_too() -> None:
    async with guarded(some_limits(head_seconds=1)) as server:
        stream = await server.connect()
        assert (await server.ask(stream)).startswith(b"HTTP/1.1 200 ")
        stream[1].write(REQUEST[:20])
        assert (await read_answer(stream)).startswith(b"HTTP/1.1 408 ")


async def test_a_connection_that_says_nothing_is_closed_without_a_word() -> None:
    async with guarded(some_limits(head_seconds=1)) as server:
        reader, _writer = await server.connect()
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        await wait_for(lambda: not len(server.gate))


async def test_who_was_served_may_stay_silent_longer_than_a_head_may_take() -> None:
    async with guarded(some_limits(head_seconds=1)) as server:
        stream = await server.connect()
        assert (await server.ask(stream)).startswith(b"HTTP/1.1 200 ")
        await asyncio.sleep(2.2)
        assert (await server.ask(stream)).startswith(b"HTTP/1.1 200 ")


async def test_a_slow_body_is_not_taken_for_a_slow_head() -> None:
    async with guarded(some_limits(head_seconds=1)) as server:
        stream = await server.connect()
        stream[1].write(REQUEST[:-1])
        await asyncio.sleep(2.2)
        assert (await server.ask(stream, b"k")).startswith(b"HTTP/1.1 200 ")


async def test_a_head_in_pieces_is_served() -> None:
    async with guarded(some_limits(head_seconds=5)) as server:
        stream = await server.connect()
        for index in range(len(REQUEST)):
            stream[1].write(REQUEST[index : index + 1])
            await stream[1].drain()
            await asyncio.sleep(0)
        assert (await read_answer(stream)).endswith(b"ok")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: \x1b[2J\r\n\r\n", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nExpect: \xff\xfe\r\n\r\n", 417),
    ],
)
async def test_what_is_no_request_gets_a_problem_and_fills_no_log(
    request_bytes: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with guarded(some_limits()) as server:
        stream = await server.connect()
        stream[1].write(request_bytes)
        answer = await read_answer(stream)
        assert answer[8:13] == b" %d " % status
        assert b'"reason": "bad_request"' in answer
        assert b"aaaa" not in answer
    assert caplog.records == []


async def test_who_never_reads_its_answer_is_cut() -> None:
    limits = ConnectionLimits(0, 0, 0, lingering_seconds=1, unread_seconds=1)
    async with guarded(limits) as server:
        reader, writer = await server.connect()
        large = 32 << 20
        writer.write(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % large)
        writer.write(bytes(large))
        await writer.drain()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await wait_for(lambda: not len(server.gate))
        assert not reader.at_eof()


def test_the_file_limit_leaves_room_for_files() -> None:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = raise_file_limit()
    now, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert now >= soft
    assert 0 < most < now


def test_proxies_that_are_none_are_told_in_a_sentence() -> None:
    assert read_proxies(Settings(trusted_proxies="10.0.0.1, 192.168.0.0/16")).has("192.168.4.4")
    with pytest.raises(SettingsError, match="trusted_proxies: 'nginx'"):
        read_proxies(Settings(trusted_proxies="nginx"))
