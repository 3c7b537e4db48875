"""The list of tickets."""

from support.fake_desk import FakeDesk
from support.fake_site import SignIn


async def test_it_lists_number_state_and_title(sign_in: SignIn) -> None:
    text = await (await (await sign_in("zh-CN")).get("/tickets")).text()
    assert 'href="/tickets/FB-20261122002">设备报错代码 E-202</a>' in text
    assert "处理中" in text


async def test_a_further_page_is_offered_only_where_there_is_one(sign_in: SignIn) -> None:
    client = await sign_in()
    first = await (await client.get("/tickets")).text()
    assert first.count('class="row"') == 50
    assert 'href="/tickets?page=2" rel="next"' in first
    second = await (await client.get("/tickets?page=2")).text()
    assert second.count('class="row"') == 10
    assert 'rel="next"' not in second


async def test_without_tickets_it_says_so(sign_in: SignIn, desk: FakeDesk) -> None:
    desk.pages = {}
    assert "No ticket here." in await (await (await sign_in()).get("/tickets")).text()
