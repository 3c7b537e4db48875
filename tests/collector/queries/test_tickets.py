"""Tickets newest first by date and counter, and evidence that can no longer be read is told."""

from faultbox_collector.queries.records import TicketPage
from faultbox_collector.queries.tickets import read_ticket
from faultbox_collector.store import tables
from support.builders import NOON_MS, a_bundle, a_head, an_err, an_evidence
from support.collector import Rig


def only_page(rig: Rig) -> TicketPage:
    """Return the page of the one ticket."""
    [ticket] = rig.tickets()
    found = rig.read(
        lambda c: read_ticket(
            c, rig.packs, 1, ticket.number, now_ms=NOON_MS, timezone="Asia/Shanghai"
        )
    )
    assert found is not None
    return found


def test_everything_of_a_ticket(rig: Rig) -> None:
    rig.put(a_bundle(a_head(1), an_evidence(5)))
    rig.digest()
    page = only_page(rig)
    assert page.signature.occurrences == 1
    assert page.key_text
    assert page.key_value
    assert page.steps
    assert len(page.hourly) == 7 * 24
    assert sum(n for _, n in page.hourly) == 1
    assert page.sample is not None
    assert [line.text for line in page.sample.log] == [f"sensor read {n}" for n in range(5)]
    assert page.sample.frames[0].fn == "read_sensor"
    assert page.previous is None


def test_a_damaged_bundle_gives_a_page_with_a_note(rig: Rig) -> None:
    [place] = rig.put(a_bundle())
    rig.digest()
    path = rig.packs.pack_path(place.pack)
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    page = only_page(rig)
    assert page.sample is not None
    assert page.sample.note in ("bad_crc", "bad_digest")
    assert page.sample.frames == ()
    assert page.fields["serial"].value == "SN-0001"


def test_a_pack_that_is_gone_gives_a_page_with_a_note(rig: Rig) -> None:
    rig.put(a_bundle())
    rig.digest()
    rig.packs.pack_path(1).unlink()
    sample = only_page(rig).sample
    assert sample is not None
    assert sample.note == "pack_missing"


def test_newest_first_by_date_then_counter(rig: Rig) -> None:
    rig.put(*(a_bundle(a_head(n, err=an_err(functions=(f"f{'abc'[n]}",)))) for n in range(3)))
    rig.digest()
    for of, (day, counter) in enumerate([(20240501, 999), (20240430, 5), (20240501, 1000)], 1):
        statement = tables.ticket.update().where(tables.ticket.c.id == of)
        rig.change(statement.values(day=day, counter=counter))
    numbers = [ticket.number for ticket in rig.tickets()]
    assert numbers == ["FB-202405011000", "FB-20240501999", "FB-20240430005"]
