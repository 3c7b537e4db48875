"""Opening a ticket for each signature that has none open, pre-filled from its first bundle.

The number is taken last and once per day and batch, because its row stays locked until the
commit. Here alone the digest decodes evidence: once per ticket, not once per bundle.
"""

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from faultbox_collector.digest.drafts import Draft
from faultbox_collector.domain.form import fields_to_plain, fill_form
from faultbox_collector.store import tickets
from faultbox_collector.store.products import Organisation, read_organisation
from faultbox_collector.store.tickets import NewEntry, NewTicket
from faultbox_protocol.codec import read_evidence
from faultbox_protocol.errors import ProtocolError
from faultbox_protocol.report import Evidence


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
    found = tickets.find_open_tickets(connection, organisation_id, sorted(first))
    missing = [of for of in sorted(first) if of not in found]
    if not missing:
        return found
    organisation = read_organisation(connection, organisation_id)
    day = ticket_day(now_ms, organisation.timezone)
    counter = tickets.take_number(connection, organisation_id, day, len(missing))
    entries = []
    for index, of in enumerate(missing):
        new = _new_ticket(organisation, of, first[of], day, now_ms)
        found[of] = tickets.open_ticket(connection, new, counter + index)
        entries.append(
            NewEntry(organisation_id, found[of], now_ms, "system", "opened", "", _cause(first[of]))
        )
    tickets.add_entries(connection, entries)
    return found


def ticket_day(now_ms: int, timezone: str) -> int:
    """Return the day of a moment in a zone, as YYYYMMDD."""
    moment = dt.datetime.fromtimestamp(now_ms / 1000, ZoneInfo(timezone))
    return moment.year * 10_000 + moment.month * 100 + moment.day


def _new_ticket(
    organisation: Organisation, signature_id: int, draft: Draft, day: int, now_ms: int
) -> NewTicket:
    fields = fill_form(
        draft.head,
        _evidence(draft),
        draft.facts,
        draft.dated,
        draft.arrival.received_ms,
        organisation.language,
    )
    return NewTicket(
        organisation_id=organisation.id,
        product_id=draft.arrival.product_id,
        signature_id=signature_id,
        day=day,
        opened_ms=now_ms,
        first_ms=draft.dated.at_ms,
        sample_id=draft.head.id,
        fields=fields_to_plain(fields),
    )


def _evidence(draft: Draft) -> Evidence:
    try:
        return read_evidence(draft.bundle)
    except ProtocolError:  # the head is sound: the fault opens its ticket, the page says the rest
        return Evidence()


def _cause(draft: Draft) -> dict[str, str | int]:
    return {"bundle": draft.head.id.hex(), "serial": draft.serial, "version": draft.version}
