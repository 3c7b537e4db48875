"""Error codes in log files: each line that reports one is a fault, with the lines around it.

A fault waits for up to five lines after it, or 300 ms. The remembered position never passes a
waiting fault, and its id follows from file, offset and text: after a kill, the line is read
again and is the same fault.
"""

import os
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from faultbox_agent.clock import Clock
from faultbox_agent.codes import find_code, strip_stamp
from faultbox_agent.fault import Fault, PlainMap
from faultbox_agent.fault_text import derived_fault_id
from faultbox_agent.follower import Follower, Line
from faultbox_agent.settings import LogFile
from faultbox_protocol import limits
from faultbox_protocol.report import Plain
from faultbox_protocol.words import FaultKind, Severity

LINES_BEFORE = 20
LINES_AFTER = 5
AFTER_MS = 300
_TURN_LINES = 5_000
"""Lines read from one file in one turn of the loop."""


@dataclass(slots=True)
class _Waiting:
    """A fault whose following lines are awaited."""

    line: Line
    code: str
    before: list[str]
    wall_ms: int
    mono_ms: int
    after: list[str] = field(default_factory=list)


class LogWatch:
    """One followed log file."""

    def __init__(self, log: LogFile, position: PlainMap | None, clock: Clock) -> None:
        self.path = os.path.abspath(log.path)
        self._clock = clock
        self._patterns = [re.compile(pattern) for pattern in log.codes]
        self._follower = Follower(self.path, log.encoding, position, from_start=log.from_start)
        self._before: deque[str] = deque(maxlen=LINES_BEFORE)
        self._waiting: deque[_Waiting] = deque()
        self.behind = False

    def read(self) -> list[Fault]:
        """Read what was added; return the faults that are complete."""
        done = self._ripe()
        read_lines = 0
        while read_lines < _TURN_LINES:
            # Not on to the next file while a fault of this one waits: its position would be lost.
            lines = self._follower.read(switch=not self._waiting)
            if not lines:
                break
            read_lines += len(lines)
            for line in lines:
                done += self._take_line(line)
        self.behind = read_lines >= _TURN_LINES
        return done

    def finish(self) -> list[Fault]:
        """Return the faults that still wait; called before the agent stops."""
        return [self._build(self._waiting.popleft()) for _ in range(len(self._waiting))]

    def next_ms(self) -> int | None:
        """Return the monotonic time at which the oldest waiting fault is complete."""
        return self._waiting[0].mono_ms + AFTER_MS if self._waiting else None

    def position(self) -> PlainMap:
        """Return the position to remember."""
        return self._follower.position(self._waiting[0].line if self._waiting else None)

    def close(self) -> None:
        """Close the file."""
        self._follower.close()

    def find_code(self, text: str) -> str | None:
        """Return the error code in a line, by own patterns first."""
        for pattern in self._patterns:
            match = pattern.search(text[: limits.LOG_LINE_CHARS])
            if match:
                return (match[1] if pattern.groups else match[0]) or match[0]
        return find_code(text)

    def _take_line(self, line: Line) -> list[Fault]:
        done = []
        for waiting in self._waiting:
            waiting.after.append(line.text)
        while self._waiting and len(self._waiting[0].after) >= LINES_AFTER:
            done.append(self._build(self._waiting.popleft()))
        code = self.find_code(line.text)
        if code is not None:
            now_ms = self._clock.mono_ms()
            wall_ms = self._clock.wall_ms()
            self._waiting.append(_Waiting(line, code, list(self._before), wall_ms, now_ms))
        self._before.append(line.text)
        return done

    def _ripe(self) -> list[Fault]:
        due_ms = self._clock.mono_ms() - AFTER_MS
        done = []
        while self._waiting and self._waiting[0].mono_ms <= due_ms:
            done.append(self._build(self._waiting.popleft()))
        return done

    def _build(self, waiting: _Waiting) -> Fault:
        line = waiting.line
        unit = os.path.basename(self.path)
        message = strip_stamp(line.text)[: limits.MESSAGE_CHARS]
        texts = [*waiting.before, line.text, *waiting.after]
        at = len(waiting.before)
        log: list[Plain] = [
            [*((0, "error") if index == at else (None, None)), unit, text[: limits.LOG_LINE_CHARS]]
            for index, text in enumerate(texts)
        ]
        head: PlainMap = {
            "kind": str(FaultKind.ERROR),
            "sev": str(Severity.ERROR),
            "t_ms": waiting.wall_ms,
            "mono_ms": waiting.mono_ms,
            "boot": self._clock.boot,
            "err": {"code": waiting.code, "msg": message},
        }
        evidence: PlainMap = {"log": log, "x": {"log_file": self.path, "log_line": at}}
        parts = (self.path, line.turn, line.offset, line.text)
        return Fault(derived_fault_id(waiting.wall_ms, *parts), head, evidence)


def start_watches(
    logs: tuple[LogFile, ...], positions: Mapping[str, PlainMap], clock: Clock
) -> list[LogWatch]:
    """Return a watch for every configured file, each where it was left."""
    return [LogWatch(log, positions.get(os.path.abspath(log.path)), clock) for log in logs]
