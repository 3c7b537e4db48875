"""A log line with an error code, or failing that, with a word that says it is an error."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from faultbox_collector.signature.codes import Code, CodeKind, extract_codes
from faultbox_collector.signature.parsers.base import Block
from faultbox_collector.signature.trace import Ecosystem, Trace, TraceKind

_SEVERITY = re.compile(
    r"(?:^|[\s\[<(|])(?:ERROR|FATAL|CRITICAL|SEVERE|EMERG|PANIC|CRIT|ALERT|error:|Error:|fatal:|FATAL:)"
    r"(?=$|[\s\])>|:])"
)
_LEAD = re.compile(
    r"^(?:[\[(<]?(?:ERROR|FATAL|CRITICAL|SEVERE|EMERG|PANIC|CRIT|ALERT|error|Error|fatal)[\])>]?[:\s|-]{1,4})"
)
_OWN_FAULT = frozenset({CodeKind.VENDOR, CodeKind.NAME})
"""Codes that name one fault of one product; an errno or a result means many and needs its words."""
_MAX_BLOCKS = 64
_MAX_LINE_CHARS = 1000


class LogLineParser:
    """Reads single lines: of those that state an error the surest is taken, then the first."""

    name = "logline"
    ceiling = 36
    anchors = ()

    def parse(self, lines: Sequence[str]) -> list[Block]:
        """Find lines that state an error; a code is worth more than a word."""
        lines = [line[:_MAX_LINE_CHARS] for line in lines]
        text = "\n".join(lines)
        starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
        by_line: dict[int, list[Code]] = {}
        for code in extract_codes(text):
            by_line.setdefault(bisect_right(starts, code.start) - 1, []).append(code)
        severe = {bisect_right(starts, hit.end() - 1) - 1 for hit in _SEVERITY.finditer(text)}
        blocks = []
        for index in sorted(severe | by_line.keys())[:_MAX_BLOCKS]:
            codes = by_line.get(index, [])
            block = _read_line(lines[index], index, codes, severe=index in severe)
            if block is not None:
                blocks.append(block)
        return blocks


def _choose_code(codes: Sequence[Code], *, severe: bool) -> Code | None:
    """The best code of a line; one that only looks like a code counts in a line of an error."""
    for code in sorted(codes, key=lambda code: (code.kind not in _OWN_FAULT, -code.confidence)):
        if code.confidence >= 2 or severe:
            return code
    return None


def _read_line(line: str, index: int, codes: Sequence[Code], *, severe: bool) -> Block | None:
    code = _choose_code(codes, severe=severe)
    if code is None and not severe:
        return None
    message = _LEAD.sub("", line).strip()
    if code is not None and code.kind in _OWN_FAULT:
        trace = Trace(
            ecosystem=Ecosystem.NONE,
            kind=TraceKind.CODE,
            message=message,
            codes=(code.text,),
            quality=2,
        )
        score = 20 + 4 * code.confidence + severe
        return Block(trace, score, index, f"a line with the {code.kind} code {code.text}")
    trace = Trace(
        ecosystem=Ecosystem.NONE,
        kind=TraceKind.LOG,
        message=message,
        codes=tuple(entry.text for entry in codes),
        quality=1,
    )
    why = f"a line with {code.text}" if code else "a line that calls itself an error"
    return Block(trace, 12 + 4 * (code is not None) + 2 * severe, index, why)


PARSER = LogLineParser()
