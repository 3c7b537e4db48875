"""The list of signatures: state, counts, trend, versions, newest ticket.

Totals come from counters that the digest keeps; the trend and the versions are read for the rows
of the page only.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, or_, select

from faultbox_collector.domain.facts import Facts
from faultbox_collector.queries.numbers import parse_number, ticket_number
from faultbox_collector.queries.records import (
    TREND_DAYS,
    SignatureFilter,
    SignaturePage,
    SignatureRow,
    VersionCount,
)
from faultbox_collector.store.tables import (
    CLOSED_STATES,
    product,
    signature,
    signature_hour,
    signature_version,
    ticket,
)

NEW_MS = 24 * 3600 * 1000
"""A signature that nobody touched reads as new for a day, as open after it."""
_VERSIONS = 8
_HOUR_MS = 3_600_000


def list_signatures(
    connection: Connection,
    organisation_id: int,
    wanted: SignatureFilter,
    *,
    now_ms: int,
    timezone: str,
    limit: int,
    offset: int,
) -> SignaturePage:
    """Return one page of signatures, what needs people first, then by devices affected."""
    state = _shown_state(now_ms)
    matching = _matching(organisation_id, wanted)
    counts = {
        row.state: row.total
        for row in connection.execute(
            select(state.label("state"), func.count().label("total"))
            .select_from(signature.join(product, product.c.id == signature.c.product_id))
            .where(matching)
            .group_by(state)
        )
    }
    chosen = matching if not wanted.states else and_(matching, state.in_(sorted(wanted.states)))
    rows = connection.execute(
        _columns(state)
        .where(chosen)
        .order_by(
            case(
                (state == "regressed", 0),
                (state == "escalating", 1),
                (state == "new", 2),
                (state == "open", 3),
                else_=4,
            ),
            signature.c.devices.desc(),
            signature.c.occurrences.desc(),
            signature.c.id.desc(),
        )
        .limit(limit)
        .offset(offset)
    ).all()
    products = connection.execute(
        select(product.c.name)
        .where(product.c.organisation_id == organisation_id)
        .order_by(product.c.name)
    )
    total = sum(n for name, n in counts.items() if not wanted.states or name in wanted.states)
    return SignaturePage(
        rows=_complete(connection, rows, now_ms, timezone),
        total=total,
        state_counts=counts,
        products=tuple(products.scalars()),
    )


def read_signature(
    connection: Connection, signature_id: int, *, now_ms: int, timezone: str
) -> SignatureRow:
    """Return the row of one signature."""
    rows = connection.execute(
        _columns(_shown_state(now_ms)).where(signature.c.id == signature_id)
    ).all()
    return _complete(connection, rows, now_ms, timezone)[0]


def _shown_state(now_ms: int) -> ColumnElement[str]:
    return case(
        (
            and_(signature.c.state == "new", signature.c.first_ms < now_ms - NEW_MS),
            "open",
        ),
        else_=signature.c.state,
    )


def _columns(state: ColumnElement[str]) -> Select[*tuple[Any, ...]]:
    return select(signature, state.label("shown"), product.c.name.label("product")).join(
        product, product.c.id == signature.c.product_id
    )


def _matching(organisation_id: int, wanted: SignatureFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [signature.c.organisation_id == organisation_id]
    if wanted.product:
        conditions.append(product.c.name == wanted.product.replace("\0", ""))
    number = parse_number(wanted.words)
    if number is not None:
        day, counter = number
        conditions.append(
            signature.c.id.in_(
                select(ticket.c.signature_id).where(
                    ticket.c.organisation_id == organisation_id,
                    ticket.c.day == day,
                    ticket.c.counter == counter,
                )
            )
        )
        return and_(*conditions)
    for word in wanted.words.replace("\0", " ").split()[:8]:  # PostgreSQL takes no NUL
        pattern = f"%{_escape(word.lower())}%"
        conditions.append(
            or_(
                *(
                    func.lower(column).like(pattern, escape="\\")
                    for column in (
                        signature.c.title,
                        signature.c.code,
                        signature.c.message,
                        signature.c.program,
                        signature.c.key_text,
                    )
                )
            )
        )
    return and_(*conditions)


def _escape(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _complete(
    connection: Connection, rows: Sequence[Row[*tuple[Any, ...]]], now_ms: int, timezone: str
) -> tuple[SignatureRow, ...]:
    ids = [row.id for row in rows]
    trends = _trends(connection, ids, now_ms, timezone)
    versions = _versions(connection, ids)
    tickets = _tickets(connection, ids)
    found = []
    for row in rows:
        newest, open_count = tickets.get(row.id, (None, 0))
        found.append(
            SignatureRow(
                id=row.id,
                title=row.title,
                facts=row_facts(row),
                state=row.shown,
                product=row.product,
                model=row.model,
                occurrences=row.occurrences,
                devices=row.devices,
                first_seen_ms=row.first_ms,
                last_seen_ms=row.last_ms,
                trend=trends.get(row.id, (0,) * TREND_DAYS),
                versions=versions.get(row.id, ()),
                ticket=newest,
                open_tickets=open_count,
            )
        )
    return tuple(found)


def row_facts(row: Row[*tuple[Any, ...]]) -> Facts:
    """Return the facts of a signature's row."""
    return Facts(
        kind=row.kind,
        type=row.type,
        code=row.code,
        signal=row.signal,
        function=row.function,
        program=row.program,
        message=row.message,
    )


def _trends(
    connection: Connection, ids: Sequence[int], now_ms: int, timezone: str
) -> Mapping[int, tuple[int, ...]]:
    zone = ZoneInfo(timezone)
    today = dt.datetime.fromtimestamp(now_ms / 1000, zone).date()
    first_day = today - dt.timedelta(days=TREND_DAYS - 1)
    start = dt.datetime.combine(first_day, dt.time(), zone)
    rows = connection.execute(
        select(
            signature_hour.c.signature_id, signature_hour.c.hour, signature_hour.c.occurrences
        ).where(
            signature_hour.c.signature_id.in_(ids),
            signature_hour.c.hour >= int(start.timestamp()) // 3600,
        )
    )
    found: dict[int, list[int]] = {}
    for row in rows:
        days = found.setdefault(row.signature_id, [0] * TREND_DAYS)
        day = dt.datetime.fromtimestamp(row.hour * 3600, zone).date()
        index = (day - first_day).days
        if 0 <= index < TREND_DAYS:
            days[index] += row.occurrences
    return {of: tuple(days) for of, days in found.items()}


def _versions(connection: Connection, ids: Sequence[int]) -> Mapping[int, tuple[VersionCount, ...]]:
    rows = connection.execute(
        select(signature_version)
        .where(signature_version.c.signature_id.in_(ids))
        .order_by(signature_version.c.first_received_ms, signature_version.c.version)
    )
    found: dict[int, list[VersionCount]] = {}
    for row in rows:
        found.setdefault(row.signature_id, []).append(VersionCount(row.version, row.occurrences))
    return {of: tuple(all_of[-_VERSIONS:]) for of, all_of in found.items()}


def _tickets(connection: Connection, ids: Sequence[int]) -> Mapping[int, tuple[str | None, int]]:
    rows = connection.execute(
        select(ticket.c.signature_id, ticket.c.day, ticket.c.counter, ticket.c.state)
        .where(ticket.c.signature_id.in_(ids))
        .order_by(ticket.c.id)
    )
    found: dict[int, tuple[str | None, int]] = {}
    for row in rows:
        is_open = row.state not in CLOSED_STATES
        before = found.get(row.signature_id, (None, 0))[1]
        found[row.signature_id] = (ticket_number(row.day, row.counter), before + is_open)
    return found


def hourly_counts(
    connection: Connection, signature_id: int, *, now_ms: int, hours: int
) -> tuple[tuple[int, int], ...]:
    """Return (start of hour in ms, occurrences) for the last `hours` hours, empty ones too."""
    last = now_ms // _HOUR_MS
    first = last - hours + 1
    rows = connection.execute(
        select(signature_hour.c.hour, signature_hour.c.occurrences).where(
            signature_hour.c.signature_id == signature_id, signature_hour.c.hour >= first
        )
    )
    counts = {row.hour: row.occurrences for row in rows}
    return tuple((hour * _HOUR_MS, counts.get(hour, 0)) for hour in range(first, last + 1))
