"""POST /v1/bundles: check, make durable, then answer. Nothing else happens before the 202."""

from collections.abc import Sequence

from aiohttp import web

from faultbox_collector.clock import wall_ms
from faultbox_collector.domain.keys import KeyRow
from faultbox_collector.domain.outcome_names import DUPLICATE
from faultbox_collector.inbox import Inbox, InboxFull
from faultbox_collector.outcomes import Outcomes
from faultbox_collector.pack.records import Arrival, encode_arrival
from faultbox_collector.pack.writer import Buffer, PackSyncError, PackWriteError
from faultbox_collector.web.admission import Admission
from faultbox_collector.web.answers import (
    IN_FLIGHT,
    RATE_DEVICE,
    Outcome,
    answer,
    refuse,
    refused_state,
)
from faultbox_collector.web.body import (
    MOST_BYTES,
    BodyLimits,
    CutOffError,
    check_headers,
    read_body,
)
from faultbox_collector.web.checking import Checked, Found, check_body
from faultbox_collector.web.problems import ProblemError, problem, status_of
from faultbox_protocol import api
from faultbox_protocol.api import Sent
from faultbox_protocol.errors import Invalid, ProtocolError
from faultbox_protocol.words import BundleState

_FINAL = frozenset({400, 413, 415, 422})
"""Answers after which a device gives a bundle up, or sends it under a new id."""


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
            content_type = check_headers(request)
            with self._keys.hold_body(request, key):
                body = await read_body(request, self._slow, MOST_BYTES[content_type])
                found = await check_body(content_type, body, key.product)
                self._keys.spend_bundles(key, len(found))
                outcomes = await self._store(found, key, content_type, _clocks(request))
        except CutOffError:
            raise  # nobody hears it: the device comes again
        except (ProblemError, ProtocolError) as error:
            self._count_whole(key, error)
            raise
        self._count(key, outcomes)
        return answer(outcomes)

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
            state = str(refused_state(status))
            self._decided.add(key.organisation_id, key.product_id, state, error.reason)

    async def _store(
        self, found: Found, key: KeyRow, content_type: str, sent: str
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        fresh: dict[bytes, Checked] = {}
        over: dict[str | None, list[Outcome]] = {}
        for item in found:
            if isinstance(item, ProtocolError):
                outcomes.append(refuse(item))
                continue
            outcome = self._known(item, fresh)
            if outcome is None and not self._keys.spend_device(key, item.serial):
                outcome = Outcome(429, item.id, None, RATE_DEVICE)
                over.setdefault(item.serial, []).append(outcome)
            elif outcome is None:
                fresh[item.id] = item
                outcome = Outcome(202, item.id, item.sha256)
            outcomes.append(outcome)
        for serial, refused in over.items():
            wait = self._keys.device_wait(key, serial, len(refused))
            for outcome in refused:
                outcome.retry_seconds = wait
        if fresh:
            await self._make_durable(fresh, key, _arrival(key, content_type, sent, fresh))
        return outcomes

    def _known(self, item: Checked, fresh: dict[bytes, Checked]) -> Outcome | None:
        """Return the outcome of an id that is here already, None for a new one."""
        entry = self._inbox.ids.find(item.id)
        if entry is not None and not entry.durable:
            return Outcome(409, item.id, item.sha256, IN_FLIGHT)
        if entry is not None:
            before = entry.sha256
        elif item.id in fresh:
            before = fresh[item.id].sha256
        else:
            return None
        if before == item.sha256:
            return Outcome(200, item.id, before, BundleState.DUPLICATE)
        return refuse(Invalid("id_reused", item.id.hex()), item.id)

    async def _make_durable(self, fresh: dict[bytes, Checked], key: KeyRow, arrival: bytes) -> None:
        buffers: list[Buffer] = []
        for bundle_id, item in fresh.items():
            # Before the write: the digest may be done with it before this task runs again.
            self._inbox.ids.remember(bundle_id, item.sha256, key.product_id)
            buffers += (arrival, item.data)
        try:
            await self._inbox.accept(buffers)
        except BaseException as error:
            self._inbox.ids.forget(fresh)
            if isinstance(error, InboxFull | PackWriteError | PackSyncError):
                raise _refuse_all(error) from error
            raise
        self._inbox.ids.confirm(fresh)


def _arrival(key: KeyRow, content_type: str, sent: str, fresh: dict[bytes, Checked]) -> bytes:
    """Return the arrival frame of a request's bundles; of another form than FBX there is one."""
    made = None if content_type == api.MEDIA_TYPE else next(iter(fresh.values())).sha256
    return encode_arrival(Arrival(wall_ms(), key.organisation_id, key.product_id, sent, made))


def _clocks(request: web.Request) -> str:
    """Return the FB-Sent header where it is one: what is written here must be read again."""
    text = request.headers.get(api.SENT_HEADER, "")
    return text if text.isascii() and text.isprintable() and Sent.parse(text) else ""


def _refuse_all(error: InboxFull | PackWriteError | PackSyncError) -> ProblemError:
    """Return what the sender is told when nothing could be made durable."""
    if isinstance(error, InboxFull):
        return ProblemError(503, "busy")
    return ProblemError(503, "disk_full" if isinstance(error, PackWriteError) else "internal")
