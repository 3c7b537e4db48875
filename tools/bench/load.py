"""A closed-loop load of bundles over keep-alive connections, from a process of its own.

Usage: load.py URL KEY COUNT CONNECTIONS. Prints one JSON line: rates and latencies from sending
the first byte to having read the whole receipt.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from typing import cast
from urllib.parse import urlsplit

from faultbox_protocol import api
from tools.bench.reports import make_bundles

END_OF_HEAD = b"\r\n\r\n"


class Connection(asyncio.Protocol):
    """Sends one request after the other and times each."""

    def __init__(self, load: "Load") -> None:
        self.load = load
        self.buffer = b""
        self.begun = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.send()

    def send(self) -> None:
        request = self.load.next_request()
        if request is None:
            self.transport.close()
            return
        self.begun = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head_end = self.buffer.find(END_OF_HEAD)
        if head_end < 0:
            return
        head = self.buffer[:head_end].lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(self.buffer) < head_end + len(END_OF_HEAD) + length:
            return
        self.load.finish(int(self.buffer[9:12]), time.perf_counter() - self.begun)
        self.buffer = b""
        self.send()

    def connection_lost(self, _error: Exception | None) -> None:
        self.load.closed()


class Load:
    """The requests to be sent and what came of them."""

    def __init__(self, requests: list[bytes], connections: int) -> None:
        self.requests = iter(requests)
        self.open = connections
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.done = asyncio.get_running_loop().create_future()

    def next_request(self) -> bytes | None:
        return next(self.requests, None)

    def finish(self, status: int, seconds: float) -> None:
        self.statuses[status] += 1
        self.latencies.append(seconds)

    def closed(self) -> None:
        self.open -= 1
        if not self.open:
            self.done.set_result(None)


async def run(url: str, key: str, count: int, connections: int) -> dict[str, object]:
    """Send `count` bundles and return the figures."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{api.KEY_HEADER}: {key}\r\n"
        f"Content-Type: {api.MEDIA_TYPE}\r\nContent-Length: "
    ).encode()
    bodies = make_bundles(count)
    requests = [b"%b%d\r\n\r\n%b" % (head, len(body), body) for body in bodies]
    load = Load(requests, connections)
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(
            lambda: Connection(load), parts.hostname or "127.0.0.1", parts.port or 80
        )
    await load.done
    wall = time.perf_counter() - begun
    latencies = sorted(load.latencies)
    return {
        "statuses": dict(load.statuses),
        "per_second": round(len(latencies) / wall),
        "p50_ms": round(1000 * latencies[len(latencies) // 2], 2),
        "p99_ms": round(1000 * latencies[len(latencies) * 99 // 100], 2),
        "body_bytes": sum(map(len, bodies)) // len(bodies),
    }


if __name__ == "__main__":
    print(
        json.dumps(asyncio.run(run(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
    )
