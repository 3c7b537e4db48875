"""What was stored is shown: hostile texts through every page, in a real browser, too."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from faultbox_protocol import api
from support.browser import open_browser
from support.builders import an_id
from support.collector import run_command
from support.hostile.bundles import stored_bundles
from support.hostile.corpus import JSON
from support.hostile.forms import json_report
from support.hostile.judging import judge
from support.hostile.routes import Route, coded
from support.hostile.target import BLOCKED_SECONDS, GROWTH_BYTES, Target
from support.hostile.texts import TEXTS
from support.hostile.wire import Wire

_LINK = re.compile(r'href="(/(?:tickets|signatures|unreadable|devices|start)[^"]*)"')
_MOST_PAGES = 400
PAGE = Route("GET", "/page", "/page", ())


def pages_of(text: str) -> set[str]:
    """Return the pages that a page leads to."""
    return {link.replace("&amp;", "&") for link in _LINK.findall(text)}


async def store(target: Target, wire: Wire) -> None:
    """Have every text and every odd bundle stored and digested."""
    headers = {api.KEY_HEADER: target.key, "Content-Type": JSON}
    for number, text in enumerate(TEXTS.values(), 800_000):
        answer = await wire.ask("POST", api.BUNDLES, headers, json_report(text, number))
        assert answer.status in (200, 202), (text, answer)
    for name, make in stored_bundles():
        assert await target.post(wire, 0, make()) in (200, 202, 207), name
    await target.settle(wire, 810_000)


async def walk(target: Target, wire: Wire) -> Iterator[str]:
    """Open every page that can be reached; yield what is wrong."""
    seen: set[str] = set()
    waiting = ["/", "/tickets", "/signatures", "/start", *(f"/tickets?page={n}" for n in range(9))]
    wrong = []
    while waiting and len(seen) < _MOST_PAGES:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = await wire.ask("GET", path, {"Cookie": target.cookie})
        complaint = judge(PAGE, answer)
        if complaint or answer.status not in (200, 303, 404):
            wrong.append(f"{path}: {answer.status} {complaint}")
        waiting += sorted(pages_of(answer.body.decode()) - seen)
    tickets = [path for path in seen if path.startswith("/tickets/")]
    assert len(tickets) > len(TEXTS), "the walk found too few tickets"
    return iter(wrong)


@pytest.mark.timeout(300)
async def test_every_page_shows_what_is_stored_and_obeys_none_of_it(target: Target) -> None:
    at_rest = await target.warm_up()
    async with Wire(target.server.port) as wire:
        await store(target, wire)
        target.server.begin_watch()
        before = target.server.rss_bytes
        wrong = list(await walk(target, wire))
    assert wrong == []
    print("all pages:", (target.server.peak_bytes - before) >> 10, "KiB")
    assert target.server.peak_bytes - before <= GROWTH_BYTES
    assert target.server.rss_bytes - at_rest <= 2 * GROWTH_BYTES
    assert target.server.longest_step_seconds <= 2 * BLOCKED_SECONDS


@pytest.mark.timeout(180)
async def test_a_browser_runs_nothing_of_a_stranger(target: Target) -> None:
    async with Wire(target.server.port) as wire:
        headers = {api.KEY_HEADER: target.key, "Content-Type": JSON}
        paths = ["/signatures", "/tickets"]
        for number, text in enumerate(TEXTS.values(), 820_000):
            body = json_report(text, number)
            assert (await wire.ask("POST", api.BUNDLES, headers, body)).status in (200, 202)
            paths.append("/signatures?q=" + coded(text[:300]).decode())
        await target.settle(wire, 830_000)
        for number in range(820_000, 820_000 + len(TEXTS)):
            path = f"{api.RECEIPTS}/{an_id(number).hex()}"
            answer = await wire.ask("GET", path, {api.KEY_HEADER: target.key})
            paths.append(f"/tickets/{json.loads(answer.body)['ticket']}")
    async with open_browser() as browser:
        name, _, token = target.cookie.partition("=")
        await browser.set_cookie(target.server.url, name, token)
        for path in dict.fromkeys(paths):
            await browser.go(target.server.url + path)
            assert await browser.run("document.title") != "7*7"
            assert await browser.run("location.host") == target.server.url.partition("//")[2]
        assert browser.complaints == []


def test_no_file_of_a_strangers_name_is_made(target: Target) -> None:
    """Names of products, devices and files are shown; on the disk lie only names of ours."""
    names = {path.name for path in Path(target.server.data).rglob("*")}
    ours = re.compile(
        r"[0-9]{8}\.fbp|faultbox\.sqlite3(-wal|-shm|-journal)?|[a-z]+([.-][a-z]+)*|[0-9a-f]{2,64}(\.\w+)?|1"
    )
    assert [name for name in names if not ours.fullmatch(name)] == []


@pytest.mark.parametrize("args", [("ticket", "list"), ("ticket", "list", "--json")])
def test_commands_print_no_control(target: Target, args: tuple[str, ...]) -> None:
    said = run_command(target.server.data, *args)
    assert "FB-" in said
    assert not set(said) & {"\x1b", "\x9b", "\u202e", "\u2066", "\x07"}
