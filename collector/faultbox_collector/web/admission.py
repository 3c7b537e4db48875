"""Who is let in, decided from the headers before the body is read.

Three token buckets (address, ingest key, device), a key that is in force, room in the inbox and on
the disk. A request costs its address one token and its key one token for each bundle; how many
bundles it holds is known only afterwards, so a key may end up owing some and waits longer then.
Devices are counted after decoding: what is over is refused bundle by bundle.
"""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from faultbox_collector.domain.addresses import Proxies, Sender, name_sender
from faultbox_collector.domain.buckets import Buckets
from faultbox_collector.domain.keys import KeyRow
from faultbox_collector.settings import Settings
from faultbox_collector.web.auth import KeyRing
from faultbox_collector.web.problems import ProblemError
from faultbox_protocol import api, limits

logger = logging.getLogger(__name__)

ADDRESSES = 50_000
"""Addresses with tokens missing that are remembered, some 8 MiB; as many devices and keys."""
LARGE_BYTES = 256 * 1024
"""Larger bodies are counted while they are in hand."""
_FORWARDED = "X-Forwarded-For"
_EXPECT = "Expect"
_LET_IN = web.RequestKey("faultbox_key", KeyRow)
_UNCOUNTED = nullcontext()
_ALL = 0
"""The owner of buckets that belong to nobody in particular."""
_LOG_SECONDS = 60.0
_BRINGING = frozenset({"POST", "PATCH", "PUT"})
"""Methods that store something; whoever reads, or deletes, needs no room."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Tokens per second, and at once; a rate of 0 switches a limit off."""

    address_per_second: float = 0
    address_burst: int = 1
    key_per_second: float = 0
    key_burst: int = 1
    device_per_second: float = 0
    device_burst: int = 1


def read_rates(settings: Settings) -> Rates:
    """Return the rates of the settings."""
    return Rates(
        address_per_second=settings.rate_address_per_second,
        address_burst=settings.rate_address_burst,
        key_per_second=settings.rate_key_per_second,
        key_burst=settings.rate_key_burst,
        device_per_second=settings.rate_device_per_minute / 60,
        device_burst=settings.rate_device_burst,
    )


class Backlog(Protocol):
    """What admission needs of an `Inbox`."""

    @property
    def is_full(self) -> bool:
        """Whether more would be refused."""
        ...


class Room(Protocol):
    """What admission needs of a `Disk`."""

    @property
    def trouble(self) -> str:
        """Why nothing can be stored; empty where something can."""
        ...

    def has_room(self, size: int, /) -> bool:
        """Count bytes as written; False where there is no room for them."""
        ...


class Admission(KeyRing):
    """The keys in force behind the limits of the devices' routes; the event loop's thread only.

    Args:
        inbox: what waits for the disk and for the digest.
        disk: where bundles go.
        rates: how much of each.
        proxies: peers whose word on their clients is taken.
        bodies_bytes: large bodies in hand at a time; 0: no limit. One key gets half of it, and
            each limit is at least one body of the largest size.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        inbox: Backlog,
        disk: Room,
        rates: Rates,
        proxies: Proxies,
        bodies_bytes: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._inbox = inbox
        self._disk = disk
        self._proxies = proxies
        self._clock = clock
        self._addresses = Buckets(rates.address_per_second, rates.address_burst, ADDRESSES)
        self._by_key = Buckets(rates.key_per_second, rates.key_burst, ADDRESSES)
        self._devices = Buckets(rates.device_per_second, rates.device_burst, ADDRESSES)
        self._bodies_bytes = bodies_bytes
        self._bodies: Counter[int] = Counter()
        self._said: dict[str, float] = {}
        self.refused: Counter[str] = Counter()
        """Requests that were turned away, and bundles for `rate_device`, by reason."""

    def authenticate(self, request: web.Request) -> KeyRow:
        """Return the key of a request that may go on.

        Raises:
            ProblemError: 401; 429 with the seconds to wait; for a request that brings something,
                503 where inbox or disk have no room.
        """
        asked_before = _EXPECT in request.headers
        if asked_before and _LET_IN in request:
            return request[_LET_IN]  # when it asked whether to send its body, it was charged
        now = self._clock()
        sender = self._find_sender(request)
        if not sender.local and not self._addresses.take(_ALL, sender.name, 1, now):
            wait = self._addresses.wait(_ALL, sender.name, 1, now)
            raise self._refuse("rate_address", sender.name, 429, wait)
        key = super().authenticate(request)
        if not self._by_key.take(_ALL, key.id, 1, now):
            wait = self._by_key.wait(_ALL, key.id, 1, now)
            raise self._refuse("rate_key", f"{key.prefix} of {key.product}", 429, wait)
        if request.method in _BRINGING:
            self._check_room(request)
        if asked_before:
            request[_LET_IN] = key
        return key

    def spend_bundles(self, key: KeyRow, count: int) -> None:
        """Charge a key for the bundles of a request beside the first, which is charged already."""
        if count > 1:
            self._by_key.charge(_ALL, key.id, count - 1, self._clock())

    def spend_device(self, key: KeyRow, serial: str | None, count: int = 1) -> int:
        """Return how many of `count` bundles of a device may be taken; those are charged.

        Devices without a serial number share a bucket of their product.
        """
        taken = self._devices.take(key.product_id, hash(serial), count, self._clock())
        if taken < count:
            self._note("rate_device", f"{serial!r} of {key.product}", count - taken)
        return taken

    def device_wait(self, key: KeyRow, serial: str | None, count: int = 1) -> int:
        """Return in how many seconds `count` bundles of a device will be taken."""
        return _whole(self._devices.wait(key.product_id, hash(serial), count, self._clock()))

    def address_of(self, request: web.Request) -> str:
        """Return the name under which a sender's address is counted, behind proxies as well."""
        return self._find_sender(request).name

    def hold_body(self, request: web.Request, key: KeyRow) -> AbstractContextManager[None]:
        """Return a context in which a large body counts as in hand.

        Raises:
            ProblemError: on entering it, 503: there are enough of them.
        """
        length = request.content_length
        if (length is not None and length <= LARGE_BYTES) or not self._bodies_bytes:
            return _UNCOUNTED
        return self._hold(limits.BODY_BYTES if length is None else length, key)

    @contextmanager
    def _hold(self, size: int, key: KeyRow) -> Iterator[None]:
        most = self._bodies_bytes
        if self._bodies.total() + size > max(most, limits.BODY_BYTES) or self._bodies[
            key.id
        ] + size > max(most // 2, limits.BODY_BYTES):
            raise self._refuse("busy", "too many large bodies at a time", 503)
        self._bodies[key.id] += size
        try:
            yield
        finally:
            self._bodies[key.id] -= size

    def _check_room(self, request: web.Request) -> None:
        if self._inbox.is_full:
            raise self._refuse("busy", "the digest is far behind", 503)
        length = request.content_length
        if not self._disk.has_room(LARGE_BYTES if length is None else length):
            raise self._refuse("disk_full", self._disk.trouble, 503)

    def _find_sender(self, request: web.Request) -> Sender:
        peer = request.remote or ""
        if self._proxies and self._proxies.has(peer):
            return self._proxies.find_client(peer, request.headers.getall(_FORWARDED, ()))
        return name_sender(peer)

    def _refuse(
        self, reason: str, who: str, status: int, wait: float | None = None
    ) -> ProblemError:
        self._note(reason, who, 1)
        return ProblemError(status, reason, retry_seconds=None if wait is None else _whole(wait))

    def _note(self, reason: str, who: str, count: int) -> None:
        """Count it, and tell the operator about once a minute."""
        self.refused[reason] += count
        now = self._clock()
        if now - self._said.get(reason, -math.inf) >= _LOG_SECONDS:
            self._said[reason] = now
            logger.warning("refused: %s (%s); %d so far", reason, who, self.refused[reason])


def _whole(seconds: float) -> int:
    """Return whole seconds for Retry-After, at least one."""
    return min(max(1, math.ceil(seconds - 1e-6)), api.RETRY_AFTER_MAX_SECONDS)
