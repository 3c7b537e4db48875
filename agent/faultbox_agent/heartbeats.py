"""Heartbeats: on which days this device ran, told to the collector about once a day.

A beat is a UTC day, a boot and the seconds of that day that lie in that boot. For the boot that
goes on they follow from two clocks, so nothing is counted on a tick; what a power cut or a reboot
would take is kept in the state, written a few times a day. Beats travel with an upload where there
is one, and go alone after a day without; only a 202 takes a finished day away. A clock that is not
plausible says nothing about days, so then there are none.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from faultbox_agent.backoff import next_wait_seconds
from faultbox_agent.clock import Clock
from faultbox_agent.fault import PlainMap
from faultbox_agent.state import State
from faultbox_protocol import limits
from faultbox_protocol.api import PROBLEM_PREFIX
from faultbox_protocol.report import Plain

MOST = 200
"""Beats kept; the oldest go first."""
_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_PLAUSIBLE_MS = 1_577_836_800_000
_SAVE_MS = 6 * _HOUR_MS
_ALONG_MS = 4 * _HOUR_MS
"""So much earlier than due they join an upload that happens anyway."""
_FIRST_MS = 600_000
_LONGEST_MS = 26 * _HOUR_MS
_MORE_MS = 60_000
_ROW_BYTES = 128
"""A beat beside its product: day, boot, seconds and names."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Beats under way: seconds by key, as `State.beats` has them."""

    beats: dict[str, int]


class Heartbeats:
    """The days that the collector does not know yet."""

    def __init__(
        self, state: State, clock: Clock, product: PlainMap | None, chance: Callable[[], float]
    ) -> None:
        self._state = state
        self._clock = clock
        self._product = product
        self._chance = chance
        self._due_ms = clock.mono_ms() + self._remembered_wait_ms()
        self._saved_ms: int | None = None

    def note(self) -> bool:
        """Note the days up to now; say whether that is worth a write."""
        wall_ms, mono_ms = self._clock.wall_ms(), self._clock.mono_ms()
        if self._product is None or wall_ms - mono_ms < _PLAUSIBLE_MS:
            return False
        known = set(self._state.beats)
        today = wall_ms // _DAY_MS
        if self._state.beats_day > today + 1:
            self._state.beats_day = 0  # that clock was ahead
        first = max((wall_ms - mono_ms) // _DAY_MS, today - MOST + 1, self._state.beats_day)
        for day in range(first, today + 1):
            begin_ms = max(day * _DAY_MS, wall_ms - mono_ms)
            end_ms = min((day + 1) * _DAY_MS, wall_ms)
            key = _key(day, self._clock.boot)
            self._state.beats[key] = max((end_ms - begin_ms) // 1000, 0)
        for key in sorted(self._state.beats)[:-MOST]:
            del self._state.beats[key]
        new = not self._state.beats.keys() <= known
        if not new and self._saved_ms is not None and mono_ms - self._saved_ms < _SAVE_MS:
            return False
        self._saved_ms = mono_ms
        return True

    def next_ms(self) -> int | None:
        """Return the monotonic time when they go alone, None where there is nothing to say."""
        return self._due_ms if self._state.beats and self._product is not None else None

    def take(self, *, along: bool) -> Sent | None:
        """Return what to send now; `along` with an upload that happens anyway."""
        due_ms = self.next_ms()
        if due_ms is None or self._clock.mono_ms() < due_ms - (_ALONG_MS if along else 0):
            return None
        self.note()
        row_bytes = len(json.dumps(self._product)) + _ROW_BYTES
        oldest = sorted(self._state.beats.items())[: max(limits.BEATS_BYTES // row_bytes, 1)]
        return Sent(dict(oldest))

    def describe(self, sent: Sent) -> dict[str, Plain]:
        """Return them as the wire has them."""
        product = self._product or {}
        rows: list[Plain] = []
        for key, up_s in sorted(sent.beats.items()):
            day, _, boot = key.partition(" ")
            rows.append({"day": int(day), "prod": product, "boot": boot, "up_s": up_s})
        return {"beats": rows}

    def settle(
        self, sent: Sent, status: int | None, kind: str, retry_after_seconds: float | None
    ) -> None:
        """Do what the answer says; `kind` is the `type` of a problem."""
        whole = len(sent.beats) == len(self._state.beats)
        if status == 202:
            self._forget(sent)
        if status == 202 and not whole:
            wait_ms = _MORE_MS
        elif status == 202 or (status == 404 and kind == f"{PROBLEM_PREFIX}no_route"):
            # A collector of before has no door for them: it may have one tomorrow.
            wait_ms = _DAY_MS + int(self._chance() * _HOUR_MS)
        else:
            asked = next_wait_seconds(1, self._chance(), retry_after_seconds or 0.0)
            wait_ms = max(int(asked * 1000), int(_HOUR_MS * (1 + self._chance())))
        self._due_ms = self._clock.mono_ms() + wait_ms
        self._state.beats_next_wall_ms = self._clock.wall_ms() + wait_ms

    def _forget(self, sent: Sent) -> None:
        """Forget what arrived, but for the day that goes on: it comes again, longer."""
        today = self._clock.wall_ms() // _DAY_MS
        current = _key(today, self._clock.boot)
        for key, up_s in sent.beats.items():
            if key != current and self._state.beats.get(key) == up_s:
                del self._state.beats[key]
        self._state.beats_day = today

    def _remembered_wait_ms(self) -> int:
        """Return what is left of an earlier run's wait; none that a set clock made absurd."""
        left = self._state.beats_next_wall_ms - self._clock.wall_ms()
        return left if 0 < left < _LONGEST_MS else int(_FIRST_MS * (0.5 + self._chance()))


def _key(day: int, boot: str) -> str:
    date = time.gmtime(day * 86_400)
    return f"{date.tm_year:04}{date.tm_mon:02}{date.tm_mday:02} {boot}"
