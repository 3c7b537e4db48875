"""Tickets: at most one open machine ticket per signature, numbers that never come twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import BindParameter, Connection, bindparam, case, func, select, text, update

from faultbox_collector.store.engine import inserted_id, upsert
from faultbox_collector.store.tables import (
    OPEN_TICKET,
    number_counter,
    ticket,
    ticket_entry,
)

Plain = dict[str, dict[str, str]]
_IN_CLAUSE = 500
_FIND_OPEN = select(ticket.c.signature_id, ticket.c.id).where(
    ticket.c.organisation_id == bindparam("organisation_id"),
    ticket.c.signature_id.in_(bindparam("of", expanding=True)),
    ticket.c.scope == "",
    text(OPEN_TICKET),  # literally: only so is the partial index used
)
_FIRST: BindParameter[int] = bindparam("first")
_LAST: BindParameter[int] = bindparam("last")
_ADD_COUNTS = (
    update(ticket)
    .where(ticket.c.id == bindparam("of"))
    .values(
        occurrences=ticket.c.occurrences + bindparam("n"),
        first_ms=case((ticket.c.first_ms < _FIRST, ticket.c.first_ms), else_=_FIRST),
        last_ms=case((ticket.c.last_ms > _LAST, ticket.c.last_ms), else_=_LAST),
    )
)


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A machine ticket to be opened."""

    organisation_id: int
    product_id: int
    signature_id: int
    day: int
    """YYYYMMDD in the organisation's zone."""
    opened_ms: int
    first_ms: int
    sample_id: bytes | None
    fields: Plain


@dataclass(frozen=True, slots=True)
class NewEntry:
    """One line for a ticket's history."""

    organisation_id: int
    ticket_id: int
    at_ms: int
    actor: str
    kind: str
    text: str
    data: dict[str, str | int]


@dataclass(frozen=True, slots=True)
class TicketCounts:
    """What a batch adds to one open ticket."""

    ticket_id: int
    occurrences: int
    first_ms: int
    last_ms: int


def find_open_tickets(
    connection: Connection, organisation_id: int, signature_ids: Sequence[int]
) -> dict[int, int]:
    """Return the open machine ticket of each signature that has one."""
    found: dict[int, int] = {}
    for start in range(0, len(signature_ids), _IN_CLAUSE):
        rows = connection.execute(
            _FIND_OPEN,
            {"organisation_id": organisation_id, "of": signature_ids[start : start + _IN_CLAUSE]},
        )
        found.update((row.signature_id, row.id) for row in rows)
    return found


def find_previous_ticket(connection: Connection, signature_id: int) -> int | None:
    """Return the newest ticket that a signature ever had."""
    found = connection.execute(
        select(func.max(ticket.c.id)).where(ticket.c.signature_id == signature_id)
    ).scalar_one()
    return None if found is None else int(found)


def take_number(connection: Connection, organisation_id: int, day: int, count: int = 1) -> int:
    """Reserve `count` numbers of a day in this transaction and return the first."""
    statement = upsert(connection.dialect.name, number_counter).values(
        organisation_id=organisation_id, day=day, last=count
    )
    result = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "day"],
            set_={"last": number_counter.c.last + count},
        ).returning(number_counter.c.last)
    )
    return int(result.scalar_one()) - count + 1


def open_ticket(connection: Connection, new: NewTicket, counter: int) -> int:
    """Store a machine ticket and return its id."""
    result = connection.execute(
        ticket.insert().values(
            organisation_id=new.organisation_id,
            product_id=new.product_id,
            signature_id=new.signature_id,
            scope="",
            kind="machine",
            day=new.day,
            counter=counter,
            state="submitted",
            opened_ms=new.opened_ms,
            occurrences=0,
            first_ms=new.first_ms,
            last_ms=new.first_ms,
            sample_id=new.sample_id,
            previous_id=find_previous_ticket(connection, new.signature_id),
            fields=new.fields,
            row_version=1,
        )
    )
    return inserted_id(result)


def add_ticket_counts(connection: Connection, counts: Iterable[TicketCounts]) -> None:
    """Raise the totals of open tickets."""
    rows = sorted(counts, key=lambda one: one.ticket_id)
    if not rows:
        return
    connection.execute(
        _ADD_COUNTS,
        [
            {"of": r.ticket_id, "n": r.occurrences, "first": r.first_ms, "last": r.last_ms}
            for r in rows
        ],
    )


def add_entries(connection: Connection, entries: Iterable[NewEntry]) -> None:
    """Append lines to histories."""
    values = [
        {
            "organisation_id": entry.organisation_id,
            "ticket_id": entry.ticket_id,
            "at_ms": entry.at_ms,
            "actor": entry.actor,
            "kind": entry.kind,
            "text": entry.text,
            "data": entry.data,
        }
        for entry in entries
    ]
    if values:
        connection.execute(ticket_entry.insert(), values)


def find_ticket(connection: Connection, organisation_id: int, day: int, counter: int) -> int | None:
    """Return the id of a ticket by its number."""
    found = connection.execute(
        select(ticket.c.id).where(
            ticket.c.organisation_id == organisation_id,
            ticket.c.day == day,
            ticket.c.counter == counter,
        )
    )
    return found.scalar_one_or_none()
