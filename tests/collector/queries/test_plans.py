"""What pages and the digest ask is answered by index: no statement reads a growing table whole."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from faultbox_collector.queries.activity import device_days
from faultbox_collector.queries.overview import read_overview
from faultbox_collector.queries.receipts import find_receipt
from faultbox_collector.queries.records import SignatureFilter
from faultbox_collector.queries.signatures import list_signatures
from faultbox_collector.queries.tickets import list_tickets, read_ticket
from faultbox_collector.queries.unreadable import list_unreadable
from faultbox_collector.store.outbox import prune_messages
from faultbox_collector.store.tickets import find_open_tickets, find_previous_ticket
from support.builders import NOON_MS, a_bundle, a_head, a_product, an_err, an_id
from support.collector import Rig

GROWING = (
    *("occurrence", "seen_id", "device", "signature_device", "signature_hour"),
    *("signature_key", "signature_version", "ticket_entry", "quarantine"),
    *("activity_day", "outcome_day", "outbox"),
)
ZONE = "Asia/Shanghai"


@contextmanager
def statements(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Yield a list that fills with every statement the engine runs."""
    found: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, sql: str, values: Any, _ctx: object, many: bool) -> None:
        found.append((sql, values[0] if many and isinstance(values[0], tuple | dict) else values))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def check_plans(rig: Rig, found: list[tuple[str, Any]], *, whole: tuple[str, ...] = ()) -> None:
    """Check that no plan scans a growing table, nor tickets or signatures unless they may."""
    growing = set(GROWING) | ({"ticket", "signature"} - set(whole))
    for sql, values in found:
        if sql.split()[0] not in ("SELECT", "UPDATE", "INSERT", "DELETE"):
            continue
        plan = rig.read(partial(explain, sql=sql, values=values))
        assert growing.isdisjoint(scanned(plan)), f"{sql}\n{plan}"


def explain(connection: Connection, sql: str, values: Any) -> list[Any]:
    """Return the engine's plan of one statement: SQLite's lines, or PostgreSQL's nodes."""
    if connection.dialect.name == "sqlite":
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
        return [row[-1] for row in plan]
    # A few rows are read whole whatever the indexes are, unless that is forbidden.
    for method in ("seqscan", "hashjoin", "mergejoin"):
        connection.exec_driver_sql(f"SET LOCAL enable_{method} = off")
    found = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {sql}", values).scalar_one()
    return list(nodes(found[0]["Plan"]))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a node of PostgreSQL's plan and everything below it."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def scanned(plan: list[Any]) -> set[str]:
    """Return the tables that a plan reads from end to end; an index that has it all may be."""
    found = set()
    for node in plan:
        if isinstance(node, str):
            words = node.split()
            if words[0] == "SCAN" and "USING COVERING INDEX" not in node:
                found.add(words[1])
        elif node["Node Type"] == "Seq Scan" or (
            node["Node Type"] in ("Index Scan", "Bitmap Index Scan") and "Index Cond" not in node
        ):
            found.add(node.get("Relation Name") or node["Index Name"])
    return found


def fill(rig: Rig) -> None:
    """Digest a few faults on a few devices."""
    rig.put(
        *(
            a_bundle(
                a_head(
                    number,
                    prod=a_product(serial=f"SN-{number % 5}"),
                    err=an_err(functions=(f"fault_{'abc'[number % 3]}", "main")),
                )
            )
            for number in range(1, 21)
        )
    )
    rig.put(a_bundle(a_head(1, err=an_err(msg="set aside: the id is another's"))))
    rig.digest()


@pytest.mark.parametrize(
    ("query", "whole"),
    [
        (
            lambda c, _r: list_signatures(
                c, 1, SignatureFilter(), now_ms=NOON_MS, timezone=ZONE, limit=50, offset=0
            ),
            ("signature",),  # ordered by counters, which carry no index on purpose
        ),
        (lambda c, _r: list_tickets(c, 1, limit=50, offset=0), ()),
        (
            lambda c, r: read_ticket(
                c, r.packs, 1, r.tickets()[0].number, now_ms=NOON_MS, timezone=ZONE
            ),
            (),
        ),
        (lambda c, _r: find_receipt(c, 1, 1, an_id(3)), ()),
        (lambda c, _r: find_receipt(c, 1, 1, an_id(99)), ()),
        (lambda c, _r: read_overview(c, 1), ("ticket",)),
        (lambda c, _r: list_unreadable(c, 1, limit=50, offset=0), ()),
        (lambda c, _r: device_days(c, 1, 1, 20240101, 20241231), ()),
    ],
)
def test_pages(
    rig: Rig, query: Callable[[Connection, Rig], object], whole: tuple[str, ...]
) -> None:
    fill(rig)
    with statements(rig.store.reader_engine) as found:
        assert rig.read(lambda c: query(c, rig)) is not None or whole == ()
    assert found
    check_plans(rig, found, whole=whole)


def test_the_digest(rig: Rig) -> None:
    fill(rig)
    with statements(rig.store.writer_engine) as found:
        rig.put(a_bundle(a_head(50)), a_bundle(a_head(51, err=an_err(functions=("new",)))))
        rig.digest()
    assert len(found) > 10
    check_plans(rig, found)


def test_pruning(rig: Rig) -> None:
    fill(rig)
    with statements(rig.store.writer_engine) as found:
        rig.write(lambda c: prune_messages(c, NOON_MS))
    check_plans(rig, found)


def test_open_tickets_are_found_by_their_index_however_many_are_closed(rig: Rig) -> None:
    fill(rig)
    with statements(rig.store.reader_engine) as found:
        assert len(rig.read(lambda c: find_open_tickets(c, 1, [1, 2, 3]))) == 3
        assert rig.read(lambda c: find_previous_ticket(c, 1)) == 1
    selects = [one for one in found if one[0].startswith("SELECT")]
    plans = [rig.read(partial(explain, sql=sql, values=values)) for sql, values in selects]
    assert "ux_ticket_open_machine" in str(plans[0])
    assert "ix_ticket_signature_id" in str(plans[1])


def test_a_page_of_signatures_takes_as_many_statements_as_one_row(rig: Rig) -> None:
    def count() -> int:
        with statements(rig.store.reader_engine) as found:
            rig.read(
                lambda c: list_signatures(
                    c, 1, SignatureFilter(), now_ms=NOON_MS, timezone=ZONE, limit=50, offset=0
                )
            )
        return len(found)

    rig.put(a_bundle(a_head(100)))
    rig.digest()
    one = count()
    fill(rig)
    assert count() == one
