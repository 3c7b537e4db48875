"""Crash text is written by whoever sends it, and read by administrators: no page obeys it."""

import re
from dataclasses import fields, replace
from typing import Any

import pytest

from faultbox_collector.domain.facts import Facts
from faultbox_collector.domain.form import FieldValue
from faultbox_collector.queries.records import (
    TicketEntry,
    VersionCount,
)
from faultbox_protocol.report import Frame, LogLine
from support.fake_desk import FakeDesk, make_sample, make_signature, make_ticket
from support.fake_site import SignIn

MARK = "x'\"><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}<hx-partial>"
HIDDEN = "\x1b[31m\u202egnp.exe\x00\x9b2J\u2066\u200b\r"
HOSTILE = MARK + HIDDEN
NUMBER = "FB-20261122001"
PAGES = (
    "/signatures",
    "/signatures?q=" + "%3Cscript%3E%1b%E2%80%AE",
    "/signatures?product=%22%3E%3Cscript%3E",
    "/tickets",
    f"/tickets/{NUMBER}",
    "/start",
    "/%3Cscript%3E",
    "/login/x?lang=%22%3E%3Cscript%3E",
)


@pytest.fixture
def hostile_desk(desk: FakeDesk) -> FakeDesk:
    facts = Facts("error", None, None, None, HOSTILE, HOSTILE, HOSTILE)
    row = replace(
        make_signature(0),
        title=HOSTILE,
        facts=facts,
        state=HOSTILE,
        product=HOSTILE,
        model=HOSTILE,
        versions=(VersionCount(HOSTILE, 3),) * 3,
    )
    state: dict[str, Any] = {HOSTILE: HOSTILE, "nested": {HOSTILE: HOSTILE}}
    sample = replace(
        make_sample(),
        frames=(Frame(HOSTILE, HOSTILE, HOSTILE, 1), Frame(HOSTILE, HOSTILE, off=3)),
        text=HOSTILE,
        log=(LogLine(0, HOSTILE, HOSTILE, HOSTILE), LogLine(None, None, None, HOSTILE)),
        sys=state,
        clock=HOSTILE,
        unknown=(HOSTILE,),
        note=HOSTILE,
    )
    page = replace(
        make_ticket(row),
        state=HOSTILE,
        fields={
            name: FieldValue(HOSTILE, HOSTILE, "was " + HOSTILE)
            for name in ("product_name", "place", "phenomenon", "attachments", "occurred_at")
        }
        | {"problem_class": FieldValue(HOSTILE, "device")},
        key_text=HOSTILE,
        key_value=HOSTILE,
        steps=(HOSTILE,),
        history=(
            TicketEntry(1, HOSTILE, HOSTILE, HOSTILE),
            TicketEntry(1, "system", "version", "", {"version": HOSTILE}),
            TicketEntry(1, "system", "state", "", {"from": HOSTILE, "to": HOSTILE}),
        ),
        sample=sample,
    )
    desk.rows, desk.pages = [row], {NUMBER: page}
    return desk


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("path", PAGES)
async def test_no_page_lets_device_text_through_unescaped(
    sign_in: SignIn, hostile_desk: FakeDesk, path: str, language: str
) -> None:
    client = await sign_in(language)
    text = await (await client.get(path)).text()
    assert "<script>" not in text
    assert "onerror=alert(2)>" not in text.replace("onerror=alert(2)&gt;", "")
    assert "<hx-" not in text
    assert "49<" not in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]", text)


async def test_what_was_hidden_can_be_read(sign_in: SignIn, hostile_desk: FakeDesk) -> None:
    client = await sign_in()
    text = await (await client.get(f"/tickets/{NUMBER}")).text()
    assert r"\x1b[31m\u202egnp.exe\x00\x9b2J\u2066\u200b\x0d" in text


async def test_attribute_values_stay_inside_their_quotes(
    sign_in: SignIn, hostile_desk: FakeDesk
) -> None:
    client = await sign_in()
    for path in PAGES:
        text = await (await client.get(path)).text()
        for attributes in re.findall(
            r"<[a-z]+((?:\s+[a-z:-]+(?:=(?:\"[^\"]*\"|'[^']*'))?)*)", text
        ):
            assert not re.search(
                r"(?:^|\s)on[a-z]+=", re.sub(r"\"[^\"]*\"|'[^']*'", "", attributes)
            )


async def test_a_hostile_note_comes_back_as_text(sign_in: SignIn, desk: FakeDesk) -> None:
    client = await sign_in()
    form = {"csrf": "csrf-0", "text": HOSTILE}
    text = await (await client.post(f"/tickets/{NUMBER}/notes", data=form)).text()
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>" not in text


def test_every_text_of_a_row_is_poisoned_above() -> None:
    """A field that records.py gains later must be poisoned here too."""
    row = make_signature(0)
    texts = {f.name for f in fields(row) if isinstance(getattr(row, f.name), str)}
    assert texts == {"title", "state", "product", "model", "ticket"} - (
        set() if row.model else {"model"}
    )
