"""One line of a native stack as gdb, eu-stack, a sanitizer or backtrace(3) print it."""

import re

from faultbox_collector.signature.trace import Frame

_NUMBERED = re.compile(r"\s*#(\d{1,4})\s+(?:(?:0x)?([0-9a-fA-F]{4,16})\s)?\s*(?:in\s+)?(.*)$")
_TOMBSTONE = re.compile(
    r"pc (?:0x)?([0-9a-f]{4,16})\s+(\S{1,300})(?: \(offset [^)]{1,40}\))?(?:\s+\((.{1,400})\))?$"
)
_BACKTRACE = re.compile(
    r"\s*([^\s()\[\]]{1,300})\(([^()]{0,400})\)\s?\[(0x[0-9a-fA-F]{1,16})\]\s*$"
)
_BUILD_ID = re.compile(r"\s*\(BuildId: ([0-9a-fA-F]{8,64})\)")
_MODULE = re.compile(r"\s*\(([^\s()]{1,300})\+0x([0-9a-fA-F]{1,16})\)$")
_PLACE = re.compile(r"(.{1,300}?):(\d{1,7})(?::\d{1,5})?$")
_FOREIGN = re.compile(r"(?:\((?:file|package|dart):|^\S{1,300}\(\d{1,7}\): )")
_OFFSET = re.compile(r"\+(0x[0-9a-fA-F]{1,16}|\d{1,9})$")
NO_FUNCTION = frozenset({"??", "<unknown>", "<unknown module>", "(<unknown module>)", ""})
SIGNAL_FRAME = "<signal handler called>"


def _drop_arguments(function: str) -> str:
    """Cut gdb's ` (argument=value)`, which may hold anything, off a function's name."""
    at = function.find(" (")
    while at >= 0 and function.startswith(" (anonymous", at):
        at = function.find(" (", at + 2)
    return function[:at] if at > 0 else function


def read_numbered(line: str) -> tuple[int, Frame] | None:
    """Read `#N ...`; gives the number, by which one stack is told from the next, and the frame."""
    found = _NUMBERED.match(line)
    if found is None:
        return None
    rest = found.group(3).strip()
    if _FOREIGN.search(rest):
        return None
    number = int(found.group(1))
    frame = _read_tombstone(rest) if rest.startswith("pc ") else _read_rest(rest)
    placed = found.group(2) or "(" in rest or rest == SIGNAL_FRAME
    if frame is None or not (placed or frame.file or frame.module):
        return None  # "#1 buy milk": a list of anything, not a stack
    return number, frame


def _read_rest(rest: str) -> Frame:
    build_id = module = file = None
    line: int | None = None
    offset: int | None = None
    found = _BUILD_ID.search(rest)
    if found is not None:
        build_id = found.group(1).lower()
        rest = rest[: found.start()]
    found = _MODULE.search(rest)
    if found is not None:
        module, offset = found.group(1), int(found.group(2), 16)
        rest = rest[: found.start()]
    elif " from " in rest:
        rest, _, module = rest.rpartition(" from ")
    elif " at " in rest:
        rest, _, place = rest.rpartition(" at ")
        file, line = _read_place(place)
    elif " - " in rest and "/" in rest.rpartition(" - ")[2]:
        rest, _, module = rest.rpartition(" - ")
    else:
        rest, file, line = _split_place(rest)
    function: str | None = _drop_arguments(rest.strip())
    raw = rest.strip() or None
    if function in NO_FUNCTION:
        function = None
    elif function and function != SIGNAL_FRAME:
        function = _OFFSET.sub("", function)
    return Frame(
        function=function,
        raw_function=raw,
        module=module,
        file=file,
        line=line,
        build_id=build_id,
        offset=offset,
    )


def _read_place(place: str) -> tuple[str, int | None]:
    found = _PLACE.match(place)
    return (found.group(1), int(found.group(2))) if found else (place, None)


def _split_place(rest: str) -> tuple[str, str | None, int | None]:
    """Part a sanitizer's `function path:line:column`."""
    head, _, last = rest.rpartition(" ")
    if not last:
        return rest, None, None
    file, line = _read_place(last)
    if line is not None or (head and ("/" in last or "\\" in last) and "(" not in last):
        return head, file, line
    return rest, None, None


def _read_tombstone(rest: str) -> Frame | None:
    build_id = None
    found = _BUILD_ID.search(rest)
    if found is not None:
        build_id = found.group(1).lower()
        rest = rest[: found.start()]
    found = _TOMBSTONE.match(rest)
    if found is None:
        return None
    pc, module, function = found.groups()
    function = _OFFSET.sub("", function) if function else None
    return Frame(
        function=function,
        raw_function=found.group(3),
        module=module,
        build_id=build_id,
        offset=int(pc, 16),
    )


def read_backtrace(line: str) -> Frame | None:
    """Read what glibc's backtrace_symbols prints: `module(function+offset) [address]`."""
    found = _BACKTRACE.match(line)
    if found is None:
        return None
    module, inside, _ = found.groups()
    function, plus, offset = inside.rpartition("+")
    if not plus:
        function, offset = inside, ""
    bare = not function
    return Frame(
        function=function or None,
        raw_function=inside or None,
        module=module,
        offset=int(offset, 16) if bare and re.fullmatch(r"0x[0-9a-f]{1,16}", offset) else None,
    )
