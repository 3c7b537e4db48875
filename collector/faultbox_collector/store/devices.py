"""Devices, by product and serial number."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, select, tuple_

from faultbox_collector.store.engine import plain_row, upsert
from faultbox_collector.store.tables import device

_IN_CLAUSE = 300
_FIND = select(device.c.id, device.c.product_id, device.c.serial).where(
    tuple_(device.c.product_id, device.c.serial).in_(bindparam("keys", expanding=True))
)


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device as a bundle describes it."""

    organisation_id: int
    product_id: int
    serial: str
    model: str | None
    batch: str | None
    first_received_ms: int


def ensure_devices(
    connection: Connection, rows: dict[tuple[int, str], DeviceRow]
) -> dict[tuple[int, str], int]:
    """Return the id of each device by (product id, serial), new ones made."""
    found = _find(connection, list(rows))
    missing = sorted(set(rows) - set(found))  # sorted: two writers never wait in a circle
    if missing:
        connection.execute(
            _insert(connection.dialect.name), [plain_row(rows[key]) for key in missing]
        )
        found.update(_find(connection, missing))
    return found


def _find(connection: Connection, keys: list[tuple[int, str]]) -> dict[tuple[int, str], int]:
    found: dict[tuple[int, str], int] = {}
    for start in range(0, len(keys), _IN_CLAUSE):
        rows = connection.execute(_FIND, {"keys": keys[start : start + _IN_CLAUSE]})
        found.update(((row.product_id, row.serial), row.id) for row in rows)
    return found


@cache
def _insert(dialect: str) -> Any:
    return upsert(dialect, device).on_conflict_do_nothing(index_elements=["product_id", "serial"])
