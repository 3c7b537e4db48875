"""A fault has the right time by a clock that stands in 1970, and never a time after its receipt."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_collector.domain.dating import DRIFT_MS, OLDEST_MS, date_fault
from faultbox_protocol.api import Sent
from faultbox_protocol.words import ClockQuality
from support.builders import BOOT, NOON_MS, a_head

RECEIVED = NOON_MS + 3_600_000
SYNCED, NONE, RTC = ClockQuality.SYNCED, ClockQuality.NONE, ClockQuality.RTC


@pytest.mark.parametrize(
    ("t_ms", "quality", "mono_ms", "sent", "at_ms", "clock"),
    [
        # the same boot: the distance on the monotonic clock, whatever the wall clock says
        (0, NONE, 60_000, Sent(BOOT, 90_000, 30_000), RECEIVED - 30_000, "monotonic"),
        (NOON_MS, SYNCED, 60_000, Sent(BOOT, 90_000, NOON_MS), RECEIVED - 30_000, "monotonic"),
        (None, None, 60_000, Sent(BOOT, 60_000, 0), RECEIVED, "monotonic"),
        # another boot, or a monotonic clock that ran backwards: a synced wall clock
        (NOON_MS, SYNCED, 60_000, Sent("other", 5, RECEIVED), NOON_MS, "synced"),
        (NOON_MS, SYNCED, 60_000, Sent(BOOT, 59_000, RECEIVED), NOON_MS, "synced"),
        (NOON_MS, SYNCED, None, None, NOON_MS, "synced"),
        # drift at upload is taken off where it is more than travel time
        (NOON_MS, SYNCED, None, Sent("", 0, RECEIVED + 7_200_000), NOON_MS - 7_200_000, "synced"),
        (NOON_MS, SYNCED, None, Sent("", 0, RECEIVED - DRIFT_MS), NOON_MS, "synced"),
        # nothing to go by: at or before the receipt
        (NOON_MS, RTC, None, None, RECEIVED, "received"),
        (NOON_MS, NONE, None, None, RECEIVED, "received"),
        (None, SYNCED, None, None, RECEIVED, "received"),
        (0, SYNCED, None, None, RECEIVED, "received"),
        (RECEIVED + DRIFT_MS + 1, SYNCED, None, None, RECEIVED, "received"),
        (RECEIVED + DRIFT_MS, SYNCED, None, None, RECEIVED, "synced"),
        (RECEIVED - OLDEST_MS, SYNCED, None, None, RECEIVED - OLDEST_MS, "synced"),
    ],
)
def test_dates(
    t_ms: int | None,
    quality: ClockQuality | None,
    mono_ms: int | None,
    sent: Sent | None,
    at_ms: int,
    clock: str,
) -> None:
    head = replace(a_head(), t_ms=t_ms, clk=quality, mono_ms=mono_ms)
    found = date_fault(head, sent, RECEIVED)
    assert (found.at_ms, found.clock) == (at_ms, clock)


int64 = st.integers(-(2**63), 2**63 - 1)


@given(
    t_ms=st.none() | int64,
    quality=st.none() | st.sampled_from(ClockQuality),
    mono_ms=st.none() | st.integers(0, 2**63 - 1),
    sent=st.none()
    | st.builds(Sent, st.sampled_from([BOOT, "", "other"]), st.integers(0, 2**63 - 1), int64),
)
def test_never_after_the_receipt_nor_older_than_agents_keep(
    t_ms: int | None, quality: ClockQuality | None, mono_ms: int | None, sent: Sent | None
) -> None:
    head = replace(a_head(), t_ms=t_ms, clk=quality, mono_ms=mono_ms)
    found = date_fault(head, sent, RECEIVED)
    assert RECEIVED - OLDEST_MS <= found.at_ms <= RECEIVED


@given(age_ms=st.integers(0, OLDEST_MS), wall_ms=int64, t_ms=int64, mono_ms=st.integers(0, 2**40))
def test_in_the_same_boot_it_is_exact_whatever_the_wall_clock_says(
    age_ms: int, wall_ms: int, t_ms: int, mono_ms: int
) -> None:
    head = replace(a_head(), t_ms=t_ms, clk=NONE, mono_ms=mono_ms)
    found = date_fault(head, Sent(BOOT, mono_ms + age_ms, wall_ms), RECEIVED)
    assert found.at_ms == RECEIVED - age_ms
