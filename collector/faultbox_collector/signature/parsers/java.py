"""Java, Kotlin and Android traces: causes, suppressed exceptions, `... n more`, logcat.

The innermost `Caused by` is the root cause and primary. Its own frames stop where they meet those
of the exception around it, so these follow them: a cause thrown in a library still ends in the
application's function that called it.
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

_FRAME = re.compile(
    r"\s*at ([^\s()]{1,400})\(([^()\s]{1,300}|Native Method|Unknown Source(?::\d{1,6})?)\)"
)
_MORE = re.compile(r"\s*\.\.\. (\d{1,5}) (?:more|common frames omitted)")
_LEAD = re.compile(
    r"\s*(?:(Caused by: |Suppressed: |Wrapped by: )|Exception in thread \"[^\"]{0,200}\" )?"
)
_PLAIN = re.compile(r"((?:[\w$-]+\.){1,30}[\w$-]+)(?::(?:\s(.*))?)?$")
_NAMED = re.compile(
    r"(?:^|[\s:=(\[])((?:[A-Za-z_$][\w$]*\.){0,30}[A-Za-z_$][\w$]*(?:Exception|Error|Throwable))"
    r"(?::\s(.*)|:?\s*)$"
)
_INSIDE = re.compile(
    r"(?:^|[\s:=(\[])((?:[A-Za-z_$][\w$]*\.){1,30}[A-Za-z_$][\w$]*(?:Exception|Error|Throwable))"
    r":\s(.*)$"
)
_HEADER_LINES = 12
"""How far above its first frame an exception's name may stand, when its message has many lines."""
_FATAL_MARKS = ("FATAL EXCEPTION", "Exception in thread", "ACRA caught", "Uncaught", "uncaught")


@dataclass(slots=True)
class _Link:
    line: int
    role: str
    type: str | None
    message: str
    fatal: bool = False
    frames: list[Frame] = field(default_factory=list)
    more: int = 0


def _read_frame(line: str) -> Frame | None:
    found = _FRAME.match(line)
    if found is None:
        return None
    name, source = found.groups()
    name = name.rpartition("/")[2] if "/" in name and "Lambda" not in name else name
    file, _, number = source.rpartition(":")
    return Frame(
        function=name,
        raw_function=found.group(1),
        file=(file or source) if "." in source else None,
        line=int(number) if number.isdecimal() else None,
        trusted="." in name,
    )


def _read_header(line: str, *, touching: bool) -> tuple[str, str, str] | None:
    """Give (role, type, message); `touching` when the line stands right above a frame."""
    if not line or len(line) < 3:
        return None
    lead = _LEAD.match(line)
    start = lead.end() if lead else 0
    role = (lead.group(1) or "") if lead else ""
    rest = line[start:]
    plain = _PLAIN.match(rest)
    if plain is not None and (touching or role or plain.group(1).rpartition(".")[2][:1].isupper()):
        return role, plain.group(1), (plain.group(2) or "").strip()
    if "Exception" not in rest and "Error" not in rest and "Throwable" not in rest:
        return (role, rest.partition(":")[0].strip(), "") if role else None
    named = _INSIDE.search(rest) or _NAMED.search(rest)
    return (role, named.group(1), (named.group(2) or "").strip()) if named else None


class JavaParser:
    """Reads what the JVM and Android print for a Throwable."""

    name = "java"
    ceiling = 99
    anchors = ("at ",)

    def parse(self, lines: Sequence[str]) -> list[Block]:
        """Find exceptions with at least one `at Class.method(Source)` line."""
        chains: list[list[_Link]] = []
        for link in _read_links(lines):
            if link.role and chains:
                chains[-1].append(link)
            else:
                chains.append([link])
        return [_make_block(chain) for chain in chains]


def _find_header(lines: Sequence[str], first: int, floor: int) -> _Link:
    """Look upward from the first frame of a run for the line that names the exception."""
    for index in range(first - 1, max(floor, first - 1 - _HEADER_LINES) - 1, -1):
        found = _read_header(lines[index], touching=index == first - 1)
        if found is not None:
            near = lines[max(0, index - 3) : index + 1]
            fatal = any(mark in line for line in near for mark in _FATAL_MARKS)
            return _Link(index, found[0], found[1], found[2], fatal)
    return _Link(first, "", None, "")


def _read_links(lines: Sequence[str]) -> list[_Link]:
    links: list[_Link] = []
    link: _Link | None = None
    floor = 0
    for index, line in enumerate(lines):
        if "at " in line[:64] and (frame := _read_frame(line)) is not None:
            if link is None:
                link = _find_header(lines, index, floor)
                links.append(link)
            link.frames.append(frame)
            floor = index + 1
        elif "..." in line[:64] and (more := _MORE.match(line)) is not None:
            if link is not None:
                link.more = int(more.group(1))
            floor = index + 1
        elif link is not None and _ends_run(lines, index):
            link = None
    return links


def _ends_run(lines: Sequence[str], index: int) -> bool:
    """A line between frames ends their run if it names the next exception."""
    line = lines[index]
    if "Caused by: " in line or "Suppressed: " in line:
        return True
    following = lines[index + 1] if index + 1 < len(lines) else ""
    return _FRAME.match(following) is not None and _read_header(line, touching=False) is not None


def _follow(frames: list[Frame], around: list[Frame], more: int) -> list[Frame]:
    """Append the frames that `... n more` stands for."""
    return frames + (around[-more:] if more else [])


def _make_block(chain: list[_Link]) -> Block:
    causes = [link for link in chain if not link.role.startswith("Suppressed")] or chain
    root, around = causes[-1], causes[-2] if len(causes) > 1 else None
    frames = _follow(root.frames, around.frames, root.more) if around else root.frames
    others = tuple(
        Cause(link.type, link.message, bound_frames(link.frames))
        for link in chain
        if link is not root
    )[:MAX_CAUSES]
    reasons = []
    if around is not None:
        outer = " > ".join(link.type or "?" for link in causes[:-1][:4])
        reasons.append(f"{root.type} is the root cause inside {outer}")
    trace = Trace(
        ecosystem=Ecosystem.JAVA,
        kind=TraceKind.EXCEPTION,
        type=root.type,
        outer_type=causes[0].type if around is not None else None,
        message=root.message,
        causes=others,
        frames=bound_frames(frames),
        quality=3 if root.type else 1,
        reasons=tuple(reasons),
    )
    fatal = any(link.fatal for link in chain)
    score = (88 if root.type else 50) + min(len(frames), 7) + (4 if fatal else 0)
    why = f"Java exception {root.type or 'without a name'}" + (", uncaught" if fatal else "")
    return Block(trace, score, chain[0].line, why)


PARSER = JavaParser()
