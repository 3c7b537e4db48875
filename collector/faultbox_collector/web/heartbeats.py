"""POST /v1/heartbeats: which devices ran; answered when it is durable, many requests at a time.

What comes while the database works waits for the next transaction, so batches form by themselves:
one request when it is quiet, dozens when a fleet wakes up.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from faultbox_collector.clock import wall_ms
from faultbox_collector.web.auth import KeyRing
from faultbox_collector.web.body import BodyLimits, read_body
from faultbox_collector.web.problems import ProblemError
from faultbox_protocol import api, limits, packing
from faultbox_protocol.beats import Beat, beats_from_map
from faultbox_protocol.errors import Invalid, TooLarge, Unsupported
from faultbox_protocol.json_text import unpack_json
from faultbox_protocol.report import Plain

logger = logging.getLogger(__name__)

WAITING_BEATS = 20_000
"""More than this waiting for the database, some 10 MiB, and senders are asked to come again."""
_BATCH_BEATS = 5_000
"""In one transaction: it also keeps the digest waiting."""


@dataclass(frozen=True, slots=True)
class BeatGroup:
    """The heartbeats of one request; all are of one product."""

    organisation_id: int
    product_id: int
    received_ms: int
    beats: tuple[Beat, ...]


StoreBeats = Callable[[Sequence[BeatGroup]], Awaitable[Sequence[int]]]
"""Stores groups in one transaction; returns how many beats of each have a day that can be."""


class Heartbeats:
    """The door for heartbeats."""

    def __init__(self, keys: KeyRing, slow: BodyLimits, store: StoreBeats) -> None:
        self._keys = keys
        self._slow = slow
        self._store = store
        self._waiting: list[tuple[BeatGroup, asyncio.Future[int]]] = []
        self._waiting_beats = 0
        self._storing: asyncio.Task[None] | None = None

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Take heartbeats as JSON or msgpack; 202 with how many count."""
        key = self._keys.authenticate(request)
        unpack = _choose_reader(request)
        if (request.content_length or 0) > limits.BEATS_BYTES:
            raise TooLarge("body_too_large", f"at most {limits.BEATS_BYTES} bytes")
        body = await read_body(request, self._slow, limits.BEATS_BYTES)
        beats = beats_from_map(unpack(bytes(body)))
        if any(beat.product != key.product for beat in beats):
            raise Invalid("product_mismatch", f"the key is for {key.product!r}")
        now_ms = wall_ms()
        accepted = await self._wait(BeatGroup(key.organisation_id, key.product_id, now_ms, beats))
        told = {"accepted": accepted, "ignored": len(beats) - accepted, "now_ms": now_ms}
        return web.json_response(told, status=202)

    async def _wait(self, group: BeatGroup) -> int:
        """Return when the group is durable."""
        if self._waiting_beats and self._waiting_beats + len(group.beats) > WAITING_BEATS:
            raise ProblemError(503, "busy")
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((group, done))
        self._waiting_beats += len(group.beats)
        if self._storing is None:
            self._storing = asyncio.create_task(self._store_waiting())
        return await done

    async def _store_waiting(self) -> None:
        while batch := self._take_batch():
            try:
                counts = await self._store([group for group, _ in batch])
            except Exception as error:
                logger.exception("heartbeats could not be stored")
                refusal = ProblemError(503, "internal", "the heartbeats were not stored")
                refusal.__cause__ = error
                for _, done in batch:
                    if not done.done():
                        done.set_exception(refusal)
            else:
                for (_, done), count in zip(batch, counts, strict=True):
                    if not done.done():
                        done.set_result(count)
        self._storing = None

    def _take_batch(self) -> list[tuple[BeatGroup, asyncio.Future[int]]]:
        """Return what goes into the next transaction: at least one request, where one waits."""
        size = count = 0
        for group, _ in self._waiting:
            if count and size + len(group.beats) > _BATCH_BEATS:
                break
            size += len(group.beats)
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_beats -= size
        return batch


def _choose_reader(request: web.Request) -> Callable[[bytes], dict[str, Plain]]:
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Unsupported("content_encoding", "heartbeats are sent as they are")
    if request.content_type == api.JSON_TYPE:
        return unpack_json
    if request.content_type == api.MSGPACK_TYPE:
        return packing.unpack
    expected = f"expected {api.JSON_TYPE} or {api.MSGPACK_TYPE}"
    raise Unsupported("content_type", f"{expected}, got {request.content_type}")
