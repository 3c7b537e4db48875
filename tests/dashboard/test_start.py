"""The first-run page: one line to copy, and a wait that ends by itself."""

import shlex

from faultbox_dashboard.pages.start import write_line
from faultbox_dashboard.settings import PageSettings
from support.fake_desk import FakeDesk, make_unreadable
from support.fake_site import SETTINGS, SignIn

FRAGMENT = {"HX-Request": "true"}


async def test_a_fresh_server_leads_to_the_first_run_page(sign_in: SignIn, desk: FakeDesk) -> None:
    desk.bundles = 0
    client = await sign_in()
    assert (await client.get("/")).url.path == "/start"
    desk.bundles = 1
    assert (await client.get("/")).url.path == "/signatures"


async def test_it_shows_the_line_with_address_and_key(sign_in: SignIn, desk: FakeDesk) -> None:
    desk.bundles = 0
    text = await (await (await sign_in()).get("/start")).text()
    for word in ("FAULTBOX_SERVER=https://faults.example.org", "FAULTBOX_KEY=fbk_first"):
        assert f'<span class="word">{word}</span>' in text
    assert "faultbox keys add" not in text


async def test_without_the_first_key_it_says_how_to_make_one(sign_in: SignIn) -> None:
    client = await sign_in(settings=PageSettings(server_url=SETTINGS.server_url))
    text = await (await client.get("/start")).text()
    assert "faultbox keys add my-device" in text
    assert "FAULTBOX_KEY=KEY" in text


async def test_it_asks_again_until_there_is_a_ticket(sign_in: SignIn, desk: FakeDesk) -> None:
    pages, desk.pages, desk.bundles = desk.pages, {}, 0
    client = await sign_in()
    waiting = await (await client.get("/start")).text()
    assert 'hx-get="/start/arrival?seen=0-0-" hx-trigger="every 2s"' in waiting
    still = await client.get("/start/arrival?seen=0-0-", headers=FRAGMENT)
    assert still.status == 204
    desk.bundles = 1
    arrived = await (await client.get("/start/arrival?seen=0-0-", headers=FRAGMENT)).text()
    assert "A bundle has arrived" in arrived
    assert "every 2s" in arrived
    desk.pages = pages
    done = await (await client.get("/start/arrival?seen=1-0-", headers=FRAGMENT)).text()
    assert 'href="/tickets/FB-20261122001"' in done
    assert "every 2s" not in done


async def test_a_bundle_that_cannot_be_read_is_told(sign_in: SignIn, desk: FakeDesk) -> None:
    desk.pages, desk.set_aside = {}, [make_unreadable(1)]
    text = await (await (await sign_in()).get("/start")).text()
    assert "1 bundle could not be read and was set aside." in text


def test_the_line_survives_a_shell_whatever_the_names() -> None:
    line = write_line("http://[::1]:8080", "k'; rm -rf /", "my device", ("python3", "-c", "1/0"))
    assert shlex.split(line) == [
        "FAULTBOX_SERVER=http://[::1]:8080",
        "FAULTBOX_KEY=k'; rm -rf /",
        "faultbox-agent",
        "exec",
        "--product",
        "my device",
        "--",
        "python3",
        "-c",
        "1/0",
    ]
