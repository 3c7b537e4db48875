"""GET /v1/receipts/{id}: what became of a bundle; GET /v1/time; GET /healthz."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from faultbox_collector.clock import wall_ms
from faultbox_collector.inbox import Inbox
from faultbox_collector.queries.receipts import ReceiptRow
from faultbox_collector.web.auth import KeyRing
from faultbox_collector.web.problems import ProblemError
from faultbox_protocol.ids import parse_bundle_id
from faultbox_protocol.words import BundleState

FindReceipt = Callable[[int, int, bytes], Awaitable[ReceiptRow | None]]
"""(organisation id, product id, bundle id) to what the database knows."""


class Receipts:
    """Answers for bundles filed with the asking key's product, and for nothing else."""

    def __init__(self, keys: KeyRing, inbox: Inbox, find: FindReceipt) -> None:
        self._keys = keys
        self._inbox = inbox
        self._find = find

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Return state, signature key and ticket number of one bundle."""
        key = self._keys.authenticate(request)
        try:
            bundle_id = parse_bundle_id(request.match_info["id"])
        except ValueError:
            raise ProblemError(400, "bad_id") from None
        # Looked at first: the digest may move it from here to the database meanwhile.
        entry = self._inbox.ids.find(bundle_id)
        row = await self._find(key.organisation_id, key.product_id, bundle_id)
        if row is not None:
            return web.json_response(
                {
                    "id": bundle_id.hex(),
                    "sha256": row.sha256.hex() if row.sha256 else None,
                    "state": row.state,
                    "sig": row.key_value,
                    "ticket": row.ticket,
                    "reason": row.reason,
                }
            )
        if entry is None and self._inbox.ids.has_gaps:
            raise ProblemError(503, "busy")  # it may wait for the digest: ask again later
        if entry is None or not entry.durable or entry.product_id != key.product_id:
            raise ProblemError(404, "not_found")
        return web.json_response(
            {
                "id": bundle_id.hex(),
                "sha256": entry.sha256.hex(),
                "state": BundleState.STORED.value,
                "sig": None,
                "ticket": None,
                "reason": None,
            }
        )


async def get_time(_request: web.Request) -> web.StreamResponse:
    """Return the collector's clock, for devices that have none."""
    return web.json_response({"now_ms": wall_ms()})


async def get_health(_request: web.Request) -> web.StreamResponse:
    """Answer as long as the process serves."""
    return web.json_response({"status": "ok"})
