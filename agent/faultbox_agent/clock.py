"""The clocks of a fault: wall, monotonic and boot id; `timesync` knows how good the first is.

`mono_ms` is CLOCK_BOOTTIME, which goes on while the device sleeps: the collector dates a fault
by the distance between two readings of it, so both must count the same time.
"""

import time
from typing import Protocol

_BOOT_ID = "/proc/sys/kernel/random/boot_id"
UNKNOWN_BOOT = "unknown"


class Clock(Protocol):
    """What the agent asks of time; tests bring their own."""

    @property
    def boot(self) -> str:
        """The id of this boot, `unknown` where the kernel has none."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970 by the wall clock, right or wrong."""

    def mono_ms(self) -> int:
        """Milliseconds since boot, sleep included."""


class SystemClock:
    """The clocks of this machine."""

    __slots__ = ("_boot",)

    def __init__(self) -> None:
        self._boot = read_boot_id()

    @property
    def boot(self) -> str:
        """The id of this boot."""
        return self._boot

    def wall_ms(self) -> int:
        """Milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def mono_ms(self) -> int:
        """Milliseconds since boot."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def read_boot_id() -> str:
    """Return the kernel's id of this boot (36 characters), or `unknown`."""
    try:
        with open(_BOOT_ID, encoding="ascii") as file:
            return file.read(36).strip() or UNKNOWN_BOOT
    except OSError:
        return UNKNOWN_BOOT
