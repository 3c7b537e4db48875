"""Bars as one SVG path, and round numbers for an axis."""

from collections.abc import Sequence


def draw_bars(values: Sequence[int], *, top: int, width: float, height: float, gap: float) -> str:
    """Return path data of bars that stand on the bottom edge; `top` is the value of full height.

    A value above zero is at least one unit high, so that a single fault is never invisible.
    """
    if not values or top <= 0:
        return ""
    step = width / len(values)
    parts = []
    for i, value in enumerate(values):
        if value > 0:
            tall = max(1.0, min(value, top) / top * height)
            parts.append(f"M{i * step:.1f} {height:g}v-{tall:.1f}h{step - gap:.1f}v{tall:.1f}z")
    return "".join(parts)


def round_up(value: int) -> int:
    """Return the next number of the form 1, 2, 4, 5 or 10 times a power of ten, at least 1."""
    size = 1
    while True:
        for factor in (1, 2, 4, 5):
            if factor * size >= value:
                return factor * size
        size *= 10
