"""Whatever goes wrong under /v1/ is a problem of ours, and tells nothing of our insides."""

import json
import struct
from pathlib import Path

import pytest
from aiohttp import web

from faultbox_collector.app import Collector
from faultbox_collector.web.problems import WEB_REASONS, ProblemError, problem, write_problem
from faultbox_protocol import api, limits
from faultbox_protocol.errors import REASONS
from support.builders import a_bundle
from support.collector import Served, served


async def fail(_request: web.Request) -> web.StreamResponse:
    """Fail as nobody expected."""
    raise RuntimeError("secret insides")


async def refuse(_request: web.Request) -> web.StreamResponse:
    """Refuse as the framework does."""
    raise web.HTTPGone


def add_failing_routes(collector: Collector) -> None:
    """Add routes that fail, under /v1/ and beside it."""
    collector.application.router.add_get("/v1/fail", fail)
    collector.application.router.add_get("/v1/gone", refuse)
    collector.application.router.add_get("/page/gone", refuse)


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/v1/nothing", 404, "no_route"),
        ("GET", "/v1/", 404, "no_route"),
        ("GET", api.BUNDLES, 405, "bad_method"),
        ("DELETE", api.TIME, 405, "bad_method"),
        ("GET", "/v1/receipts/a/b", 404, "no_route"),
    ],
)
async def test_unknown_paths_and_methods_are_problems(
    server: Served, method: str, path: str, status: int, reason: str
) -> None:
    answer = await server.session.request(method, server.url + path)
    assert (answer.status, answer.content_type) == (status, api.PROBLEM_TYPE)
    body = json.loads(await answer.text())
    assert body["type"] == api.PROBLEM_PREFIX + reason
    assert ("Allow" in answer.headers) == (status == 405)


async def test_a_failure_nobody_expected_is_500_without_our_insides(tmp_path: Path) -> None:
    async with served(tmp_path / "data", change=add_failing_routes) as server:
        answer = await server.get("/v1/fail")
        text = await answer.text()
        assert (answer.status, json.loads(text)["reason"]) == (500, "internal")
        assert "Retry-After" in answer.headers
        for inside in ("secret", "Traceback", "RuntimeError", ".py"):
            assert inside not in text
        gone = await server.get("/v1/gone")
        assert json.loads(await gone.text())["type"] == api.PROBLEM_PREFIX + "bad_request"


async def test_other_paths_keep_the_answers_of_whoever_serves_them(tmp_path: Path) -> None:
    async with served(tmp_path / "data", change=add_failing_routes) as server:
        answer = await server.get("/page/gone")
        assert (answer.status, answer.content_type) == (410, "text/plain")
        assert (await server.get("/page/nothing")).content_type == "text/plain"


@pytest.mark.parametrize("reason", [*REASONS, *WEB_REASONS])
def test_every_reason_has_a_title(reason: str) -> None:
    assert isinstance(problem(400, reason).body, bytes)


def test_a_reason_means_one_thing() -> None:
    assert not set(REASONS) & set(WEB_REASONS)


def test_who_is_refused_learns_when_to_come_again() -> None:
    told = ProblemError(429, "rate_key", "later", retry_seconds=17).answer()
    assert (told.status, told.headers["Retry-After"]) == (429, "17")
    assert int(ProblemError(503, "disk_full").answer().headers["Retry-After"]) > 0
    assert "Retry-After" not in ProblemError(404, "not_found").answer().headers


def test_a_problem_can_be_written_without_a_request() -> None:
    head, _, body = write_problem(503, "busy", "too many connections").partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 503 Service Unavailable"
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert headers["Connection"] == "close"
    assert int(headers["Content-Length"]) == len(body)
    assert int(headers["Retry-After"]) > 0
    assert headers["Content-Type"].startswith(api.PROBLEM_TYPE)
    assert json.loads(body)["type"] == api.PROBLEM_PREFIX + "busy"


async def test_each_413_tells_the_limits(server: Served) -> None:
    answer = await server.post(struct.pack(">4s4xIII", b"FBX1", 1 << 30, 1 << 30, 0))
    body = json.loads(await answer.text())
    assert (answer.status, body["reason"]) == (413, "blob_too_large")
    assert body["limits"]["body_bytes"] == limits.BODY_BYTES
    assert body["limits"]["blob_bytes"] == limits.BLOB_BYTES


async def test_a_413_among_others_tells_the_limits_too(server: Served) -> None:
    too_large = struct.pack(">4s4xIII", b"FBX1", 1 << 30, 1 << 30, 0)
    answer = await server.post(a_bundle() + too_large)
    body = await answer.json()
    assert [item["status"] for item in body["items"]] == [202, 413]
    assert body["limits"]["blob_bytes"] == limits.BLOB_BYTES


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (api.BUNDLES, "OPTIONS, POST"),
        (f"{api.RECEIPTS}/00", "GET, HEAD, OPTIONS"),
        (api.TIME, "GET, HEAD, OPTIONS"),
        (api.CONFIG, "GET, HEAD, OPTIONS"),
        (api.HEARTBEATS, "OPTIONS, POST"),
    ],
)
async def test_each_path_tells_its_methods(server: Served, path: str, methods: str) -> None:
    asked = await server.session.options(server.url + path)
    assert (asked.status, asked.headers["Allow"], await asked.read()) == (204, methods, b"")
    refused = await server.session.patch(server.url + path)
    assert (refused.status, refused.headers["Allow"]) == (405, methods)


async def test_options_of_an_unknown_path_is_404(server: Served) -> None:
    assert (await server.session.options(f"{server.url}/v1/nothing")).status == 404
