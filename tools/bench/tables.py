"""Tables of figures: what was measured, what is promised, and whether it holds."""

from collections.abc import Sequence
from dataclasses import dataclass

LABEL = 46
COLUMN = 11


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure has to reach."""

    value: float
    at_least: bool
    """Whether more is better."""

    def holds(self, figure: float) -> bool:
        """Return whether a figure reaches it."""
        return figure >= self.value if self.at_least else figure <= self.value

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.value:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, beside the bare handler's where that has one."""

    label: str
    value: float
    form: str = "{:.0f}"
    bare: float | None = None
    bar: Bar | None = None


def at_least(value: float) -> Bar:
    """Return a bar that a figure must not be below."""
    return Bar(value, at_least=True)


def at_most(value: float) -> Bar:
    """Return a bar that a figure must not be above."""
    return Bar(value, at_least=False)


def write_table(title: str, rows: Sequence[Row]) -> list[str]:
    """Return the lines of a table; the columns are bare handler, ours, bar and verdict."""
    head = f"  {'':{LABEL}}{'bare':>{COLUMN}}{'ours':>{COLUMN}}{'to reach':>{COLUMN}}"
    return [title, head, *(_write_row(row) for row in rows), ""]


def _write_row(row: Row) -> str:
    bare = "" if row.bare is None else row.form.format(row.bare)
    bar = "" if row.bar is None else str(row.bar)
    verdict = "" if row.bar is None else ("  yes" if row.bar.holds(row.value) else "  NO")
    ours = row.form.format(row.value)
    return f"  {row.label:{LABEL}}{bare:>{COLUMN}}{ours:>{COLUMN}}{bar:>{COLUMN}}{verdict}".rstrip()
