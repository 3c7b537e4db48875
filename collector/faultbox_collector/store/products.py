"""Organisations, products and their ingest keys."""

import secrets
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from faultbox_collector.domain.keys import KeyRow, hash_key
from faultbox_collector.store.engine import upsert
from faultbox_collector.store.tables import ingest_key, organisation, product

DEFAULT_ORGANISATION = 1


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation: whose tickets are dated in which zone, written in which language."""

    id: int
    name: str
    timezone: str
    language: str


def ensure_organisation(
    connection: Connection, timezone: str | None, language: str, machine_zone: str
) -> None:
    """Make the default organisation, or let it follow the settings.

    Without a `timezone` a new one gets the machine's and an old one keeps its own.
    """
    statement = upsert(connection.dialect.name, organisation).values(
        id=DEFAULT_ORGANISATION,
        organisation_id=DEFAULT_ORGANISATION,
        slug="default",
        name="default",
        timezone=timezone or machine_zone,
        language=language,
    )
    wanted = {"language": language} | ({"timezone": timezone} if timezone else {})
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=wanted))
    if connection.dialect.name == "postgresql":  # an id that was given moves no sequence
        connection.exec_driver_sql(
            "SELECT setval(pg_get_serial_sequence('organisation', 'id'), max(id)) FROM organisation"
        )


def read_organisation(connection: Connection, organisation_id: int) -> Organisation:
    """Return one organisation."""
    row = connection.execute(select(organisation).where(organisation.c.id == organisation_id)).one()
    return Organisation(row.id, row.name, row.timezone, row.language)


def ensure_product(connection: Connection, organisation_id: int, name: str, now_ms: int) -> int:
    """Return the id of a product, made where it is new."""
    statement = upsert(connection.dialect.name, product).values(
        organisation_id=organisation_id, name=name, created_ms=now_ms
    )
    connection.execute(statement.on_conflict_do_nothing(index_elements=["organisation_id", "name"]))
    found = connection.execute(
        select(product.c.id).where(
            product.c.organisation_id == organisation_id, product.c.name == name
        )
    )
    return int(found.scalar_one())


def read_product_names(connection: Connection, product_ids: Sequence[int]) -> dict[int, str]:
    """Return the name of each product."""
    rows = connection.execute(
        select(product.c.id, product.c.name).where(product.c.id.in_(product_ids))
    )
    return {row.id: row.name for row in rows}


def add_key(connection: Connection, organisation_id: int, product_id: int, now_ms: int) -> str:
    """Make an ingest key for a product and return it; it cannot be read again."""
    key = "fbk_" + b32encode(secrets.token_bytes(17)).decode()[:26].lower()
    connection.execute(
        ingest_key.insert().values(
            organisation_id=organisation_id,
            product_id=product_id,
            prefix=key[:8],
            key_hash=hash_key(key),
            created_ms=now_ms,
        )
    )
    return key


def revoke_keys(connection: Connection, organisation_id: int, prefix: str, now_ms: int) -> int:
    """Revoke the keys that begin with `prefix`; return how many were in force."""
    result = connection.execute(
        update(ingest_key)
        .where(
            ingest_key.c.organisation_id == organisation_id,
            ingest_key.c.prefix == prefix[:8],
            ingest_key.c.revoked_ms.is_(None),
        )
        .values(revoked_ms=now_ms)
    )
    return result.rowcount


def list_keys(connection: Connection) -> list[KeyRow]:
    """Return every key of every organisation, revoked ones too, oldest first."""
    rows = connection.execute(
        select(ingest_key, product.c.name)
        .join(product, product.c.id == ingest_key.c.product_id)
        .order_by(ingest_key.c.id)
    )
    return [
        KeyRow(
            row.id,
            row.organisation_id,
            row.product_id,
            row.name,
            row.prefix,
            bytes(row.key_hash),
            row.created_ms,
            row.revoked_ms,
        )
        for row in rows
    ]
