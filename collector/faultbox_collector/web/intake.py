"""POST /v1/bundles: check, make durable, then answer. Nothing else happens before the 202."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import msgspec
from aiohttp import web

from faultbox_collector.clock import wall_ms
from faultbox_collector.domain.keys import KeyRow
from faultbox_collector.domain.outcome_names import DUPLICATE
from faultbox_collector.heads import read_head
from faultbox_collector.inbox import Inbox, InboxFull, Undigested
from faultbox_collector.outcomes import Outcomes
from faultbox_collector.pack.records import Arrival, encode_arrival
from faultbox_collector.pack.writer import Buffer, PackSyncError, PackWriteError
from faultbox_collector.web.admission import Admission
from faultbox_collector.web.body import BodyLimits, check_headers, read_body
from faultbox_collector.web.problems import ProblemError, problem, status_of
from faultbox_protocol import api
from faultbox_protocol.api import Sent
from faultbox_protocol.codec import Bundle, split_batch
from faultbox_protocol.errors import Invalid, ProtocolError
from faultbox_protocol.words import BundleState

_INLINE_BYTES = 64 * 1024
"""Larger bodies are checked in a thread: a hundred heads, or 16 MiB to hash, take 20 ms."""
_INLINE_SECONDS = 0.005
"""A small body that takes longer goes on in a thread: 14 KB can hold a hundred heads that open to
64 KiB each, and take 0.7 s."""

_IN_FLIGHT = "in_flight"
_RATE_DEVICE = "rate_device"
_LATER = {409: _IN_FLIGHT, 429: _RATE_DEVICE}
"""Outcomes that are no error of the bundle's."""
_JSON = msgspec.json.Encoder()
_STATES = {422: BundleState.REFUSED}
_FINAL = frozenset({400, 413, 415, 422})
"""Answers after which a device gives a bundle up, or sends it under a new id."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One intact bundle of a request whose head can be read.

    The head itself is not kept: a hundred of them can take 20 MiB.
    """

    id: bytes
    serial: str | None
    bundle: Bundle


@dataclass(slots=True)
class Outcome:
    """What became of one bundle of a request."""

    status: int
    id: bytes | None = None
    sha256: bytes | None = None
    state: str = BundleState.STORED
    error: ProtocolError | None = None
    retry_seconds: int = 0
    """When all that were refused of this device will be taken."""


def check_each(body: bytes | bytearray, product: str) -> Iterator[Checked | ProtocolError]:
    """Yield each bundle of a body, checked and its head decoded, or what is wrong with it."""
    for item in split_batch(memoryview(body)):
        if isinstance(item, ProtocolError):
            yield item
            continue
        try:
            head = read_head(item)
            if head.prod.name != product:
                raise Invalid("product_mismatch", f"the key is for {product!r}")
        except ProtocolError as error:
            yield error
        else:
            yield Checked(head.id, head.prod.serial, item)


async def check_body(body: bytes | bytearray, product: str) -> list[Checked | ProtocolError]:
    """Return what `check_each` finds, without keeping the loop from others for long."""
    items = check_each(body, product)
    if len(body) > _INLINE_BYTES:
        return await asyncio.to_thread(list, items)
    begun = perf_counter()
    found = []
    for item in items:
        found.append(item)
        if perf_counter() - begun > _INLINE_SECONDS:
            return found + await asyncio.to_thread(list, items)
    return found


class Intake:
    """The device's door."""

    def __init__(self, keys: Admission, inbox: Inbox, slow: BodyLimits, decided: Outcomes) -> None:
        self._keys = keys
        self._inbox = inbox
        self._slow = slow
        self._decided = decided

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Take a batch of bundles; answer when they are durable."""
        key = self._keys.authenticate(request)
        try:
            check_headers(request)
            with self._keys.hold_body(request, key):
                body = await read_body(request, self._slow)
                checked = await check_body(body, key.product)
                self._keys.spend_bundles(key, len(checked))
                outcomes = await self._store(checked, key, _clocks(request))
        except (ProblemError, ProtocolError) as error:
            self._count_whole(key, error)
            raise
        self._count(key, outcomes)
        return _answer(outcomes)

    async def expect(self, request: web.Request) -> web.StreamResponse | None:
        """Answer `Expect: 100-continue`: who will be refused need not send the body."""
        try:
            self._keys.authenticate(request)
            check_headers(request)
        except ProblemError as error:
            return error.answer()
        except ProtocolError as error:
            return problem(status_of(error), error.reason, error.detail)
        if request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return None

    def _count(self, key: KeyRow, outcomes: Sequence[Outcome]) -> None:
        """Count what ends here; the digest counts what went into the pack."""
        for one in outcomes:
            if one.error is not None:
                self._decided.add(
                    key.organisation_id, key.product_id, str(one.state), one.error.reason
                )
            elif one.state == BundleState.DUPLICATE:
                self._decided.add(key.organisation_id, key.product_id, DUPLICATE)

    def _count_whole(self, key: KeyRow, error: ProblemError | ProtocolError) -> None:
        """Count a request that was refused whole, and for good, as one bundle."""
        status = error.status if isinstance(error, ProblemError) else status_of(error)
        if status in _FINAL:
            state = str(_STATES.get(status, BundleState.INVALID))
            self._decided.add(key.organisation_id, key.product_id, state, error.reason)

    async def _store(
        self, checked: Sequence[Checked | ProtocolError], key: KeyRow, sent: str
    ) -> list[Outcome]:
        arrival = encode_arrival(Arrival(wall_ms(), key.organisation_id, key.product_id, sent))
        outcomes: list[Outcome] = []
        fresh: dict[bytes, Checked] = {}
        over: dict[str | None, list[Outcome]] = {}
        for item in checked:
            if isinstance(item, ProtocolError):
                outcomes.append(_refusal(item))
                continue
            outcome = self._known(item, fresh)
            if outcome is None and not self._keys.spend_device(key, item.serial):
                outcome = Outcome(429, item.id, None, _RATE_DEVICE)
                over.setdefault(item.serial, []).append(outcome)
            elif outcome is None:
                fresh[item.id] = item
                outcome = Outcome(202, item.id, item.bundle.sha256)
            outcomes.append(outcome)
        for serial, refused in over.items():
            wait = self._keys.device_wait(key, serial, len(refused))
            for outcome in refused:
                outcome.retry_seconds = wait
        if fresh:
            await self._make_durable(fresh, key, arrival)
        return outcomes

    def _known(self, item: Checked, fresh: dict[bytes, Checked]) -> Outcome | None:
        """Return the outcome of an id that is here already, None for a new one."""
        entry = self._inbox.undigested(item.id)
        if entry is not None and not entry.durable:
            return Outcome(409, item.id, item.bundle.sha256, _IN_FLIGHT)
        if entry is not None:
            before = entry.sha256
        elif item.id in fresh:
            before = fresh[item.id].bundle.sha256
        else:
            return None
        if before == item.bundle.sha256:
            return Outcome(200, item.id, before, BundleState.DUPLICATE)
        return _refusal(Invalid("id_reused", item.id.hex()), item.id)

    async def _make_durable(self, fresh: dict[bytes, Checked], key: KeyRow, arrival: bytes) -> None:
        entries = []
        buffers: list[Buffer] = []
        for bundle_id, item in fresh.items():
            entry = Undigested(item.bundle.sha256, key.product_id)
            entries.append(entry)
            # Before the write: the digest may be done with it before this task runs again.
            self._inbox.remember(bundle_id, entry)
            buffers += (arrival, item.bundle.data)
        try:
            await self._inbox.accept(buffers)
        except BaseException as error:
            self._inbox.forget(fresh)
            if isinstance(error, InboxFull | PackWriteError | PackSyncError):
                raise _refuse_all(error) from error
            raise
        for entry in entries:
            entry.durable = True


def _clocks(request: web.Request) -> str:
    """Return the FB-Sent header where it is one: what is written here must be read again."""
    text = request.headers.get(api.SENT_HEADER, "")
    return text if text.isascii() and text.isprintable() and Sent.parse(text) else ""


def _refuse_all(error: InboxFull | PackWriteError | PackSyncError) -> ProblemError:
    """Return what the sender is told when nothing could be made durable."""
    if isinstance(error, InboxFull):
        return ProblemError(503, "busy")
    return ProblemError(503, "disk_full" if isinstance(error, PackWriteError) else "internal")


def _refusal(error: ProtocolError, bundle_id: bytes | None = None) -> Outcome:
    status = status_of(error)
    state = _STATES.get(status, BundleState.INVALID)
    return Outcome(status, bundle_id, None, state, error)


def _answer(outcomes: Sequence[Outcome]) -> web.Response:
    statuses = {outcome.status for outcome in outcomes}
    now_ms = wall_ms()
    if statuses <= {200, 202}:
        status = 202 if 202 in statuses else 200
        receipts = [_receipt(outcome) for outcome in outcomes]
        return _json_answer(status, {"receipts": receipts, "now_ms": now_ms})
    if len(outcomes) == 1:
        only = outcomes[0]
        if only.error is None:
            retry_seconds = only.retry_seconds or None
            return problem(only.status, _LATER[only.status], retry_seconds=retry_seconds)
        return problem(only.status, only.error.reason, only.error.detail)
    answer = _json_answer(
        207,
        {
            "receipts": [_receipt(one) for one in outcomes if one.status in (200, 202)],
            "items": [_item(index, one) for index, one in enumerate(outcomes)],
            "now_ms": now_ms,
        },
    )
    retry_seconds = max(outcome.retry_seconds for outcome in outcomes)
    if retry_seconds:
        answer.headers["Retry-After"] = str(retry_seconds)
    return answer


def _json_answer(status: int, body: object) -> web.Response:
    return web.Response(
        body=_JSON.encode(body), status=status, content_type="application/json", charset="utf-8"
    )


def _receipt(outcome: Outcome) -> dict[str, str | None]:
    return {
        "id": outcome.id.hex() if outcome.id else None,
        "sha256": outcome.sha256.hex() if outcome.sha256 else None,
        "state": str(outcome.state),
        "sig": None,
        "ticket": None,
    }


def _item(index: int, outcome: Outcome) -> dict[str, str | int | None]:
    return {
        "index": index,
        "id": outcome.id.hex() if outcome.id else None,
        "status": outcome.status,
        "state": str(outcome.state),
        "reason": _reason(outcome),
        "detail": outcome.error.detail if outcome.error else None,
    }


def _reason(outcome: Outcome) -> str | None:
    if outcome.error is not None:
        return outcome.error.reason
    return _LATER.get(outcome.status)
