"""Tickets: one per signature and product, numbered in the organisation's day, pre-filled."""

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import update

from faultbox_collector.clock import wall_ms
from faultbox_collector.digest.opening import ticket_day
from faultbox_collector.queries.numbers import ticket_number
from faultbox_collector.queries.tickets import read_ticket
from faultbox_collector.store import tables
from faultbox_protocol.framing import write_frame
from faultbox_protocol.packing import pack
from faultbox_protocol.schema import head_to_map
from faultbox_protocol.words import Codec, FrameKind
from support.builders import NOON_MS, a_bundle, a_head, a_product, a_raw_bundle, an_err
from support.collector import Rig


def at(text: str) -> int:
    """Return Unix milliseconds of an ISO time."""
    return int(dt.datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        ("2024-05-01T15:59:59.999+00:00", "Asia/Shanghai", 20240501),
        ("2024-05-01T16:00:00.000+00:00", "Asia/Shanghai", 20240502),
        ("2024-05-01T16:00:00.000+00:00", "UTC", 20240501),
        ("2024-01-01T04:59:59.000+00:00", "America/New_York", 20231231),
        ("2024-12-31T18:15:00.000+00:00", "Asia/Kathmandu", 20250101),
    ],
)
def test_the_day_of_a_number_is_the_organisations(moment: str, zone: str, day: int) -> None:
    assert ticket_day(at(moment), zone) == day


def test_one_ticket_per_signature_however_often(rig: Rig) -> None:
    for number in range(1, 6):
        rig.put(a_bundle(a_head(number)))
        rig.digest()
    assert rig.count(tables.ticket) == 1
    assert rig.tickets()[0].occurrences == 5


def test_the_same_key_in_two_products_is_two_tickets(rig: Rig) -> None:
    for number, product in enumerate(("inspect-eye", "other", "inspect-eye"), start=1):
        rig.put(a_bundle(a_head(number, prod=a_product(product))), product=product)
    rig.digest()
    assert {row.key_value for row in rig.rows(tables.signature_key)} == {
        row.key_value for row in rig.rows(tables.signature_key) if row.product_id == 1
    }
    assert sorted((t.product, t.occurrences) for t in rig.tickets()) == [
        ("inspect-eye", 2),
        ("other", 1),
    ]


def a_code(number: int) -> str:
    """Return an error code that differs for each number."""
    return f"E-{1000 + number}"


def test_numbers_count_up_within_the_day_and_grow_past_999(rig: Rig) -> None:
    now_ms = wall_ms()
    days = [ticket_day(now_ms + later, "Asia/Shanghai") for later in (0, 24 * 3600 * 1000)]
    rig.write(
        lambda c: (
            c.execute(
                tables.number_counter.insert(),
                [{"organisation_id": 1, "day": day, "last": 997} for day in days],
            ).rowcount
        )
    )
    rig.put(*(a_bundle(a_head(n, err=an_err(code=a_code(n), functions=()))) for n in range(1, 5)))
    rig.digest()
    found = [ticket.number for ticket in rig.tickets()]
    assert [number[11:] for number in found] == ["1001", "1000", "999", "998"]
    assert int(found[0][3:11]) in days


def test_the_ticket_is_filled_from_its_first_bundle_and_says_why(rig: Rig) -> None:
    rig.put(a_bundle(a_head(1)), received_ms=NOON_MS + 5)
    rig.digest()
    [ticket] = rig.tickets()
    page = rig.read(
        lambda c: read_ticket(
            c, rig.packs, 1, ticket.number, now_ms=NOON_MS, timezone="Asia/Shanghai"
        )
    )
    assert page is not None
    assert page.fields["number"].value == ticket.number
    assert page.fields["serial"].value == "SN-0001"
    assert page.fields["submitted_at"].value == str(NOON_MS + 5)
    assert page.fields["reproduction_steps"].value.startswith("sensor read 0")
    assert [(entry.kind, entry.actor) for entry in page.history] == [("opened", "system")]
    assert page.history[0].data["serial"] == "SN-0001"
    assert page.sample is not None
    assert page.sample.note is None


def test_the_language_of_generated_text_is_the_organisations(tmp_path: Path, database: str) -> None:
    rig = Rig(tmp_path, language="en", database=database)
    rig.put(a_bundle())
    rig.digest()
    assert rig.rows(tables.ticket)[0].fields["phenomenon"]["value"].startswith("Program exception")
    rig.close()


def test_unreadable_evidence_does_not_keep_a_ticket_from_opening(rig: Rig) -> None:
    head = write_frame(FrameKind.HEAD, pack(head_to_map(a_head(1))))
    rig.put(a_raw_bundle(head, write_frame(FrameKind.EVIDENCE, b"\xc1\xc1", Codec.IDENTITY)))
    rig.digest()
    assert rig.count(tables.ticket) == 1
    assert rig.count(tables.quarantine) == 0


@pytest.mark.parametrize("state", ["closed", "filed", "invalid", "merged"])
def test_each_closed_state_lets_a_recurrence_open_a_new_ticket(rig: Rig, state: str) -> None:
    rig.put(a_bundle(a_head(1)))
    rig.digest()
    rig.change(update(tables.ticket).values(state=state))
    rig.put(a_bundle(a_head(2)))
    rig.digest()
    first, second = rig.rows(tables.ticket)
    page = rig.read(
        lambda c: read_ticket(
            c,
            rig.packs,
            1,
            ticket_number(second.day, second.counter),
            now_ms=NOON_MS,
            timezone="Asia/Shanghai",
        )
    )
    assert page is not None
    assert page.previous == ticket_number(first.day, first.counter)


@pytest.mark.parametrize(
    "state",
    ["draft", "needs_info", "dispatched", "in_progress", "pending", "awaiting_confirmation"],
)
def test_each_open_state_takes_further_occurrences(rig: Rig, state: str) -> None:
    rig.put(a_bundle(a_head(1)))
    rig.digest()
    rig.change(update(tables.ticket).values(state=state))
    rig.put(a_bundle(a_head(2)))
    rig.digest()
    assert [row.occurrences for row in rig.rows(tables.ticket)] == [2]
