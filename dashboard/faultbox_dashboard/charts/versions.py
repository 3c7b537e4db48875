"""Occurrences per version: small bars in a list, a share of the whole in a table."""

from collections.abc import Sequence

from markupsafe import Markup

from faultbox_collector.queries.records import VersionCount
from faultbox_dashboard.charts.svg import draw_bars

BAR_WIDTH, HEIGHT = 8, 22


def draw_versions(versions: Sequence[VersionCount]) -> Markup:
    """Return one small bar per version; names and counts stand beside it as text."""
    counts = [version.occurrences for version in versions]
    width = BAR_WIDTH * len(counts)
    bars = draw_bars(counts, top=max(counts, default=0), width=width, height=HEIGHT, gap=1.5)
    return Markup(
        '<svg class="vers" viewBox="0 0 {w} {h}" width="{w}" height="{h}" aria-hidden="true">'
        '<path class="floor" d="M0 {floor}h{w}"/><path class="bars" d="{bars}"/></svg>'
    ).format(w=width, h=HEIGHT, floor=HEIGHT - 0.5, bars=bars)


def draw_share(part: int, whole: int) -> Markup:
    """Return a bar as long as the part of the whole, for a table row that says both in figures."""
    share = 0.0 if whole <= 0 else max(0.0, min(1.0, part / whole))
    return Markup(
        '<svg class="share" width="100%" height="8" aria-hidden="true">'
        '<rect class="rest" width="100%" height="8" rx="2"/>'
        '<rect class="part" width="{width:.1f}%" height="8" rx="2"/></svg>'
    ).format(width=100 * share)
