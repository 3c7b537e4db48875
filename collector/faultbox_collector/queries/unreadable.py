"""What was set aside: the list, and the bytes of one bundle."""

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from faultbox_collector.domain.outcome_names import unreadable_key
from faultbox_collector.pack.files import PackFolder
from faultbox_collector.queries.numbers import ticket_number
from faultbox_collector.queries.records import UnreadableRow
from faultbox_collector.store.tables import product, quarantine, signature_key, ticket

_BYTES = 32 * 1024 * 1024
"""Of a damaged stretch, which may be a whole pack, no more than this; a bundle is always whole."""


def list_unreadable(
    connection: Connection, organisation_id: int, *, limit: int, offset: int
) -> tuple[UnreadableRow, ...]:
    """Return what was set aside, the newest first."""
    rows = connection.execute(
        select(
            quarantine.c.id,
            quarantine.c.product_id,
            quarantine.c.reason,
            quarantine.c.detail,
            quarantine.c.received_ms,
            quarantine.c.pack,
            quarantine.c.pack_offset,
            quarantine.c.pack_bytes,
            product.c.name,
        )
        .outerjoin(product, product.c.id == quarantine.c.product_id)
        .where(quarantine.c.organisation_id == organisation_id)
        .order_by(quarantine.c.pack.desc(), quarantine.c.pack_offset.desc())  # by index
        .limit(limit)
        .offset(offset)
    ).all()
    numbers = _ticket_numbers(connection, {(r.product_id, r.reason) for r in rows if r.product_id})
    return tuple(
        UnreadableRow(
            id=row.id,
            product=row.name,
            reason=row.reason,
            detail=row.detail,
            received_at_ms=row.received_ms,
            size_bytes=row.pack_bytes,
            place=f"{row.pack:08d}.fbp @ {row.pack_offset}",
            ticket=numbers.get((row.product_id, row.reason)),
        )
        for row in rows
    )


def read_unreadable(
    connection: Connection, packs: PackFolder, organisation_id: int, row_id: int
) -> bytes | None:
    """Return the bytes as they lie in the pack; None where there is no such row.

    Raises:
        OSError: the pack is gone.
    """
    row = connection.execute(
        select(quarantine.c.pack, quarantine.c.pack_offset, quarantine.c.pack_bytes).where(
            quarantine.c.organisation_id == organisation_id, quarantine.c.id == row_id
        )
    ).one_or_none()
    if row is None:
        return None
    return packs.read_bytes(row.pack, row.pack_offset, min(row.pack_bytes, _BYTES))


def _ticket_numbers(
    connection: Connection, groups: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], str]:
    """Return the number of the newest ticket of each product and reason."""
    wanted = {(product_id, unreadable_key(reason)): reason for product_id, reason in groups}
    if not wanted:
        return {}
    newest = (
        select(
            signature_key.c.product_id,
            signature_key.c.key_value,
            func.max(ticket.c.id).label("ticket_id"),
        )
        .join(ticket, ticket.c.signature_id == signature_key.c.signature_id)
        .where(
            signature_key.c.product_id.in_(sorted({product_id for product_id, _ in wanted})),
            signature_key.c.key_value.in_(sorted({key for _, key in wanted})),
        )
        .group_by(signature_key.c.product_id, signature_key.c.key_value)
        .subquery()
    )
    rows = connection.execute(
        select(newest.c.product_id, newest.c.key_value, ticket.c.day, ticket.c.counter).join(
            ticket, ticket.c.id == newest.c.ticket_id
        )
    )
    return {
        (row.product_id, wanted[row.product_id, row.key_value]): ticket_number(row.day, row.counter)
        for row in rows
        if (row.product_id, row.key_value) in wanted
    }
