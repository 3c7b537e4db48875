"""Which format a text holds: parsers whose anchors occur run, and the best block wins.

The first line is never trusted. Pasted crash text starts with a greeting, a log with hours of
other lines, so the question is which block in the whole text is the strongest, not which comes
first. Searching for anchors is a handful of substring searches; parsers run only on a hit.
The parsers of the strongest formats go first, and one that could not win any more is spared.
"""

from dataclasses import dataclass

from faultbox_collector.signature.lines import MAX_LINES, bound_text, cut_lines
from faultbox_collector.signature.parsers import load_parsers
from faultbox_collector.signature.parsers.base import Block, Parser

_PARSERS = sorted(load_parsers(), key=lambda parser: -parser.ceiling)


@dataclass(frozen=True, slots=True)
class Detection:
    """The winning block, if any, the lines it was found in, and what was tried on the way."""

    block: Block | None
    lines: tuple[str, ...]
    steps: tuple[str, ...]


def _find_first(text: str) -> int | None:
    """Give the position of the first sign of any format."""
    signs = (text.find(anchor) for parser in _PARSERS for anchor in parser.anchors)
    return min((at for at in signs if at >= 0), default=None)


def _fires(parser: Parser, text: str) -> bool:
    return not parser.anchors or any(anchor in text for anchor in parser.anchors)


def detect(text: str) -> Detection:
    """Find the strongest fault in a text; a text that holds none gives no block."""
    text = bound_text(text)
    lines = cut_lines(text, _find_first(text) if text.count("\n") >= MAX_LINES else None)
    steps: list[str] = []
    best: Block | None = None
    for parser in _PARSERS:
        if best is not None and best.score >= parser.ceiling:
            steps.append(f"parser {parser.name} was not needed")
            continue
        if not _fires(parser, text):
            continue
        blocks = parser.parse(lines)
        if not blocks:
            steps.append(f"parser {parser.name} ran and found no fault")
            continue
        top = max(blocks, key=lambda block: (block.score, -block.line))
        steps.append(
            f"parser {parser.name} found {len(blocks)} block(s), best score {top.score}: {top.why}"
        )
        if best is None or top.score > best.score:
            best = top
    if best is not None:
        steps.append(f"the block at line {best.line + 1} has the best score and is taken")
    return Detection(best, lines, tuple(steps))
