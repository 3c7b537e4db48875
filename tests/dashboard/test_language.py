"""The language switch, and where it leads back to."""

import pytest

from faultbox_dashboard.text.language import Language, choose_language
from support.fake_desk import FakeDesk
from support.fake_site import SignIn


async def test_the_switch_stays_on_its_page_and_is_remembered(
    sign_in: SignIn, desk: FakeDesk
) -> None:
    client = await sign_in("en")
    form = {"csrf": "csrf-0", "language": "zh-CN", "back": "/signatures?state=new&q=E-202"}
    answer = await client.post("/language", data=form)
    assert str(answer.url.relative()) == "/signatures?state=new&q=E-202"
    text = await answer.text()
    assert '<html lang="zh-CN"' in text
    assert "同类故障" in text
    assert desk.sessions["session-0"].language == "zh-CN"


async def test_the_page_tells_the_switch_where_it_is(sign_in: SignIn) -> None:
    client = await sign_in("en")
    text = await (await client.get("/signatures?q=a%26b&state=new&junk=%22")).text()
    assert 'name="back" value="/signatures?state=new&amp;q=a%26b"' in text


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "/a\r\nX: y",
        "",
        "javascript:1",
    ],
)
async def test_it_never_leads_to_another_site(sign_in: SignIn, back: str) -> None:
    client = await sign_in("en")
    form = {"csrf": "csrf-0", "language": "en", "back": back}
    answer = await client.post("/language", data=form, allow_redirects=False)
    assert answer.headers["Location"] == "/"


async def test_an_unknown_language_is_refused(sign_in: SignIn) -> None:
    client = await sign_in("en")
    answer = await client.post("/language", data={"csrf": "csrf-0", "language": "tlh"})
    assert answer.status == 400


@pytest.mark.parametrize(
    ("chosen", "accepted", "found"),
    [
        ("en", "zh-CN", "en"),
        (None, "de, zh;q=0.5", "zh-CN"),
        ("xx", "EN-us", "en"),
        (None, "", "zh-CN"),
        (None, ";;,,-", "zh-CN"),
    ],
)
def test_choice_before_browser_before_default(
    languages: dict[str, Language], chosen: str | None, accepted: str, found: str
) -> None:
    assert choose_language(languages, chosen, accepted, "zh-CN").tag == found
