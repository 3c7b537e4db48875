"""The list of what was set aside, and its bytes."""

from sqlalchemy import update

from faultbox_collector.queries.unreadable import list_unreadable, read_unreadable
from faultbox_collector.store import tables
from faultbox_protocol.framing import write_frame
from faultbox_protocol.packing import pack
from faultbox_protocol.words import FrameKind
from support.builders import NOON_MS, a_bundle, a_head, a_raw_bundle, an_err, an_id
from support.collector import Rig


def a_newer_bundle(number: int) -> bytes:
    """Return a bundle of a version that nobody knows yet."""
    return a_raw_bundle(write_frame(FrameKind.HEAD, pack({"v": 9, "id": an_id(number)})))


def test_newest_first_with_product_size_and_ticket(rig: Rig) -> None:
    rig.put(a_newer_bundle(1), received_ms=NOON_MS)
    rig.put(a_bundle(a_head(5)), a_bundle(a_head(5, err=an_err(msg="x"))), product="other")
    rig.digest()
    newest, oldest = rig.read(lambda c: list_unreadable(c, 1, limit=10, offset=0))
    assert (newest.product, newest.reason) == ("other", "id_reused")
    assert (oldest.product, oldest.reason) == ("inspect-eye", "unknown_version")
    assert oldest.received_at_ms == NOON_MS
    assert {newest.ticket, oldest.ticket} <= {ticket.number for ticket in rig.tickets()}
    assert newest.ticket != oldest.ticket
    assert rig.read(lambda c: list_unreadable(c, 1, limit=1, offset=1)) == (oldest,)
    assert rig.read(lambda c: list_unreadable(c, 2, limit=10, offset=0)) == ()


def test_the_newest_ticket_is_named(rig: Rig) -> None:
    rig.put(a_newer_bundle(1))
    rig.digest()
    rig.change(update(tables.ticket).values(state="closed"))
    rig.put(a_newer_bundle(2))
    rig.digest()
    rows = rig.read(lambda c: list_unreadable(c, 1, limit=10, offset=0))
    assert {row.ticket for row in rows} == {rig.tickets()[0].number}


def test_the_bytes_are_those_that_came(rig: Rig) -> None:
    sent = a_newer_bundle(1)
    rig.put(sent)
    rig.digest()
    [row] = rig.read(lambda c: list_unreadable(c, 1, limit=10, offset=0))
    data = rig.read(lambda c: read_unreadable(c, rig.packs, 1, row.id))
    assert data is not None
    assert data.endswith(sent)
    assert len(data) == row.size_bytes
    assert rig.read(lambda c: read_unreadable(c, rig.packs, 2, row.id)) is None
    assert rig.read(lambda c: read_unreadable(c, rig.packs, 1, row.id + 1)) is None


def test_a_damaged_stretch_has_no_product_and_no_ticket(rig: Rig) -> None:
    places = rig.put(*(a_bundle(a_head(number)) for number in range(1, 4)))
    path = rig.packs.pack_path(1)
    data = bytearray(path.read_bytes())
    data[places[1].offset + 200] ^= 0xFF
    path.write_bytes(data)
    rig.digest()
    [row] = rig.read(lambda c: list_unreadable(c, 1, limit=10, offset=0))
    assert (row.product, row.ticket) == (None, None)
