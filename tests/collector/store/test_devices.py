"""Devices are made once by product and serial number, in batches of any size."""

from faultbox_collector.store import tables
from faultbox_collector.store.devices import DeviceRow, ensure_devices
from faultbox_collector.store.occurrences import SeenRow, find_seen, insert_seen
from support.builders import an_id
from support.collector import Rig


def test_each_device_is_made_once_however_many_at_a_time(rig: Rig) -> None:
    product_id = rig.product_id()
    rows = {
        (product_id, f"SN-{n}"): DeviceRow(1, product_id, f"SN-{n}", None, None, 1)
        for n in range(1000)
    }
    first = rig.write(lambda c: ensure_devices(c, rows))
    assert rig.write(lambda c: ensure_devices(c, rows)) == first
    assert len(set(first.values())) == rig.count(tables.device) == 1000
    assert rig.write(lambda c: ensure_devices(c, {})) == {}


def test_ids_ever_seen_are_found_however_many_are_asked_for(rig: Rig) -> None:
    rig.write(lambda c: insert_seen(c, [SeenRow(1, an_id(n), bytes(32), 1) for n in range(1200)]))
    asked = [an_id(n) for n in range(1500)]
    assert set(rig.read(lambda c: find_seen(c, 1, asked))) == set(asked[:1200])
    assert rig.read(lambda c: find_seen(c, 2, asked)) == {}
