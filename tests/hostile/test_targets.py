"""Hostile texts in every place of a request but its body: path, query, headers, cookies, method."""

from collections.abc import Iterator

import pytest

from faultbox_protocol import api
from support.hostile.judging import judge
from support.hostile.routes import METHODS, ODD_METHODS, Route, coded
from support.hostile.target import BLOCKED_SECONDS, Target
from support.hostile.texts import BYTES, TEXTS
from support.hostile.wire import Wire

QUERY_NAMES = ("q", "state", "product", "page", "lang", "seen", "sort", "back", "number", "x[]")
HEADER_NAMES = (
    "FB-Key",
    "Authorization",
    "FB-Sent",
    "FB-Device",
    "Cookie",
    "X-CSRF-Token",
    "Content-Type",
    "Content-Encoding",
    "Content-Digest",
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "If-None-Match",
    "If-Match",
    "If-Modified-Since",
    "Range",
    "Origin",
    "Referer",
    "Sec-Fetch-Site",
    "Host",
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-HTTP-Method-Override",
    "X-Original-URL",
    "Upgrade",
    "HX-Request",
    "HX-Request-Type",
    "Idempotency-Key",
    "Prefer",
    "Upload-Offset",
    "Upload-Length",
    "Upload-Complete",
    "Upload-Limit",
    "Expect",
)
NUMBERS = ("-1", "0", "1e9", "99999999999999999999", "0x10", "?1", "?2", "٣", "1, 2", "")


def header_values() -> Iterator[bytes]:
    """Yield what a header may hold at all: a line end or NUL is the parser's business."""
    for text in (*TEXTS.values(), *NUMBERS):
        raw = text.encode()
        if not set(raw) & set(b"\r\n\0"):
            yield raw[:4000]
    yield b"\xff\xfe\x80"


async def complain(
    wire: Wire, target: Target, route: Route, path: bytes, headers: dict[str, str | bytes]
) -> str:
    """Ask once; return what was wrong with the answer."""
    answer = await wire.ask(route.method, path, {**target.entry(route), **headers})
    complaint = judge(route, answer, path=path)
    return f"{route} {path[:80]!r} {str(headers)[:120]}: {complaint}" if complaint else ""


@pytest.mark.timeout(300)
async def test_hostile_paths_and_queries_are_refused_or_read_as_text(target: Target) -> None:
    await target.warm_up()
    target.server.begin_watch()
    pieces = [*(coded(text)[:6000] for text in TEXTS.values()), *BYTES.values()]
    wrong = []
    async with Wire(target.server.port) as wire:
        for route in target.asked:
            for piece in pieces:
                paths = [
                    route.fill({name: "\0"}).encode().replace(b"\0", piece) for name in route.names
                ]
                paths += [route.path.encode() + b"/" + piece, piece and b"/" + piece]
                query = b"&".join(name.encode() + b"=" + piece for name in QUERY_NAMES)
                paths += [route.path.encode() + b"?" + query, route.path.encode() + b"?" + piece]
                wrong += [await complain(wire, target, route, path, {}) for path in paths]
    assert [one for one in wrong if one] == []
    assert target.server.longest_step_seconds <= BLOCKED_SECONDS
    assert "Traceback" not in target.server.errors()


@pytest.mark.timeout(300)
async def test_hostile_headers_and_cookies_are_refused_or_left_alone(target: Target) -> None:
    wrong = []
    async with Wire(target.server.port) as wire:
        for route in target.asked:
            for value in header_values():
                together: dict[str, str | bytes] = {
                    name: value for name in HEADER_NAMES if name not in ("Host", "Expect")
                }
                path = route.path.encode()
                wrong.append(await complain(wire, target, route, path, together))
                cookies = b"faultbox=" + value + b"; __Host-faultbox=" + value + b"; " + value
                wrong.append(await complain(wire, target, route, path, {"Cookie": cookies}))
        for route in target.asked:
            for name in HEADER_NAMES:
                for value in (TEXTS["markup"].encode(), b"99999999999999999999", b"\xff\xfe", b""):
                    found = await complain(wire, target, route, route.path.encode(), {name: value})
                    wrong.append(found)
    assert [one for one in wrong if one] == []
    assert "Traceback" not in target.server.errors()


async def test_no_other_method_does_anything(target: Target) -> None:
    wrong = []
    known = {(route.template, route.method) for route in target.routes}
    async with Wire(target.server.port) as wire:
        for route in target.routes:
            for method in METHODS + ODD_METHODS:
                if (route.template, method) in known:
                    continue
                answer = await wire.ask(method, route.path, target.entry(route), b"{}")
                allowed = (204,) if method == "OPTIONS" else ()
                if answer.status not in (400, 401, 403, 404, 405, 413, 415, *allowed):
                    wrong.append(f"{method} {route.template}: {answer}")
    assert wrong == []


async def test_every_route_of_devices_wants_a_key_and_every_page_a_session(target: Target) -> None:
    """But those that are there for strangers."""
    open_to_all = {
        api.TIME,
        "/healthz",
        "/readyz",
        "/metrics",
        "/favicon.ico",
        "/api/v1/openapi.json",
    }
    answers = {}
    async with Wire(target.server.port) as wire:
        for route in target.routes:
            answers[str(route)] = (await wire.ask(route.method, route.path)).status
    wanted = {
        route
        for route in answers
        if not route.startswith("OPTIONS ")
        and not route.split()[1].startswith(("/login/", "/static/"))
        and route.split()[1] not in open_to_all
    }
    assert {route: answers[route] for route in wanted if answers[route] not in (401, 403)} == {}
