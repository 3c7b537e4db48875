"""GET /v1/config: what this collector takes, so that a device need not find out by being refused.

The answer is the same until the collector changes, and so is its ETag: a device asks with
If-None-Match and nearly always gets an empty 304.
"""

import hashlib
import json
import re

from aiohttp import web

from faultbox_collector.web.auth import KeyRing
from faultbox_collector.web.wire_limits import WIRE_LIMITS
from faultbox_protocol import api, schema
from faultbox_protocol.words import Codec

_ETAG = re.compile(r'(?:W/)?("[^"]*")')
_CONFIG = {
    "versions": [schema.VERSION],
    "crit": sorted(schema.KNOWN_CRIT),
    "content_types": [api.MEDIA_TYPE, api.MSGPACK_TYPE, api.JSON_TYPE],
    "codecs": {codec.name.lower(): int(codec) for codec in Codec},
    "limits": WIRE_LIMITS,
    "heartbeat_s": api.HEARTBEAT_SECONDS,
    "retry_after_max_s": api.RETRY_AFTER_MAX_SECONDS,
}
_BODY = json.dumps(_CONFIG).encode()
ETAG = f'"{hashlib.sha256(_BODY).hexdigest()[:16]}"'


class Config:
    """Tells whoever has a key what the collector takes."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Return limits, media types, codecs, versions and intervals; 304 where they are known."""
        self._keys.authenticate(request)
        headers = {"ETag": ETAG, "Cache-Control": "no-cache"}
        if _is_known(request.headers.getall("If-None-Match", [])):
            return web.Response(status=304, headers=headers)
        return web.Response(body=_BODY, headers=headers, content_type=api.JSON_TYPE)


def _is_known(conditions: list[str]) -> bool:
    """Tell whether If-None-Match has our ETag, compared weakly (RFC 9110, 8.8.3.2)."""
    joined = ",".join(conditions)
    return joined.strip() == "*" or ETAG in _ETAG.findall(joined)
