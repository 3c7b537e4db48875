"""The list of signatures as its reader uses it."""

import re
from dataclasses import replace

import pytest

from faultbox_collector.queries.records import SignatureFilter
from faultbox_dashboard.pages.signatures import write_address
from support.fake_desk import FakeDesk, make_signature, make_unreadable
from support.fake_site import SignIn

FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}


async def test_a_row_tells_title_numbers_versions_and_ticket(
    sign_in: SignIn, desk: FakeDesk
) -> None:
    desk.rows = [make_signature(3)]
    text = await (await (await sign_in("zh-CN")).get("/signatures")).text()
    assert "程序 storaged 被强制结束" in text
    assert "SIGKILL in storaged" in text
    assert 'href="/tickets/FB-20261122004"' in text
    row = desk.rows[0]
    for number in (row.devices, row.occurrences, max(row.trend)):
        assert f"{number:,}" in text
    assert row.versions[-1].version in text


async def test_rows_with_the_same_title_differ_in_the_technical_line(
    sign_in: SignIn, desk: FakeDesk
) -> None:
    first = make_signature(2)
    facts = replace(first.facts, function="billing.share")
    desk.rows = [first, replace(first, facts=facts, title="ZeroDivisionError in billing.share")]
    text = await (await (await sign_in()).get("/signatures")).text()
    assert text.count("Program exception: division by zero (ZeroDivisionError)") == 2
    assert 'class="tech">ZeroDivisionError in pricing.ratio<' in text
    assert 'class="tech">ZeroDivisionError in billing.share<' in text


async def test_a_filter_in_the_address_is_ticked_on_the_page(sign_in: SignIn) -> None:
    client = await sign_in()
    text = await (await client.get("/signatures?state=new&state=open&product=EdgeBox+200")).text()
    ticked = re.findall(r'name="state" value="(\w+)" checked', text)
    assert ticked == ["new", "open"]
    assert '<option value="EdgeBox 200" selected>' in text
    assert "EdgeBox 400 · EB400-4G" not in text


async def test_changing_the_filter_brings_the_list_its_counts_and_a_clean_address(
    sign_in: SignIn,
) -> None:
    client = await sign_in()
    answer = await client.get("/signatures?q=E-202&product=&state=bogus", headers=FRAGMENT)
    text = await answer.text()
    assert answer.headers["HX-Replace-Url"] == "/signatures?q=E-202"
    assert "<html" not in text
    assert text.lstrip().startswith('<section id="list"')
    assert text.count("hx-swap-oob") == 6
    assert "ZeroDivisionError" not in text


async def test_pages_follow_each_other_without_losing_the_filter(
    sign_in: SignIn, desk: FakeDesk
) -> None:
    desk.rows = [replace(make_signature(6), id=i, ticket=None) for i in range(101)]
    client = await sign_in()
    first = await (await client.get("/signatures?q=modem")).text()
    assert 'href="/signatures?q=modem&amp;page=2" rel="next"' in first
    assert 'rel="prev"' not in first
    last = await (await client.get("/signatures?q=modem&page=3")).text()
    assert "101–101 of 101" in last
    assert 'rel="next"' not in last


@pytest.mark.parametrize("page", ["0", "-1", "99999999999999999999", "x", "٣", "9999"])
async def test_a_page_that_cannot_be_meant_shows_one_that_exists(
    sign_in: SignIn, page: str
) -> None:
    client = await sign_in()
    answer = await client.get(f"/signatures?page={page}")
    assert answer.status == 200
    assert 'class="row"' in await answer.text()


async def test_nothing_found_offers_to_clear_the_filter(sign_in: SignIn) -> None:
    text = await (await (await sign_in()).get("/signatures?q=zzzz")).text()
    assert "No signature fits this filter." in text
    assert 'href="/signatures">Clear the filter' in text


async def test_nothing_at_all_says_when_the_last_bundle_came(
    sign_in: SignIn, desk: FakeDesk
) -> None:
    desk.rows, desk.bundles = [], 5
    text = await (await (await sign_in()).get("/signatures")).text()
    assert "Nothing needs you." in text
    assert "3 minutes ago" in text


async def test_unreadable_bundles_are_not_kept_secret(sign_in: SignIn, desk: FakeDesk) -> None:
    desk.set_aside = [make_unreadable(1), make_unreadable(2)]
    text = await (await (await sign_in()).get("/signatures")).text()
    assert "2 bundles could not be read" in text


def test_the_address_says_only_what_is_narrowed() -> None:
    assert write_address(SignatureFilter()) == "/signatures"
    wanted = SignatureFilter(frozenset({"open", "new"}), "A & B", "键 值")
    address = "/signatures?state=new&state=open&product=A+%26+B&q=%E9%94%AE+%E5%80%BC&page=2"
    assert write_address(wanted, 2) == address
