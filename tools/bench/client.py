"""The client's side of a load: connections that send bundles and read receipts.

A closed loop sends as soon as a connection has its answer; an open loop sends at given moments,
however slow the answers are, and counts from the moment at which a bundle was due. A bundle counts
as acknowledged only where our answer is 202 and holds the bundle's own SHA-256.
"""

import asyncio
import ssl
import time
from array import array
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from faultbox_protocol import api
from tools.bench.pool import Parts, Pool

END_OF_HEAD = b"\r\n\r\n"
REFUSED_PAUSE_SECONDS = 0.1
_LOCAL_ADDRESSES = 200


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """One stream of bundles to one server."""

    url: str
    key: str
    pool: str
    seconds: float
    first: int = 0
    """Number of the first bundle to be sent."""
    connections: int = 64
    rate: float = 0.0
    """Bundles a second; 0: a closed loop."""
    fresh: bool = False
    """A new connection for every bundle."""
    ca_file: str = ""
    """The certificate that an https server must have."""
    echoes: bool = True
    """Whether the server's receipts hold digests."""
    path: str = api.BUNDLES
    header: str = ""
    """Header lines of another protocol instead of ours."""
    accepted: int = 202


class Stream:
    """Bundles to be sent, the connections that send them, and what came of them."""

    def __init__(self, plan: StreamPlan) -> None:
        self.plan = plan
        self.statuses: Counter[int] = Counter()
        self.latencies = array("d")
        self.errors = 0
        self.acknowledged: list[int] = []
        self.sent_bytes = 0
        self.wall_seconds = 0.0
        parts = urlsplit(plan.url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        header = plan.header or f"{api.KEY_HEADER}: {plan.key}\r\nContent-Type: {api.MEDIA_TYPE}"
        self._prefix = (
            f"POST {plan.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{header}\r\nContent-Length: "
        ).encode()
        self._tls = ssl.create_default_context(cafile=plan.ca_file) if plan.ca_file else None
        self._pool = Pool(Path(plan.pool))
        self.next = plan.first
        self._loop = asyncio.get_running_loop()
        self._idle: deque[Connection] = deque()
        self._due: deque[float] = deque()
        self._open = 0
        self._all_due = False
        self._done = self._loop.create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._begun = self._next_due = self._until = 0.0

    async def run(self) -> None:
        """Open the connections, send for as long as planned, and wait for the last answers."""
        count = self.plan.connections
        connections = [await self.connect(number) for number in range(count)]
        self._open = count
        self._begun = self._next_due = time.perf_counter()
        self._until = self._begun + self.plan.seconds
        for one in connections:
            self.ready(one)
        if self.plan.rate:
            self.tick()
        await self._done
        self.wall_seconds = time.perf_counter() - self._begun

    async def connect(self, number: int) -> "Connection":
        """Open one connection, from a loopback address of its own."""
        _, connection = await self._loop.create_connection(
            lambda: Connection(self, number),
            self._host,
            self._port,
            ssl=self._tls,
            local_addr=(f"127.0.1.{1 + number % _LOCAL_ADDRESSES}", 0),
        )
        return connection

    def ready(self, connection: "Connection") -> None:
        """Give a free connection its next bundle, or close it."""
        if self.plan.rate:
            self._idle.append(connection)
            self._dispatch()
        elif self._is_over():
            self._close(connection)
        else:
            self._send(connection, time.perf_counter())

    def tick(self) -> None:
        """Note what is due by now, and come again when the next one is."""
        now = time.perf_counter()
        while self._next_due <= now and self._next_due < self._until:
            self._due.append(self._next_due)
            self._next_due += 1 / self.plan.rate
        self._dispatch()
        if self._next_due < self._until:
            self._loop.call_later(max(0.0, self._next_due - time.perf_counter()), self.tick)
        else:
            self._all_due = True
            self._dispatch()

    def finish(self, connection: "Connection", status: int, answer: bytes) -> None:
        """Note an answer and give the connection something to do."""
        self.latencies.append(time.perf_counter() - connection.begun)
        accepted = self.plan.accepted
        if status == accepted and self.plan.echoes and connection.sha256 not in answer:
            status = 0
        self.statuses[status] += 1
        if status == accepted:
            self.acknowledged.append(connection.number)
        elif self.plan.rate == 0:
            self._loop.call_later(REFUSED_PAUSE_SECONDS, self._go_on, connection)
            return
        self._go_on(connection)

    def lose(self, connection: "Connection") -> None:
        """Replace a connection that the server closed."""
        self.errors += connection.is_waiting
        self._replace(connection)

    def _go_on(self, connection: "Connection") -> None:
        if self.plan.fresh or not connection.is_open:
            connection.close()
            self._replace(connection)
        else:
            self.ready(connection)

    def _replace(self, connection: "Connection") -> None:
        if self._is_over():
            self._close(connection)
            return
        task = self._loop.create_task(self._reopen(connection.place))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reopen(self, place: int) -> None:
        begun = time.perf_counter()
        try:
            connection = await self.connect(place)
        except OSError:
            self.errors += 1
            await asyncio.sleep(REFUSED_PAUSE_SECONDS)
            await self._reopen(place)
            return
        if self.plan.rate or self._is_over():
            self.ready(connection)
        else:
            self._send(connection, begun)

    def _dispatch(self) -> None:
        while self._due and self._idle and self.next < len(self._pool):
            connection = self._idle.popleft()
            if connection.is_open:
                self._send(connection, self._due.popleft())
        if self._is_over():
            while self._idle:
                self._close(self._idle.popleft())

    def _send(self, connection: "Connection", begun: float) -> None:
        parts = self._pool[self.next]
        connection.send(self._request(parts), begun, self.next, parts.sha256.encode())
        self.sent_bytes += parts.size
        self.next += 1

    def _request(self, parts: Parts) -> bytes:
        length = b"%d\r\n\r\n" % parts.size
        return b"".join((self._prefix, length, parts.head, parts.tail, parts.end))

    def _is_over(self) -> bool:
        if self.next >= len(self._pool):
            return True
        if self.plan.rate:
            return self._all_due and not self._due
        return time.perf_counter() >= self._until

    def _close(self, connection: "Connection") -> None:
        connection.close()
        self._open -= 1
        if not self._open:
            self._done.set_result(None)


class Connection(asyncio.Protocol):
    """Sends one request at a time and reads its answer."""

    def __init__(self, stream: Stream, place: int) -> None:
        self.place = place
        self.begun = 0.0
        self.number = 0
        self.sha256 = b""
        self.is_open = False
        self.is_waiting = False
        self._stream = stream
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def send(self, request: bytes, begun: float, number: int, sha256: bytes) -> None:
        self.begun, self.number, self.sha256, self.is_waiting = begun, number, sha256, True
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        answer = self._buffer + data if self._buffer else data
        head_end = answer.find(END_OF_HEAD)
        if head_end < 0:
            self._buffer = answer
            return
        head = answer[:head_end].lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(answer) < head_end + len(END_OF_HEAD) + length:
            self._buffer = answer
            return
        self._buffer = b""
        self.is_waiting = False
        if b"connection: close" in head:
            self.is_open = False
        self._stream.finish(self, int(answer[9:12]), answer)

    def connection_lost(self, _error: Exception | None) -> None:
        if self.is_open:
            self.is_open = False
            self._stream.lose(self)

    def close(self) -> None:
        self.is_open = False
        self._transport.close()
