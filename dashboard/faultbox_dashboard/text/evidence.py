"""The evidence of one occurrence, arranged for reading: the fault line, the frames, the state.

All of it comes from a device that may be hostile: how much is shown is bounded here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from faultbox_collector.queries.records import Sample
from faultbox_dashboard.text.language import Language, gettext_noop
from faultbox_dashboard.text.times import write_bytes, write_duration, write_number
from faultbox_dashboard.text.words import MISSING_EVIDENCE, say
from faultbox_protocol.report import Frame, LogLine, Plain

FRAMES = 64
LINES_BEFORE = 14
LINES_AFTER = 5
MORE_LINES = 400
STATE_ROWS = 24
TEXT_CHARS = 16_384
_FIGURES = 4

_STATE_NAMES: Mapping[str, str] = {
    "uptime_ms": gettext_noop("Uptime"),
    "cpu_pct": gettext_noop("Processor load"),
    "mem_avail_b": gettext_noop("Memory available"),
    "mem_total_b": gettext_noop("Memory"),
    "disk_free_b": gettext_noop("Disk free"),
    "disk_total_b": gettext_noop("Disk"),
    "temp_c": gettext_noop("Temperature"),
    "swap_total_b": gettext_noop("Swap"),
    "swap_used_b": gettext_noop("Swap used"),
    "inodes_free": gettext_noop("Inodes free"),
    "load": gettext_noop("Load in 1, 5 and 15 minutes"),
    "procs_total": gettext_noop("Processes"),
    "cpus": gettext_noop("Processors"),
    "os": gettext_noop("Operating system"),
    "kernel": gettext_noop("Kernel"),
    "machine": gettext_noop("Architecture"),
    "agent": gettext_noop("Agent version"),
    "process.name": gettext_noop("Process"),
    "process.status": gettext_noop("Process state"),
    "process.cpu_ms": gettext_noop("Process: processor time"),
    "process.rss_b": gettext_noop("Process: memory"),
    "process.max_rss_b": gettext_noop("Process: most memory"),
    "process.threads": gettext_noop("Process: threads"),
    "process.thread": gettext_noop("Process: thread"),
    "process.fds": gettext_noop("Process: open files"),
    "process.ran_ms": gettext_noop("Process: running time"),
    "process.python": gettext_noop("Process: Python"),
    "python": gettext_noop("Agent: Python"),
}
_NOT_SHOWN = frozenset({"procs", "witness"})
"""The process table is no single figure, and who told the agent is for its makers."""


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One log line; `when` is its distance from the fault in seconds."""

    when: str
    severity: str
    unit: str
    text: str
    at_fault: bool


@dataclass(frozen=True, slots=True)
class ShownFrame:
    """One stack frame."""

    index: int
    function: str
    place: str
    own: bool
    """Whether it is the product's own code; True for all where the device did not say."""


@dataclass(frozen=True, slots=True)
class ShownLog:
    """The lines around the fault, and how many more there are on either side."""

    before: tuple[ShownLine, ...]
    around: tuple[ShownLine, ...]
    after: tuple[ShownLine, ...]


def arrange_log(lines: Sequence[LogLine]) -> ShownLog:
    """Return the log with the fault's line in sight, the rest to be unfolded."""
    fault = _find_fault_line(lines)
    start = max(0, (len(lines) - 1 if fault is None else fault) - LINES_BEFORE)
    end = len(lines) if fault is None else min(len(lines), fault + LINES_AFTER + 1)
    shown = [_show_line(line, i == fault) for i, line in enumerate(lines)]
    return ShownLog(
        tuple(shown[max(0, start - MORE_LINES) : start]),
        tuple(shown[start:end]),
        tuple(shown[end : end + MORE_LINES]),
    )


def _find_fault_line(lines: Sequence[LogLine]) -> int | None:
    """The line nearest to the fault; of several, the last."""
    best, found = None, None
    for i, line in enumerate(lines):
        if line.dt_ms is not None and (best is None or abs(line.dt_ms) <= best):
            best, found = abs(line.dt_ms), i
    return found


def _show_line(line: LogLine, at_fault: bool) -> ShownLine:
    when = "" if line.dt_ms is None else f"{line.dt_ms / 1000:+.3f}"
    return ShownLine(when, line.sev or "", line.unit or "", line.text, at_fault)


def arrange_frames(frames: Sequence[Frame]) -> tuple[ShownFrame, ...]:
    """Return the frames to show, innermost first."""
    known = any(frame.app for frame in frames)
    return tuple(
        ShownFrame(i, frame.fn or "??", _write_place(frame), not known or bool(frame.app))
        for i, frame in enumerate(frames[:FRAMES])
    )


def _write_place(frame: Frame) -> str:
    if frame.file:
        return frame.file if frame.line is None else f"{frame.file}:{frame.line}"
    if frame.mod:
        return frame.mod if frame.off is None else f"{frame.mod}+{frame.off:#x}"
    return ""


def arrange_state(sample: Sample, language: Language) -> tuple[tuple[str, str], ...]:
    """Return name and value of the device's state at the fault."""
    rows: list[tuple[str, str]] = []
    for path, value in _walk(sample.sys, ""):
        if len(rows) == STATE_ROWS:
            break
        rows.append((say(_STATE_NAMES, path, language), _write_measure(path, value, language)))
    return tuple(rows)


def _walk(state: Mapping[str, Plain], prefix: str) -> Iterator[tuple[str, Plain]]:
    for name, value in state.items():
        if not prefix and name in _NOT_SHOWN:
            continue
        if isinstance(value, dict) and not prefix:
            yield from _walk(value, f"{name}.")
        else:
            yield prefix + name, value


def _write_measure(name: str, value: Plain, language: Language) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return str(value)
    if isinstance(value, (int, float)):
        if name.endswith("_b"):
            return write_bytes(value)
        if name.endswith("_ms"):
            return write_duration(value, language)
        if name.endswith("_pct"):
            return f"{value:g} %"
        if name.endswith("_c"):
            return f"{value:g} °C"
        return write_number(value, language)
    if isinstance(value, bytes):
        return value.hex()
    figures = [one for one in value if isinstance(one, int | float)] if value else []
    if len(figures) == len(value) <= _FIGURES:
        return " / ".join(write_number(one, language) for one in figures)
    return write_number(len(value), language)


def write_note(sample: Sample, language: Language) -> str:
    """Return why evidence is missing; empty where nothing is."""
    if not sample.note:
        return ""
    if sample.note in MISSING_EVIDENCE:
        return language.gettext(MISSING_EVIDENCE[sample.note])
    return language.gettext("The evidence could not be read (%(reason)s).") % {
        "reason": sample.note
    }
