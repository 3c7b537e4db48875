"""The list of signatures: what needs people first, narrowed by state, product and words."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from faultbox_collector.queries.records import SignatureFilter, SignaturePage
from faultbox_collector.queries.signatures import NEW_MS, hourly_counts, list_signatures
from faultbox_collector.store import tables
from faultbox_protocol.words import FaultKind
from support.builders import NOON_MS, a_bundle, a_head, a_product, an_err
from support.collector import Rig

EVERYTHING = SignatureFilter()
DAY_MS = 24 * 3600 * 1000


def page(
    rig: Rig, wanted: SignatureFilter = EVERYTHING, *, now_ms: int = NOON_MS, **more: int
) -> SignaturePage:
    """Return a page of the list."""
    limit, offset = more.get("limit", 50), more.get("offset", 0)
    return rig.read(
        lambda c: list_signatures(
            c, 1, wanted, now_ms=now_ms, timezone="Asia/Shanghai", limit=limit, offset=offset
        )
    )


@pytest.fixture
def full(rig: Rig) -> Rig:
    """Three faults: one on three devices, one with a code, one in another product."""
    for number in range(1, 4):
        rig.put(a_bundle(a_head(number, prod=a_product(serial=f"SN-{number}"))))
    coded = an_err(code="E-202", type=None, msg="50% done_无法进入系统", functions=())
    rig.put(a_bundle(a_head(4, kind=FaultKind.ERROR, err=coded)))
    rig.put(a_bundle(a_head(5, prod=a_product("other"))), product="other")
    rig.digest()
    return rig


def test_most_devices_first(full: Rig) -> None:
    found = page(full)
    assert [row.devices for row in found.rows] == [3, 1, 1]
    assert (found.total, found.products) == (3, ("inspect-eye", "other"))


def test_what_needs_people_comes_first(full: Rig) -> None:
    states = {1: "muted", 2: "regressed", 3: "escalating"}
    for of, state in states.items():
        statement = update(tables.signature).where(tables.signature.c.id == of)
        full.change(statement.values(state=state))
    assert [row.state for row in page(full).rows] == ["regressed", "escalating", "muted"]


def test_new_reads_as_open_after_a_day(full: Rig) -> None:
    assert page(full).state_counts == {"new": 3}
    assert page(full, now_ms=NOON_MS + NEW_MS + 1).state_counts == {"open": 3}
    wanted = SignatureFilter(states=frozenset({"open"}))
    assert page(full, wanted).rows == ()
    assert len(page(full, wanted, now_ms=NOON_MS + NEW_MS + 1).rows) == 3


def test_narrowed_by_product(full: Rig) -> None:
    found = page(full, SignatureFilter(product="other"))
    assert [row.product for row in found.rows] == ["other"]
    assert found.total == 1


@pytest.mark.parametrize(
    ("words", "hits"),
    [
        ("valueerror", 2),
        ("E-202", 1),
        ("e-202", 1),
        ("无法进入", 1),
        ("50%", 1),
        ("done_", 1),
        ("%", 1),
        ("_______________________", 0),
        ("\\", 0),
        ("nothing of the kind", 0),
        ("FB-19990101001", 0),
        ("' OR 1=1 --", 0),
        ("value\0error", 2),
        ("\0", 3),
    ],
)
def test_narrowed_by_words(full: Rig, words: str, hits: int) -> None:
    assert len(page(full, SignatureFilter(words=words)).rows) == hits


def test_a_product_with_a_nul_is_one_that_nobody_has(full: Rig) -> None:
    assert page(full, SignatureFilter(product="other\0x")).rows == ()


def test_a_ticket_number_finds_its_signature(full: Rig) -> None:
    for ticket in full.tickets():
        [row] = page(full, SignatureFilter(words=ticket.number)).rows
        assert row.ticket == ticket.number


def test_pages_follow_each_other_without_gap_or_overlap(full: Rig) -> None:
    ids = [row.id for offset in range(3) for row in page(full, limit=1, offset=offset).rows]
    assert ids == [row.id for row in page(full).rows]


def test_the_trend_is_by_day_of_the_organisation(rig: Rig) -> None:
    for number, days in enumerate((0, 0, 1, 27, 28), start=1):
        rig.put(a_bundle(a_head(number, t_ms=NOON_MS - days * DAY_MS)))
    rig.digest()
    [row] = page(rig).rows
    assert (row.trend[27], row.trend[26], row.trend[0], sum(row.trend)) == (2, 1, 1, 4)
    assert row.occurrences == 5


def test_versions_by_first_appearance_at_most_eight(rig: Rig) -> None:
    for number in range(1, 11):
        head = a_head(number, prod=a_product(app=f"1.{number:02d}"))
        rig.put(a_bundle(replace(head, n=number)))
    rig.digest()
    [row] = page(rig).rows
    assert [one.version for one in row.versions] == [f"1.{n:02d}" for n in range(3, 11)]
    assert row.versions[-1].occurrences == 10


def test_the_chart_has_every_hour_empty_ones_too(rig: Rig) -> None:
    rig.put(a_bundle(a_head(1)), a_bundle(a_head(2, t_ms=NOON_MS - 2 * 3_600_000)))
    rig.digest()
    found = rig.read(lambda c: hourly_counts(c, 1, now_ms=NOON_MS, hours=4))
    assert [n for _, n in found] == [0, 1, 0, 1]
    assert found[-1][0] == NOON_MS // 3_600_000 * 3_600_000
