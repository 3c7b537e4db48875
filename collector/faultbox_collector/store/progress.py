"""How far the digest has come, and its tallies."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, func, select

from faultbox_collector.pack.records import Position
from faultbox_collector.store.engine import upsert
from faultbox_collector.store.products import DEFAULT_ORGANISATION
from faultbox_collector.store.tables import pack_cursor, tally

DIGEST = "digest"


def read_cursor(connection: Connection) -> Position | None:
    """Return where the digest goes on, None before its first batch."""
    row = connection.execute(
        select(pack_cursor.c.pack, pack_cursor.c.pack_offset).where(
            pack_cursor.c.organisation_id == DEFAULT_ORGANISATION,
            pack_cursor.c.consumer == DIGEST,
        )
    ).one_or_none()
    return Position(row.pack, row.pack_offset) if row else None


def move_cursor(connection: Connection, position: Position, received_ms: int | None) -> None:
    """Let the digest go on at `position`, in the transaction of what it has done before it.

    `received_ms` is when the newest bundle before `position` came, None for a batch without any.
    """
    connection.execute(
        _move(connection.dialect.name),
        {
            "organisation_id": DEFAULT_ORGANISATION,
            "consumer": DIGEST,
            "pack": position.pack,
            "pack_offset": position.offset,
            "last_received_ms": received_ms,
        },
    )


def read_last_received(connection: Connection) -> int | None:
    """Return when the newest digested bundle came, in Unix milliseconds."""
    found = connection.execute(
        select(pack_cursor.c.last_received_ms).where(pack_cursor.c.consumer == DIGEST)
    ).scalar_one_or_none()
    return None if found is None else int(found)


def add_tallies(connection: Connection, organisation_id: int, counts: Mapping[str, int]) -> None:
    """Raise named totals: stored, duplicate, quarantined, `dropped:<reason>`."""
    values = [
        {"organisation_id": organisation_id, "name": name[:64], "total": n}
        for name, n in sorted(counts.items())
        if n
    ]
    if not values:
        return
    connection.execute(_add(connection.dialect.name), values)


def read_tallies(connection: Connection, organisation_id: int) -> dict[str, int]:
    """Return every total by name."""
    rows = connection.execute(
        select(tally.c.name, tally.c.total).where(tally.c.organisation_id == organisation_id)
    )
    return {row.name: row.total for row in rows}


@cache
def _move(dialect: str) -> Any:
    statement = upsert(dialect, pack_cursor)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["organisation_id", "consumer"],
        set_={
            "pack": new.pack,
            "pack_offset": new.pack_offset,
            "last_received_ms": func.coalesce(new.last_received_ms, pack_cursor.c.last_received_ms),
        },
    )


@cache
def _add(dialect: str) -> Any:
    statement = upsert(dialect, tally)
    return statement.on_conflict_do_update(
        index_elements=["organisation_id", "name"],
        set_={"total": tally.c.total + statement.excluded.total},
    )
