"""Heartbeats: on how many devices a product ran on a day, the denominator of every fault rate.

    {"beats": [{"day": 20261122, "prod": {"name": …, "serial": …}, "boot": …, "up_s": 3600}]}

A beat counts once per product, serial number, day and boot; sent again with a greater `up_s`, the
greater one holds. So whatever is sent twice, late or in another order gives the same figures.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from faultbox_protocol import limits
from faultbox_protocol.errors import Invalid
from faultbox_protocol.fields import Fields
from faultbox_protocol.report import Plain

DAY_SECONDS = 86_400
_FIRST_DAY, _LAST_DAY = 2000_01_01, 2199_12_31


@dataclass(frozen=True, slots=True)
class Beat:
    """One device that ran on one day; the same boot on two days makes two beats."""

    day: int
    """UTC date as YYYYMMDD."""
    product: str
    serial: str
    boot: str
    """Boot id, as in the heads of the same boot."""
    up_s: int
    """Seconds of that day in which it ran under this boot; 0 to 86,400."""
    model: str | None = None
    hw: str | None = None
    fw: str | None = None
    app: str | None = None


def beats_to_map(beats: Iterable[Beat]) -> dict[str, Plain]:
    """Return the beats as the wire has them; at most `limits.BEATS` are taken by a reader."""
    return {"beats": [_beat_to_map(beat) for beat in beats]}


def beats_from_map(source: dict[str, Plain]) -> tuple[Beat, ...]:
    """Read and check heartbeats; names that this reader does not know are left alone.

    Raises:
        Invalid: a field is missing, wrong or too long, or there is no beat.
    """
    beats = Fields(source).children("beats", limits.BEATS, _beat)
    if not beats:
        raise Invalid("missing_field", "beats")
    return beats


def _beat_to_map(beat: Beat) -> dict[str, Plain]:
    prod = {
        "name": beat.product,
        "serial": beat.serial,
        "model": beat.model,
        "hw": beat.hw,
        "fw": beat.fw,
        "app": beat.app,
    }
    said: dict[str, Plain] = {name: text for name, text in prod.items() if text is not None}
    return {"day": beat.day, "prod": said, "boot": beat.boot, "up_s": beat.up_s}


def _beat(read: Fields) -> Beat:
    prod = read.need("prod", read.child("prod", _prod))
    return Beat(
        day=_check_day(read.need("day", read.integer("day", _FIRST_DAY, _LAST_DAY))),
        product=prod.product,
        serial=prod.serial,
        boot=read.need("boot", read.text("boot", limits.BOOT_CHARS) or None),
        up_s=read.need("up_s", read.integer("up_s", high=DAY_SECONDS)),
        model=prod.model,
        hw=prod.hw,
        fw=prod.fw,
        app=prod.app,
    )


@dataclass(frozen=True, slots=True)
class _Prod:
    product: str
    serial: str
    model: str | None
    hw: str | None
    fw: str | None
    app: str | None


def _prod(read: Fields) -> _Prod:
    return _Prod(
        product=read.need("name", read.text("name") or None),
        serial=read.need("serial", read.text("serial") or None),
        model=read.text("model"),
        hw=read.text("hw"),
        fw=read.text("fw"),
        app=read.text("app"),
    )


def _check_day(day: int) -> int:
    try:
        dt.date(day // 10_000, day // 100 % 100, day % 100)
    except ValueError:
        raise Invalid("bad_field", "day: a date as YYYYMMDD is expected") from None
    return day
