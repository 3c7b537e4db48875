"""The disk fills up, runs out of names, turns read-only, stops confirming: told before it happens.

The real server on an ext4 file system in a file, as an operator's small disk is. Whatever happens,
what was acknowledged is there afterwards, once.
"""

import contextlib
import http.client
import json
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from faultbox_collector.disk import BALLAST
from faultbox_protocol import api
from faultbox_protocol.codec import scan_bundle
from support.audit import audit
from support.collector import PRODUCT, ServerProcess, run_command, wait_until
from support.disk import Disk, a_disk
from support.load import Ledger
from support.needs import give_up
from system.test_collector_kill import digested, some_bundles

MIB = 1 << 20
DISK_MIB = 128
EXIT_DISK = 74


@dataclass(slots=True)
class Device:
    """One device that posts bundle after bundle and keeps a ledger of what it was told."""

    key: str
    bundles: list[tuple[str, bytes]]
    ledger: Ledger = field(default_factory=Ledger)

    def post(self, server: ServerProcess) -> http.client.HTTPMessage | None:
        """Post the next bundle; return the headers of a 503, None where it was acknowledged."""
        bundle_id, bundle = self.bundles[-1]
        self.ledger.sent[bundle_id] = scan_bundle(memoryview(bundle)).sha256.hex()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        with contextlib.closing(connection):
            headers = {api.KEY_HEADER: self.key, "Content-Type": api.MEDIA_TYPE}
            connection.request("POST", api.BUNDLES, bundle, headers)
            answer = connection.getresponse()
            body = json.loads(answer.read())
        if answer.status in (200, 202):
            self.ledger.acked.add(bundle_id)
            self.bundles.pop()
            return None
        assert answer.status == 503, body
        assert body["reason"] == "disk_full", body
        assert int(answer.headers["Retry-After"]) > 0
        return answer.headers

    def post_some(self, server: ServerProcess, count: int) -> None:
        """Post bundles that must all be acknowledged."""
        for _ in range(count):
            assert self.post(server) is None

    def post_until_refused(self, server: ServerProcess) -> int:
        """Post until a 503; return how many were acknowledged before."""
        count = 0
        while self.post(server) is None:
            count += 1
        return count

    def is_taken(self, server: ServerProcess) -> bool:
        """Try again; tell whether the bundle was taken."""
        return self.post(server) is None

    def check(self, server: ServerProcess, data: Path) -> None:
        """Let the server digest everything and stop it; compare its folder with the ledger."""
        wait_until(lambda: digested(data) >= len(self.ledger.acked))
        assert server.stop() == 0
        for bundle_id in set(self.ledger.sent) - self.ledger.acked:
            del self.ledger.sent[bundle_id]  # refused, and never sent again
        audit(data, self.ledger)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with a_disk(tmp_path, mib=DISK_MIB) as found:
        yield found


@pytest.fixture
def data(disk: Disk) -> Path:
    return disk.path / "data"


@pytest.fixture
def device(data: Path) -> Device:
    key = run_command(data, "keys", "add", PRODUCT).strip()
    return Device(key, some_bundles(3_000))


def read_health(server: ServerProcess, key: str, path: str = "/healthz") -> int:
    """Return the status of a page that only reads."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={api.KEY_HEADER: key})
        answer = connection.getresponse()
        answer.read()
        return answer.status


@pytest.mark.timeout(120)
def test_it_refuses_before_the_disk_is_full_and_recovers_by_itself(
    disk: Disk, data: Path, device: Device
) -> None:
    with ServerProcess(data) as server:
        device.post_some(server, 50)
        disk.fill(left_bytes=DISK_MIB * MIB // 20 + MIB)
        device.post_until_refused(server)
        space = os.statvfs(disk.path)
        assert space.f_bavail * space.f_frsize > 2 * MIB, "refused only when it was full"
        acked = min(device.ledger.acked)
        assert read_health(server, device.key, f"{api.RECEIPTS}/{acked}") == 200
        wait_until(lambda: digested(data) >= len(device.ledger.acked))
        disk.free()
        wait_until(lambda: device.is_taken(server))
        device.post_some(server, 20)
        device.check(server, data)


@pytest.mark.timeout(120)
def test_with_the_disk_filled_to_the_last_byte_the_ballast_lets_the_digest_finish(
    disk: Disk, data: Path, device: Device
) -> None:
    with ServerProcess(data) as server:
        wait_until((data / BALLAST).exists)
        device.post_some(server, 800)
        server.kill()  # before the digest is done with them
    left = len(device.ledger.acked) - digested(data)
    assert left > 0
    disk.fill()
    assert (data / BALLAST).exists()
    with ServerProcess(data) as server:
        assert not (data / BALLAST).exists()
        wait_until(lambda: digested(data) >= len(device.ledger.acked))
        assert device.post(server) is not None  # for bundles there is no room
        disk.free()
        wait_until(lambda: device.is_taken(server))
        wait_until((data / BALLAST).exists)
        device.check(server, data)


@pytest.mark.timeout(120)
def test_it_refuses_while_no_more_files_can_be_made(tmp_path: Path) -> None:
    with a_disk(tmp_path, mib=DISK_MIB, inodes=512) as disk:
        data = disk.path / "data"
        device = Device(run_command(data, "keys", "add", PRODUCT).strip(), some_bundles(500))
        with ServerProcess(data) as server:
            device.post_some(server, 20)
            disk.fill_names()
            wait_until(lambda: not device.is_taken(server))
            disk.free()
            wait_until(lambda: device.is_taken(server))
            device.check(server, data)


@pytest.mark.timeout(120)
def test_a_short_write_is_undone_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    data = tmp_path / "data"
    device = Device(run_command(data, "keys", "add", PRODUCT).strip(), some_bundles(500))
    with ServerProcess(data) as server:
        device.post_some(server, 20)
        wait_until(lambda: digested(data) >= 20)
        [pack] = (data / "packs").glob("*.fbp")
        size = pack.stat().st_size
        limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size + 100, limits[1]))
        for _ in range(5):
            assert device.post(server) is not None
        assert pack.stat().st_size == size
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
        device.post_some(server, 20)
        device.check(server, data)


@pytest.mark.timeout(120)
def test_on_a_disk_that_turned_read_only_it_serves_reads_and_answers_503(
    disk: Disk, data: Path, device: Device
) -> None:
    with ServerProcess(data) as server:
        device.post_some(server, 20)
        wait_until(lambda: digested(data) >= 20)
        acked = min(device.ledger.acked)
        turn_read_only(disk)
        for _ in range(5):
            assert device.post(server) is not None
        assert read_health(server, device.key) == 200
        assert read_health(server, device.key, f"{api.RECEIPTS}/{acked}") == 200
        assert server.process.poll() is None


def turn_read_only(disk: Disk) -> None:
    """Make the file system read-only under open files, as the kernel does after an error."""
    done = subprocess.run(
        ["mount", "-o", "remount,abort", str(disk.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        give_up(f"this kernel cannot abort a mounted ext4: {done.stderr.strip()}")


@contextlib.contextmanager
def sync_fails(server: ServerProcess, path: Path | None = None) -> Iterator[None]:
    """Let no fsync of the server, or of one of its files, succeed any more."""
    if shutil.which("strace") is None:
        give_up("failing a system call needs strace")
    command = ["strace", "-f", "-qq", "-p", str(server.process.pid), "-o", "/dev/null"]
    command += ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"]
    command += ["-P", str(path)] if path else []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        wait_until(lambda: is_traced(server.process.pid) or tracer.poll() is not None)
        if tracer.poll() is not None:
            give_up(f"strace cannot attach here: {tracer.communicate()[1].strip()}")
        yield
        wait_until(lambda: server.process.poll() is not None)


@pytest.mark.timeout(120)
def test_a_disk_that_does_not_confirm_a_bundle_ends_the_server_without_a_receipt(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    device = Device(run_command(data, "keys", "add", PRODUCT).strip(), some_bundles(100))
    with ServerProcess(data) as server:
        device.post_some(server, 20)
        wait_until(lambda: digested(data) >= 20)
        with sync_fails(server), contextlib.suppress(OSError, http.client.HTTPException):
            assert post_status(server, device) == 503
        assert server.process.returncode == EXIT_DISK, server.errors()
    with ServerProcess(data) as server:
        device.post_some(server, 20)
        device.check(server, data)


def post_status(server: ServerProcess, device: Device) -> int:
    """Post the next bundle and return the status, whatever the reason."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with contextlib.closing(connection):
        headers = {api.KEY_HEADER: device.key, "Content-Type": api.MEDIA_TYPE}
        connection.request("POST", api.BUNDLES, device.bundles[-1][1], headers)
        return connection.getresponse().status


@pytest.mark.timeout(120)
def test_a_disk_that_does_not_confirm_a_commit_ends_the_server_and_the_digest_goes_on_later(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    device = Device(run_command(data, "keys", "add", PRODUCT).strip(), some_bundles(100))
    with ServerProcess(data) as server:
        device.post_some(server, 20)
        wait_until(lambda: digested(data) >= 20)
        with sync_fails(server, data / "faultbox.sqlite3-wal"):
            device.post_some(server, 1)  # the pack is sound, so there is a receipt
        assert server.process.returncode == EXIT_DISK, server.errors()
    with ServerProcess(data) as server:
        device.post_some(server, 20)
        device.check(server, data)


def is_traced(pid: int) -> bool:
    """Tell whether every thread of a process has its tracer."""
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        if "TracerPid:\t0\n" in status.read_text(encoding="ascii"):
            return False
    return True
