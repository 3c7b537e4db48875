"""POST /v1/bundles over real HTTP: every status and reason, and nothing lost beside a refusal."""

import asyncio
import errno
import json
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from faultbox_collector.pack.files import PackFolder
from faultbox_collector.pack.records import Position, Record, read_records
from faultbox_collector.pack.writer import Buffer, PackSyncError, PackWriteError, PackWriter
from faultbox_collector.store import tables
from faultbox_protocol import api, limits
from faultbox_protocol.codec import scan_bundle
from faultbox_protocol.framing import write_frame
from faultbox_protocol.packing import pack
from faultbox_protocol.report import Plain
from faultbox_protocol.words import Codec, FrameKind
from support.builders import (
    NOON_MS,
    a_batch,
    a_bundle,
    a_head,
    a_product,
    a_raw_bundle,
    an_err,
    an_id,
)
from support.collector import Served, served, wait_for


async def problem_of(answer: aiohttp.ClientResponse, status: int, reason: str) -> dict[str, Any]:
    """Check that an answer is this problem; return it."""
    body = json.loads(await answer.text())
    assert (answer.status, body["reason"], body["status"]) == (status, reason, status)
    assert answer.content_type == api.PROBLEM_TYPE
    assert body["type"] == api.PROBLEM_PREFIX + reason
    assert body["title"]
    assert body["detail"]
    found: dict[str, Any] = body
    return found


def sha256_of(bundle: bytes) -> str:
    """Return the digest in a bundle's end frame."""
    return scan_bundle(memoryview(bundle)).sha256.hex()


def a_head_map(**changes: Plain) -> dict[str, Plain]:
    """Return the smallest head as the wire has it."""
    return {
        "v": 1,
        "id": an_id(1),
        "kind": "crash",
        "prod": {"name": "inspect-eye"},
        **changes,
    }


def a_bundle_of(head: dict[str, Plain]) -> bytes:
    """Return a bundle with a head made by hand."""
    return a_raw_bundle(write_frame(FrameKind.HEAD, pack(head)))


async def test_a_bundle_gets_a_receipt_with_its_own_digest(server: Served) -> None:
    bundle = a_bundle()
    answer = await server.post(bundle)
    assert answer.status == 202
    body = await answer.json()
    assert body["receipts"] == [
        {
            "id": an_id().hex(),
            "sha256": sha256_of(bundle),
            "state": "stored",
            "sig": None,
            "ticket": None,
        }
    ]
    assert body["now_ms"] > NOON_MS


async def test_a_receipt_means_that_the_bytes_are_in_the_pack(server: Served) -> None:
    bundle = a_bundle()
    await server.post(bundle, FB_Sent="boot-1;70000;1714557610000")
    path = server.collector.store.data / "packs" / "00000001.fbp"
    [record] = read_records(path, Position(1, 0), 10)
    assert isinstance(record, Record)
    assert bytes(record.bundle.data) == bundle
    assert record.arrival.sent == "boot-1;70000;1714557610000"


async def test_a_batch_gets_a_receipt_for_each_in_order(server: Served) -> None:
    answer = await server.post(a_batch(5))
    assert answer.status == 202
    receipts = (await answer.json())["receipts"]
    assert [one["id"] for one in receipts] == [an_id(n).hex() for n in range(1, 6)]


async def test_either_header_carries_the_key_and_fb_key_decides(server: Served) -> None:
    async def post(**headers: str) -> int:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        names["Content-Type"] = api.MEDIA_TYPE
        url = server.url + api.BUNDLES
        return (await server.session.post(url, data=a_bundle(), headers=names)).status

    bearer = f"Bearer {server.key}"
    assert await post(FB_Key=server.key) == 202
    assert await post(Authorization=bearer) in (200, 202)
    assert await post(Authorization=bearer.replace("Bearer", "bearer")) in (200, 202)
    assert await post(FB_Key=server.key, Authorization="Basic cHJveHk6cHJveHk=") in (200, 202)
    assert await post(FB_Key="fbk_unknown", Authorization=bearer) == 401


@pytest.mark.parametrize("key", ["", "fbk_unknown", "x" * 5000, "fbk_ü", "fbk_\x80"])
async def test_an_unknown_key_is_401(server: Served, key: str) -> None:
    answer = await server.post(a_bundle(), FB_Key=key)
    await problem_of(answer, 401, "unknown_key")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_revoked_key_is_401(server: Served) -> None:
    other = await server.key_for("inspect-eye")
    await server.collector.writer.run(
        lambda c: (
            c.execute(
                tables.ingest_key.update()
                .where(tables.ingest_key.c.prefix == other[:8])
                .values(revoked_ms=1)
            ).rowcount
        )
    )
    server.collector.keys.load(await server.collector.reader.keys())
    await problem_of(await server.post(a_bundle(), FB_Key=other), 401, "unknown_key")
    assert (await server.post(a_bundle())).status == 202


async def talk(server: Served, *lines: str, body: bytes = b"") -> bytes:
    """Send a request by hand and return the first bytes of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = "\r\n".join((f"POST {api.BUNDLES} HTTP/1.1", "Host: x", *lines, "", ""))
    writer.write(head.encode() + body)
    await writer.drain()
    answer = await asyncio.wait_for(reader.readuntil(b"}"), 20)
    writer.close()
    return answer


async def test_a_401_does_not_wait_for_the_body(server: Served) -> None:
    answer = await talk(
        server,
        "FB-Key: fbk_unknown",
        f"Content-Type: {api.MEDIA_TYPE}",
        f"Content-Length: {limits.BODY_BYTES}",
    )
    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_who_asks_before_sending_is_told_before_sending(server: Served) -> None:
    lines = (
        f"Content-Type: {api.MEDIA_TYPE}",
        f"Content-Length: {len(a_bundle())}",
        "Expect: 100-continue",
        "Connection: close",
    )
    refused = await talk(server, "FB-Key: fbk_unknown", *lines)
    assert refused.startswith(b"HTTP/1.1 401 ")
    taken = await talk(server, f"FB-Key: {server.key}", *lines, body=a_bundle())
    assert taken.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 ")


async def test_too_many_large_bodies_at_once_are_503_and_small_ones_are_taken(
    tmp_path: Path,
) -> None:
    async with served(tmp_path / "data", body_idle_seconds=5, bodies_mib=64) as server:
        lines = (
            f"FB-Key: {server.key}",
            f"Content-Type: {api.MEDIA_TYPE}",
            f"Content-Length: {limits.BODY_BYTES}",
        )
        head = "\r\n".join((f"POST {api.BUNDLES} HTTP/1.1", "Host: x", *lines, "", "FBX1"))
        slow = []
        for _ in range(2):  # 16 MiB each: half of what may be in hand, which is one key's share
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(head.encode())
            slow.append(writer)
        busy = b""
        while b" 503 " not in busy:
            busy = await talk(server, *lines)
            assert busy.startswith((b"HTTP/1.1 503 ", b"HTTP/1.1 408 "))
        assert b'"busy"' in busy
        assert (await server.post(a_bundle())).status == 202
        for writer in slow:
            writer.close()


async def test_too_large_by_its_header_is_413_before_the_body(server: Served) -> None:
    answer = await talk(
        server,
        f"FB-Key: {server.key}",
        f"Content-Type: {api.MEDIA_TYPE}",
        f"Content-Length: {limits.BODY_BYTES + 1}",
    )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"body_too_large"' in answer


async def test_too_large_while_it_streams_is_413(server: Served) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield bytes(1 << 20)

    answer = await server.session.post(
        server.url + api.BUNDLES,
        data=stream(),
        headers={api.KEY_HEADER: server.key, "Content-Type": api.MEDIA_TYPE},
    )
    await problem_of(answer, 413, "body_too_large")


@pytest.mark.parametrize("kind", ["application/xml", "text/plain", "application/octet-stream", ""])
async def test_another_content_type_is_415(server: Served, kind: str) -> None:
    await problem_of(await server.post(a_bundle(), Content_Type=kind), 415, "content_type")


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "br", "deflate", "rot13", "gzip, identity"])
async def test_an_encoded_body_is_415_and_nobody_decodes_it(server: Served, encoding: str) -> None:
    answer = await server.post(a_bundle(), Content_Encoding=encoding)
    await problem_of(answer, 415, "content_encoding")


ALTERED = bytearray(a_bundle())
ALTERED[60] ^= 1
RAW_HEAD = write_frame(FrameKind.HEAD, pack(a_head_map()))


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "empty_body"),
        (b"hello", 400, "bad_magic"),
        (a_bundle()[:-5], 400, "truncated"),
        (bytes(ALTERED), 400, "bad_crc"),
        (
            RAW_HEAD + write_frame(FrameKind.END, bytes(range(32)), Codec.IDENTITY),
            400,
            "bad_digest",
        ),
        (a_raw_bundle(write_frame(FrameKind.ARRIVAL, b"forged")), 415, "unknown_kind"),
        (a_raw_bundle(write_frame(FrameKind.HEAD, b"\xc1")), 422, "bad_msgpack"),
        (a_bundle_of(a_head_map(v=99)), 422, "unknown_version"),
        (a_bundle_of(a_head_map(crit=["time-travel"])), 422, "unknown_crit"),
        (a_bundle_of({"v": 1, "id": an_id(1), "kind": "crash"}), 422, "missing_field"),
        (a_bundle_of(a_head_map(kind=7)), 422, "bad_field"),
        (a_bundle(a_head(prod=a_product("other"))), 422, "product_mismatch"),
    ],
)
async def test_what_is_wrong_has_its_status_and_reason(
    server: Served, body: bytes, status: int, reason: str
) -> None:
    await problem_of(await server.post(body), status, reason)
    assert server.collector.inbox.depth == 0


async def test_the_rest_of_a_batch_is_taken_and_the_items_are_in_order(server: Served) -> None:
    damaged = bytearray(a_bundle(a_head(2)))
    damaged[60] ^= 1
    foreign = a_bundle(a_head(3, prod=a_product("other")))
    good = [a_bundle(a_head(1)), a_bundle(a_head(4))]
    answer = await server.post(good[0] + bytes(damaged) + foreign + good[1] + good[0])
    assert answer.status == 207
    body = await answer.json()
    assert [one["id"] for one in body["receipts"]] == [an_id(n).hex() for n in (1, 4, 1)]
    assert [(i["index"], i["status"], i["state"], i["reason"]) for i in body["items"]] == [
        (0, 202, "stored", None),
        (1, 400, "invalid", "bad_crc"),
        (2, 422, "refused", "product_mismatch"),
        (3, 202, "stored", None),
        (4, 200, "duplicate", None),
    ]
    await server.digested()
    overview = await server.collector.reader.overview()
    assert overview.bundles == 2


async def test_more_bundles_than_the_limit_are_told_and_the_first_hundred_taken(
    server: Served,
) -> None:
    answer = await server.post(a_batch(limits.BODY_BUNDLES + 1))
    assert answer.status == 207
    body = await answer.json()
    assert len(body["receipts"]) == limits.BODY_BUNDLES
    assert body["items"][-1]["reason"] == "too_many_bundles"


async def test_a_clock_header_that_is_none_is_left_out(server: Served) -> None:
    for sent in ("\x80\xff;1;2", "a\tb;1;2", "a;b", "é;5;6"):
        answer = await server.post(a_bundle(), FB_Sent=sent)
        assert answer.status in (200, 202)
    await server.digested()
    assert (await server.collector.reader.overview()).bundles == 1


async def test_the_same_bundle_again_is_200_while_it_waits_for_the_digest(server: Served) -> None:
    with server.digest_waiting():
        assert (await server.post(a_bundle())).status == 202
        again = await server.post(a_bundle())
        assert again.status == 200
        assert (await again.json())["receipts"][0]["state"] == "duplicate"
        other = await server.post(a_bundle(a_head(err=an_err(msg="other"))))
        await problem_of(other, 422, "id_reused")


async def test_the_same_bundle_again_after_the_digest_is_taken_and_counted_once(
    server: Served,
) -> None:
    for _ in range(3):
        assert (await server.post(a_bundle())).status == 202
        await server.digested()
    [ticket] = await server.collector.reader.tickets(limit=10, offset=0)
    assert ticket.occurrences == 1


class Disk(PackWriter):
    """A real pack on a disk that waits, is full, or dies, when told to."""

    def __init__(self, folder: PackFolder, pack_bytes: int, after: Position) -> None:
        super().__init__(folder, pack_bytes, after)
        self.go = threading.Event()
        self.go.set()
        self.begun = threading.Event()
        self.failure: OSError | None = None

    def append(self, buffers: Sequence[Buffer]) -> Position:
        self.begun.set()
        assert self.go.wait(30)
        if self.failure is not None:
            raise self.failure
        return super().append(buffers)


@asynccontextmanager
async def served_from(tmp_path: Path) -> AsyncIterator[tuple[Served, Disk]]:
    """Serve a collector on such a disk."""
    disks: list[Disk] = []

    def open_pack(folder: PackFolder, pack_bytes: int, after: Position) -> Disk:
        disks.append(Disk(folder, pack_bytes, after))
        return disks[0]

    async with served(tmp_path / "data", open_pack=open_pack) as found:
        yield found, disks[0]


async def test_a_bundle_on_its_way_to_the_disk_is_409(tmp_path: Path) -> None:
    async with served_from(tmp_path) as (server, disk):
        disk.go.clear()
        first = asyncio.create_task(server.post(a_bundle()))
        await wait_for(disk.begun.is_set)
        second = await server.post(a_bundle())
        await problem_of(second, 409, "in_flight")
        assert second.headers["Retry-After"] == "1"
        damaged = bytes(ALTERED)
        batch = await (await server.post(a_bundle() + damaged)).json()
        assert [item["reason"] for item in batch["items"]] == ["in_flight", "bad_crc"]
        missing = await server.get(f"{api.RECEIPTS}/{an_id().hex()}")
        await problem_of(missing, 404, "not_found")
        disk.go.set()
        assert (await first).status == 202
        assert (await server.post(a_bundle())).status in (200, 202)


async def test_a_full_disk_is_503_and_the_same_bundle_can_come_again(tmp_path: Path) -> None:
    async with served_from(tmp_path) as (server, disk):
        disk.failure = PackWriteError(errno.ENOSPC, "no space")
        answer = await server.post(a_bundle())
        await problem_of(answer, 503, "disk_full")
        assert int(answer.headers["Retry-After"]) >= 1
        disk.failure = None
        assert (await server.post(a_bundle())).status == 202
        await server.digested()
        assert (await server.collector.reader.overview()).bundles == 1


async def test_a_disk_that_does_not_confirm_is_503_for_ever(tmp_path: Path) -> None:
    async with served_from(tmp_path) as (server, disk):
        disk.failure = PackSyncError(errno.EIO, "fdatasync")
        await problem_of(await server.post(a_bundle()), 503, "internal")
        disk.failure = None
        await problem_of(await server.post(a_bundle(a_head(2))), 503, "internal")
        await asyncio.wait_for(server.collector.fatal.wait(), 30)
        assert (await server.get(api.TIME)).status == 200


async def test_who_hangs_up_while_the_disk_works_has_the_bundle_stored(tmp_path: Path) -> None:
    async with served_from(tmp_path) as (server, disk):
        disk.go.clear()
        body = a_bundle()
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        head = (
            f"POST {api.BUNDLES} HTTP/1.1\r\nHost: x\r\nFB-Key: {server.key}\r\n"
            f"Content-Type: {api.MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await wait_for(disk.begun.is_set)
        writer.close()
        await writer.wait_closed()
        disk.go.set()
        await server.digested()
        assert (await server.collector.reader.overview()).bundles == 1


async def test_a_body_that_pauses_too_long_is_408(tmp_path: Path) -> None:
    async with served(tmp_path / "data", body_idle_seconds=1) as server:
        answer = await talk(
            server,
            f"FB-Key: {server.key}",
            f"Content-Type: {api.MEDIA_TYPE}",
            "Content-Length: 1000",
            body=b"FBX1",
        )
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"urn:faultbox:problem:too_slow"' in answer


async def test_a_body_that_trickles_for_ever_is_408(tmp_path: Path) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"F"
            await asyncio.sleep(0.05)

    async with served(tmp_path / "data", body_seconds=1) as server:
        answer = await server.session.post(
            server.url + api.BUNDLES,
            data=trickle(),
            headers={api.KEY_HEADER: server.key, "Content-Type": api.MEDIA_TYPE},
        )
        await problem_of(answer, 408, "too_slow")
