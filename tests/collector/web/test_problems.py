"""Whatever goes wrong under /v1/ is a problem of ours, and tells nothing of our insides."""

import json
from pathlib import Path

import pytest
from aiohttp import web

from faultbox_collector.app import Collector
from faultbox_collector.web.problems import WEB_REASONS, problem
from faultbox_protocol import api
from faultbox_protocol.errors import REASONS
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
