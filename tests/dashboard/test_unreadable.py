"""What was set aside is listed, and its bytes are saved, never shown."""

from dataclasses import replace

import pytest

from faultbox_dashboard.text.words import UNREADABLE
from support.fake_desk import FakeDesk, make_unreadable
from support.fake_site import SignIn


async def test_it_lists_when_whose_why_and_how_large(sign_in: SignIn, desk: FakeDesk) -> None:
    desk.set_aside = [make_unreadable(1), make_unreadable(3)]
    text = await (await (await sign_in("zh-CN")).get("/unreadable")).text()
    for words in ("无法解析的上报数据包", "服务器每次处理该上报数据包时都会中断。", "deadly"):
        assert words in text
    for words in ("EdgeBox 400", "00000007.fbp @ 9000", "6.9 KiB", "2026-11-22 10:09"):
        assert words in text
    for words in ("数据已损坏。", "bad_crc", "产品未知"):
        assert words in text
    assert 'href="/tickets/FB-20261122001"' in text
    assert 'href="/unreadable/3/bundle" download' in text


async def test_the_heads_of_other_pages_lead_to_it(sign_in: SignIn, desk: FakeDesk) -> None:
    client = await sign_in()
    assert "/unreadable" not in await (await client.get("/tickets")).text()
    desk.set_aside = [make_unreadable(1)]
    assert 'href="/unreadable">1 bundle' in await (await client.get("/tickets")).text()


async def test_without_any_it_says_so(sign_in: SignIn) -> None:
    assert (
        "Every bundle could be read." in await (await (await sign_in()).get("/unreadable")).text()
    )


async def test_a_further_page_is_offered_only_where_there_is_one(
    sign_in: SignIn, desk: FakeDesk
) -> None:
    desk.set_aside = [make_unreadable(number) for number in range(1, 61)]
    client = await sign_in()
    first = await (await client.get("/unreadable")).text()
    assert first.count('class="row"') == 50
    assert 'href="/unreadable?page=2" rel="next"' in first
    second = await (await client.get("/unreadable?page=2")).text()
    assert second.count('class="row"') == 10
    assert 'rel="next"' not in second
    assert (await client.get("/unreadable?page=x")).status == 200


async def test_the_bytes_are_a_file_to_be_saved(sign_in: SignIn, desk: FakeDesk) -> None:
    desk.set_aside = [make_unreadable(4)]
    answer = await (await sign_in()).get("/unreadable/4/bundle")
    assert await answer.read() == b"FBX1" + bytes(60)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="unreadable-4.fbx"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("row", ["5", "9999999999999999999", "-1", "4x", "../4"])
async def test_there_are_no_bytes_of_what_is_not_there(
    sign_in: SignIn, desk: FakeDesk, row: str
) -> None:
    desk.set_aside = [make_unreadable(4)]
    assert (await (await sign_in()).get(f"/unreadable/{row}/bundle")).status == 404


@pytest.mark.parametrize("path", ["/unreadable", "/unreadable/4/bundle"])
async def test_strangers_see_nothing(stranger: SignIn, desk: FakeDesk, path: str) -> None:
    desk.set_aside = [make_unreadable(4)]
    answer = await (await stranger()).get(path)
    assert answer.status == 401
    assert b"FBX1" not in await answer.read()


async def test_hostile_words_stay_words(sign_in: SignIn, desk: FakeDesk) -> None:
    mark = "<script>x</script>\x1b[31m\u202e"
    desk.set_aside = [replace(make_unreadable(4), product=mark, reason=mark, detail=mark)]
    text = await (await (await sign_in()).get("/unreadable")).text()
    assert "<script>x" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_reasons_of_our_own_are_told_in_words() -> None:
    assert {"deadly", "undigestible", "id_reused", "unknown_version"} <= UNREADABLE.keys()
