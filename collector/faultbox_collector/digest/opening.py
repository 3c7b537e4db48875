"""Opening a ticket for each signature that has none open, pre-filled from what caused it.

The number is taken last and once per day and batch, because its row stays locked until the
commit. Here alone the digest decodes evidence: once per ticket, not once per bundle. Whoever has
to be told of a new ticket finds a message in the outbox, written in the same transaction.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from faultbox_collector.digest.drafts import Draft
from faultbox_collector.domain.form import fields_to_plain, fill_form
from faultbox_collector.queries.numbers import ticket_number
from faultbox_collector.store import outbox, tickets
from faultbox_collector.store.outbox import NewMessage
from faultbox_collector.store.products import read_organisation
from faultbox_collector.store.tickets import NewEntry, NewTicket, Plain
from faultbox_protocol.codec import read_evidence
from faultbox_protocol.errors import ProtocolError
from faultbox_protocol.report import Evidence


@dataclass(frozen=True, slots=True)
class Cause:
    """What makes a signature's ticket open."""

    product_id: int
    first_ms: int
    sample_id: bytes | None
    """The bundle whose evidence the page shows."""
    data: dict[str, str | int]
    """For the first line of the history."""
    fill: Callable[[str], Plain]
    """Fills the form in a language; called only where a ticket is opened."""


def open_tickets(
    connection: Connection,
    organisation_id: int,
    drafts: Sequence[Draft],
    signature_ids: Sequence[int | None],
    now_ms: int,
) -> dict[int, int]:
    """Return the open ticket of every signature in the batch, opened where there was none."""
    first: dict[int, Draft] = {}
    for draft, signature_id in zip(drafts, signature_ids, strict=True):
        if signature_id is not None:
            first.setdefault(signature_id, draft)
    causes = {of: _cause(draft) for of, draft in first.items()}
    return open_missing(connection, organisation_id, causes, now_ms)


def open_missing(
    connection: Connection, organisation_id: int, causes: Mapping[int, Cause], now_ms: int
) -> dict[int, int]:
    """Return the open ticket of each signature that has a cause, opened where there was none."""
    found = tickets.find_open_tickets(connection, organisation_id, sorted(causes))
    missing = [of for of in sorted(causes) if of not in found]
    if not missing:
        return found
    organisation = read_organisation(connection, organisation_id)
    day = ticket_day(now_ms, organisation.timezone)
    counter = tickets.take_number(connection, organisation_id, day, len(missing))
    entries, messages = [], []
    for index, of in enumerate(missing):
        cause = causes[of]
        new = NewTicket(
            organisation_id=organisation_id,
            product_id=cause.product_id,
            signature_id=of,
            day=day,
            opened_ms=now_ms,
            first_ms=cause.first_ms,
            sample_id=cause.sample_id,
            fields=cause.fill(organisation.language),
        )
        found[of] = tickets.open_ticket(connection, new, counter + index)
        entries.append(
            NewEntry(organisation_id, found[of], now_ms, "system", "opened", "", cause.data)
        )
        number = ticket_number(day, counter + index)
        payload: dict[str, str | int] = {"number": number, "signature_id": of}
        messages.append(NewMessage(organisation_id, outbox.TICKET_OPENED, number, payload))
    tickets.add_entries(connection, entries)
    outbox.add_messages(connection, messages, now_ms)
    return found


def ticket_day(now_ms: int, timezone: str) -> int:
    """Return the day of a moment in a zone, as YYYYMMDD."""
    moment = dt.datetime.fromtimestamp(now_ms / 1000, ZoneInfo(timezone))
    return moment.year * 10_000 + moment.month * 100 + moment.day


def _cause(draft: Draft) -> Cause:
    def fill(language: str) -> Plain:
        received_ms = draft.arrival.received_ms
        evidence = _evidence(draft)
        return fields_to_plain(
            fill_form(draft.head, evidence, draft.facts, draft.dated, received_ms, language)
        )

    return Cause(
        product_id=draft.arrival.product_id,
        first_ms=draft.dated.at_ms,
        sample_id=draft.head.id,
        data={"bundle": draft.head.id.hex(), "serial": draft.serial, "version": draft.version},
        fill=fill,
    )


def _evidence(draft: Draft) -> Evidence:
    try:
        return read_evidence(draft.bundle)
    except ProtocolError:  # the head is sound: the fault opens its ticket, the page says the rest
        return Evidence()
