"""Which product an ingest key belongs to: a hash look-up in memory, nothing on the disk.

A key is a spam filter, not an identity: it may write bundles of its product and read their
receipts, nothing else. The table is loaded at start and again every few seconds, so that a key
revoked by another process stops working.
"""

from collections.abc import Iterable

from aiohttp import web

from faultbox_collector.domain.keys import KeyRow, hash_key
from faultbox_collector.web.problems import ProblemError
from faultbox_protocol import api

_BEARER = "bearer "
_KEY_CHARS = 128


class KeyRing:
    """The keys in force."""

    def __init__(self) -> None:
        self._keys: dict[bytes, KeyRow] = {}

    def load(self, rows: Iterable[KeyRow]) -> None:
        """Take the keys as they are now; revoked ones are left out."""
        self._keys = {row.key_hash: row for row in rows if row.revoked_ms is None}

    def authenticate(self, request: web.Request) -> KeyRow:
        """Return the key of a request, from FB-Key or Authorization: Bearer.

        Raises:
            ProblemError: 401, the key is missing, unknown or revoked.
        """
        key = request.headers.get(api.KEY_HEADER, "")
        if not key:
            given = request.headers.get("Authorization", "")
            if given[: len(_BEARER)].lower() == _BEARER:
                key = given[len(_BEARER) :].strip()
        row = self._keys.get(hash_key(key)) if 0 < len(key) <= _KEY_CHARS else None
        if row is None:
            raise ProblemError(401, "unknown_key")
        return row
