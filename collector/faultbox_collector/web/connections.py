"""Connections before there is a request: how many, and how long a head may take.

The framework waits for the next head as long as it keeps a connection alive, however slowly the
head comes, and takes as many connections as the process has file descriptors. `GuardedHandler`
is its protocol with three things added: a connection over the limits gets an answer and no work,
a head that takes too long gets a 408, and one that was refused is read from for a moment, so that
its sender sees the answer and not a reset.
"""

import asyncio
import resource
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from faultbox_collector.domain.addresses import Proxies, Sender, name_sender, parse_networks
from faultbox_collector.settings import Settings, SettingsError
from faultbox_collector.web.problems import problem, write_problem

SWEEP_SECONDS = 0.5
KEPT_FILES = 128
"""File descriptors for everything but connections: packs, databases, uploads."""
ANSWERED = 64
"""Connections over the number in all that get an answer; those beyond are cut at once."""
MOST_FILES = 65_536
BACKLOG = 512


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections, and how slow they may be; 0 switches a limit off."""

    per_address: int
    """Connections of one address; this machine and named proxies have no limit."""
    in_all: int
    head_seconds: float
    """From the first byte of a head, or from the connection, to the end of the head."""
    lingering_seconds: float
    """How long what a refused sender still sends is read and dropped."""
    unread_seconds: float
    """How long an answer may lie unread before the connection is cut."""


def raise_file_limit() -> int:
    """Let this process open as many files as it may; return how many connections that allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return max(1, (MOST_FILES if soft == resource.RLIM_INFINITY else soft) - KEPT_FILES)


def read_proxies(settings: Settings) -> Proxies:
    """Return the proxies of the settings.

    Raises:
        SettingsError: an entry is neither an address nor a network.
    """
    try:
        return Proxies(parse_networks(settings.trusted_proxies))
    except ValueError as error:
        raise SettingsError(f"trusted_proxies: {error}") from None


class Gate:
    """The connections of a server, counted by address.

    Args:
        limits: what is allowed.
        proxies: peers that speak for many.
        name: whom an address counts for.
    """

    def __init__(
        self,
        limits: ConnectionLimits,
        proxies: Proxies,
        name: Callable[[str], Sender] = name_sender,
    ) -> None:
        self.limits = limits
        self._proxies = proxies
        self._name = name
        self._counts: Counter[str] = Counter()
        self._open: set[GuardedHandler] = set()

    def __len__(self) -> int:
        """Return how many connections are open, refused ones among them."""
        return len(self._open)

    @property
    def is_crowded(self) -> bool:
        """Whether there are not even descriptors to answer those that are refused."""
        return 0 < self.limits.in_all + ANSWERED < len(self._open)

    def count(self, name: str) -> int:
        """Return how many connections count for an address."""
        return self._counts[name]

    def enter(self, handler: "GuardedHandler", host: str) -> bytes:
        """Count a connection; return the answer that it gets instead of service, if any."""
        self._open.add(handler)
        if 0 < self.limits.in_all < len(self._open):
            return write_problem(503, "busy", "too many connections")
        sender = self._name(host)
        if sender.local or self._proxies.has(host):
            return b""
        handler.counted_as = sender.name
        self._counts[sender.name] += 1
        if 0 < self.limits.per_address < self._counts[sender.name]:
            return write_problem(429, "rate_address", "too many connections")
        return b""

    def leave(self, handler: "GuardedHandler") -> None:
        """Count a connection no more."""
        self._open.discard(handler)
        name = handler.counted_as
        if name:
            self._counts[name] -= 1
            if not self._counts[name]:
                del self._counts[name]

    def close(self) -> None:
        """Cut the connections that were refused; the others belong to the framework."""
        for handler in list(self._open):
            handler.cut_refused()

    async def sweep(self) -> None:
        """End connections whose time is over, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = loop.time()
            for handler in list(self._open):
                handler.check_time(now)


class GuardedHandler(RequestHandler):
    """One connection, with limits before its first request."""

    __slots__ = (
        "_answer",
        "_closing_at",
        "_gate",
        "_head_begun",
        "_refused",
        "_silent",
        "counted_as",
    )

    def __init__(self, gate: Gate, server: web.Server, **options: float | bool | None) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **options)  # type: ignore[arg-type]
        self.counted_as = ""
        self._gate = gate
        self._answer = b""
        self._refused = False
        self._silent = True
        self._head_begun = 0.0
        self._closing_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or refuse."""
        peer = transport.get_extra_info("peername")
        self._answer = self._gate.enter(self, peer[0] if isinstance(peer, tuple) else "")
        now = asyncio.get_running_loop().time()
        if self._answer:
            self._refused = True
            if self._gate.is_crowded:
                transport.abort()  # type: ignore[attr-defined]
            # Not a word to the framework: no task, no parser; the answer waits for a request.
            self.transport = transport  # type: ignore[assignment]
            self._closing_at = now + self._gate.limits.lingering_seconds
            return
        self._head_begun = now
        _limit_unread(transport, self._gate.limits.unread_seconds)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Pass the bytes on; note whether they left a head unfinished."""
        if self._closing_at:
            if self._answer:
                self._send_last(self._answer)
            return
        self._silent = False
        super().data_received(data)
        if self._waiter is None or self._waiter.done():
            self._head_begun = 0.0  # a request is in hand: its body has deadlines of its own
        elif not self._head_begun:
            self._head_begun = asyncio.get_running_loop().time()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count it no more."""
        self._gate.leave(self)
        if self._refused:
            self.transport = None  # the framework never knew of it
            return
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no request, or fails before it has a route, in words of ours.

        Anybody can send such bytes: they fill no log with tracebacks and are not sent back.
        """
        if status == 400:
            answer = problem(400, "bad_request", "this is no request of HTTP/1.1")
        elif "Expect" in request.headers and isinstance(exc, UnicodeEncodeError):
            # The framework fails at quoting bytes that are no text.
            answer = problem(417, "bad_request", "Expect can only be 100-continue")
        else:
            return super().handle_error(request, status, exc, message)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has been sent already")
        answer.force_close()
        return answer

    def check_time(self, now: float) -> None:
        """End the connection where its head takes too long, or where it was refused before."""
        if self._closing_at:
            if now >= self._closing_at and self.transport is not None:
                self.transport.close()
            return
        allowed = self._gate.limits.head_seconds
        if not (self._head_begun and allowed and now - self._head_begun > allowed):
            return
        self._closing_at = now + self._gate.limits.lingering_seconds
        if self._silent:
            self._closing_at = now  # there is no request to answer
            return
        self._send_last(write_problem(408, "too_slow", "the head did not arrive in time"))

    def cut_refused(self) -> None:
        """Cut the connection where it was refused."""
        if self._refused and self.transport is not None:
            self.transport.abort()

    def _send_last(self, answer: bytes) -> None:
        """Write an answer after which nothing is taken any more."""
        self._answer = b""
        if self.transport is None or self.transport.is_closing():
            return
        self.transport.write(answer)
        if self.transport.can_write_eof():
            self.transport.write_eof()


class GuardedSite(web.BaseSite):
    """A listening socket whose connections pass a gate.

    Args:
        runner: what is served.
        gate: the limits.
        options: the framework's, for each connection.
        host: address to listen on.
        port: 0 takes a free one.
        tls: for HTTPS.
    """

    def __init__(
        self,
        runner: web.AppRunner,
        gate: Gate,
        options: dict[str, float | bool | None],
        host: str,
        port: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(runner, ssl_context=tls, backlog=BACKLOG)
        self._gate = gate
        self._options = options
        self._host = host
        self._port = port
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The address as a URL."""
        return f"{'https' if self._ssl_context else 'http'}://{self._host}:{self._port}"

    async def start(self) -> None:
        """Listen."""
        await super().start()
        server = self._runner.server
        if server is None:
            raise RuntimeError("the runner has to be set up first")
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: GuardedHandler(self._gate, server, **self._options),
            self._host,
            self._port,
            ssl=self._ssl_context,
            ssl_handshake_timeout=self._handshake_seconds(),
            backlog=self._backlog,
        )
        self._sweeping = asyncio.create_task(self._gate.sweep())

    async def stop(self) -> None:
        """Stop listening; what is in hand goes on."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        self._gate.close()
        await super().stop()

    def _handshake_seconds(self) -> float | None:
        return (self._gate.limits.head_seconds or None) if self._ssl_context else None


def _limit_unread(transport: asyncio.BaseTransport, seconds: float) -> None:
    """Let the kernel cut the connection where the peer takes nothing for so long."""
    connection = transport.get_extra_info("socket")
    if seconds and connection is not None and connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))
