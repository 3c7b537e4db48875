"""Pictures: what is drawn, and what those who do not see them are told."""

import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_collector.queries.records import VersionCount
from faultbox_dashboard.charts.hourly import draw_hourly
from faultbox_dashboard.charts.sparkline import draw_sparkline
from faultbox_dashboard.charts.svg import draw_bars, round_up
from faultbox_dashboard.charts.versions import draw_share, draw_versions
from faultbox_dashboard.text.language import Language, load_languages
from support.fake_desk import HOUR_MS

SHANGHAI = ZoneInfo("Asia/Shanghai")
LANGUAGE = load_languages()["en"]
COUNTS = st.lists(st.integers(0, 10**9), max_size=200)


@given(COUNTS)
def test_every_bar_stays_in_the_picture_and_none_is_lost(values: list[int]) -> None:
    path = draw_bars(values, top=max(values, default=0), width=100, height=20, gap=0.1)
    heights = [float(found) for found in re.findall(r"v-([\d.]+)", path)]
    assert len(heights) == sum(value > 0 for value in values)
    assert all(1 <= height <= 20 for height in heights)


@given(st.integers(0, 10**15))
def test_the_axis_ends_just_above_the_highest_bar(value: int) -> None:
    top = round_up(value)
    assert value <= top <= max(1, 2.5 * value)


def test_a_sparkline_prints_its_maximum(chinese: Language) -> None:
    html = draw_sparkline([0] * 27 + [901], chinese)
    assert ">901</span>" in html
    assert 'aria-label="近 28 天共 901 次，单日最多 901 次"' in html
    assert html.count("<path") == 2


def test_days_begin_at_midnight_of_the_organisation(english: Language) -> None:
    start_ms = 1_794_672_000_000  # 2026-11-15 00:00 in Shanghai
    hourly = [(start_ms + i * HOUR_MS, i % 5) for i in range(168)]
    chart = draw_hourly(hourly, english, SHANGHAI)
    assert [day for day, _ in chart.days] == [f"2026-11-{day}" for day in range(15, 22)]
    assert re.findall(r">(11-\d\d)<", chart.picture) == [f"11-{day}" for day in range(15, 22)]


def test_an_empty_week_is_told_in_words(english: Language) -> None:
    chart = draw_hourly([(i * HOUR_MS, 0) for i in range(168)], english, SHANGHAI)
    assert chart.sentence == "None in the last 7 days."
    assert chart.sentence in chart.picture


@given(st.lists(st.tuples(st.integers(-(2**62), 2**62), st.integers(0, 2**62)), max_size=40))
def test_no_series_breaks_the_chart(hourly: list[tuple[int, int]]) -> None:
    assert draw_hourly(hourly, LANGUAGE, SHANGHAI).picture.startswith("<svg")


@pytest.mark.parametrize(
    ("part", "whole", "width"), [(1, 4, 25), (9, 4, 100), (1, 0, 0), (-1, 4, 0)]
)
def test_a_share_is_never_longer_than_the_whole(part: int, whole: int, width: int) -> None:
    assert f'class="part" width="{width:.1f}%"' in draw_share(part, whole)


def test_versions_are_drawn_one_bar_each() -> None:
    html = draw_versions([VersionCount("1", 2), VersionCount("2", 0), VersionCount("3", 9)])
    assert html.count("v-") == 2
