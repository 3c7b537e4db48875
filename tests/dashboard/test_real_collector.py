"""The pages over the real collector: what a device uploads is what a person reads."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from faultbox_collector.app import Collector
from faultbox_collector.desk.accounts import create_login_link
from faultbox_dashboard.app import add_pages
from faultbox_dashboard.settings import PageSettings
from support.builders import a_bundle, a_head, an_err
from support.collector import Served, served
from support.postgres import PostgresServer

SETTINGS = PageSettings(server_url="http://127.0.0.1", timezone="Asia/Shanghai")
NOW_MS = 4_000_000_000_000


def with_pages(collector: Collector) -> None:
    add_pages(
        collector.application,
        reader=collector.reader,
        accounts=collector.accounts,
        desk=collector.desk,
        settings=SETTINGS,
    )


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """Start a server that tests may stop."""
    with PostgresServer() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The setting `database`: empty for SQLite, else the URL of a migrated PostgreSQL database."""
    if request.param == "sqlite":
        yield ""
        return
    with request.getfixturevalue("postgres").migrated() as url:
        yield url


@pytest.fixture
async def server(tmp_path: Path, database: str) -> AsyncIterator[Served]:
    async with served(tmp_path, change=with_pages, database=database) as running:
        yield running


@pytest.fixture
async def person(server: Served) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser that has signed in by a link; cookies of an address are kept only on request."""
    token = await server.collector.writer.run(lambda c: create_login_link(c, "desk-1", NOW_MS))
    async with aiohttp.ClientSession(
        server.url, cookie_jar=aiohttp.CookieJar(unsafe=True)
    ) as session:
        async with session.post(f"/login/{token}") as answer:
            assert answer.status == 200
            assert answer.url.path == "/start"
        yield session


async def read(person: aiohttp.ClientSession, path: str) -> str:
    async with person.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.text()


async def test_from_an_upload_to_a_note_on_its_ticket(
    server: Served, person: aiohttp.ClientSession
) -> None:
    assert "尚未收到数据" in await read(person, "/start")
    for number, value in ((1, "bad reading"), (2, "worse \x1b[2J<b>")):
        bundle = a_bundle(a_head(number, err=an_err(msg=value)))
        assert (await server.post(bundle)).status == 202
    await server.digested()

    arrived = await read(person, "/start/arrival?seen=0-0-")
    number = re.findall(r"/tickets/(FB-\d{11})", arrived)[0]
    signatures = await read(person, "/signatures?q=ValueError&state=new")
    assert "程序异常：取值无效（ValueError）" in signatures
    assert number in signatures
    assert number in await read(person, "/tickets")

    ticket = await read(person, f"/tickets/{number}")
    for words in ("inspect-eye", "SN-0001", "read_sensor", "待分派", "根据设备上报自动建单。"):
        assert words in ticket
    assert "\x1b" not in ticket
    csrf = re.findall(r'name="csrf" value="([^"]+)"', ticket)[0]
    form = {"csrf": csrf, "text": "已联系客户 <i>"}
    async with person.post(f"/tickets/{number}/notes", data=form) as answer:
        assert "已联系客户 &lt;i&gt;" in await answer.text()


async def test_what_was_set_aside_can_be_found_and_taken_away(
    server: Served, person: aiohttp.ClientSession
) -> None:
    reused = a_bundle(a_head(1, err=an_err(msg="another fault under the same id")))
    for bundle in (a_bundle(a_head(1)), reused):
        assert (await server.post(bundle)).status == 202
        await server.digested()
    tickets = await read(person, "/tickets")
    assert "无法解析的上报数据包" in tickets
    assert 'href="/unreadable"' in tickets
    page = await read(person, "/unreadable")
    assert "此前已收到编号相同但内容不同的上报数据包。" in page
    [number] = re.findall(r'href="/tickets/(FB-\d{11})"', page)
    ticket = await read(person, f"/tickets/{number}")
    for words in ("unreadable report: id_reused", "inspect-eye", "00000001.fbp", "/unreadable"):
        assert words in ticket
    [address] = re.findall(r'href="(/unreadable/\d+/bundle)"', page)
    async with person.get(address) as answer:
        assert (await answer.read()).endswith(reused)
        assert answer.content_type == "application/octet-stream"


async def test_language_and_session_live_on_the_server(
    server: Served, person: aiohttp.ClientSession
) -> None:
    page = await read(person, "/signatures")
    csrf = re.findall(r'name="csrf" value="([^"]+)"', page)[0]
    async with person.post("/language", data={"csrf": csrf, "language": "en"}) as answer:
        assert '<html lang="en"' in await answer.text()
    async with person.post("/logout", data={"csrf": csrf}) as answer:
        assert answer.status == 401


async def test_the_devices_routes_keep_their_own_answers(server: Served) -> None:
    wrong = await server.session.post(f"{server.url}/v1/bundles", data=b"x")
    assert wrong.status == 401
    assert wrong.content_type == "application/problem+json"
    missing = await server.session.get(f"{server.url}/v1/nothing")
    assert missing.status == 404
    assert missing.content_type != "text/html"
    page = await server.session.get(f"{server.url}/nothing")
    assert page.status == 404
    assert page.content_type == "text/html"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_page_says_that_the_database_does_not_answer(
    server: Served, person: aiohttp.ClientSession, postgres: PostgresServer
) -> None:
    postgres.stop()
    try:
        for path in ("/signatures", "/tickets"):
            async with person.get(path) as answer:
                assert answer.status == 503
                assert "数据库没有响应" in await answer.text()
        assert (await server.post(a_bundle(a_head(7)))).status == 202
    finally:
        postgres.start()
    await server.digested()
    assert "FB-" in await read(person, "/tickets")
