"""What a parser is: cheap anchors that say whether to run it, and blocks that it found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from faultbox_collector.signature.trace import Trace


@dataclass(frozen=True, slots=True)
class Block:
    """One fault found in a text: the higher `score` wins, among equals the earlier line."""

    trace: Trace
    score: int
    line: int
    why: str


@runtime_checkable
class Parser(Protocol):
    """Reads one format.

    A new format is a new file in this package with a module-level `PARSER`; nothing else changes.
    Scores: 90 and more for a trace with type and frames in a format that cannot be mistaken,
    60 to 89 for frames without a type or the reverse, 40 to 59 for a process that died of a signal,
    below 40 for a bare exit status or a single line of a log.
    """

    @property
    def name(self) -> str:
        """The word that explanations use."""

    @property
    def anchors(self) -> tuple[str, ...]:
        """Plain substrings, at least one of which every text of this format contains.

        Empty for a parser that may find a fault in any text.
        """

    @property
    def ceiling(self) -> int:
        """The highest score this parser gives: it is spared when another block has reached that."""

    def parse(self, lines: Sequence[str]) -> list[Block]:
        """Find every block in clean lines; never raises, whatever the lines hold."""
