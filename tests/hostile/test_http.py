"""Requests that lie about themselves: lengths, chunks, two of a kind, floods of headers."""

import asyncio

import pytest

from faultbox_protocol import api
from support.builders import a_bundle, a_head
from support.hostile.bundles import stored_bundles
from support.hostile.target import BLOCKED_SECONDS, GROWTH_BYTES, Target
from support.hostile.wire import Answer, Wire

BODY = a_bundle(a_head(700_000))
CHUNK = b"%x\r\n%s\r\n" % (len(BODY), BODY)
SMUGGLED = b"GET /v1/receipts/" + b"0" * 32 + b" HTTP/1.1\r\nHost: h\r\n\r\n"
HEADS: dict[str, tuple[bytes, bytes]] = {
    "two lengths": (b"Content-Length: 5\r\nContent-Length: 6\r\n", b"123456"),
    "a negative length": (b"Content-Length: -1\r\n", b""),
    "a length with a sign": (b"Content-Length: +5\r\n", b"12345"),
    "a length in hex": (b"Content-Length: 0x5\r\n", b"12345"),
    "a length of 2**64": (b"Content-Length: 18446744073709551616\r\n", b"x"),
    "a list of lengths": (b"Content-Length: 5, 5\r\n", b"12345"),
    "length and chunks": (
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"0\r\n\r\n" + SMUGGLED,
    ),
    "chunks twice": (b"Transfer-Encoding: chunked, chunked\r\n", CHUNK + b"0\r\n\r\n"),
    "chunks, then not": (b"Transfer-Encoding: chunked, identity\r\n", CHUNK + b"0\r\n\r\n"),
    "an encoding nobody knows": (b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
    "chunks behind a tab": (b"Transfer-Encoding:\x0bchunked\r\n", b"0\r\n\r\n"),
    "a chunk of 4 GiB": (b"Transfer-Encoding: chunked\r\n", b"fffffffff\r\nx\r\n"),
    "a negative chunk": (b"Transfer-Encoding: chunked\r\n", b"-1\r\n\r\n"),
    "a chunk that is no number": (b"Transfer-Encoding: chunked\r\n", b"zz\r\nx\r\n"),
    "a chunk longer than it says": (b"Transfer-Encoding: chunked\r\n", b"2\r\nabcdef\r\n0\r\n\r\n"),
    "an extension of 100 KiB": (b"Transfer-Encoding: chunked\r\n", b"1;" + b"e" * 100_000),
    "a space before the colon": (b"Content-Length : 5\r\n", b"12345"),
    "a folded header": (b"X: a\r\n b\r\n", b""),
    "a header without a name": (b": x\r\n", b""),
    "a NUL": (b"X: a\0b\r\n", b""),
    "a bare line end": (b"X: a\nContent-Length: 5\r\n", b"12345"),
    "a header of 9 KiB": (b"X: " + b"a" * 9000 + b"\r\n", b""),
    "a thousand headers": (b"".join(b"X%d: a\r\n" % n for n in range(1000)), b""),
    "a thousand keys": (b"FB-Key: fbk_x\r\n" * 1000, b""),
    "two hosts": (b"Host: a\r\nHost: b\r\n", b""),
    "an upgrade": (b"Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n", b""),
    "a WebSocket": (b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n", b""),
}
LINES = (
    b"POST",
    b"POST /v1/bundles",
    b"POST /v1/bundles HTTP/9.9",
    b"POST  /v1/bundles HTTP/1.1",
    b"POST /v1/\x00bundles HTTP/1.1",
    b"POST http://evil.example/v1/bundles HTTP/1.1",
    b"POST //v1//bundles HTTP/1.1",
    b"POST * HTTP/1.1",
    b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
    b"PRI * HTTP/2.0",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1",
)


async def ask_raw(target: Target, head: bytes, body: bytes) -> Answer:
    """Send bytes on a connection of their own; half-closed, so that waiting has an end."""
    async with Wire(target.server.port) as wire, asyncio.timeout(20):
        return await wire.send(head + b"\r\n" + body)


def a_post(target: Target, headers: bytes) -> bytes:
    """Return the head of an upload with these headers."""
    key = f"{api.KEY_HEADER}: {target.key}\r\nContent-Type: {api.MEDIA_TYPE}\r\n".encode()
    return b"POST /v1/bundles HTTP/1.1\r\nHost: h\r\n" + key + headers


@pytest.mark.parametrize("name", HEADS)
async def test_a_lying_head_is_refused_and_nothing_behind_it_is_read(
    target: Target, name: str
) -> None:
    headers, body = HEADS[name]
    answer = await ask_raw(target, a_post(target, headers), body)
    assert 400 <= answer.status < 500, answer
    assert b"Traceback" not in answer.body


@pytest.mark.parametrize("line", LINES, ids=lambda line: repr(line[:40]))
async def test_a_wrong_request_line_is_refused(target: Target, line: bytes) -> None:
    answer = await ask_raw(target, line + b"\r\nHost: h\r\n", b"")
    assert 400 <= answer.status < 500, answer


@pytest.mark.timeout(180)
async def test_floods_cost_neither_memory_nor_the_loop(target: Target) -> None:
    at_rest = await target.warm_up()
    target.server.begin_watch()
    head = a_post(target, b"Content-Length: 16777216\r\n")
    open_ones = [await asyncio.open_connection("127.0.0.1", target.server.port) for _ in range(200)]
    for _reader, writer in open_ones:
        writer.write(head + b"\r\n" + b"FBX1")  # announces 16 MiB each, sends four bytes
    async with Wire(target.server.port) as wire:
        for number in range(50):
            status = await target.post(wire, 710_000 + number)
            assert status in (202, 429, 503), status
    grown = target.server.peak_bytes - at_rest
    for _reader, writer in open_ones:
        writer.transport.abort()
    print("200 announced bodies:", grown >> 10, "KiB")
    assert grown <= GROWTH_BYTES
    assert target.server.longest_step_seconds <= 2 * BLOCKED_SECONDS


@pytest.mark.timeout(180)
async def test_many_at_once_of_the_dearest_heads_stay_within_the_memory(target: Target) -> None:
    dear = dict(stored_bundles())["a hundred heads of the most frames"]
    bodies = [dear() for _ in range(6)]
    at_rest = await target.warm_up()
    target.server.begin_watch()

    async def post(body: bytes) -> int:
        async with Wire(target.server.port) as wire:
            return await target.post(wire, 0, body)

    statuses = await asyncio.gather(*(post(body) for body in bodies))
    assert set(statuses) <= {202, 207, 429, 503}
    async with Wire(target.server.port) as wire:
        await target.settle(wire, 720_000)
    print("600 of the dearest heads:", (target.server.peak_bytes - at_rest) >> 10, "KiB")
    assert target.server.peak_bytes - at_rest <= GROWTH_BYTES
