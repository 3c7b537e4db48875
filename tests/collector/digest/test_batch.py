"""What a batch adds: occurrences, devices, versions, hours, first and last, whatever the order."""

from dataclasses import replace

import pytest

from faultbox_collector.store import tables
from faultbox_collector.store.progress import read_last_received, read_tallies
from faultbox_protocol.report import Head, Where
from faultbox_protocol.report_code import report_code
from faultbox_protocol.words import FaultKind
from support.builders import NOON_MS, a_bundle, a_head, a_product, an_id
from support.collector import Rig

HOUR_MS = 3_600_000


def a_fault(
    number: int, *, serial: str = "SN-1", app: str = "1.0", hours_ago: float = 0, n: int = 1
) -> bytes:
    """Return one occurrence of the same fault."""
    head = a_head(
        number,
        prod=a_product(serial=serial, app=app),
        t_ms=NOON_MS - int(hours_ago * HOUR_MS),
    )
    return a_bundle(replace(head, n=n))


def test_counts_devices_and_versions(rig: Rig) -> None:
    rig.put(a_fault(1), a_fault(2, serial="SN-2"), a_fault(3, serial="SN-2", app="1.1"))
    rig.digest()
    rig.put(a_fault(4, serial="SN-2"), a_fault(5, serial="SN-3", app="1.1"))
    rig.digest()
    [signature] = rig.rows(tables.signature)
    assert (signature.occurrences, signature.devices) == (5, 3)
    assert sorted(row.occurrences for row in rig.rows(tables.signature_device)) == [1, 1, 3]
    versions = {row.version: row.occurrences for row in rig.rows(tables.signature_version)}
    assert versions == {"1.0": 3, "1.1": 2}
    assert rig.count(tables.device) == 3
    [ticket] = rig.tickets()
    assert (ticket.occurrences, ticket.devices, ticket.versions) == (5, 3, ("1.0", "1.1"))


@pytest.mark.parametrize("batch_size", [1, 2, 500])
def test_out_of_order_times_still_give_first_last_and_hours(rig: Rig, batch_size: int) -> None:
    for number, hours_ago in enumerate((2, 26, 0, 2, 50), start=1):
        rig.put(a_fault(number, hours_ago=hours_ago))
    rig.digest(batch_size=batch_size)
    [signature] = rig.rows(tables.signature)
    assert (signature.first_ms, signature.last_ms) == (NOON_MS - 50 * HOUR_MS, NOON_MS)
    [ticket] = rig.rows(tables.ticket)
    assert (ticket.first_ms, ticket.last_ms) == (signature.first_ms, signature.last_ms)
    noon = NOON_MS // HOUR_MS
    hours = {noon - row.hour: row.occurrences for row in rig.rows(tables.signature_hour)}
    assert hours == {0: 1, 2: 2, 26: 1, 50: 1}


def test_a_bundle_that_stands_for_many_counts_as_many(rig: Rig) -> None:
    rig.put(a_fault(1, n=900), a_fault(2, n=99), a_fault(3, serial="SN-2"))
    rig.digest()
    [signature] = rig.rows(tables.signature)
    assert (signature.occurrences, signature.devices) == (1000, 2)
    assert rig.rows(tables.ticket)[0].occurrences == 1000
    assert sum(row.occurrences for row in rig.rows(tables.signature_hour)) == 1000
    assert sorted(row.folded for row in rig.rows(tables.occurrence)) == [1, 99, 900]


def test_a_self_test_is_an_occurrence_without_signature_or_ticket(rig: Rig) -> None:
    rig.put(a_bundle(a_head(1, kind=FaultKind.SELFTEST)))
    rig.digest()
    [occurrence] = rig.rows(tables.occurrence)
    assert occurrence.signature_id is None
    assert rig.count(tables.signature) == rig.count(tables.ticket) == 0
    assert rig.read(lambda c: read_tallies(c, 1)) == {"stored": 1}


def test_an_occurrence_keeps_its_place_and_its_report_code(rig: Rig) -> None:
    [_, place] = rig.put(a_fault(1), a_fault(2), received_ms=NOON_MS + 7)
    rig.digest()
    row = next(row for row in rig.rows(tables.occurrence) if row.id == an_id(2))
    assert (row.pack, row.pack_offset) == (place.pack, place.offset)
    assert row.report_code == report_code(an_id(2))
    record = rig.packs.read(row.pack, row.pack_offset, row.pack_bytes)
    assert bytes(record.bundle.data) == a_fault(2)
    assert rig.read(read_last_received) == NOON_MS + 7


def test_what_devices_lost_is_totalled_and_cannot_overflow(rig: Rig) -> None:
    def dropping(number: int, drops: dict[str, int]) -> bytes:
        return a_bundle(replace(a_head(number), drops=drops))

    rig.put(dropping(1, {"spool_full": 3}), dropping(2, {"spool_full": 4, "rate": 1}))
    rig.put(dropping(3, {"hold": 2**63 - 1}), dropping(4, {"hold": 2**63 - 1}))
    rig.digest()
    tallies = rig.read(lambda c: read_tallies(c, 1))
    assert (tallies["dropped:spool_full"], tallies["dropped:rate"]) == (7, 1)
    assert tallies["dropped:hold"] == 2 * 2**31
    assert rig.count(tables.quarantine) == 0


def test_devices_are_told_apart_by_serial_then_host(rig: Rig) -> None:
    def on(number: int, serial: str | None, host: str | None) -> bytes:
        head: Head = a_head(number, prod=a_product(serial=serial))
        where = None if host is None else Where(host=host)
        return a_bundle(replace(head, where=where))

    rig.put(on(1, "SN-1", "h1"), on(2, "SN-1", "h2"), on(3, None, "h1"), on(4, None, None))
    rig.digest()
    assert sorted(row.serial for row in rig.rows(tables.device)) == ["SN-1", "h1", "unknown"]
