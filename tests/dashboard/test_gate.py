"""Who gets in, which posts are refused, and what a reader sees when something fails."""

import asyncio
import logging

import pytest

from faultbox_dashboard.settings import PageSettings
from support.fake_desk import FakeDesk
from support.fake_site import SETTINGS, SignIn

TICKET = "/tickets/FB-20261122001"
PRIVATE = ("/", "/start", "/start/arrival", "/signatures", "/tickets", "/unreadable", TICKET)


@pytest.mark.parametrize("path", PRIVATE)
async def test_without_a_session_every_page_says_how_to_get_a_login_link(
    stranger: SignIn, path: str
) -> None:
    client = await stranger()
    answer = await client.get(path)
    assert answer.status == 401
    text = await answer.text()
    assert "faultbox users login-link" in text
    assert "FB-20261122001" not in text


@pytest.mark.parametrize("path", ["/language", "/logout", f"{TICKET}/notes"])
async def test_without_a_session_nothing_can_be_posted(stranger: SignIn, path: str) -> None:
    client = await stranger()
    answer = await client.post(path, data={"text": "x", "language": "en"})
    assert answer.status == 401


async def test_an_ended_session_makes_a_waiting_fragment_reload_its_page(stranger: SignIn) -> None:
    client = await stranger()
    answer = await client.get("/start/arrival", headers={"HX-Request": "true"})
    assert answer.status == 401
    assert answer.headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("path", ["/language", "/logout", f"{TICKET}/notes"])
@pytest.mark.parametrize("token", ["", "csrf-1", "ctoken\u00e9"])
async def test_a_post_without_the_sessions_token_changes_nothing(
    sign_in: SignIn, desk: FakeDesk, path: str, token: str
) -> None:
    client = await sign_in()
    form = {"csrf": token, "text": "planted", "language": "zh-CN"}
    answer = await client.post(path, data=form)
    assert answer.status == 403
    assert "planted" not in str(desk.pages["FB-20261122001"].history)
    assert desk.sessions["session-0"].language == "en"


async def test_a_token_that_is_no_text_is_refused(sign_in: SignIn) -> None:
    client = await sign_in()
    reader, writer = await asyncio.open_connection(client.host, client.port)
    session = client.session.cookie_jar.filter_cookies(client.make_url("/"))["faultbox"].value
    writer.write(
        b"POST /logout HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nX-CSRF-Token: \xff\xfe\r\n"
        + f"Cookie: faultbox={session}\r\n\r\n".encode()
    )
    assert (await reader.readline()).split()[1] == b"403"
    writer.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example.org"},
        {"Origin": "null"},
    ],
)
async def test_a_post_from_another_site_is_refused_even_with_the_token(
    sign_in: SignIn, desk: FakeDesk, headers: dict[str, str]
) -> None:
    client = await sign_in()
    form = {"csrf": "csrf-0", "text": "planted"}
    answer = await client.post(f"{TICKET}/notes", data=form, headers=headers)
    assert answer.status == 403
    assert "planted" not in str(desk.pages["FB-20261122001"].history)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://faults.example.org"},
        {"X-CSRF-Token": "csrf-0"},
    ],
)
async def test_a_post_of_the_own_site_is_taken(
    sign_in: SignIn, desk: FakeDesk, headers: dict[str, str]
) -> None:
    client = await sign_in()
    form = {"text": "seen"} if "X-CSRF-Token" in headers else {"csrf": "csrf-0", "text": "seen"}
    answer = await client.post(f"{TICKET}/notes", data=form, headers=headers, allow_redirects=False)
    assert answer.status == 303
    assert desk.pages["FB-20261122001"].history[-1].text == "seen"


async def test_a_login_link_cannot_be_redeemed_from_another_site(
    stranger: SignIn, desk: FakeDesk
) -> None:
    client = await stranger()
    answer = await client.post("/login/good-link", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
    assert desk.links == {"good-link"}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"csrf=csrf-0&text=" + b"x" * 70_000, {}, 413),
        (b"{}", {"Content-Type": "application/json"}, 415),
        (b"csrf=csrf-0", {"Content-Encoding": "gzip"}, 415),
        (b"text=%ff", {}, 400),
        (b"\xff=1", {}, 400),
        (b"&".join(b"a%d=1" % i for i in range(40)), {}, 400),
    ],
)
async def test_a_malformed_form_is_refused_with_a_page(
    sign_in: SignIn, body: bytes, headers: dict[str, str], status: int
) -> None:
    client = await sign_in()
    headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    answer = await client.post(
        f"{TICKET}/notes", data=body, headers=headers, skip_auto_headers=["Content-Encoding"]
    )
    assert answer.status == status
    assert answer.content_type == "text/html"


@pytest.mark.parametrize("path", [*PRIVATE, "/login/x", "/nothing", "/tickets/FB-1"])
async def test_every_answer_carries_the_protecting_headers(sign_in: SignIn, path: str) -> None:
    client = await sign_in()
    answer = await client.get(path, allow_redirects=False)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("language", "words"), [("en", "There is no such page"), ("zh-CN", "页面不存在")]
)
@pytest.mark.parametrize("path", ["/nothing", "/tickets/FB-20261122777", "/tickets/7"])
async def test_a_missing_page_is_told_in_the_readers_language(
    sign_in: SignIn, path: str, language: str, words: str
) -> None:
    client = await sign_in(language)
    answer = await client.get(path)
    assert answer.status == 404
    assert words in await answer.text()


@pytest.mark.parametrize(
    ("accepted", "words"),
    [("zh-TW,zh;q=0.9,en;q=0.8", "请先登录"), ("en-GB", "Please sign in"), ("fr", "请先登录")],
)
async def test_a_stranger_is_spoken_to_in_the_browsers_language(
    stranger: SignIn, accepted: str, words: str
) -> None:
    client = await stranger()
    answer = await client.get("/", headers={"Accept-Language": accepted})
    assert words in await answer.text()


async def test_a_failing_store_gives_a_page_and_no_detail_of_the_failure(
    sign_in: SignIn, desk: FakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    client = await sign_in("zh-CN")
    desk.failing = True
    with caplog.at_level(logging.CRITICAL + 1, "faultbox_dashboard.gate"):
        answer = await client.get("/signatures")
    assert answer.status == 500
    text = await answer.text()
    assert "服务器处理此页面时出错" in text
    assert "the store is gone" not in text


async def test_a_failing_fragment_is_a_fragment(sign_in: SignIn, desk: FakeDesk) -> None:
    client = await sign_in()
    desk.failing = True
    answer = await client.get("/start/arrival", headers={"HX-Request": "true"})
    assert answer.status == 500
    assert "<html" not in await answer.text()


async def test_a_wrong_method_names_the_right_one(sign_in: SignIn) -> None:
    client = await sign_in()
    answer = await client.get("/logout")
    assert answer.status == 405
    assert answer.headers["Allow"] == "POST"
    assert answer.content_type == "text/html"


async def test_what_machines_ask_for_is_left_alone(stranger: SignIn) -> None:
    client = await stranger()
    for answer in (
        await client.get("/healthz"),
        await client.post("/v1/bundles", data=b"x", headers={"Sec-Fetch-Site": "cross-site"}),
    ):
        assert answer.status == 200
        assert "Content-Security-Policy" not in answer.headers
    missing = await client.get("/v1/nothing")
    assert missing.status == 404
    assert missing.content_type == "text/plain"


async def test_an_overlong_cookie_is_not_even_looked_up(stranger: SignIn, desk: FakeDesk) -> None:
    client = await stranger()
    desk.sessions["x" * 500] = desk.sessions[desk.sign_in()]
    answer = await client.get("/tickets", cookies={"faultbox": "x" * 500})
    assert answer.status == 401


async def test_behind_https_the_cookie_is_bound_to_it(stranger: SignIn) -> None:
    settings = PageSettings(server_url=SETTINGS.server_url, secure_cookies=True)
    client = await stranger(settings)
    answer = await client.post("/login/good-link", allow_redirects=False)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-faultbox=")
    for attribute in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/"):
        assert attribute in cookie
