"""Occurrences per day on one line of a list, with its maximum beside it.

Every row is drawn to its own scale, so the maximum is printed: without it 901 and 70 look alike.
"""

from collections.abc import Sequence

from markupsafe import Markup

from faultbox_dashboard.charts.svg import draw_bars
from faultbox_dashboard.text.language import Language
from faultbox_dashboard.text.times import write_number

WIDTH, HEIGHT = 84, 22


def draw_sparkline(trend: Sequence[int], language: Language) -> Markup:
    """Return the picture and its maximum, as HTML."""
    highest = max(trend, default=0)
    label = language.gettext("Last %(days)d days: %(total)s, at most %(highest)s in one day") % {
        "days": len(trend),
        "total": write_number(sum(trend), language),
        "highest": write_number(highest, language),
    }
    return Markup(
        '<svg class="spark" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' role="img" aria-label="{label}"><path class="floor" d="M0 {floor}h{width}"/>'
        '<path class="bars" d="{bars}"/></svg><span class="peak" aria-hidden="true">{peak}</span>'
    ).format(
        width=WIDTH,
        height=HEIGHT,
        floor=HEIGHT - 0.5,
        label=label,
        bars=draw_bars(trend, top=highest, width=WIDTH, height=HEIGHT, gap=0.6),
        peak=write_number(highest, language),
    )
