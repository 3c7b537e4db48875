"""How far the wall clock can be trusted, as the kernel says it."""

import ctypes
import os
import struct

from faultbox_protocol.words import ClockQuality

_TIMEX = struct.Struct("@Illlli")
_TIMEX_BYTES = 512  # more than struct timex on any platform
_TIME_ERROR = 5
_STA_UNSYNC = 0x0040
_CLOCK_CHIP = "/sys/class/rtc/rtc0"


def read_clock_quality() -> ClockQuality:
    """Return `synced` by the kernel's word, `rtc` where a clock chip kept time, else `none`."""
    if _is_synced():
        return ClockQuality.SYNCED
    return ClockQuality.RTC if os.path.exists(_CLOCK_CHIP) else ClockQuality.NONE


def _is_synced() -> bool:
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    except (OSError, AttributeError):
        return False
    status = _TIMEX.unpack_from(buffer.raw)[5]
    return 0 <= state != _TIME_ERROR and not status & _STA_UNSYNC
