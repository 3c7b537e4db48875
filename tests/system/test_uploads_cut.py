"""An upload goes on through kills, power cuts and cut connections; no offset is ever taken back."""

import asyncio
import hashlib
import json
import random
import threading
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from support.collector import PRODUCT, ServerProcess, a_free_port, run_command
from support.disk import a_disk

DATA = random.Random(7).randbytes(6 << 20)
PART_BYTES = 48 * 1024
KILLS = 5
CUTS = 3


class Sender(threading.Thread):
    """A device that sends one file in small parts, whatever happens to the other side."""

    def __init__(self, port: int, key: str) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.key = key
        self.path = ""
        self.told = 0
        """The highest offset that the collector told."""
        self.fell_back: list[tuple[int, int]] = []
        self.finished: dict[str, object] = {}
        self.deaf = False
        """Answers of a machine that has just lost its power reach nobody."""
        self.stopped = False

    def run(self) -> None:
        """Send until the file is complete."""
        while not self.finished and not self.stopped:
            link = HTTPConnection("127.0.0.1", self.port, timeout=10)
            try:
                self._send(link)
            except (OSError, HTTPException):
                time.sleep(0.01)
            finally:
                link.close()

    def _send(self, link: HTTPConnection) -> None:
        if not self.path:
            headers, _ = self._ask(link, "POST", "/v1/uploads", {"Upload-Complete": "?0"})
            self.path = headers.get("Location", "")
        headers, _ = self._ask(link, "HEAD", self.path, {})
        while not self.finished:
            at = int(headers["Upload-Offset"])
            if at < self.told:
                self.fell_back.append((self.told, at))
            self.told = max(self.told, at)
            part = DATA[at : at + PART_BYTES]
            last = at + len(part) == len(DATA)
            said = {
                "Content-Type": "application/partial-upload",
                "Upload-Offset": str(at),
                "Upload-Complete": "?1" if last else "?0",
            }
            headers, body = self._ask(link, "PATCH", self.path, said, part)
            if headers["Upload-Complete"] == "?1":
                self.finished = json.loads(body) if body.startswith(b'{"up"') else {"known": True}

    def _ask(
        self,
        link: HTTPConnection,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | None = None,
    ) -> tuple[dict[str, str], bytes]:
        link.request(method, path, body, headers | {"FB-Key": self.key})
        answer = link.getresponse()
        data = answer.read()
        if self.deaf or answer.status >= 500:
            raise ConnectionError("no answer")
        return dict(answer.headers.items()), data


def check_object(data: Path) -> None:
    """Check that the whole file lies where its digest says, and nothing is left over."""
    digest = hashlib.sha256(DATA).hexdigest()
    [found] = (data / "objects").glob(f"*/sha256/{digest[:2]}/{digest}")
    assert found.read_bytes() == DATA
    assert list((data / "uploads").iterdir()) == []


def wait_for_more(sender: Sender, more: int) -> None:
    """Return when the sender was told of so many bytes more."""
    wanted = min(sender.told + more, len(DATA))
    deadline = time.monotonic() + 30
    while sender.told < wanted and not sender.finished:
        assert time.monotonic() < deadline, "the upload does not go on"
        time.sleep(0.002)


@pytest.mark.timeout(180)
def test_an_upload_survives_kills(tmp_path: Path) -> None:
    key = run_command(tmp_path, "keys", "add", PRODUCT).strip()
    port = a_free_port()
    sender = Sender(port, key)
    sender.start()
    chance = random.Random(3)
    for _ in range(KILLS):
        with ServerProcess(tmp_path, port=port) as server:
            wait_for_more(sender, chance.randrange(1, 400_000))
            server.kill()
    assert not sender.finished, "the file was complete before the kills were over"
    with ServerProcess(tmp_path, port=port) as server:
        sender.join(60)
        assert server.stop() == 0
    assert sender.finished
    assert sender.fell_back == []
    check_object(tmp_path)


@pytest.mark.timeout(180)
async def test_an_upload_survives_power_cuts(tmp_path: Path) -> None:
    with a_disk(tmp_path) as disk:
        data = disk.path / "data"
        key = run_command(data, "keys", "add", PRODUCT).strip()
        port = a_free_port()
        sender = Sender(port, key)
        sender.start()
        for _ in range(CUTS):
            with await asyncio.to_thread(ServerProcess, data, port=port):
                await asyncio.to_thread(wait_for_more, sender, 500_000)
                sender.deaf = True  # a machine without power answers nobody; this one still runs
                disk.cut_power()
            await asyncio.to_thread(disk.power_on)
            sender.deaf = False
        assert not sender.finished, "the file was complete before the cuts were over"
        with await asyncio.to_thread(ServerProcess, data, port=port) as server:
            await asyncio.to_thread(sender.join, 60)
            assert server.stop() == 0
        sender.stopped = True
        assert sender.finished
        assert sender.fell_back == []
        check_object(data)
