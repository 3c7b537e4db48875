"""Tickets: the list, and everything on one ticket's page."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from faultbox_collector.domain.form import FieldValue, fields_from_plain
from faultbox_collector.pack.files import PackFolder
from faultbox_collector.queries.numbers import parse_number, ticket_number
from faultbox_collector.queries.records import TicketEntry, TicketPage, TicketRow
from faultbox_collector.queries.samples import read_sample
from faultbox_collector.queries.signatures import hourly_counts, read_signature, row_facts
from faultbox_collector.store.tables import (
    product,
    signature,
    signature_device,
    signature_version,
    ticket,
    ticket_entry,
)

_CHART_HOURS = 7 * 24


def list_tickets(
    connection: Connection, organisation_id: int, *, limit: int, offset: int
) -> tuple[TicketRow, ...]:
    """Return tickets, the newest first."""
    devices = (
        select(func.count())
        .select_from(signature_device)
        .where(
            signature_device.c.signature_id == ticket.c.signature_id,
            signature_device.c.last_received_ms >= ticket.c.opened_ms,
        )
        .scalar_subquery()
    )
    rows = connection.execute(
        select(
            ticket.c.signature_id,
            ticket.c.day,
            ticket.c.counter,
            ticket.c.state,
            ticket.c.occurrences,
            ticket.c.first_ms,
            ticket.c.last_ms,
            ticket.c.opened_ms,
            devices.label("devices"),
            product.c.name.label("product"),
            signature.c.title,
            signature.c.model,
            signature.c.kind,
            signature.c.type,
            signature.c.code,
            signature.c.signal,
            signature.c.function,
            signature.c.program,
            signature.c.message,
        )
        .join(product, product.c.id == ticket.c.product_id)
        .join(signature, signature.c.id == ticket.c.signature_id)
        .where(ticket.c.organisation_id == organisation_id)
        .order_by(ticket.c.day.desc(), ticket.c.counter.desc())
        .limit(limit)
        .offset(offset)
    ).all()
    versions = _versions(connection, rows)
    return tuple(
        TicketRow(
            number=ticket_number(row.day, row.counter),
            title=row.title,
            facts=row_facts(row),
            state=row.state,
            product=row.product,
            model=row.model,
            occurrences=row.occurrences,
            devices=row.devices,
            first_seen_ms=row.first_ms,
            last_seen_ms=row.last_ms,
            opened_at_ms=row.opened_ms,
            versions=versions.get(row.signature_id, ()),
        )
        for row in rows
    )


def read_ticket(
    connection: Connection,
    packs: PackFolder,
    organisation_id: int,
    number: str,
    *,
    now_ms: int,
    timezone: str,
) -> TicketPage | None:
    """Return everything on one ticket's page, None where there is no such ticket."""
    wanted = parse_number(number)
    if wanted is None:
        return None
    day, counter = wanted
    row = connection.execute(
        select(ticket, signature.c.key_text, signature.c.key_value, signature.c.steps)
        .join(signature, signature.c.id == ticket.c.signature_id)
        .where(
            ticket.c.organisation_id == organisation_id,
            ticket.c.day == day,
            ticket.c.counter == counter,
        )
    ).one_or_none()
    if row is None:
        return None
    own_number = ticket_number(row.day, row.counter)
    signature_row = read_signature(connection, row.signature_id, now_ms=now_ms, timezone=timezone)
    return TicketPage(
        number=own_number,
        state=row.state,
        opened_at_ms=row.opened_ms,
        timezone=timezone,
        fields=_fields(row, own_number, signature_row.title),
        signature=signature_row,
        key_text=row.key_text,
        key_value=row.key_value,
        steps=tuple(row.steps),
        hourly=hourly_counts(connection, row.signature_id, now_ms=now_ms, hours=_CHART_HOURS),
        history=_history(connection, row.id),
        sample=(
            read_sample(connection, packs, organisation_id, row.sample_id)
            if row.sample_id
            else None
        ),
        previous=_previous(connection, row.previous_id),
    )


def _fields(
    row: Row[*tuple[Any, ...]], number: str, signature_title: str
) -> Mapping[str, FieldValue]:
    fields = {"number": FieldValue(number, "rule")}
    fields.update(fields_from_plain(row.fields))
    fields["signature"] = FieldValue(signature_title, "rule")
    return fields


def _history(connection: Connection, ticket_id: int) -> tuple[TicketEntry, ...]:
    rows = connection.execute(
        select(ticket_entry)
        .where(ticket_entry.c.ticket_id == ticket_id)
        .order_by(ticket_entry.c.id)
    )
    return tuple(
        TicketEntry(row.at_ms, row.actor, row.kind, row.text, row.data or {}) for row in rows
    )


def _previous(connection: Connection, ticket_id: int | None) -> str | None:
    if ticket_id is None:
        return None
    row = connection.execute(
        select(ticket.c.day, ticket.c.counter).where(ticket.c.id == ticket_id)
    ).one()
    return ticket_number(row.day, row.counter)


def _versions(
    connection: Connection, rows: Sequence[Row[*tuple[Any, ...]]]
) -> Mapping[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for row in connection.execute(
        select(signature_version.c.signature_id, signature_version.c.version)
        .where(signature_version.c.signature_id.in_({row.signature_id for row in rows}))
        .order_by(signature_version.c.first_received_ms, signature_version.c.version)
    ):
        if row.version:
            found[row.signature_id] = (*found.get(row.signature_id, ()), row.version)
    return found
