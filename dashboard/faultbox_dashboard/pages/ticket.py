"""`/tickets/FB-…`: the form on the left, the signature's evidence on the right, notes below."""

from datetime import tzinfo

from aiohttp import web

from faultbox_collector.queries.records import TicketPage
from faultbox_dashboard.charts.hourly import draw_hourly
from faultbox_dashboard.keys import DESK, FORM, READER, VISIT
from faultbox_dashboard.respond import is_fragment, redirect, show
from faultbox_dashboard.text.evidence import (
    TEXT_CHARS,
    arrange_frames,
    arrange_log,
    arrange_state,
    write_note,
)
from faultbox_dashboard.text.form import FIELDS, fill_form, fill_row, find_missing, label_missing
from faultbox_dashboard.text.history import write_entry
from faultbox_dashboard.text.language import Language
from faultbox_dashboard.text.times import find_zone, write_time
from faultbox_dashboard.text.words import CHOICES, ENDED_TICKET_STATES, say, step_progress

NOTE_CHARS = 4_000
HISTORY_ENTRIES = 500


async def show_ticket(request: web.Request) -> web.Response:
    """Show the page of one ticket."""
    ticket = await _find_ticket(request)
    visit = request[VISIT]
    language, zone = visit.language, find_zone(ticket.timezone)
    context = {
        "ticket": ticket,
        "steps": step_progress(ticket.state),
        "duties": find_duties(ticket, visit.now_ms, language, zone),
        "phenomenon": fill_row(
            FIELDS["phenomenon"], ticket.fields.get("phenomenon"), language, zone
        ),
        "sections": fill_form(ticket.fields, language, zone),
        "hourly": draw_hourly(ticket.hourly, language, zone),
        **_history_context(ticket, language),
        **_evidence_context(ticket, language),
    }
    return show(request, "ticket.html", context, zone=zone)


async def add_note(request: web.Request) -> web.Response:
    """Add a progress note, and show the history with it."""
    visit, number = request[VISIT], request.match_info["number"]
    text = request[FORM].get("text", "").replace("\r\n", "\n").strip()
    refused = _judge_note(text)
    if not refused and visit.person is not None:
        if not await request.app[DESK].add_note(number, visit.person.login, text):
            raise web.HTTPNotFound
        if not is_fragment(request):
            return redirect(f"/tickets/{number}#history")
        text = ""
    ticket = await _find_ticket(request)
    context = {
        "ticket": ticket,
        **_history_context(ticket, visit.language),
        "refused": refused,
        "draft": text[:NOTE_CHARS],
    }
    # a fragment with a complaint is an ordinary answer: the browser puts it where the form was
    template = "_history.html" if is_fragment(request) else "note.html"
    status = 422 if refused and not is_fragment(request) else 200
    return show(request, template, context, status=status, zone=find_zone(ticket.timezone))


def find_duties(
    ticket: TicketPage, now_ms: int, language: Language, zone: tzinfo
) -> tuple[tuple[str, str], ...]:
    """Return what somebody must do next on an open ticket: the sentence, and where on the page."""
    if ticket.state in ENDED_TICKET_STATES:
        return ()
    duties = []
    missing = find_missing(ticket.fields)
    if missing:
        names = language.gettext(", ").join(label_missing(name, language) for name in missing)
        duties.append(
            (language.gettext("Still to be filled in: %(names)s") % {"names": names}, "#form")
        )
    today = write_time(now_ms, zone)[:10]
    notes = (entry.at_ms for entry in ticket.history if entry.kind == "note")
    if all(write_time(at_ms, zone)[:10] != today for at_ms in notes):
        duties.append((language.gettext("No progress note today"), "#note"))
    return tuple(duties)


async def _find_ticket(request: web.Request) -> TicketPage:
    ticket = await request.app[READER].ticket(request.match_info["number"])
    if ticket is None:
        raise web.HTTPNotFound
    return ticket


def _judge_note(text: str) -> str:
    if not text:
        return "empty"
    return "too_long" if len(text) > NOTE_CHARS else ""


def _history_context(ticket: TicketPage, language: Language) -> dict[str, object]:
    newest_first = ticket.history[: -HISTORY_ENTRIES - 1 : -1]
    return {
        "history": tuple((entry, write_entry(entry, language)) for entry in newest_first),
        "note_chars": NOTE_CHARS,
        "refused": "",
        "draft": "",
    }


def _evidence_context(ticket: TicketPage, language: Language) -> dict[str, object]:
    sample = ticket.sample
    problem_class = ticket.fields.get("problem_class")
    return {
        "problem_class": (
            say(CHOICES["problem_class"], problem_class.value, language) if problem_class else ""
        ),
        "log": arrange_log(sample.log) if sample else None,
        "frames": arrange_frames(sample.frames) if sample else (),
        "state_rows": arrange_state(sample, language) if sample else (),
        "evidence_note": write_note(sample, language) if sample else "",
        "crash_text": (sample.text or "")[:TEXT_CHARS] if sample else "",
    }
