"""The doors of the pages, on a real collector with real data; mypy checks that they fit."""

from faultbox_collector.clock import wall_ms
from faultbox_collector.desk.accounts import create_login_link
from faultbox_collector.queries.records import SignatureFilter
from faultbox_dashboard import doors
from support.builders import a_bundle, a_head, a_product, an_err
from support.collector import Served


def doors_of(server: Served) -> tuple[doors.Reader, doors.Accounts, doors.Desk]:
    """Return the collector's doors as the pages see them."""
    collector = server.collector
    return collector.reader, collector.accounts, collector.desk


async def fill(server: Served) -> None:
    """Digest three faults of two kinds."""
    for number, function in enumerate(("read", "read", "write"), start=1):
        head = a_head(
            number,
            prod=a_product(serial=f"SN-{number}"),
            err=an_err(functions=(function, "main")),
        )
        assert (await server.post(a_bundle(head))).status == 202
    await server.digested()


async def test_reading(server: Served) -> None:
    reader, _, _ = doors_of(server)
    empty = await reader.overview()
    assert (empty.bundles, empty.newest_ticket, empty.last_received_at_ms) == (0, None, None)
    await fill(server)
    overview = await reader.overview()
    assert (overview.bundles, overview.products) == (3, ("inspect-eye",))
    page = await reader.signatures(SignatureFilter(), limit=10, offset=0)
    assert [(row.occurrences, row.devices) for row in page.rows] == [(2, 2), (1, 1)]
    assert (page.total, page.state_counts) == (2, {"new": 2})
    tickets = await reader.tickets(limit=10, offset=0)
    assert overview.newest_ticket == tickets[0].number
    ticket = await reader.ticket(tickets[0].number)
    assert ticket is not None
    assert ticket.fields["product_name"].value == "inspect-eye"
    assert await reader.ticket("FB-19990101001") is None


async def test_logging_in_and_out(server: Served) -> None:
    _, accounts, _ = doors_of(server)
    token = await server.collector.writer.run(lambda c: create_login_link(c, "li", wall_ms()))
    session = await accounts.redeem_login_link(token)
    assert session is not None
    await accounts.set_language(session, "en")
    person = await accounts.person(session)
    assert person is not None
    assert (person.login, person.language) == ("li", "en")
    assert len(person.csrf) > 20
    await accounts.end_session(session)
    assert await accounts.person(session) is None
    assert await accounts.redeem_login_link(token) is None


async def test_a_note_is_on_the_page_at_once(server: Served) -> None:
    reader, _, desk = doors_of(server)
    await fill(server)
    number = (await reader.tickets(limit=1, offset=0))[0].number
    assert await desk.add_note(number, "li", "已联系客户")
    ticket = await reader.ticket(number)
    assert ticket is not None
    assert [entry.text for entry in ticket.history if entry.kind == "note"] == ["已联系客户"]
    assert not await desk.add_note("FB-19990101001", "li", "x")
