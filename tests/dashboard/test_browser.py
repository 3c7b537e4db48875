"""The pages in a real browser: policy, script, language switch, waiting, phone."""

import pytest
from aiohttp.test_utils import TestServer
from pytest_aiohttp import AiohttpServer

from support.browser import Browser, open_browser
from support.fake_desk import FakeDesk, make_unreadable
from support.fake_site import build_app

pytestmark = pytest.mark.timeout(180)
PAGES = (
    *("/signatures", "/tickets/FB-20261122001", "/tickets", "/unreadable"),
    *("/start", "/nothing", "/login/x"),
)

CUT = (
    "[...document.querySelectorAll('.card')].filter(c => c.scrollWidth > c.clientWidth + 1).length"
)
"""How many cards hide a part of what is in them."""


async def serve(desk: FakeDesk, aiohttp_server: AiohttpServer) -> TestServer:
    server: TestServer = await aiohttp_server(build_app(desk))
    return server


def real_complaints(browser: Browser) -> list[str]:
    """Return the complaints without those about the missing page that was asked for."""
    return [text for text in browser.complaints if "/nothing" not in text]


async def test_no_page_breaks_the_policy_or_scrolls_sideways_on_a_phone(
    desk: FakeDesk, aiohttp_server: AiohttpServer
) -> None:
    desk.set_aside = [make_unreadable(number) for number in range(1, 8)]
    server = await serve(desk, aiohttp_server)
    async with open_browser() as browser:
        for language in ("zh-CN", "en"):
            token = desk.sign_in(language)
            await browser.set_cookie(str(server.make_url("/")), "faultbox", token)
            for width in (1400, 1024, 390):
                await browser.resize(width, 844)
                for path in PAGES:
                    await browser.go(str(server.make_url(path)))
                    assert await browser.overflow() <= 0, (path, width)
                    assert await browser.run(CUT) == 0, (path, width)
                    assert await browser.run("document.styleSheets.length") == 2
                    assert await browser.run("typeof htmx") == "object"
        assert real_complaints(browser) == []


async def test_the_policy_is_really_in_force(desk: FakeDesk, aiohttp_server: AiohttpServer) -> None:
    server = await serve(desk, aiohttp_server)
    async with open_browser() as browser:
        await browser.set_cookie(str(server.make_url("/")), "faultbox", desk.sign_in())
        await browser.go(str(server.make_url("/tickets")))
        await browser.run(
            "{ const planted = document.createElement('script');"
            " planted.textContent = 'window.planted = true'; document.body.append(planted) }"
        )
        assert await browser.run("window.planted") is None
        await browser.wait_for("true")
        assert any("Content Security Policy" in text for text in browser.complaints)


async def test_the_language_switch_works(desk: FakeDesk, aiohttp_server: AiohttpServer) -> None:
    server = await serve(desk, aiohttp_server)
    async with open_browser() as browser:
        await browser.set_cookie(str(server.make_url("/")), "faultbox", desk.sign_in("zh-CN"))
        await browser.go(str(server.make_url("/signatures?state=new")))
        assert await browser.run("document.querySelector('h1').textContent") == "同类故障"
        await browser.click("button[name=language]", loads=True)
        assert await browser.run("document.querySelector('h1').textContent") == "Signatures"
        assert await browser.run("location.search") == "?state=new"
        assert browser.complaints == []


async def test_the_first_run_page_goes_live_without_a_reload(
    desk: FakeDesk, aiohttp_server: AiohttpServer
) -> None:
    desk.bundles = 0
    server = await serve(desk, aiohttp_server)
    async with open_browser() as browser:
        await browser.set_cookie(str(server.make_url("/")), "faultbox", desk.sign_in("en"))
        await browser.go(str(server.make_url("/")))
        await browser.run("window.notReloaded = true")
        assert "Nothing has arrived yet" in await browser.run("document.body.textContent")
        desk.bundles = 1
        await browser.wait_for("document.querySelector('#arrival a.go') !== null")
        assert await browser.run("window.notReloaded") is True
        await browser.click("#arrival a.go", loads=True)
        assert await browser.run("location.pathname") == "/tickets/FB-20261122001"
        assert browser.complaints == []


async def test_typing_into_the_filter_narrows_the_list(
    desk: FakeDesk, aiohttp_server: AiohttpServer
) -> None:
    server = await serve(desk, aiohttp_server)
    async with open_browser() as browser:
        await browser.set_cookie(str(server.make_url("/")), "faultbox", desk.sign_in("en"))
        await browser.go(str(server.make_url("/signatures")))
        await browser.press("/")
        await browser.wait_for("document.activeElement.id === 'q'")
        await browser.type("#q", "E-202")
        await browser.wait_for("location.search === '?q=E-202'")
        titles = "[...document.querySelectorAll('.title')].map(a => a.textContent)"
        await browser.wait_for(f"{titles}.every(t => t.includes('E-202'))")
        assert await browser.run("document.activeElement.id") == "q"
        await browser.click("input[value=new]")
        await browser.wait_for("location.search === '?state=new&q=E-202'")
        assert browser.complaints == []


async def test_the_keys_move_and_open(desk: FakeDesk, aiohttp_server: AiohttpServer) -> None:
    server = await serve(desk, aiohttp_server)
    async with open_browser() as browser:
        await browser.set_cookie(str(server.make_url("/")), "faultbox", desk.sign_in("en"))
        await browser.go(str(server.make_url("/signatures")))
        for key in "jjk":
            await browser.press(key)
        rows = "[...document.querySelectorAll('tr.row')]"
        assert await browser.run(f"{rows}.findIndex(r => r.classList.contains('current'))") == 0
        await browser.press("?")
        assert await browser.run("document.getElementById('keys').open") is True
        await browser.click("#keys button")
        await browser.press("o")
        await browser.wait_for("location.pathname === '/tickets/FB-20261122001'")
        assert browser.complaints == []


async def test_a_note_appears_without_a_reload(
    desk: FakeDesk, aiohttp_server: AiohttpServer
) -> None:
    server = await serve(desk, aiohttp_server)
    async with open_browser(width=390, height=844) as browser:
        await browser.set_cookie(str(server.make_url("/")), "faultbox", desk.sign_in("zh-CN"))
        await browser.go(str(server.make_url("/tickets/FB-20261122001")))
        await browser.run("window.notReloaded = true")
        await browser.type("#text", "已定位 <b>原因</b>")
        await browser.click("#note button")
        await browser.wait_for("document.querySelector('.history p').textContent.includes('<b>')")
        assert await browser.run("window.notReloaded") is True
        assert await browser.run("document.getElementById('text').value") == ""
        assert desk.pages["FB-20261122001"].history[-1].text == "已定位 <b>原因</b>"
        assert browser.complaints == []


async def test_on_a_phone_the_important_comes_first(
    desk: FakeDesk, aiohttp_server: AiohttpServer
) -> None:
    server = await serve(desk, aiohttp_server)
    async with open_browser(width=390, height=844) as browser:
        await browser.set_cookie(str(server.make_url("/")), "faultbox", desk.sign_in("zh-CN"))
        await browser.go(str(server.make_url("/tickets/FB-20261122001")))
        selectors = ["h1", ".marks", ".duties", ".say", "#note", "#form", ".facts"]
        tops = [
            await browser.run(f"document.querySelector('{s}').getBoundingClientRect().top")
            for s in selectors
        ]
        assert tops == sorted(tops)
        assert tops[3] < 420
        assert tops[4] < 844
