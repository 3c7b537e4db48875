"""When a fault happened, by a device whose clock may stand in 1970.

Three clocks travel with every fault (wall, monotonic, boot id) and two with every upload. In the
same boot the distance on the monotonic clock is right whatever the wall clock says. From another
boot only a synced wall clock helps, corrected by the device's drift at upload where that is
large. Otherwise the fault happened at or before the receipt: unknown, and said so.
"""

from dataclasses import dataclass

from faultbox_protocol.api import Sent
from faultbox_protocol.report import Head
from faultbox_protocol.words import ClockQuality

DRIFT_MS = 60_000
"""Smaller differences at upload are travel time, not drift."""
OLDEST_MS = 150 * 24 * 3600 * 1000
"""Agents discard what is older; a date further back is a broken clock."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A fault's time in Unix milliseconds and how it was found."""

    at_ms: int
    clock: str
    """monotonic, synced, or received (at or before)."""


def date_fault(head: Head, sent: Sent | None, received_ms: int) -> Dated:
    """Return when the fault of `head` happened, never later than its receipt."""
    if sent and head.boot and head.boot == sent.boot and head.mono_ms is not None:
        age_ms = sent.mono_ms - head.mono_ms
        if 0 <= age_ms <= OLDEST_MS:
            return Dated(received_ms - age_ms, "monotonic")
    if head.t_ms is not None and head.clk is ClockQuality.SYNCED:
        drift_ms = received_ms - sent.wall_ms if sent else 0
        at_ms = head.t_ms + (drift_ms if abs(drift_ms) > DRIFT_MS else 0)
        if received_ms - OLDEST_MS <= at_ms <= received_ms + DRIFT_MS:
            return Dated(min(at_ms, received_ms), "synced")
    return Dated(received_ms, "received")
