"""Times as people read them."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_dashboard.text.language import Language, load_languages
from faultbox_dashboard.text.times import (
    find_zone,
    write_ago,
    write_bytes,
    write_duration,
    write_iso,
    write_time,
)
from support.fake_desk import HOUR_MS, NOW_MS

LANGUAGES = load_languages()

SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_a_time_is_read_in_the_organisations_zone() -> None:
    assert write_time(NOW_MS, SHANGHAI) == "2026-11-22 10:10"
    assert write_time(NOW_MS, UTC, seconds=True, offset=True) == "2026-11-22 02:10:00 +00:00"
    assert write_time(NOW_MS, SHANGHAI, offset=True) == "2026-11-22 10:10 +08:00"


def test_an_unknown_zone_is_utc() -> None:
    assert find_zone("Middle/Earth") is UTC
    assert find_zone("../../etc/passwd") is UTC
    assert find_zone("Asia/Shanghai") == SHANGHAI


def test_relative_times(chinese: Language, english: Language) -> None:
    assert write_ago(NOW_MS - 8 * HOUR_MS, NOW_MS, chinese) == "8 小时前"
    assert write_ago(NOW_MS - 8 * HOUR_MS, NOW_MS, english) == "8 hours ago"
    assert write_ago(NOW_MS - 2000, NOW_MS, chinese) == "刚刚"
    assert write_ago(NOW_MS + HOUR_MS, NOW_MS, english) == "in 1 hour"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (217_088, "212 KiB"), (2**70, "1024 EiB")],
)
def test_sizes(size: int, text: str) -> None:
    assert write_bytes(size) == text


def test_durations(chinese: Language) -> None:
    assert write_duration(250, chinese) == "250 ms"
    assert write_duration(90_000, chinese) == "2 分钟"


@given(st.integers(-(2**70), 2**70), st.sampled_from(["UTC", "Asia/Shanghai", "America/St_Johns"]))
def test_no_stored_time_breaks_a_page(at_ms: int, zone: str) -> None:
    assert write_time(at_ms, ZoneInfo(zone), seconds=True, offset=True)
    assert isinstance(write_iso(at_ms), str)
    for language in LANGUAGES.values():
        assert write_ago(at_ms, NOW_MS, language)
        assert write_duration(at_ms, language)
