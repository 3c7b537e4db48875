"""How many bundles one fault may make: a burst per minute, then counting into a fold.

A fault that repeats tells little new; its count tells how bad it is. So beyond the burst the
bytes are suppressed and never the count: each further occurrence is added to one bundle with
`n`, `t0_ms` and `t1_ms`, filed a minute later.
"""

from collections import OrderedDict

WINDOW_MS = 60_000
_KEYS = 512
"""Faults told apart at a time; the one seen longest ago begins a new burst."""


class Admission:
    """The bursts of the faults seen lately; monotonic time, so a set clock is no matter."""

    def __init__(self, burst: int) -> None:
        self._burst = burst
        self._windows: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def admit(self, fault_key: str, mono_ms: int) -> bool:
        """Say whether this occurrence gets a bundle of its own."""
        started_ms, count = self._windows.pop(fault_key, (mono_ms, 0))
        if not 0 <= mono_ms - started_ms < WINDOW_MS:
            started_ms, count = mono_ms, 0
        self._windows[fault_key] = (started_ms, count + 1)
        if len(self._windows) > _KEYS:
            self._windows.popitem(last=False)
        return count < self._burst
