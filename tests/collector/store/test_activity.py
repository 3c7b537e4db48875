"""Heartbeats: a device counts once per day, whatever is sent twice, late or in another order."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faultbox_collector.queries.activity import DeviceDays, device_days
from faultbox_collector.store import tables
from faultbox_collector.store.activity import BOOT_SLOTS, add_beats, boot_slot
from faultbox_protocol.beats import Beat
from support.builders import NOON_MS
from support.collector import Rig

DAY = 20240501
A_BEAT = Beat(DAY, "inspect-eye", "SN-1", "boot-1", 3600, model="IE-500", fw="3.2", app="1.4.0")


def add(rig: Rig, *beats: Beat) -> int:
    product_id = rig.product_id()
    return rig.write(lambda c: add_beats(c, 1, product_id, beats, NOON_MS))


def read(rig: Rig) -> tuple[DeviceDays, ...]:
    product_id = rig.product_id()
    return rig.read(lambda c: device_days(c, 1, product_id, 20000101, 20991231))


def test_devices_and_uptime_by_day_and_version(rig: Rig) -> None:
    add(
        rig,
        A_BEAT,
        replace(A_BEAT, boot="boot-2", up_s=60),
        replace(A_BEAT, serial="SN-2", app="1.5.0"),
        replace(A_BEAT, serial="SN-3", day=20240430, app=None, fw=None),
    )
    assert read(rig) == (
        DeviceDays(20240430, "", 1, 3600),
        DeviceDays(DAY, "", 2, 7260),
        DeviceDays(DAY, "1.4.0", 1, 3660),
        DeviceDays(DAY, "1.5.0", 1, 3600),
    )
    assert {row.model for row in rig.rows(tables.device)} == {"IE-500"}


def test_the_greater_uptime_of_a_boot_holds_with_its_version(rig: Rig) -> None:
    add(rig, replace(A_BEAT, up_s=7200, app="1.5.0"))
    add(rig, A_BEAT, A_BEAT)
    assert read(rig) == (DeviceDays(DAY, "", 1, 7200), DeviceDays(DAY, "1.5.0", 1, 7200))


def test_a_device_that_boots_all_the_time_is_one_device_and_few_rows(rig: Rig) -> None:
    add(rig, *(replace(A_BEAT, boot=f"boot-{n}") for n in range(300)))
    assert read(rig)[0].devices == 1
    assert rig.count(tables.activity_day) == BOOT_SLOTS


@pytest.mark.parametrize("day", [20000101, 20231101, 20240503, 21991231])
def test_days_of_a_clock_that_was_never_set_are_left_out(rig: Rig, day: int) -> None:
    assert add(rig, replace(A_BEAT, day=day)) == 0
    assert add(rig, A_BEAT, replace(A_BEAT, day=day)) == 1
    assert rig.count(tables.activity_day) == 1


def test_tomorrow_is_today_for_a_device_ahead_of_utc(rig: Rig) -> None:
    assert add(rig, replace(A_BEAT, day=20240502)) == 1


def test_products_and_organisations_do_not_mix(rig: Rig) -> None:
    add(rig, A_BEAT)
    other = rig.product_id("other")
    assert rig.read(lambda c: device_days(c, 1, other, DAY, DAY)) == ()
    assert rig.read(lambda c: device_days(c, 2, 1, DAY, DAY)) == ()


beats = st.builds(
    replace,
    st.just(A_BEAT),
    day=st.sampled_from([DAY, 20240430]),
    serial=st.sampled_from(["SN-1", "SN-2", "SN-3"]),
    boot=st.sampled_from(["b1", "b2", "b3"]),
    up_s=st.integers(0, 86_400),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sent=st.lists(beats, max_size=12), again=st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(rig: Rig, sent: list[Beat], again: Random) -> None:
    rig.change(tables.activity_day.delete())
    twice = [*sent, *sent]
    again.shuffle(twice)
    for beat in twice:
        add(rig, beat)
    meant: dict[tuple[int, str, int], int] = {}
    for beat in sent:
        place = beat.day, beat.serial, boot_slot(beat.boot)
        meant[place] = max(beat.up_s, meant.get(place, 0))
    whole = {one.day: one for one in read(rig) if not one.version}
    assert {day: one.up_seconds for day, one in whole.items()} == {
        day: sum(up for place, up in meant.items() if place[0] == day)
        for day in {place[0] for place in meant}
    }
