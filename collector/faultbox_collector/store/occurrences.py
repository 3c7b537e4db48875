"""Occurrences, the ids ever seen, and what could not be digested."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, select

from faultbox_collector.store.engine import plain_row, upsert
from faultbox_collector.store.tables import occurrence, quarantine, seen_id

_IN_CLAUSE = 500
_FIND_SEEN = select(seen_id.c.id, seen_id.c.sha256).where(
    seen_id.c.organisation_id == bindparam("organisation_id"),
    seen_id.c.id.in_(bindparam("ids", expanding=True)),
)
_INSERT_SEEN = seen_id.insert()


@dataclass(frozen=True, slots=True)
class OccurrenceRow:
    """One bundle as the store keeps it."""

    id: bytes
    organisation_id: int
    product_id: int
    signature_id: int | None
    device_id: int
    version: str
    occurred_ms: int
    received_ms: int
    clock: str
    folded: int
    report_code: str
    pack: int
    pack_offset: int
    pack_bytes: int


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A stretch of a pack that no step could digest, kept with the reason."""

    organisation_id: int
    product_id: int | None
    """None for a damaged stretch: nobody knows whose it was."""
    bundle_id: bytes | None
    reason: str
    detail: str
    received_ms: int
    pack: int
    pack_offset: int
    pack_bytes: int


@dataclass(frozen=True, slots=True)
class SeenRow:
    """An id that was digested, with the SHA-256 of its bundle."""

    organisation_id: int
    id: bytes
    sha256: bytes
    received_ms: int


def find_seen(
    connection: Connection, organisation_id: int, ids: Sequence[bytes]
) -> dict[bytes, bytes]:
    """Return the SHA-256 of each of `ids` that was digested before."""
    found: dict[bytes, bytes] = {}
    for start in range(0, len(ids), _IN_CLAUSE):
        rows = connection.execute(
            _FIND_SEEN,
            {"organisation_id": organisation_id, "ids": ids[start : start + _IN_CLAUSE]},
        )
        found.update((bytes(row.id), bytes(row.sha256)) for row in rows)
    return found


def insert_seen(connection: Connection, rows: Iterable[SeenRow]) -> None:
    """Note ids as digested."""
    values = [plain_row(row) for row in rows]
    if values:
        connection.execute(_INSERT_SEEN, values)


def insert_occurrences(connection: Connection, rows: Iterable[OccurrenceRow]) -> None:
    """Store occurrences; an id that is there already stays as it is."""
    values = [plain_row(row) for row in rows]
    if values:
        connection.execute(_insert_occurrences(connection.dialect.name), values)


def insert_quarantine(connection: Connection, rows: Iterable[QuarantineRow]) -> list[QuarantineRow]:
    """Store what was set aside; return the rows whose place in the packs was not there before."""
    by_place = {(row.organisation_id, row.pack, row.pack_offset): row for row in rows}
    if not by_place:
        return []
    found = connection.execute(
        _insert_quarantine(connection.dialect.name),
        [plain_row(by_place[place]) for place in sorted(by_place)],
    )
    new = sorted((row.organisation_id, row.pack, row.pack_offset) for row in found)
    return [by_place[place] for place in new]


@cache
def _insert_occurrences(dialect: str) -> Any:
    return upsert(dialect, occurrence).on_conflict_do_nothing(
        index_elements=["organisation_id", "id"]
    )


@cache
def _insert_quarantine(dialect: str) -> Any:
    return (
        upsert(dialect, quarantine)
        .on_conflict_do_nothing(index_elements=["organisation_id", "pack", "pack_offset"])
        .returning(quarantine.c.organisation_id, quarantine.c.pack, quarantine.c.pack_offset)
    )
