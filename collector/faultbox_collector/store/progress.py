"""How far the digest has come, and what became of all bundles: for ever, and by product and day."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, func, select

from faultbox_collector.pack.records import Position
from faultbox_collector.store.engine import upsert
from faultbox_collector.store.products import DEFAULT_ORGANISATION
from faultbox_collector.store.tables import outcome_day, pack_cursor, tally

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
    """Raise an organisation's totals, by names of `domain.outcome_names`."""
    values = [
        {"organisation_id": organisation_id, "name": name, "total": n}
        for name, n in sorted(counts.items())
        if n
    ]
    if not values:
        return
    connection.execute(_add(connection.dialect.name), values)


def add_outcomes(
    connection: Connection, counts: Mapping[tuple[int, int, str], int], day: int
) -> None:
    """Raise the totals of (organisation id, product id, name), for ever and for the UTC `day`."""
    by_organisation: dict[int, Counter[str]] = {}
    for (organisation_id, _, name), n in counts.items():
        by_organisation.setdefault(organisation_id, Counter())[name] += n
    for organisation_id, tallies in sorted(by_organisation.items()):
        add_tallies(connection, organisation_id, tallies)
    values = [
        {
            "organisation_id": organisation_id,
            "product_id": product_id,
            "day": day,
            "name": name,
            "total": n,
        }
        for (organisation_id, product_id, name), n in sorted(counts.items())
        if n
    ]
    if values:
        connection.execute(_add_days(connection.dialect.name), values)


def utc_day(at_ms: int) -> int:
    """Return the UTC date of a moment as YYYYMMDD."""
    date = dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC)
    return date.year * 10_000 + date.month * 100 + date.day


def read_tallies(connection: Connection, organisation_id: int) -> dict[str, int]:
    """Return every total by name."""
    rows = connection.execute(
        select(tally.c.name, tally.c.total).where(tally.c.organisation_id == organisation_id)
    )
    return {row.name: row.total for row in rows}


def read_totals(connection: Connection) -> dict[str, int]:
    """Return every total by name, of all organisations together."""
    rows = connection.execute(
        select(tally.c.name, func.sum(tally.c.total).label("total")).group_by(tally.c.name)
    )
    return {row.name: int(row.total) for row in rows}


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


@cache
def _add_days(dialect: str) -> Any:
    statement = upsert(dialect, outcome_day)
    return statement.on_conflict_do_update(
        index_elements=["organisation_id", "product_id", "day", "name"],
        set_={"total": outcome_day.c.total + statement.excluded.total},
    )
