"""Devices that send until they have a receipt, and the ledger of what they were told."""

import asyncio
import contextlib
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from faultbox_protocol import api
from faultbox_protocol.codec import scan_bundle

AGAIN = (408, 409, 429, 503)
"""Statuses that ask a device to come again."""


@dataclass(slots=True)
class Ledger:
    """What was sent and what was acknowledged, by bundle id in hex."""

    sent: dict[str, str] = field(default_factory=dict)
    """The SHA-256 of each bundle that was sent at least once."""
    acked: set[str] = field(default_factory=set)
    refused: list[int] = field(default_factory=list)
    """Every status that was neither a receipt nor one to come again after."""


class Devices:
    """Connections to one port that take bundles from one queue; a lost answer means again.

    Args:
        port: the collector's, or that of a proxy before it.
        key: the product's ingest key.
        bundles: id in hex and bytes of each.
        most: bundles in one request, at most.
        generator: what chooses how many, and how long to wait.
    """

    def __init__(
        self,
        port: int,
        key: str,
        bundles: Iterable[tuple[str, bytes]],
        *,
        most: int = 1,
        generator: random.Random | None = None,
    ) -> None:
        self.port = port
        self.key = key
        self.ledger = Ledger()
        self.deaf = False
        """Whether answers are lost on the way: nobody heard them, so nothing is acknowledged."""
        self.put_off = 0
        """How many answers in a row asked to come again."""
        self.pause_seconds = 0.0
        """Between two requests of one device: how fast the load is."""
        self._left = list(bundles)[::-1]
        self._most = most
        self._random = generator or random.Random()
        self._stopping = False

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
            taken = [self._left.pop() for _ in range(min(self._throw(), len(self._left)))]
            self.ledger.sent.update(
                (bundle_id, scan_bundle(memoryview(bundle)).sha256.hex())
                for bundle_id, bundle in taken
            )
            hand = dict(taken)
            while hand and not self._stopping:
                try:
                    stream = stream or await asyncio.open_connection("127.0.0.1", self.port)
                    for bundle_id in await self._send(*stream, hand):
                        del hand[bundle_id]
                except (OSError, EOFError, TimeoutError):
                    if stream is not None:
                        stream[1].close()
                    stream = None
                if hand:
                    await asyncio.sleep(self._random.uniform(0.005, 0.03))
            await asyncio.sleep(self.pause_seconds)
        if stream is not None:
            stream[1].close()
            with contextlib.suppress(OSError):
                await stream[1].wait_closed()

    def _throw(self) -> int:
        return self._random.randint(1, self._most)

    async def _send(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        hand: Mapping[str, bytes],
    ) -> list[str]:
        """Send bundles in one request; return the ids of those that are acknowledged."""
        body = b"".join(hand.values())
        head = (
            f"POST {api.BUNDLES} HTTP/1.1\r\nHost: faultbox\r\n{api.KEY_HEADER}: {self.key}\r\n"
            f"Content-Type: {api.MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        async with asyncio.timeout(20):
            await writer.drain()
            first = (await reader.readline()).split()
            if len(first) < 2:
                raise EOFError
            length = 0
            while (line := await reader.readline()) != b"\r\n":
                if not line.endswith(b"\n"):
                    raise EOFError
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            answer = json.loads(await reader.readexactly(length))
        if self.deaf:
            raise EOFError
        return self._hear(int(first[1]), answer)

    def _hear(self, status: int, answer: dict[str, list[dict[str, str]]]) -> list[str]:
        """Note what an answer says of each bundle; return the acknowledged."""
        if status not in (200, 202, 207):
            if status not in AGAIN:
                self.ledger.refused.append(status)
            self.put_off += 1
            return []
        for item in answer.get("items", []):
            if int(item["status"]) not in (200, 202, *AGAIN):
                self.ledger.refused.append(int(item["status"]))
        self.put_off = 0
        acked = [receipt["id"] for receipt in answer["receipts"]]
        for receipt in answer["receipts"]:
            assert receipt["sha256"] == self.ledger.sent[receipt["id"]]
        self.ledger.acked.update(acked)
        return acked
