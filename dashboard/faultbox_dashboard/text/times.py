"""Times, counts and sizes as people read them.

Absolute times are written the same way in both languages, in the organisation's zone; the
relative ones (`8 小时前`) are Babel's. Figures from a device may be absurd and are then shown raw.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta
from babel.numbers import format_decimal

from faultbox_dashboard.text.language import Language

_LATEST_MS = 253_402_300_799_000  # the last second of year 9999
_DIGIT_BEFORE_CHINESE = re.compile(r"(?<=\d)(?=[\u4e00-\u9fff])")
_LARGEST = 10**18
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def find_zone(name: str) -> tzinfo:
    """Return the zone of an IANA name; UTC when this system does not know it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return UTC


def local_time(at_ms: int, zone: tzinfo) -> datetime | None:
    """Return the moment in the zone, or None when no calendar holds it."""
    if not 0 <= at_ms <= _LATEST_MS - 86_400_000:
        return None
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms)).astimezone(zone)


def write_time(at_ms: int, zone: tzinfo, *, seconds: bool = False, offset: bool = False) -> str:
    """Return `2026-11-22 09:05`, on request with seconds and the offset from UTC."""
    moment = local_time(at_ms, zone)
    if moment is None:
        return str(at_ms)
    text = moment.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")
    return f"{text} {moment.isoformat()[-6:]}" if offset else text


def write_iso(at_ms: int) -> str:
    """Return the moment for a machine, in UTC; empty when no calendar holds it."""
    moment = local_time(at_ms, UTC)
    return "" if moment is None else moment.isoformat(timespec="seconds")


def write_ago(at_ms: int, now_ms: int, language: Language) -> str:
    """Return how long ago, as `8 hours ago` or `8 小时前`."""
    if abs(now_ms - at_ms) < 10_000:
        return language.gettext("just now")
    try:
        passed = timedelta(milliseconds=at_ms - now_ms)
        text = format_timedelta(passed, add_direction=True, threshold=1.0, locale=language.locale)
    except OverflowError:
        return str(at_ms)
    return _DIGIT_BEFORE_CHINESE.sub(" ", text)


def write_duration(duration_ms: float, language: Language) -> str:
    """Return a length of time, as `3 days` or `12 秒`."""
    if abs(duration_ms) < 1000:
        return f"{duration_ms:g} ms"
    try:
        text = format_timedelta(
            timedelta(milliseconds=duration_ms), threshold=1.0, locale=language.locale
        )
    except OverflowError:
        return f"{duration_ms:g} ms"
    return _DIGIT_BEFORE_CHINESE.sub(" ", text)


def write_number(number: float, language: Language) -> str:
    """Return a number with its thousands separated; a monstrous one as it is."""
    if abs(number) > _LARGEST:
        return str(number)
    return str(format_decimal(number, locale=language.locale))


def write_bytes(size_bytes: float) -> str:
    """Return a size, as `212 KiB`."""
    size, unit = float(size_bytes), 0
    while abs(size) >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if size >= 10 or unit == 0 else f"{size:.1f} {_UNITS[unit]}"
