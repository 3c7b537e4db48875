"""Signatures, the keys that point to them, and their counters.

Counters are raised once per signature and batch, with rows in sorted order: unsorted upserts on
PostgreSQL gave 743 deadlocks in ten minutes, sorted ones none.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, case, func, select, update

from faultbox_collector.store.engine import inserted_id, upsert
from faultbox_collector.store.tables import (
    signature,
    signature_device,
    signature_hour,
    signature_key,
    signature_version,
)

_IN_CLAUSE = 500
_FIND = select(signature_key.c.key_value, signature_key.c.signature_id).where(
    signature_key.c.product_id == bindparam("product_id"),
    signature_key.c.key_value.in_(bindparam("values", expanding=True)),
)


_FIRST: BindParameter[int] = bindparam("first")
_LAST: BindParameter[int] = bindparam("last")
_ADD_COUNTS = (
    update(signature)
    .where(signature.c.id == bindparam("of"))
    .values(
        occurrences=signature.c.occurrences + bindparam("n"),
        first_ms=case((signature.c.first_ms < _FIRST, signature.c.first_ms), else_=_FIRST),
        last_ms=case((signature.c.last_ms > _LAST, signature.c.last_ms), else_=_LAST),
        devices=signature.c.devices + bindparam("new"),
    )
)


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One key of a signature."""

    kind: str
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class NewSignature:
    """What a signature is when its first occurrence is stored."""

    organisation_id: int
    product_id: int
    title: str
    kind: str
    type: str | None
    code: str | None
    signal: str | None
    function: str | None
    program: str | None
    message: str | None
    model: str | None
    key: KeyEntry
    steps: tuple[str, ...]
    first_ms: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What a batch adds to one signature."""

    signature_id: int
    occurrences: int
    new_devices: int
    first_ms: int
    last_ms: int


def find_signatures(
    connection: Connection, product_id: int, key_values: Sequence[str]
) -> dict[str, int]:
    """Return the signature that each key points to, for keys that are claimed."""
    found: dict[str, int] = {}
    for start in range(0, len(key_values), _IN_CLAUSE):
        rows = connection.execute(
            _FIND, {"product_id": product_id, "values": key_values[start : start + _IN_CLAUSE]}
        )
        found.update((row.key_value, row.signature_id) for row in rows)
    return found


def create_signature(connection: Connection, new: NewSignature) -> int:
    """Store a signature without occurrences and return its id."""
    result = connection.execute(
        signature.insert().values(
            organisation_id=new.organisation_id,
            product_id=new.product_id,
            state="new",
            title=new.title,
            kind=new.kind,
            type=new.type,
            code=new.code,
            signal=new.signal,
            function=new.function,
            program=new.program,
            message=new.message,
            model=new.model,
            key_text=new.key.text,
            key_value=new.key.value,
            steps=list(new.steps),
            first_ms=new.first_ms,
            last_ms=new.first_ms,
            occurrences=0,
            devices=0,
        )
    )
    return inserted_id(result)


def claim_keys(
    connection: Connection,
    organisation_id: int,
    product_id: int,
    signature_id: int,
    keys: Iterable[KeyEntry],
    now_ms: int,
) -> None:
    """Let the keys that nobody claimed point to a signature; claimed ones stay."""
    values = [
        {
            "organisation_id": organisation_id,
            "product_id": product_id,
            "key_value": key.value,
            "signature_id": signature_id,
            "kind": key.kind,
            "source": "auto",
            "created_ms": now_ms,
        }
        for key in keys
    ]
    if values:
        statement = upsert(connection.dialect.name, signature_key).on_conflict_do_nothing(
            index_elements=["product_id", "key_value"]
        )
        connection.execute(statement, values)


def add_counts(connection: Connection, counts: Iterable[Counts]) -> None:
    """Raise the totals of signatures."""
    rows = sorted(counts, key=lambda one: one.signature_id)
    if not rows:
        return
    connection.execute(
        _ADD_COUNTS,
        [
            {
                "of": r.signature_id,
                "n": r.occurrences,
                "new": r.new_devices,
                "first": r.first_ms,
                "last": r.last_ms,
            }
            for r in rows
        ],
    )


def add_devices(
    connection: Connection,
    organisation_id: int,
    counts: dict[tuple[int, int], int],
    received_ms: int,
) -> Counter[int]:
    """Raise the count of each (signature id, device id); return new devices by signature."""
    if not counts:
        return Counter()
    found = connection.execute(
        _add_devices(connection.dialect.name),
        [
            {
                "organisation_id": organisation_id,
                "signature_id": of,
                "device_id": device_id,
                "occurrences": n,
                "last_received_ms": received_ms,
            }
            for (of, device_id), n in sorted(counts.items())
        ],
    )
    # A row that holds no more than what was just added is a new one: no recount needed.
    return Counter(of for of, device_id, total in found if total == counts[of, device_id])


def add_versions(
    connection: Connection,
    organisation_id: int,
    counts: dict[tuple[int, str], int],
    received_ms: int,
) -> set[tuple[int, str]]:
    """Raise the count of each (signature id, app version); return those that are new."""
    if not counts:
        return set()
    found = connection.execute(
        _add_versions(connection.dialect.name),
        [
            {
                "organisation_id": organisation_id,
                "signature_id": of,
                "version": version,
                "occurrences": n,
                "first_received_ms": received_ms,
                "last_received_ms": received_ms,
            }
            for (of, version), n in sorted(counts.items())
        ],
    )
    return {(of, version) for of, version, total in found if total == counts[of, version]}


@dataclass(frozen=True, slots=True)
class Totals:
    """How far a signature has spread."""

    devices: int
    versions: int


def read_totals(connection: Connection, signature_ids: Sequence[int]) -> dict[int, Totals]:
    """Return the number of devices and of versions of each signature."""
    versions = (
        select(func.count())
        .select_from(signature_version)
        .where(signature_version.c.signature_id == signature.c.id)
        .scalar_subquery()
    )
    found: dict[int, Totals] = {}
    for start in range(0, len(signature_ids), _IN_CLAUSE):
        rows = connection.execute(
            select(signature.c.id, signature.c.devices, versions.label("versions")).where(
                signature.c.id.in_(signature_ids[start : start + _IN_CLAUSE])
            )
        )
        found.update((row.id, Totals(row.devices, row.versions)) for row in rows)
    return found


def add_hours(
    connection: Connection, organisation_id: int, counts: dict[tuple[int, int], int]
) -> None:
    """Raise the count of each (signature id, Unix hour)."""
    if not counts:
        return
    connection.execute(
        _add_hours(connection.dialect.name),
        [
            {"organisation_id": organisation_id, "signature_id": of, "hour": hour, "occurrences": n}
            for (of, hour), n in sorted(counts.items())
        ],
    )


@cache
def _add_devices(dialect: str) -> Any:
    statement = upsert(dialect, signature_device)
    return statement.on_conflict_do_update(
        index_elements=["signature_id", "device_id"],
        set_={
            "occurrences": signature_device.c.occurrences + statement.excluded.occurrences,
            "last_received_ms": statement.excluded.last_received_ms,
        },
    ).returning(
        signature_device.c.signature_id,
        signature_device.c.device_id,
        signature_device.c.occurrences,
    )


@cache
def _add_versions(dialect: str) -> Any:
    statement = upsert(dialect, signature_version)
    return statement.on_conflict_do_update(
        index_elements=["signature_id", "version"],
        set_={
            "occurrences": signature_version.c.occurrences + statement.excluded.occurrences,
            "last_received_ms": statement.excluded.last_received_ms,
        },
    ).returning(
        signature_version.c.signature_id,
        signature_version.c.version,
        signature_version.c.occurrences,
    )


@cache
def _add_hours(dialect: str) -> Any:
    statement = upsert(dialect, signature_hour)
    return statement.on_conflict_do_update(
        index_elements=["signature_id", "hour"],
        set_={"occurrences": signature_hour.c.occurrences + statement.excluded.occurrences},
    )
