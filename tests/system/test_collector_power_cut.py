"""The power goes: what was acknowledged is on the disk, and the collector goes on from there.

A file holds an ext4 file system on a loop device; the shutdown ioctl without a flush drops
whatever the kernel has not written yet, as losing the power does. One thing differs: an fdatasync
under way at that moment may still return success although nothing was kept (in about one cut of ten
with nothing but a loop of write and fdatasync on such a disk), and the process goes on to answer.
Without power no answer leaves the machine, so answers count only until the cut begins.
"""

import asyncio
import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from support.collector import PRODUCT, ServerProcess, a_free_port, run_command, wait_for
from support.load import Devices
from support.needs import give_up
from system.test_collector_kill import finish, some_bundles

FS_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2
CUTS = 3


class Disk:
    """A small disk that can lose its power."""

    def __init__(self, folder: Path) -> None:
        self.image = folder / "disk"
        self.path = folder / "mounted"
        self.path.mkdir()
        with self.image.open("wb") as file:
            file.truncate(256 << 20)
        run("mkfs.ext4", "-q", "-F", str(self.image))
        self.mount()

    def mount(self) -> None:
        run("mount", "-o", "loop", str(self.image), str(self.path))

    def is_unmounted(self) -> bool:
        """Try to unmount; False while another process of the machine looks into it."""
        try:
            run("umount", str(self.path))
        except OSError:
            return False
        return True

    def discard(self) -> None:
        run("umount", "--lazy", str(self.path))  # a test that failed may have left it in use

    def cut_power(self) -> None:
        folder = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, FS_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(folder)


def run(*command: str) -> None:
    """Run a command of the system."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if os.geteuid() != 0:
        give_up("cutting a disk's power needs root")
    try:
        found = Disk(tmp_path)
    except OSError as error:
        give_up(f"no ext4 on a loop device here: {error}")
    yield found
    found.discard()


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


async def test_a_server_whose_disk_is_gone_ends_by_itself(disk: Disk) -> None:
    data = disk.path / "data"
    key = run_command(data, "keys", "add", PRODUCT).strip()
    port = a_free_port()
    devices = Devices(port, key, await asyncio.to_thread(some_bundles, 2_000))
    with await asyncio.to_thread(ServerProcess, data, port=port) as server:
        sending = asyncio.create_task(devices.run(2))
        await wait_for(partial(devices.has_acked, 1))
        await asyncio.to_thread(disk.cut_power)
        await wait_for(lambda: server.process.poll() is not None)
        devices.stop()
        await sending
    assert server.process.returncode == 74
