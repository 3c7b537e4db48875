"""What a ticket's history tells of its fault's spread."""

import pytest

from faultbox_collector.digest.milestones import passed_milestone
from faultbox_collector.store import tables
from faultbox_protocol.report import Product
from support.builders import a_bundle, a_head, a_product
from support.collector import Rig


def a_fault(number: int, serial: str, app: str) -> bytes:
    return a_bundle(a_head(number, prod=a_product(serial=serial, app=app)))


def history(rig: Rig) -> list[tuple[str, dict[str, object]]]:
    """Return kind and data of each line but the opening."""
    return [(row.kind, row.data) for row in rig.rows(tables.ticket_entry) if row.kind != "opened"]


def test_a_new_version_and_the_second_device_are_told_once(rig: Rig) -> None:
    rig.put(a_fault(1, "SN-1", "1.0"), a_fault(2, "SN-1", "1.0"))
    rig.digest()
    assert history(rig) == []
    rig.put(a_fault(3, "SN-2", "1.1"), a_fault(4, "SN-3", "1.1"))
    rig.digest()
    told = [("version", {"version": "1.1"}), ("devices", {"devices": 3})]
    assert history(rig) == told
    rig.put(a_fault(5, "SN-3", "1.1"), a_fault(6, "SN-4", "1.0"))
    rig.digest()
    assert history(rig) == told


def test_a_first_batch_of_many_tells_how_many(rig: Rig) -> None:
    rig.put(*(a_fault(number, f"SN-{number}", "1.0") for number in range(1, 13)))
    rig.digest()
    assert history(rig) == [("devices", {"devices": 12})]


def test_a_fault_without_a_version_tells_none(rig: Rig) -> None:
    rig.put(a_fault(1, "SN-1", "1.0"))
    rig.digest()
    rig.put(a_bundle(a_head(2, prod=Product("EdgeBox 400", serial="SN-1"))))
    rig.digest()
    assert history(rig) == []


@pytest.mark.parametrize(
    ("before", "now", "passed"),
    [(0, 1, False), (1, 2, True), (2, 9, False), (9, 10, True), (0, 50, True), (99, 250, True)],
)
def test_milestones(before: int, now: int, passed: bool) -> None:
    assert passed_milestone(before, now) is passed
