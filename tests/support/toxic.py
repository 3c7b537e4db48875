"""A network that misbehaves: a TCP proxy between devices and a collector, told how to hurt.

Bytes pass as they come until a request is chosen for a toxin; requests are cut out by their
Content-Length, so that one can be delivered twice, late, or in part. What a toxin does is decided
by a seeded generator, one throw for each request.
"""

import asyncio
import contextlib
import random
import socket
import struct
from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum

_HEAD_BYTES = 65_536
_REORDER_SECONDS = 0.15
_PATIENCE_SECONDS = 20.0


class Toxin(StrEnum):
    """What may happen to one request."""

    CUT_BODY = "cut in mid-body"
    SWALLOW = "answer swallowed"
    TWICE = "delivered twice"
    LATE = "delivered late"
    SLOW = "trickles"
    BLACK_HOLE = "never delivered, never answered"
    RESET = "reset by the network"
    CUT_ANSWER = "answer cut in the middle"


class Proxy:
    """Listens on a port of its own and passes requests on to `target`.

    Args:
        target: the collector's port on this machine.
        toxins: how likely each is for one request; together at most 1.
        generator: what throws the dice.
    """

    def __init__(
        self, target: int, toxins: Mapping[Toxin, float], generator: random.Random
    ) -> None:
        self.target = target
        self.toxins = dict(toxins)
        self.done: Counter[Toxin] = Counter()
        self.carried: Callable[[bytes], None] = lambda _request: None
        """Called with each request that is sent on whole."""
        self.heard: Callable[[bytes], None] = lambda _answer: None
        """Called with each answer that reached its client whole."""
        self.down = False
        """Whether the link is cut: connections end with a reset, new ones are refused."""
        self._random = generator
        self._cuts = 0
        self._clients: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen; return the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_HEAD_BYTES)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Hear nobody any more."""
        self.cut()
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Cut the link: no byte passes in either direction until `mend`."""
        self.down = True
        self._cuts += 1
        for client in list(self._clients):
            _reset(client)

    def mend(self) -> None:
        """Let connections through again."""
        self.down = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.down:
            _reset(writer)
            return
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._clients.add(writer)
        try:
            await self._relay(reader, writer)
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError, ValueError):
            _reset(writer)
        except asyncio.CancelledError:  # `stop`; nobody waits for this task but asyncio's server
            _reset(writer)
        finally:
            self._clients.discard(writer)
            writer.close()

    async def _relay(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        """Pass one request after the other to a connection of its own each."""
        while True:
            try:
                request = await _read_message(reader)
            except asyncio.IncompleteReadError:
                return
            toxin = self._throw()
            if toxin is not None:
                self.done[toxin] += 1
            cuts = self._cuts
            answer = await self._deliver(request, toxin)
            if answer is None or self._cuts != cuts:  # an answer does not survive a cut link
                _reset(client)
                return
            if toxin is Toxin.CUT_ANSWER:
                client.write(answer[: self._random.randrange(len(answer))])
                return
            client.write(answer)
            self.heard(answer)
            await client.drain()

    def _throw(self) -> Toxin | None:
        left = self._random.random()
        for toxin, chance in self.toxins.items():
            left -= chance
            if left < 0:
                return toxin
        return None

    async def _deliver(self, request: bytes, toxin: Toxin | None) -> bytes | None:
        """Return the answer that the client gets; None for a connection that breaks."""
        match toxin:
            case Toxin.RESET:
                return None
            case Toxin.BLACK_HOLE:
                await asyncio.sleep(self._random.uniform(0.5, 2.0))
                return None
            case Toxin.CUT_BODY:
                await self._send_part(request)
                return None
            case Toxin.SWALLOW:
                await self._exchange(request)
                return None
            case Toxin.TWICE:
                first, second = await asyncio.gather(
                    self._exchange(request), self._exchange(request), return_exceptions=True
                )
                found = [one for one in (first, second) if isinstance(one, bytes)]
                return self._random.choice(found) if found else None
            case Toxin.LATE:  # the client believes it lost; it comes behind what was sent later
                self._send_later(request)
                return None
            case Toxin.SLOW:
                return await self._exchange(request, pause_seconds=0.02)
        return await self._exchange(request)

    def _send_later(self, request: bytes) -> None:
        async def send() -> None:
            await asyncio.sleep(self._random.uniform(0.0, _REORDER_SECONDS))
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                await self._exchange(request)

        task = asyncio.create_task(send())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_part(self, request: bytes) -> None:
        body_at = request.index(b"\r\n\r\n") + 4
        at = self._random.randrange(body_at, len(request)) if body_at < len(request) else body_at
        _, writer = await asyncio.open_connection("127.0.0.1", self.target)
        writer.write(request[:at])
        await writer.drain()
        await asyncio.sleep(self._random.uniform(0.0, 0.05))
        if self._random.random() < 0.5:
            _reset(writer)
        else:
            writer.close()

    async def _exchange(self, request: bytes, pause_seconds: float = 0.0) -> bytes | None:
        """Send a request and return the whole answer."""
        if self.down:
            return None
        self.carried(request)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.target)
            try:
                step = max(len(request) // 10, 1) if pause_seconds else len(request)
                for at in range(0, len(request), step):
                    writer.write(request[at : at + step])
                    await writer.drain()
                    await asyncio.sleep(pause_seconds)
                return await _read_message(reader)
            finally:
                writer.close()


async def _read_message(reader: asyncio.StreamReader) -> bytes:
    """Read one HTTP message whose body has a Content-Length.

    Raises:
        asyncio.IncompleteReadError: the connection ended.
    """
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    return head + await reader.readexactly(length)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST, as a broken network does."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
