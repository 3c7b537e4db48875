"""Which signature a report belongs to: exact keys attach, nothing without a key is lost."""

from dataclasses import replace

from faultbox_collector.store import tables
from faultbox_protocol.words import FaultKind
from support.builders import a_bundle, a_head, an_err
from support.collector import Rig


def test_other_frames_are_another_signature(rig: Rig) -> None:
    rig.put(
        a_bundle(a_head(1, err=an_err(functions=("read", "main")))),
        a_bundle(a_head(2, err=an_err(functions=("write", "main")))),
        a_bundle(a_head(3, err=an_err(functions=("read", "main"), msg="another message"))),
    )
    rig.digest()
    assert sorted(row.occurrences for row in rig.rows(tables.signature)) == [1, 2]


def test_a_key_points_to_one_signature_of_its_product(rig: Rig) -> None:
    rig.put(*(a_bundle(a_head(number)) for number in range(1, 4)))
    rig.digest()
    keys = rig.rows(tables.signature_key)
    assert len({(row.product_id, row.key_value) for row in keys}) == len(keys)
    assert {row.signature_id for row in keys} == {1}
    assert rig.rows(tables.signature)[0].key_value in {row.key_value for row in keys}


def test_reports_without_any_key_join_one_unclassified_signature_per_kind(rig: Rig) -> None:
    def bare(number: int, kind: FaultKind) -> bytes:
        return a_bundle(replace(a_head(number, kind=kind), err=None))

    rig.put(bare(1, FaultKind.HANG), bare(2, FaultKind.HANG), bare(3, FaultKind.REBOOT))
    rig.digest()
    assert sorted(row.occurrences for row in rig.rows(tables.signature)) == [1, 2]
    assert rig.count(tables.ticket) == 2


def test_the_signature_says_step_by_step_why(rig: Rig) -> None:
    rig.put(a_bundle())
    rig.digest()
    [row] = rig.rows(tables.signature)
    assert row.steps
    assert row.title
    assert (row.type, row.state) == ("ValueError", "new")
