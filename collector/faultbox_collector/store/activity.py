"""Activity: which devices ran on which day, the denominator of every rate.

A row per product, day, device and boot slot, so that a beat that comes twice, late or in another
order changes nothing: the greater uptime of a boot holds. A slot is a sixteenth of all boot ids.
A device that boots more often than that on one day has its uptime counted short, never its day,
and no device can fill the table. Rows suit a million devices; for a hundred times as many, a
sketch per product, day and version can be folded out of them.
"""

import zlib
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, case

from faultbox_collector.store.devices import DeviceRow, ensure_devices
from faultbox_collector.store.engine import upsert
from faultbox_collector.store.progress import utc_day
from faultbox_collector.store.tables import activity_day
from faultbox_protocol.beats import Beat

BOOT_SLOTS = 16
PAST_DAYS = 180
"""Older beats are left out, as older bundles are."""
_DAY_MS = 86_400_000


def add_beats(
    connection: Connection,
    organisation_id: int,
    product_id: int,
    beats: Sequence[Beat],
    received_ms: int,
) -> int:
    """Store heartbeats of one product; return how many have a day that can be.

    Days after tomorrow, or more than `PAST_DAYS` ago, are those of a clock that was never set.
    """
    first = utc_day(received_ms - PAST_DAYS * _DAY_MS)
    last = utc_day(received_ms + _DAY_MS)  # a device's clock may be ahead by its time zone
    taken = [beat for beat in beats if first <= beat.day <= last]
    if not taken:
        return 0
    device_ids = ensure_devices(
        connection,
        {
            (product_id, beat.serial): _device(organisation_id, product_id, beat, received_ms)
            for beat in taken
        },
    )
    rows: dict[tuple[int, int, int], Beat] = {}
    for beat in taken:
        place = beat.day, device_ids[product_id, beat.serial], boot_slot(beat.boot)
        before = rows.get(place)
        if before is None or beat.up_s >= before.up_s:
            rows[place] = beat
    connection.execute(
        _upsert(connection.dialect.name),
        [
            {
                "organisation_id": organisation_id,
                "product_id": product_id,
                "day": day,
                "device_id": device_id,
                "boot_slot": slot,
                "version": version_of(beat),
                "up_seconds": beat.up_s,
            }
            for (day, device_id, slot), beat in sorted(rows.items(), key=lambda item: item[0])
        ],
    )
    return len(taken)


def boot_slot(boot: str) -> int:
    """Return the slot of a boot id, 0 to 15."""
    return zlib.crc32(boot.encode("utf-8", "replace")) % BOOT_SLOTS


def version_of(beat: Beat) -> str:
    """Return the version as occurrences have it: the application's, else the system's."""
    return beat.app or beat.fw or ""


def _device(organisation_id: int, product_id: int, beat: Beat, received_ms: int) -> DeviceRow:
    return DeviceRow(
        organisation_id=organisation_id,
        product_id=product_id,
        serial=beat.serial,
        model=beat.model,
        batch=None,
        first_received_ms=received_ms,
    )


@cache
def _upsert(dialect: str) -> Any:
    statement = upsert(dialect, activity_day)
    new, old = statement.excluded, activity_day.c
    longer = new.up_seconds >= old.up_seconds
    return statement.on_conflict_do_update(
        index_elements=["product_id", "day", "device_id", "boot_slot"],
        set_={
            "version": case((longer, new.version), else_=old.version),
            "up_seconds": case((longer, new.up_seconds), else_=old.up_seconds),
        },
    )
