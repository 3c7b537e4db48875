"""What was set aside stays in sight: a ticket per product and reason, and outcomes that add up."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from faultbox_collector.digest.drafts import Drafter
from faultbox_collector.heads import read_head
from faultbox_collector.pack.files import START
from faultbox_collector.queries.overview import read_overview
from faultbox_collector.queries.tickets import read_ticket
from faultbox_collector.store import tables
from faultbox_collector.store.progress import read_tallies
from faultbox_protocol.codec import Bundle
from faultbox_protocol.framing import write_frame
from faultbox_protocol.packing import pack
from faultbox_protocol.report import Head
from faultbox_protocol.words import FrameKind
from support.builders import NOON_MS, a_bundle, a_head, a_product, a_raw_bundle, an_err, an_id
from support.collector import Rig


def a_newer_bundle(number: int) -> bytes:
    """Return a bundle of a version that nobody knows yet."""
    return a_raw_bundle(write_frame(FrameKind.HEAD, pack({"v": 9, "id": an_id(number)})))


def test_one_ticket_for_a_product_and_a_reason_counts_them_all(rig: Rig) -> None:
    rig.put(a_newer_bundle(1), a_bundle(a_head(2)), a_newer_bundle(3), received_ms=NOON_MS)
    rig.digest()
    rig.put(a_newer_bundle(4), received_ms=NOON_MS + 5)
    rig.digest()
    ticket = next(t for t in rig.tickets() if t.facts.kind == "unreadable")
    assert (ticket.title, ticket.occurrences) == ("unreadable report: unknown_version", 3)
    assert (ticket.first_seen_ms, ticket.last_seen_ms) == (NOON_MS, NOON_MS + 5)
    assert rig.count(tables.ticket) == 2
    assert sum(row.occurrences for row in rig.rows(tables.signature_hour)) == 4


def test_products_and_reasons_have_tickets_of_their_own(rig: Rig) -> None:
    rig.put(a_newer_bundle(1), a_newer_bundle(2), a_bundle(a_head(7)))
    rig.put(a_newer_bundle(3), product="other")
    rig.put(a_bundle(a_head(7, err=an_err(msg="another"))))
    rig.digest()
    found = {(t.product, t.title): t.occurrences for t in rig.tickets()}
    assert len(found) == 4
    assert {key: n for key, n in found.items() if key[1].startswith("unreadable")} == {
        ("inspect-eye", "unreadable report: unknown_version"): 2,
        ("other", "unreadable report: unknown_version"): 1,
        ("inspect-eye", "unreadable report: id_reused"): 1,
    }


@pytest.mark.parametrize(
    ("language", "sentence"), [("zh_CN", "无法解析的上报数据包"), ("en", "Unreadable report")]
)
def test_the_ticket_says_what_is_known(tmp_path: Path, language: str, sentence: str) -> None:
    rig = Rig(tmp_path, language=language)
    [place] = rig.put(a_newer_bundle(1), received_ms=NOON_MS + 7)
    rig.digest()
    [ticket] = rig.tickets()
    page = rig.read(
        lambda c: read_ticket(
            c, rig.packs, 1, ticket.number, now_ms=NOON_MS, timezone="Asia/Shanghai"
        )
    )
    assert page is not None
    said = page.fields["phenomenon"].value
    size = rig.rows(tables.quarantine)[0].pack_bytes
    for words in (sentence, "unknown_version", str(size), f"00000001.fbp @ {place.offset}"):
        assert words in said
    assert page.fields["product_name"].value == "inspect-eye"
    assert page.fields["submitted_at"].value == str(NOON_MS + 7)
    assert page.sample is None
    rig.close()


def test_a_closed_ticket_is_followed_by_a_new_one(rig: Rig) -> None:
    rig.put(a_newer_bundle(1))
    rig.digest()
    rig.change(update(tables.ticket).values(state="closed"))
    rig.put(a_newer_bundle(2))
    rig.digest()
    assert [row.occurrences for row in rig.rows(tables.ticket)] == [1, 1]


def test_damage_belongs_to_nobody_and_is_counted_apart(rig: Rig) -> None:
    places = rig.put(*(a_bundle(a_head(number)) for number in range(1, 4)))
    path = rig.packs.pack_path(1)
    data = bytearray(path.read_bytes())
    data[places[1].offset + 200] ^= 0xFF
    path.write_bytes(data)
    rig.digest()
    assert rig.read(lambda c: read_tallies(c, 1)) == {"stored": 2, "damaged": 1}
    assert rig.count(tables.ticket) == 1
    assert rig.read(lambda c: read_overview(c, 1)).unreadable == 1


def test_what_is_read_again_is_not_set_aside_again(rig: Rig) -> None:
    rig.put(a_newer_bundle(1), a_bundle(a_head(2)), a_bundle(a_head(2, err=an_err(msg="x"))))
    rig.digest()
    before = rig.rows(tables.quarantine), rig.rows(tables.ticket)
    rig.digest(start=START)
    assert (rig.rows(tables.quarantine), rig.rows(tables.ticket)) == before


def test_a_reason_that_nobody_knows_is_bounded(rig: Rig) -> None:
    class Odd(Exception):
        reason = "x" * 300 + "\0\ud800"

    def read(bundle: Bundle) -> Head:
        raise Odd(read_head(bundle).id.hex() + "\0")

    rig.put(a_bundle())
    rig.digest(drafter=Drafter(read))
    [row] = rig.rows(tables.quarantine)
    assert row.reason == "undigestible"


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_every_bundle_ends_in_exactly_one_outcome(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    rig = Rig(tmp_path_factory.mktemp("outcomes"))
    sound, newer, odd = (st.integers(low, low + 4) for low in (1, 11, 21))
    sent = data.draw(
        st.lists(
            st.one_of(
                st.builds(
                    lambda n, msg: a_bundle(a_head(n, err=an_err(msg=msg))),
                    sound,
                    st.sampled_from("ab"),
                ),
                newer.map(a_newer_bundle),
                odd.map(lambda n: a_bundle(a_head(n, prod=a_product(serial=f"odd-{n}")))),
            ),
            min_size=1,
            max_size=12,
        )
    )

    def read(bundle: Bundle) -> Head:
        head = read_head(bundle)
        if (head.prod.serial or "").startswith("odd"):  # the store refuses a lone surrogate
            return replace(head, prod=replace(head.prod, serial="\ud800"))
        return head

    for bundle in sent:
        rig.put(bundle, product=data.draw(st.sampled_from(["one", "two"])))
    rig.digest(drafter=Drafter(read), batch_size=data.draw(st.integers(1, 12)))
    tallies = rig.read(lambda c: read_tallies(c, 1))
    by_day: Counter[str] = Counter()
    for row in rig.rows(tables.outcome_day):
        by_day[row.name] += row.total
    assert dict(by_day) == tallies
    assert sum(tallies.values()) == len(sent)
    assert tallies.get("stored", 0) == rig.count(tables.occurrence) == rig.count(tables.seen_id)
    set_aside = sum(n for name, n in tallies.items() if name.startswith("quarantined:"))
    assert set_aside == rig.count(tables.quarantine)
    assert sum(t.occurrences for t in rig.tickets()) == tallies.get("stored", 0) + set_aside
    rig.close()
