"""One bundle decoded, signed and dated, without a database."""

from dataclasses import replace
from pathlib import Path

import pytest

from faultbox_collector.digest.drafts import Drafter
from faultbox_collector.pack.records import (
    Arrival,
    Position,
    Record,
    encode_arrival,
    read_record,
)
from faultbox_protocol.errors import ProtocolError
from faultbox_protocol.framing import write_frame
from faultbox_protocol.packing import pack
from faultbox_protocol.words import FaultKind, FrameKind
from support.builders import BOOT, NOON_MS, a_bundle, a_head, a_product, a_raw_bundle, an_err


def a_record(bundle: bytes, sent: str = "") -> Record:
    """Return the record of a bundle as it is read from a pack."""
    data = encode_arrival(Arrival(NOON_MS + 60_000, 1, 1, sent)) + bundle
    return read_record(memoryview(data), Position(1, 0))


def test_a_draft_holds_what_the_store_needs() -> None:
    draft = Drafter().draft(a_record(a_bundle(), sent=f"{BOOT};90000;5"))
    assert (draft.serial, draft.version) == ("SN-0001", "1.4.0")
    assert (draft.dated.at_ms, draft.dated.clock) == (NOON_MS + 30_000, "monotonic")
    assert draft.facts.type == "ValueError"
    assert draft.signed is not None


def test_the_version_is_the_applications_else_the_systems() -> None:
    head = a_head(prod=a_product(app=None))
    assert Drafter().draft(a_record(a_bundle(head))).version == "3.2.1"


def test_a_self_test_is_not_signed() -> None:
    draft = Drafter().draft(a_record(a_bundle(a_head(kind=FaultKind.SELFTEST))))
    assert draft.signed is None


def test_equal_faults_get_equal_signatures_and_other_products_do_not_share_them() -> None:
    drafter = Drafter()
    heads = [a_head(1), a_head(2), a_head(3, err=an_err(functions=("other",)))]
    one, two, three = (drafter.draft(a_record(a_bundle(head))).signed for head in heads)
    assert one == two
    assert one is not None
    assert three is not None
    assert one.key != three.key


def test_a_code_beside_a_signal_is_the_one_that_says_more() -> None:
    err = replace(an_err(type=None, msg="boot failed: E-202", functions=()), code=None)
    draft = Drafter().draft(a_record(a_bundle(a_head(kind=FaultKind.ERROR, err=err))))
    assert draft.facts.code == "E-202"


def test_a_head_that_cannot_be_read_is_an_error() -> None:
    broken = a_raw_bundle(write_frame(FrameKind.HEAD, pack({"v": 9})))
    with pytest.raises(ProtocolError):
        Drafter().draft(a_record(broken))


def test_many_different_faults_do_not_grow_the_memory_without_bound(tmp_path: Path) -> None:
    drafter = Drafter()
    for number in range(1500):
        drafter.draft(a_record(a_bundle(a_head(number, err=an_err(msg=f"n {number}")))))
    assert drafter.cached <= 512
