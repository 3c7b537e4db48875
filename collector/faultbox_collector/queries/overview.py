"""Whether anything has arrived yet, and what the page heads say."""

from sqlalchemy import Connection, select

from faultbox_collector.domain.outcome_names import DAMAGED, QUARANTINED
from faultbox_collector.queries.numbers import ticket_number
from faultbox_collector.queries.records import Overview
from faultbox_collector.store.progress import read_last_received, read_tallies
from faultbox_collector.store.tables import product, ticket


def read_overview(connection: Connection, organisation_id: int) -> Overview:
    """Return the totals of an organisation."""
    tallies = read_tallies(connection, organisation_id)
    newest = connection.execute(
        select(ticket.c.day, ticket.c.counter)
        .where(ticket.c.organisation_id == organisation_id)
        .order_by(ticket.c.id.desc())
        .limit(1)
    ).one_or_none()
    products = connection.execute(
        select(product.c.name)
        .where(product.c.organisation_id == organisation_id)
        .order_by(product.c.name)
    )
    return Overview(
        bundles=tallies.get("stored", 0),
        last_received_at_ms=read_last_received(connection),
        products=tuple(products.scalars()),
        newest_ticket=ticket_number(newest.day, newest.counter) if newest else None,
        unreadable=sum(
            total
            for name, total in tallies.items()
            if name.partition(":")[0] in (QUARANTINED, DAMAGED)
        ),
    )
