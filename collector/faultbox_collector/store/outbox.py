"""Outbox: what others must be told, written in the transaction that makes it so.

A message that stands here is true, and whatever is true has its message. Nothing sends them yet:
mail and chat will read what is due (`next_ms`, `done_ms` none), oldest first. Until then, and for
what was sent, old rows are pruned, so that the table cannot grow without bound.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from faultbox_collector.store.tables import outbox

TICKET_OPENED = "ticket.opened"
KEPT_MS = 30 * 86_400_000
"""A message that nobody has sent for so long is no news any more."""
_PRUNED = 10_000


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be sent; `key` says what it is about."""

    organisation_id: int
    topic: str
    key: str
    payload: dict[str, str | int]


def add_messages(connection: Connection, messages: Iterable[NewMessage], now_ms: int) -> None:
    """Put messages into the outbox, due at once."""
    values = [
        {
            "organisation_id": message.organisation_id,
            "topic": message.topic,
            "key": message.key,
            "payload": message.payload,
            "created_ms": now_ms,
            "next_ms": now_ms,
            "tries": 0,
        }
        for message in messages
    ]
    if values:
        connection.execute(outbox.insert(), values)


def prune_messages(connection: Connection, now_ms: int) -> int:
    """Delete messages older than `KEPT_MS`, some thousand at a time; return how many went."""
    old = (
        select(outbox.c.id)
        .where(outbox.c.created_ms < now_ms - KEPT_MS)
        .order_by(outbox.c.created_ms)
        .limit(_PRUNED)
    )
    return connection.execute(delete(outbox).where(outbox.c.id.in_(old))).rowcount
