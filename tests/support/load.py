"""Devices that send until they have a receipt, and the ledger of what they were told."""

import asyncio
import contextlib
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from faultbox_protocol import api
from faultbox_protocol.codec import scan_bundle


@dataclass(slots=True)
class Ledger:
    """What was sent and what was acknowledged, by bundle id in hex."""

    sent: dict[str, str] = field(default_factory=dict)
    """The SHA-256 of each bundle that was sent at least once."""
    acked: set[str] = field(default_factory=set)
    refused: list[int] = field(default_factory=list)
    """Every status that was neither a receipt nor one to come again after."""


class Devices:
    """Connections to one port that take bundles from one queue; a lost answer means again."""

    def __init__(self, port: int, key: str, bundles: Iterable[tuple[str, bytes]]) -> None:
        self.port = port
        self.key = key
        self.ledger = Ledger()
        self._left = list(bundles)[::-1]
        self._stopping = False
        self.deaf = False
        """Whether answers are lost on the way: nobody heard them, so nothing is acknowledged."""

    @property
    def left(self) -> int:
        """How many bundles nobody has taken in hand yet."""
        return len(self._left)

    def has_acked(self, count: int) -> bool:
        """Tell whether so many bundles are acknowledged."""
        return len(self.ledger.acked) >= count

    def stop(self) -> None:
        """Let the devices go home; what is in hand is dropped."""
        self._stopping = True

    async def run(self, connections: int = 16) -> None:
        """Send everything, each bundle until it is acknowledged."""
        async with asyncio.TaskGroup() as group:
            for _ in range(connections):
                group.create_task(self._device())

    async def _device(self) -> None:
        stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while self._left and not self._stopping:
            bundle_id, bundle = self._left.pop()
            self.ledger.sent[bundle_id] = scan_bundle(memoryview(bundle)).sha256.hex()
            while not self._stopping:
                try:
                    stream = stream or await asyncio.open_connection("127.0.0.1", self.port)
                    if await self._send(*stream, bundle_id, bundle):
                        break
                except (OSError, EOFError, TimeoutError):
                    if stream is not None:
                        stream[1].close()
                    stream = None
                await asyncio.sleep(random.uniform(0.005, 0.03))
        if stream is not None:
            stream[1].close()
            with contextlib.suppress(OSError):
                await stream[1].wait_closed()

    async def _send(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        bundle_id: str,
        bundle: bytes,
    ) -> bool:
        """Send one bundle; tell whether it is acknowledged."""
        head = (
            f"POST {api.BUNDLES} HTTP/1.1\r\nHost: faultbox\r\n{api.KEY_HEADER}: {self.key}\r\n"
            f"Content-Type: {api.MEDIA_TYPE}\r\nContent-Length: {len(bundle)}\r\n\r\n"
        )
        writer.write(head.encode() + bundle)
        async with asyncio.timeout(20):
            await writer.drain()
            first = (await reader.readline()).split()
            if len(first) < 2:
                raise EOFError
            status = int(first[1])
            length = 0
            while (line := await reader.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            answer = json.loads(await reader.readexactly(length))
        if self.deaf:
            raise EOFError
        if status in (200, 202):
            [receipt] = answer["receipts"]
            assert receipt["sha256"] == self.ledger.sent[bundle_id]
            self.ledger.acked.add(bundle_id)
            return True
        if status not in (409, 503):
            self.ledger.refused.append(status)
        return False
