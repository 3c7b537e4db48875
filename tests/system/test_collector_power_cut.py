"""The power goes: what was acknowledged is on the disk, and the collector goes on from there.

Answers count only until the cut begins; `support.disk` says why.
"""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from support.collector import PRODUCT, ServerProcess, a_free_port, run_command, wait_for
from support.disk import Disk, a_disk
from support.load import Devices
from system.test_collector_kill import finish, some_bundles

CUTS = 3


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with a_disk(tmp_path) as found:
        yield found


@pytest.mark.timeout(180)
async def test_everything_acknowledged_before_the_power_went_is_there(disk: Disk) -> None:
    data = disk.path / "data"
    key = run_command(data, "keys", "add", PRODUCT).strip()
    port = a_free_port()
    devices = Devices(port, key, await asyncio.to_thread(some_bundles, 20_000))
    sending = asyncio.create_task(devices.run())
    for _ in range(CUTS):
        wanted = len(devices.ledger.acked) + 300
        with await asyncio.to_thread(ServerProcess, data, port=port):
            await wait_for(partial(devices.has_acked, wanted))
            devices.deaf = True  # a machine without power answers nobody; this one still runs
            await asyncio.to_thread(disk.cut_power)
        await wait_for(disk.is_unmounted)
        await asyncio.to_thread(disk.mount)
        devices.deaf = False
    devices.stop()
    await sending
    assert devices.left, "the load ended before the cuts did"
    await finish(data, port, devices.ledger)


async def test_a_server_whose_disk_is_gone_acknowledges_nothing_more(disk: Disk) -> None:
    data = disk.path / "data"
    key = run_command(data, "keys", "add", PRODUCT).strip()
    port = a_free_port()
    devices = Devices(port, key, await asyncio.to_thread(some_bundles, 20_000))
    with await asyncio.to_thread(ServerProcess, data, port=port) as server:
        sending = asyncio.create_task(devices.run(2))
        await wait_for(partial(devices.has_acked, 1))
        await asyncio.to_thread(disk.cut_power)
        # Either a sync fails, which ends it, or it sees first that nothing can be written.
        await wait_for(lambda: server.process.poll() is not None or devices.put_off > 10)
        acked = len(devices.ledger.acked)
        await asyncio.sleep(1.0)
        assert len(devices.ledger.acked) == acked
        assert not devices.ledger.refused
        assert server.process.poll() in (None, 74)
        devices.stop()
        await sending
