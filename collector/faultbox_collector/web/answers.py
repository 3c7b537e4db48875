"""What a device is told: a receipt for each bundle that was taken, and why others were not.

Outcomes of one request become one answer: 202 or 200 with receipts, one problem for one bundle, or
207 with an item for each.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from aiohttp import web

from faultbox_collector.clock import wall_ms
from faultbox_collector.web.problems import problem, status_of
from faultbox_collector.web.wire_limits import WIRE_LIMITS
from faultbox_protocol.errors import ProtocolError
from faultbox_protocol.words import BundleState

IN_FLIGHT = "in_flight"
RATE_DEVICE = "rate_device"
_LATER = {409: IN_FLIGHT, 429: RATE_DEVICE}
"""Outcomes that are no error of the bundle's."""
_JSON = msgspec.json.Encoder()


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


def refuse(error: ProtocolError, bundle_id: bytes | None = None) -> Outcome:
    """Return the outcome of a bundle that is not taken."""
    status = status_of(error)
    return Outcome(status, bundle_id, None, refused_state(status), error)


def refused_state(status: int) -> BundleState:
    """Return the state of a bundle that was refused with a status."""
    return BundleState.REFUSED if status == 422 else BundleState.INVALID


def answer(outcomes: Sequence[Outcome]) -> web.Response:
    """Return the answer to a request whose bundles became these."""
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
    told: dict[str, object] = {
        "receipts": [_receipt(one) for one in outcomes if one.status in (200, 202)],
        "items": [_item(index, one) for index, one in enumerate(outcomes)],
        "now_ms": now_ms,
    }
    if 413 in statuses:
        told["limits"] = WIRE_LIMITS
    mixed = _json_answer(207, told)
    retry_seconds = max(outcome.retry_seconds for outcome in outcomes)
    if retry_seconds:
        mixed.headers["Retry-After"] = str(retry_seconds)
    return mixed


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
