"""Python tracebacks: chains, exception groups, repeated lines, and faulthandler dumps.

A traceback is printed outermost frame first, so it is reversed here. In a chain, an explicit
`raise ... from` makes the first exception the root cause; an exception "during handling" of
another is a fault of its own and becomes the primary one. Of an exception group the first leaf
is primary, the other leaves are causes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from faultbox_collector.signature.parsers.base import Block
from faultbox_collector.signature.trace import (
    MAX_CAUSES,
    Cause,
    Ecosystem,
    Frame,
    Trace,
    TraceKind,
    bound_frames,
)

_FILE = re.compile(r'\s*File "([^"]{0,500})", line (\d{1,9})(?:,? in (.{1,200}))?$')
_EXCEPTION = re.compile(r"([A-Za-z_][\w.<>]{0,200})(?::(?: (.*))?)?$")
_LOWER_TYPES = frozenset({"error", "timeout", "herror", "gaierror", "sslerror"})
_FATAL = re.compile(r"(?:Windows fatal exception|Fatal Python error): (.{1,200})$")
_FATAL_SIGNALS = {
    "Segmentation fault": "SIGSEGV",
    "Aborted": "SIGABRT",
    "Bus error": "SIGBUS",
    "Floating point exception": "SIGFPE",
    "Floating-point exception": "SIGFPE",
    "Illegal instruction": "SIGILL",
}
_MARGIN = re.compile(r"\s*[|+][ +-]{0,80}(?:\d{1,4} -+)?")
_EXPLICIT = "The above exception was the direct cause"
_IMPLICIT = "During handling of the above exception"
_PATIENCE_LINES = 12
"""Lines that neither belong to a traceback nor end it: source excerpts, carets, other output."""


@dataclass(slots=True)
class _Link:
    line: int
    indent: int
    relation: str = ""
    grouped: bool = False
    frames: list[Frame] = field(default_factory=list)
    type: str | None = None
    message: str = ""


def _read_exception(line: str) -> tuple[str, str] | None:
    found = _EXCEPTION.match(line)
    if found is None:
        return None
    name, message = found.group(1), (found.group(2) or "").strip()
    last = name.rpartition(".")[2]
    if not last or not (last[0].isupper() or last in _LOWER_TYPES or "." in name):
        return None
    return name, message


def _read_frame(line: str) -> Frame | None:
    found = _FILE.match(line)
    if found is None:
        return None
    path, number, function = found.groups()
    return Frame(function=function, raw_function=function, file=path, line=int(number), in_app=None)


class PythonParser:
    """Reads what the interpreter prints for an exception, and what logging prints for one."""

    name = "python"
    ceiling = 99
    anchors = ("Traceback (most recent call last)", 'File "', "Fatal Python error: ")

    def parse(self, lines: Sequence[str]) -> list[Block]:
        """Find tracebacks, with their chains, and faulthandler dumps."""
        return _group_links(_read_links(lines)) + _read_fatal(lines)


def _strip_margin(line: str) -> tuple[str, bool]:
    """Take the margin of an exception group off a line; True if there was one."""
    if "|" not in line and "+" not in line:
        return line, False
    margin = _MARGIN.match(line)
    if margin is None:
        return line, False
    bar = line.find("|", 0, margin.end())
    return (line[bar + 1 :] if bar >= 0 else line[margin.end() :]), True


class _Reader:
    """Reads lines one by one into links; `link` is the traceback that is open."""

    def __init__(self) -> None:
        self.links: list[_Link] = []
        self.link: _Link | None = None
        self.relation = ""
        self.strangers = 0

    def read(self, index: int, raw: str) -> None:
        line, grouped = _strip_margin(raw)
        at = line.find("Traceback (most recent call last)")
        if at >= 0:
            self.open(_Link(index, at, self.relation, grouped))
        elif _EXPLICIT in line or _IMPLICIT in line:
            self.relation = "explicit" if _EXPLICIT in line else "implicit"
            self.link = None
        elif 'File "' in line and (frame := _read_frame(line)) is not None:
            if self.link is None:
                self.open(_Link(index, 0, self.relation, grouped))
            if self.link is not None:
                self.link.frames.append(frame)
            self.strangers = 0
        elif self.link is not None and line:
            self.close(self.link, line)

    def open(self, link: _Link) -> None:
        self.link = link
        self.links.append(link)
        self.relation, self.strangers = "", 0

    def close(self, link: _Link, line: str) -> None:
        """End a traceback at the line that names its exception, or when patience ends."""
        text = line.lstrip()
        found = _read_exception(text) if len(line) - len(text) <= link.indent else None
        if found is not None:
            link.type, link.message = found
        self.strangers += 1
        if found is not None or self.strangers > _PATIENCE_LINES:
            self.link = None


def _read_links(lines: Sequence[str]) -> list[_Link]:
    reader = _Reader()
    for index, line in enumerate(lines):
        reader.read(index, line)
    return [entry for entry in reader.links if entry.frames or entry.type]


def _group_links(links: list[_Link]) -> list[Block]:
    """Turn links into blocks: a link with a relation belongs to the chain before it."""
    chains: list[list[_Link]] = []
    for link in links:
        joined = link.relation or (link.grouped and chains and chains[-1][-1].grouped)
        if joined and chains:
            chains[-1].append(link)
        else:
            chains.append([link])
    return [_make_block(chain) for chain in chains]


def _choose_primary(chain: list[_Link]) -> _Link:
    """The root cause: the start of the explicit part, or the first leaf of a group."""
    primary = chain[0]
    for link in chain[1:]:
        if link.relation == "implicit":
            primary = link
    if primary.grouped:
        leaves = [link for link in chain if link.type and "Group" not in link.type]
        primary = leaves[0] if leaves else primary
    return primary


def _as_cause(link: _Link) -> Cause:
    return Cause(link.type, link.message, bound_frames(reversed(link.frames)))


def _make_block(chain: list[_Link]) -> Block:
    primary = _choose_primary(chain)
    cause = _as_cause(primary)
    others = tuple(_as_cause(link) for link in chain if link is not primary)[:MAX_CAUSES]
    reasons = []
    if others:
        reasons.append(f"{len(chain)} exceptions are chained; {primary.type} is the root cause")
    complete = primary.type is not None
    if not complete:
        reasons.append("the traceback ends before it names an exception")
    trace = Trace(
        ecosystem=Ecosystem.PYTHON,
        kind=TraceKind.EXCEPTION,
        type=primary.type,
        outer_type=(chain[0] if primary.grouped else chain[-1]).type if others else None,
        message=cause.message,
        causes=others,
        frames=cause.frames,
        quality=3 if complete and cause.frames else 1,
        reasons=tuple(reasons),
    )
    score = (90 if complete else 60) + min(len(cause.frames), 9)
    return Block(trace, score, chain[0].line, f"Python traceback of {primary.type or 'unknown'}")


def _read_current_thread(lines: Sequence[str]) -> list[Frame]:
    """Read the frames of the thread that failed; the first one where none is called current."""
    current = (at for at, line in enumerate(lines) if "Current thread 0x" in line)
    frames: list[Frame] = []
    for line in lines[next(current, 0) :]:
        if 'File "' in line and (frame := _read_frame(line)) is not None:
            frames.append(frame)
        elif frames:
            break
    return frames


def _read_fatal(lines: Sequence[str]) -> list[Block]:
    """Read faulthandler dumps: `most recent call first`, the failing one is the current thread."""
    blocks = []
    for index, line in enumerate(lines):
        found = _FATAL.match(line.lstrip()) if "atal " in line else None
        if found is None:
            continue
        frames = _read_current_thread(lines[index + 1 :])
        what = found.group(1)
        signal = _FATAL_SIGNALS.get(what.partition(":")[0].strip())
        trace = Trace(
            ecosystem=Ecosystem.PYTHON,
            kind=TraceKind.SIGNAL if signal else TraceKind.EXCEPTION,
            type=signal or "Fatal Python error",
            message=what,
            frames=bound_frames(frames),
            signal=signal,
            quality=3 if frames else 1,
        )
        blocks.append(
            Block(trace, 92 + min(len(frames), 7), index, f"Python interpreter died of {what}")
        )
    return blocks


PARSER = PythonParser()
