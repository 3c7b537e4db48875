"""Occurrences per hour over the last days, with axes, on the ticket's page.

The bars stretch with the page while the words keep their size: the outer picture has no view
box and places its words by per cent, the inner one is stretched.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from markupsafe import Markup

from faultbox_dashboard.charts.svg import draw_bars, round_up
from faultbox_dashboard.text.language import Language
from faultbox_dashboard.text.times import local_time, write_number, write_time

PLOT_TOP, PLOT_HEIGHT, HEIGHT = 14, 96, 128
HOURS = 24 * 31
"""More than a month of hours is not drawn."""


@dataclass(frozen=True, slots=True)
class HourlyChart:
    """A chart, the sentence that says the same, and its figures per day."""

    picture: Markup
    sentence: str
    days: tuple[tuple[str, str], ...]


def draw_hourly(hourly: Sequence[tuple[int, int]], language: Language, zone: tzinfo) -> HourlyChart:
    """Return the chart of (start of hour in ms, occurrences), oldest first."""
    hourly = hourly[-HOURS:]
    counts = [count for _, count in hourly]
    sentence = _write_sentence(hourly, language, zone)
    days: dict[str, int] = {}
    for start_ms, count in hourly:
        day = write_time(start_ms, zone)[:10]
        days[day] = days.get(day, 0) + count
    top = round_up(max(counts, default=1))
    picture = Markup(
        '<svg class="hourly" width="100%" height="{height}" role="img" aria-label="{sentence}">'
        "{grid}"
        '<svg x="0" y="{plot_top}" width="100%" height="{plot_height}"'
        ' viewBox="0 0 1000 {plot_height}" preserveAspectRatio="none">'
        '<path class="bars" d="{bars}"/></svg>{axis}</svg>'
    ).format(
        height=HEIGHT,
        sentence=sentence,
        grid=_draw_grid(top, language),
        plot_top=PLOT_TOP,
        plot_height=PLOT_HEIGHT,
        bars=draw_bars(counts, top=top, width=1000, height=PLOT_HEIGHT, gap=1.2),
        axis=_draw_days(hourly, zone),
    )
    rows = tuple((day, write_number(count, language)) for day, count in days.items())
    return HourlyChart(picture, sentence, rows)


def _write_sentence(hourly: Sequence[tuple[int, int]], language: Language, zone: tzinfo) -> str:
    total = sum(count for _, count in hourly)
    if not total:
        return language.gettext("None in the last %(days)d days.") % {"days": len(hourly) // 24}
    at_ms, most = max(hourly, key=lambda hour: hour[1])
    text = language.gettext(
        "%(total)s in the last %(days)d days, at most %(most)s in one hour (%(when)s)."
    )
    return text % {
        "total": write_number(total, language),
        "days": len(hourly) // 24,
        "most": write_number(most, language),
        "when": write_time(at_ms, zone)[5:],
    }


def _draw_grid(top: int, language: Language) -> Markup:
    marks = Markup("")
    for value in (top, top // 2 if top % 2 == 0 else None, 0):
        if value is None:
            continue
        y = PLOT_TOP + PLOT_HEIGHT * (1 - value / top)
        marks += Markup('<line class="grid" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>').format(
            y=y
        )
        if value:
            marks += Markup('<text class="tick" x="0" y="{y:.1f}">{text}</text>').format(
                y=y - 3, text=write_number(value, language)
            )
    return marks


def _draw_days(hourly: Sequence[tuple[int, int]], zone: tzinfo) -> Markup:
    marks = Markup("")
    bottom = PLOT_TOP + PLOT_HEIGHT
    for i, (start_ms, _) in enumerate(hourly):
        moment = local_time(start_ms, zone)
        if moment is None or moment.hour != 0:
            continue
        x = 100 * i / len(hourly)
        marks += Markup(
            '<line class="day" x1="{x:.2f}%" x2="{x:.2f}%" y1="{top}" y2="{bottom}"/>'
        ).format(x=x, top=bottom, bottom=bottom + 5)
        if x < 96:  # the last day's word stands at the edge, and only where it has room
            place, anchor = (100.0, "end") if x > 88 else (x + 0.6, "start")
            marks += Markup(
                '<text class="tick" x="{x:.2f}%" y="{y}" text-anchor="{anchor}">{text}</text>'
            ).format(x=place, y=bottom + 13, anchor=anchor, text=f"{moment:%m-%d}")
    return marks
