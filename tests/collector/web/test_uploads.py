"""/v1/uploads over real HTTP: parts, cuts, restarts, and who may see what."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from faultbox_collector.domain.keys import KeyRow, hash_key
from faultbox_collector.pack.writer import PackSyncError
from faultbox_collector.uploads.folder import Part, UploadFolder
from faultbox_collector.uploads.records import Upload
from faultbox_collector.uploads.register import OPEN_PER_KEY
from faultbox_collector.web.auth import KeyRing
from faultbox_collector.web.body import BodyLimits
from faultbox_collector.web.problems import answer_problems
from faultbox_collector.web.uploads import Uploads
from faultbox_protocol import api, limits
from support.collector import Served, served, wait_for
from support.wire import ask, problem_in

MIB = 1024 * 1024
CORE = bytes(range(256)) * 4096
"""A mebibyte."""


def digest_field(data: bytes) -> str:
    """Return the value of Repr-Digest or Content-Digest for these bytes."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"


async def begin(server: Served, headers: Mapping[str, str] | None = None) -> str:
    """Make an upload; return its path."""
    answer = await ask(server, "POST", api.UPLOADS, {"Upload-Complete": "?0"} | dict(headers or {}))
    assert answer.status == 201
    return answer.headers["Location"]


async def send(
    server: Served,
    path: str,
    data: bytes | AsyncIterator[bytes],
    offset: int,
    *,
    last: bool = False,
    headers: Mapping[str, str] | None = None,
    key: str | None = None,
) -> aiohttp.ClientResponse:
    """Send one part."""
    said = {
        "Content-Type": api.PART_TYPE,
        "Upload-Offset": str(offset),
        "Upload-Complete": "?1" if last else "?0",
    }
    return await ask(server, "PATCH", path, said | dict(headers or {}), data, key)


async def offset_of(server: Served, path: str) -> int:
    """Ask how far an upload is."""
    answer = await ask(server, "HEAD", path)
    assert answer.status == 204
    return int(answer.headers["Upload-Offset"])


def object_of(server: Served, data: bytes) -> Path:
    """Return where a finished upload with these bytes lies."""
    digest = hashlib.sha256(data).hexdigest()
    folder = server.collector.store.data / "objects" / "1" / "sha256"
    return folder / digest[:2] / digest


async def test_a_file_in_three_parts_becomes_an_object(server: Served) -> None:
    path = await begin(server, {"Upload-Length": str(len(CORE)), "Repr-Digest": digest_field(CORE)})
    first, second = CORE[:400_000], CORE[400_000:700_000]
    answer = await send(server, path, first, 0, headers={"Content-Digest": digest_field(first)})
    assert (answer.status, answer.headers["Upload-Offset"]) == (204, "400000")
    assert answer.headers["Upload-Complete"] == "?0"
    assert (await send(server, path, second, 400_000)).status == 204
    answer = await send(server, path, CORE[700_000:], 700_000, last=True)
    assert (answer.status, answer.headers["Upload-Complete"]) == (200, "?1")
    told = await answer.json()
    assert told == {
        "up": path.rsplit("/", 1)[1],
        "sha256": hashlib.sha256(CORE).hexdigest(),
        "raw_b": len(CORE),
    }
    assert object_of(server, CORE).read_bytes() == CORE
    assert list((server.collector.store.data / "uploads").iterdir()) == []


async def test_creation_tells_path_and_limits(server: Served) -> None:
    answer = await ask(server, "POST", api.UPLOADS, {"Upload-Complete": "?0", "Upload-Length": "5"})
    assert answer.status == 201
    assert answer.headers["Location"] == f"{api.UPLOADS}/{(await answer.json())['up']}"
    limit = dict(one.split("=") for one in answer.headers["Upload-Limit"].split(", "))
    assert limit["max-size"] == str(limits.UPLOAD_BYTES)
    assert limit["max-append-size"] == str(limits.UPLOAD_PART_BYTES)
    assert limits.UPLOAD_SECONDS - 60 <= int(limit["max-age"]) <= limits.UPLOAD_SECONDS
    asked = await ask(server, "OPTIONS", api.UPLOADS, key="")
    assert (asked.status, asked.headers["Accept-Patch"]) == (204, api.PART_TYPE)
    assert "max-size=" in asked.headers["Upload-Limit"]


async def test_an_upload_tells_its_methods(server: Served) -> None:
    path = await begin(server)
    methods = "DELETE, HEAD, OPTIONS, PATCH"
    asked = await ask(server, "OPTIONS", path)
    assert (asked.status, asked.headers["Allow"]) == (204, methods)
    for method in ("GET", "POST", "PUT"):
        refused = await ask(server, method, path)
        assert (refused.status, refused.headers["Allow"]) == (405, methods)
        assert (await problem_in(refused))["reason"] == "bad_method"


async def test_head_tells_the_whole_state(server: Served) -> None:
    path = await begin(server, {"Upload-Length": "10"})
    await send(server, path, b"12345", 0)
    answer = await ask(server, "HEAD", path)
    told = answer.headers
    assert (told["Upload-Offset"], told["Upload-Complete"], told["Upload-Length"]) == (
        "5",
        "?0",
        "10",
    )
    assert told["Cache-Control"] == "no-store"
    await send(server, path, b"67890", 5, last=True)
    told = (await ask(server, "HEAD", path)).headers
    assert (told["Upload-Offset"], told["Upload-Complete"], told["Upload-Length"]) == (
        "10",
        "?1",
        "10",
    )


async def test_another_offset_is_409_with_the_right_one(server: Served) -> None:
    path = await begin(server)
    await send(server, path, b"12345", 0)
    for offset in (0, 4, 6, 10**14):
        answer = await send(server, path, b"x", offset)
        assert (answer.status, answer.headers["Upload-Offset"]) == (409, "5")
        assert (await problem_in(answer))["reason"] == "upload_offset"
    assert (await send(server, path, b"6", 5)).status == 204


async def test_a_length_known_late_is_a_length(server: Served) -> None:
    path = await begin(server)
    await send(server, path, b"123", 0, headers={"Upload-Length": "6"})
    assert (await ask(server, "HEAD", path)).headers["Upload-Length"] == "6"
    answer = await send(server, path, b"456", 3, headers={"Upload-Length": "7"})
    assert (await problem_in(answer))["reason"] == "upload_length"
    answer = await send(server, path, b"45", 3, last=True)
    assert (await problem_in(answer))["reason"] == "upload_length"
    assert (await send(server, path, b"456", 3, last=True)).status == 200


async def test_an_upload_ends_only_when_its_sender_says_so(server: Served) -> None:
    path = await begin(server, {"Upload-Length": "3"})
    await send(server, path, b"123", 0)
    assert (await ask(server, "HEAD", path)).headers["Upload-Complete"] == "?0"
    assert (await send(server, path, b"", 3, last=True)).status == 200


async def test_an_empty_file_is_a_file(server: Served) -> None:
    path = await begin(server)
    answer = await send(server, path, b"", 0, last=True)
    assert (await answer.json())["sha256"] == hashlib.sha256(b"").hexdigest()
    assert object_of(server, b"").read_bytes() == b""


async def test_more_bytes_than_announced_end_the_upload(server: Served) -> None:
    path = await begin(server, {"Upload-Length": "4"})

    async def five_bytes() -> AsyncIterator[bytes]:
        yield b"12"
        yield b"345"

    answer = await send(server, path, five_bytes(), 0)
    assert (await problem_in(answer))["reason"] == "upload_length"
    assert (await ask(server, "HEAD", path)).status == 404


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_part_over_its_limit_is_413_with_limits(server: Served, chunked: bool) -> None:
    path = await begin(server)
    said = {} if chunked else {"Content-Length": str(9 * MIB)}

    async def nine_mebibytes() -> AsyncIterator[bytes]:
        for _ in range(9):
            yield bytes(MIB)

    answer = await send(server, path, nine_mebibytes(), 0, headers=said)
    body = await problem_in(answer)
    assert (answer.status, body["reason"]) == (413, "part_too_large")
    assert body["limits"]["upload_part_bytes"] == limits.UPLOAD_PART_BYTES
    assert "max-append-size=" in answer.headers["Upload-Limit"]
    assert await offset_of(server, path) == 0


async def test_an_upload_over_its_limit_is_413_at_once(server: Served) -> None:
    said = {"Upload-Complete": "?0", "Upload-Length": str(limits.UPLOAD_BYTES + 1)}
    answer = await ask(server, "POST", api.UPLOADS, said)
    body = await problem_in(answer)
    assert (answer.status, body["reason"]) == (413, "upload_too_large")
    assert "max-size=" in answer.headers["Upload-Limit"]


async def test_other_bytes_than_announced_are_refused_and_gone(server: Served) -> None:
    path = await begin(server, {"Repr-Digest": digest_field(b"12345")})
    answer = await send(server, path, b"12346", 0, last=True)
    body = await problem_in(answer)
    assert (answer.status, body["reason"]) == (400, "upload_digest")
    assert answer.headers["Upload-Complete"] == "?1"
    assert (await ask(server, "HEAD", path)).status == 404
    assert not object_of(server, b"12346").exists()


async def test_the_whole_may_be_announced_with_the_last_part(server: Served) -> None:
    path = await begin(server)
    await send(server, path, b"123", 0)
    answer = await send(
        server, path, b"45", 3, last=True, headers={"Repr-Digest": digest_field(b"123456")}
    )
    assert (await problem_in(answer))["reason"] == "upload_digest"


async def test_a_part_that_was_altered_on_the_way_does_not_count(server: Served) -> None:
    path = await begin(server)
    altered = {"Content-Digest": digest_field(b"12345")}
    answer = await send(server, path, b"12346", 0, headers=altered)
    assert (answer.status, answer.headers["Upload-Offset"]) == (400, "0")
    assert (await problem_in(answer))["reason"] == "upload_digest"
    assert (await send(server, path, b"12345", 0, headers=altered)).status == 204


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upload-Complete": "?1"},
        {"Upload-Complete": "1"},
        {"Upload-Complete": "true"},
        {"Upload-Complete": "?0", "Content-Length": "5"},
    ],
)
async def test_what_is_no_careful_creation_is_refused(
    server: Served, headers: dict[str, str]
) -> None:
    data = b"12345" if "Content-Length" in headers else None
    answer = await ask(server, "POST", api.UPLOADS, headers, data)
    assert (answer.status, (await problem_in(answer))["reason"]) == (400, "bad_upload")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Upload-Offset": ""}, "bad_upload"),
        ({"Upload-Offset": "-1"}, "bad_upload"),
        ({"Upload-Offset": "0.0"}, "bad_upload"),
        ({"Upload-Offset": "1" * 16}, "bad_upload"),
        ({"Upload-Complete": "no"}, "bad_upload"),
        ({"Content-Type": "text/plain"}, "content_type"),
        ({"Content-Encoding": "gzip"}, "content_encoding"),
    ],
)
async def test_what_is_no_part_is_refused(
    server: Served, headers: dict[str, str], reason: str
) -> None:
    path = await begin(server)
    answer = await send(server, path, b"x", 0, headers=headers)
    assert (await problem_in(answer))["reason"] == reason
    assert await offset_of(server, path) == 0


async def test_an_upload_that_is_given_up_leaves_nothing(server: Served) -> None:
    path = await begin(server)
    await send(server, path, b"123", 0)
    assert (await ask(server, "DELETE", path)).status == 204
    assert (await ask(server, "HEAD", path)).status == 404
    assert (await ask(server, "DELETE", path)).status == 404
    assert (await send(server, path, b"4", 3)).status == 404
    assert list((server.collector.store.data / "uploads").iterdir()) == []


async def test_nothing_is_added_to_a_complete_upload(server: Served) -> None:
    path = await begin(server)
    await send(server, path, b"123", 0, last=True)
    for method in ("PATCH", "DELETE"):
        answer = (
            await send(server, path, b"4", 3)
            if method == "PATCH"
            else await ask(server, method, path)
        )
        assert (answer.status, answer.headers["Upload-Complete"]) == (409, "?1")
        assert (await problem_in(answer))["reason"] == "upload_complete"
    assert object_of(server, b"123").read_bytes() == b"123"


async def test_only_the_product_of_the_key_sees_its_uploads(server: Served) -> None:
    path = await begin(server)
    await send(server, path, b"123", 0)
    other = await server.key_for("pump")
    same = await server.key_for("inspect-eye")
    for method in ("HEAD", "DELETE"):
        assert (await ask(server, method, path, key=other)).status == 404
        assert (await ask(server, method, path, key="")).status == 401
    assert (await send(server, path, b"4", 3, key=other)).status == 404
    assert (await send(server, path, b"4", 3, key="fbk_unknown")).status == 401
    assert (await ask(server, "HEAD", path, key=same)).status == 204
    assert (await send(server, path, b"4", 3, last=True)).status == 200
    assert (await ask(server, "HEAD", path, key=other)).status == 404


@pytest.mark.parametrize("name", ["..", "%2e%2e%2fpacks", "x" * 32, "0" * 32, "A" * 32, "0" * 5000])
async def test_ids_that_nobody_made_are_404(server: Served, name: str) -> None:
    for method in ("HEAD", "DELETE"):
        assert (await ask(server, method, f"{api.UPLOADS}/{name}")).status in (400, 404)


async def test_three_at_a_time_of_a_device_and_64_of_a_key(server: Served) -> None:
    said = {"FB-Device": "SN-1"}
    paths = [await begin(server, said) for _ in range(limits.UPLOADS_OPEN)]
    answer = await ask(server, "POST", api.UPLOADS, {"Upload-Complete": "?0"} | said)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
    assert (await problem_in(answer))["reason"] == "too_many_uploads"
    await begin(server, {"FB-Device": "SN-2"})
    await begin(server)
    await ask(server, "DELETE", paths[0])
    await begin(server, said)
    for number in range(OPEN_PER_KEY - 5):
        await begin(server, {"FB-Device": f"made up {number}"})
    answer = await ask(server, "POST", api.UPLOADS, {"Upload-Complete": "?0"})
    assert answer.status == 429


async def test_devices_behind_a_proxy_are_told_apart(tmp_path: Path) -> None:
    async with served(tmp_path / "data", trusted_proxies="127.0.0.1") as server:
        one, two = ({"X-Forwarded-For": f"198.51.100.{n}"} for n in (1, 2))
        for _ in range(limits.UPLOADS_OPEN):
            await begin(server, one)
        refused = await ask(server, "POST", api.UPLOADS, {"Upload-Complete": "?0"} | one)
        assert refused.status == 429
        await begin(server, two)


async def send_half(
    server: Served, path: str, data: bytes
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Begin a part of twice these bytes and stay connected; return when they are on their way."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    lines = (
        f"PATCH {path} HTTP/1.1",
        "Host: x",
        f"FB-Key: {server.key}",
        f"Content-Type: {api.PART_TYPE}",
        f"Content-Length: {2 * len(data)}",
        "Upload-Offset: 0",
        "Upload-Complete: ?1",
    )
    writer.write("\r\n".join((*lines, "", "")).encode() + data)
    await writer.drain()
    return reader, writer


async def test_what_came_before_a_cut_counts(server: Served) -> None:
    path = await begin(server, {"Repr-Digest": digest_field(CORE)})
    half = CORE[: len(CORE) // 2]
    _, writer = await send_half(server, path, half)
    await asyncio.sleep(0.5)  # what the server has not read when the line goes dead may be lost
    writer.close()
    await writer.wait_closed()
    at = await offset_of(server, path)
    assert 0 < at <= len(half)
    assert (await ask(server, "HEAD", path)).headers["Upload-Complete"] == "?0"
    assert (await send(server, path, CORE[at:], at, last=True)).status == 200
    assert object_of(server, CORE).read_bytes() == CORE


@pytest.mark.parametrize("garbage", [b"zz\r\nxx\r\n", b"5\r\n12345xx\r\n", b"-1\r\n\r\n"])
async def test_a_chunked_part_that_turns_into_garbage_is_cut_there(
    tmp_path: Path, garbage: bytes
) -> None:
    async with served(tmp_path / "data", body_idle_seconds=1) as server:
        path = await begin(server)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        lines = (
            f"PATCH {path} HTTP/1.1",
            "Host: x",
            f"FB-Key: {server.key}",
            f"Content-Type: {api.PART_TYPE}",
            "Transfer-Encoding: chunked",
            "Upload-Offset: 0",
            "Upload-Complete: ?1",
        )
        writer.write("\r\n".join((*lines, "", "")).encode() + b"3\r\nabc\r\n")
        await writer.drain()
        await asyncio.sleep(0.2)
        writer.write(garbage)
        answer = await asyncio.wait_for(reader.read(2000), 10)
        writer.close()
        assert answer.startswith(b"HTTP/1.1 4")
        told = (await ask(server, "HEAD", path)).headers
        assert told["Upload-Complete"] == "?0"
        assert int(told["Upload-Offset"]) in (3, 8)


async def test_who_begins_anew_need_not_wait_for_the_connection_that_hangs(
    server: Served,
) -> None:
    path = await begin(server)
    half = CORE[: len(CORE) // 2]
    _, writer = await send_half(server, path, half)
    part = server.collector.store.data / "uploads" / f"{path.rsplit('/', 1)[1]}.part"
    await wait_for(lambda: part.exists() and part.stat().st_size > 0)
    at = await asyncio.wait_for(offset_of(server, path), 5)
    assert 0 < at <= len(half)
    assert (await send(server, path, CORE[at:], at, last=True)).status == 200
    assert object_of(server, CORE).read_bytes() == CORE
    writer.close()


async def test_a_part_that_stops_coming_is_408_and_counts(tmp_path: Path) -> None:
    async with served(tmp_path / "data", body_idle_seconds=1) as server:
        path = await begin(server)
        reader, writer = await send_half(server, path, b"12345")
        answer = await asyncio.wait_for(reader.readuntil(b"}"), 20)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert await offset_of(server, path) == 5
        writer.close()


async def test_uploads_survive_a_restart(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as server:
        path = await begin(server, {"Upload-Length": "6", "FB-Device": "SN-1"})
        await send(server, path, b"123", 0)
        done = await begin(server)
        await send(server, done, b"done", 0, last=True)
        first_key = server.key
    async with served(tmp_path / "data") as server:
        assert (await ask(server, "HEAD", path, key=first_key)).headers["Upload-Offset"] == "3"
        assert (await ask(server, "HEAD", done)).headers["Upload-Complete"] == "?1"
        assert (await send(server, path, b"456", 3, last=True)).status == 200
        assert object_of(server, b"123456").read_bytes() == b"123456"


async def test_a_key_revoked_in_mid_part_does_not_complete_the_upload(server: Served) -> None:
    path = await begin(server)

    async def revoked_meanwhile() -> AsyncIterator[bytes]:
        yield b"123"
        await asyncio.sleep(0.2)
        server.collector.keys.load([])
        yield b"45"

    answer = await send(server, path, revoked_meanwhile(), 0, last=True)
    assert answer.status == 401
    server.collector.keys.load(await server.collector.reader.keys())
    assert await offset_of(server, path) == 5
    assert (await send(server, path, b"", 5, last=True)).status == 200


async def test_who_asks_before_sending_is_told_before_sending(server: Served) -> None:
    path = await begin(server)
    said = {"Expect": "100-continue"}
    assert (await send(server, path, b"123", 0, headers=said)).status == 204
    assert (await send(server, path, b"4", 9, headers=said)).status == 409
    assert (await send(server, path, b"4", 3, headers=said, key="fbk_x")).status == 401


async def test_the_same_bytes_twice_are_one_object(server: Served) -> None:
    for _ in range(2):
        path = await begin(server)
        assert (await send(server, path, CORE, 0, last=True)).status == 200
    assert object_of(server, CORE).read_bytes() == CORE


class FailingFolder(UploadFolder):
    """A folder on a disk that is full, or that does not confirm."""

    error: OSError | None = None

    def keep_part(self, upload: Upload, part: Part, length: int | None) -> Upload:
        """Fail as the disk does."""
        if self.error is not None:
            raise self.error
        return super().keep_part(upload, part, length)


@dataclass
class Door:
    """Uploads alone, with a clock and a disk of the test's."""

    client: TestClient[web.Request, web.Application]
    folder: FailingFolder
    now: list[float]
    fatal: list[bool]

    async def ask(
        self, method: str, path: str, data: bytes = b"", **said: str
    ) -> aiohttp.ClientResponse:
        """Send one request; `said` are headers in snake case."""
        headers = {name.replace("_", "-"): value for name, value in said.items()}
        headers |= {"FB-Key": "k", "Content-Type": api.PART_TYPE}
        return await self.client.request(method, path, data=data or None, headers=headers)

    async def begin(self) -> str:
        """Make an upload; return its path."""
        return (await self.ask("POST", api.UPLOADS, Upload_Complete="?0")).headers["Location"]


@asynccontextmanager
async def door(data: Path) -> AsyncIterator[Door]:
    """Serve uploads alone."""
    keys, folder = KeyRing(), FailingFolder(data)
    keys.load([KeyRow(1, 1, 1, "pump", "k", hash_key("k"), 0, None)])
    now, fatal = [1000.0], list[bool]()
    uploads = Uploads(
        keys,
        folder,
        BodyLimits(10, 60),
        lambda: fatal.append(True),
        lambda request: request.remote or "",
        lambda: now[0],
    )
    application = web.Application(middlewares=[answer_problems])
    application.cleanup_ctx.append(uploads.run)
    application.router.add_post(api.UPLOADS, uploads.create)
    application.router.add_head(f"{api.UPLOADS}/{{up}}", uploads.head)
    application.router.add_patch(f"{api.UPLOADS}/{{up}}", uploads.patch)
    async with TestClient(TestServer(application)) as client:
        yield Door(client, folder, now, fatal)


@pytest.mark.parametrize(
    ("error", "reason", "fatal"),
    [
        (OSError(28, "No space left on device"), "disk_full", []),
        (PackSyncError(5, "Input/output error"), "internal", [True]),
    ],
)
async def test_what_the_disk_does_not_take_does_not_count(
    tmp_path: Path, error: OSError, reason: str, fatal: list[bool]
) -> None:
    async with door(tmp_path) as found:
        path = await found.begin()
        found.folder.error = error
        answer = await found.ask("PATCH", path, b"123", Upload_Offset="0", Upload_Complete="?0")
        assert (answer.status, (await problem_in(answer))["reason"]) == (503, reason)
        assert "Retry-After" in answer.headers
        assert found.fatal == fatal
        [part] = (tmp_path / "uploads").glob("*.part")
        assert part.stat().st_size == 0  # the room is given back
        found.folder.error = None
        assert (await found.ask("HEAD", path)).headers["Upload-Offset"] == "0"


async def test_what_is_not_complete_after_a_day_is_gone(tmp_path: Path) -> None:
    async with door(tmp_path) as found:
        path = await found.begin()
        found.now[0] += limits.UPLOAD_SECONDS - 1
        answer = await found.ask("HEAD", path)
        assert answer.headers["Upload-Limit"].endswith("max-age=1")
        found.now[0] += 1
        assert (await found.ask("HEAD", path)).status == 404
        other = await found.begin()  # looks for what is too old
        assert [one.stem for one in (tmp_path / "uploads").iterdir()] == [other[-32:]]


async def test_the_age_of_an_upload_goes_on_over_a_restart(tmp_path: Path) -> None:
    async with door(tmp_path) as found:
        path = await found.begin()
    [state] = (tmp_path / "uploads").glob("*.json")
    told = json.loads(state.read_text())
    told["created_ms"] -= 1000 * (limits.UPLOAD_SECONDS - 100)
    state.write_text(json.dumps(told))
    async with door(tmp_path) as found:
        answer = await found.ask("HEAD", path)
        age_seconds = int(answer.headers["Upload-Limit"].rsplit("=", 1)[1])
        assert 40 <= age_seconds <= 100


async def test_a_clock_that_was_set_back_makes_no_upload_older_than_new(tmp_path: Path) -> None:
    async with door(tmp_path) as found:
        path = await found.begin()
    [state] = (tmp_path / "uploads").glob("*.json")
    told = json.loads(state.read_text())
    state.write_text(json.dumps(told | {"created_ms": told["created_ms"] + 10**12}))
    async with door(tmp_path) as found:
        answer = await found.ask("HEAD", path)
        assert answer.headers["Upload-Limit"].endswith(f"max-age={limits.UPLOAD_SECONDS}")
