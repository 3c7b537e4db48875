"""How many devices ran: the denominator of faults per device and day."""

from dataclasses import dataclass

from sqlalchemy import Connection, distinct, func, select

from faultbox_collector.store.tables import activity_day


@dataclass(frozen=True, slots=True)
class DeviceDays:
    """What ran of one product on one day."""

    day: int
    """UTC date as YYYYMMDD."""
    version: str
    """Empty for all versions together."""
    devices: int
    """Different devices; one that changed its version on this day counts for both."""
    up_seconds: int


def device_days(
    connection: Connection, organisation_id: int, product_id: int, first_day: int, last_day: int
) -> tuple[DeviceDays, ...]:
    """Return, oldest day first, all versions of a day together and then each of them."""
    of = (
        activity_day.c.organisation_id == organisation_id,
        activity_day.c.product_id == product_id,
        activity_day.c.day.between(first_day, last_day),
    )
    devices = func.count(distinct(activity_day.c.device_id))
    up_seconds = func.sum(activity_day.c.up_seconds)
    day, version = activity_day.c.day, activity_day.c.version
    whole = connection.execute(
        select(day, devices, up_seconds).where(*of).group_by(day).order_by(day)
    )
    found = [DeviceDays(row[0], "", row[1], int(row[2])) for row in whole]
    parts = connection.execute(
        select(day, version, devices, up_seconds)
        .where(*of, version != "")
        .group_by(day, version)
        .order_by(day, version)
    )
    found += [DeviceDays(row[0], row[1], row[2], int(row[3])) for row in parts]
    return tuple(sorted(found, key=lambda one: (one.day, one.version)))
