"""The page of one ticket: form, evidence, history, notes."""

import re
from dataclasses import replace

from faultbox_collector.queries.records import TicketEntry
from support.fake_desk import DAY_MS, NOW_MS, FakeDesk
from support.fake_site import SignIn

NUMBER = "FB-20261122001"
PATH = f"/tickets/{NUMBER}"
FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}


def flat(html: str) -> str:
    """Return a page's words without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


async def test_it_reads_as_the_paper_form_in_chinese(sign_in: SignIn) -> None:
    words = flat(await (await (await sign_in("zh-CN")).get(PATH)).text())
    for part in (
        "产品名称 EdgeBox 400 自动",
        "问题类型 软件Bug 规则",
        "批次号 B2410 人工 设备原值： B2409",
        "发生时间 2026-11-22 09:05 +08:00 自动",
        "发生地点 待补充",
        "syslog-tail.txt · 日志文件 · 212 KiB · 已脱敏 3 处",
        "提交人 设备（自动） 自动",
        "报修码 7QJ4M-2XK9P",
        "前次单号 FB-20260911004",
    ):
        assert part in words


async def test_it_reads_in_english_too(sign_in: SignIn) -> None:
    words = flat(await (await (await sign_in()).get(PATH)).text())
    for part in (
        "Batch B2410 Manual Original: B2409",
        "Place to be filled in",
        "Type Software bug",
    ):
        assert part in words


async def test_it_names_what_must_be_done_next(sign_in: SignIn, desk: FakeDesk) -> None:
    page = desk.pages[NUMBER]
    yesterday = TicketEntry(NOW_MS - DAY_MS, "desk-1", "note", "looked at it")
    desk.pages[NUMBER] = replace(page, history=(yesterday,))
    words = flat(await (await (await sign_in()).get(PATH)).text())
    assert "Still to be filled in: Place" in words
    assert "No progress note today" in words
    desk.pages[NUMBER] = replace(page, state="filed", history=(yesterday,))
    words = flat(await (await (await sign_in()).get(PATH)).text())
    assert "Still to be filled in" not in words
    assert "No progress note today" not in words


async def test_the_step_bar_marks_where_the_ticket_stands(sign_in: SignIn) -> None:
    text = await (await (await sign_in("zh-CN")).get(PATH)).text()
    steps = re.findall(r'<li class="(\w+)"(?: aria-current="step")?>(\S+?)</li>', text)
    assert steps == [
        ("done", "初步记录"),
        ("done", "信息补充"),
        ("done", "提交分派"),
        ("now", "处理同步"),
        ("todo", "确认归档"),
    ]


async def test_the_fault_line_is_marked_and_the_log_around_it_is_shown(sign_in: SignIn) -> None:
    text = await (await (await sign_in()).get(PATH)).text()
    fault = re.search(r'<li class="fault">(.*?)</li>', text)
    assert fault is not None
    assert "E-202" in fault.group(1)
    assert "8 earlier lines" in text


async def test_why_they_are_grouped_is_told_step_by_step(sign_in: SignIn) -> None:
    text = await (await (await sign_in("zh-CN")).get(PATH)).text()
    assert "特征码" in text
    assert "render_loop &lt; dispatch_frame &lt; main" in text
    assert "kept the innermost 3 frames" in text


async def test_the_chart_says_in_words_what_it_shows(sign_in: SignIn, desk: FakeDesk) -> None:
    page = desk.pages[NUMBER]
    start_ms = page.hourly[0][0]
    hourly = tuple((start_ms + i * 3_600_000, 5 if i == 3 else 0) for i in range(168))
    desk.pages[NUMBER] = replace(page, hourly=hourly)
    text = await (await (await sign_in()).get(PATH)).text()
    assert text.count("5 in the last 7 days, at most 5 in one hour (") == 2
    assert "<td>2026-11-15</td>" in text


async def test_a_ticket_without_evidence_says_so(sign_in: SignIn, desk: FakeDesk) -> None:
    desk.pages[NUMBER] = replace(desk.pages[NUMBER], sample=None)
    text = await (await (await sign_in()).get(PATH)).text()
    assert "No occurrence is kept with its evidence." in text


async def test_unreadable_evidence_gives_its_reason(sign_in: SignIn, desk: FakeDesk) -> None:
    page = desk.pages[NUMBER]
    assert page.sample is not None
    sample = replace(page.sample, frames=(), log=(), sys={}, note="bad_compression")
    desk.pages[NUMBER] = replace(page, sample=sample)
    text = await (await (await sign_in()).get(PATH)).text()
    assert "The evidence could not be read (bad_compression)." in text


async def test_a_note_is_added_under_the_own_name(sign_in: SignIn, desk: FakeDesk) -> None:
    client = await sign_in()
    form = {"csrf": "csrf-0", "text": "  found the cause\r\nfix tomorrow ", "author": "boss"}
    answer = await client.post(f"{PATH}/notes", data=form)
    assert answer.url.path == PATH
    entry = desk.pages[NUMBER].history[-1]
    assert (entry.actor, entry.text) == ("desk-2", "found the cause\nfix tomorrow")
    assert "found the cause" in await answer.text()


async def test_in_the_browser_only_the_history_is_exchanged(sign_in: SignIn) -> None:
    client = await sign_in()
    form = {"csrf": "csrf-0", "text": "done"}
    answer = await client.post(f"{PATH}/notes", data=form, headers=FRAGMENT)
    text = await answer.text()
    assert text.startswith('<section class="card" id="history"')
    assert "<p>done</p>" in text
    assert ">done</textarea>" not in text


async def test_an_empty_or_endless_note_is_refused_and_its_text_kept(
    sign_in: SignIn, desk: FakeDesk
) -> None:
    client = await sign_in()
    before = desk.pages[NUMBER].history
    empty = await client.post(f"{PATH}/notes", data={"csrf": "csrf-0", "text": " \n"})
    assert empty.status == 422
    assert "Write something first." in await empty.text()
    form = {"csrf": "csrf-0", "text": "x" * 4001}
    long = await client.post(f"{PATH}/notes", data=form, headers=FRAGMENT)
    text = await long.text()
    assert "At most 4000 characters." in text
    assert f"{'x' * 4000}</textarea>" in text
    assert desk.pages[NUMBER].history == before


async def test_a_note_on_no_ticket_is_not_found(sign_in: SignIn) -> None:
    client = await sign_in()
    form = {"csrf": "csrf-0", "text": "done"}
    answer = await client.post("/tickets/FB-20261122777/notes", data=form)
    assert answer.status == 404


async def test_the_newest_line_of_the_history_comes_first(sign_in: SignIn) -> None:
    words = flat(await (await (await sign_in()).get(PATH)).text())
    newest = words.index("State: Dispatched → In progress")
    assert newest < words.index("10 devices are affected now.")
    assert newest < words.index("Opened automatically from a device&#39;s report.")
