"""Progress notes on a ticket."""

from sqlalchemy import Connection

from faultbox_collector.queries.numbers import parse_number
from faultbox_collector.store.tickets import NewEntry, add_entries, find_ticket

NOTE_CHARS = 4_000


def add_note(
    connection: Connection, organisation_id: int, number: str, author: str, text: str, now_ms: int
) -> bool:
    """Append a note to a ticket's history; False where there is no such ticket.

    Raises:
        ValueError: an empty note, or one of more than `NOTE_CHARS` characters.
    """
    text = text.replace("\0", "").strip()  # PostgreSQL keeps no NUL
    if not text or len(text) > NOTE_CHARS:
        raise ValueError(f"a note has 1 to {NOTE_CHARS} characters")
    wanted = parse_number(number)
    ticket_id = find_ticket(connection, organisation_id, *wanted) if wanted else None
    if ticket_id is None:
        return False
    add_entries(
        connection, [NewEntry(organisation_id, ticket_id, now_ms, author, "note", text, {})]
    )
    return True
