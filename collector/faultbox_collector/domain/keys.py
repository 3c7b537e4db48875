"""Ingest keys as the intake needs them."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One ingest key; the key itself is not kept."""

    id: int
    organisation_id: int
    product_id: int
    product: str
    prefix: str
    key_hash: bytes
    created_ms: int
    revoked_ms: int | None


def hash_key(key: str) -> bytes:
    """Return what is stored of an ingest key; 130 random bits need no slow hash."""
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()
