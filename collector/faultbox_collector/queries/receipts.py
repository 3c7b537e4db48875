"""What became of one bundle."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from faultbox_collector.queries.numbers import ticket_number
from faultbox_collector.store.tables import occurrence, quarantine, seen_id, signature, ticket
from faultbox_protocol.words import BundleState


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """The database's word on a bundle."""

    state: str
    sha256: bytes | None
    key_value: str | None
    ticket: str | None
    reason: str | None


def find_receipt(
    connection: Connection, organisation_id: int, product_id: int, bundle_id: bytes
) -> ReceiptRow | None:
    """Return what is known of a bundle of this product, None where nothing is."""
    row = connection.execute(
        select(occurrence.c.signature_id, seen_id.c.sha256, signature.c.key_value)
        .join(
            seen_id,
            (seen_id.c.id == occurrence.c.id)
            & (seen_id.c.organisation_id == occurrence.c.organisation_id),
        )
        .outerjoin(signature, signature.c.id == occurrence.c.signature_id)
        .where(
            occurrence.c.id == bundle_id,
            occurrence.c.organisation_id == organisation_id,
            occurrence.c.product_id == product_id,
        )
    ).one_or_none()
    if row is None:
        return _find_quarantined(connection, organisation_id, product_id, bundle_id)
    number = _newest_ticket(connection, row.signature_id) if row.signature_id else None
    return ReceiptRow(BundleState.DIGESTED.value, bytes(row.sha256), row.key_value, number, None)


def _newest_ticket(connection: Connection, signature_id: int) -> str | None:
    row = connection.execute(
        select(ticket.c.day, ticket.c.counter)
        .where(ticket.c.signature_id == signature_id)
        .order_by(ticket.c.id.desc())
        .limit(1)
    ).one_or_none()
    return ticket_number(row.day, row.counter) if row else None


def _find_quarantined(
    connection: Connection, organisation_id: int, product_id: int, bundle_id: bytes
) -> ReceiptRow | None:
    row = connection.execute(
        select(quarantine.c.reason)
        .where(
            quarantine.c.bundle_id == bundle_id,
            quarantine.c.organisation_id == organisation_id,
            quarantine.c.product_id == product_id,
        )
        .order_by(quarantine.c.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return ReceiptRow(BundleState.QUARANTINED.value, None, None, None, row.reason)
