"""The keys of a fault: readable text, and its hash under a versioned name.

Several keys are made of one report, because two reports of one fault need not offer the same
evidence. `strict`, `addr` and `msg` are exact: the store looks them up in that order and
an unknown one is attached to the signature that another one found. `loose` only suggests.
No key holds a release, a line number, a host, a thread, a pid or an absolute path.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

VERSION = 1
"""Raised whenever a list, a normaliser or a recipe below changes a key that exists."""
MAX_KEY_CHARS = 1000


class KeyKind(StrEnum):
    """What a key rests on, the strongest first."""

    STRICT = "strict"
    ADDR = "addr"
    MSG = "msg"
    LOOSE = "loose"


EXACT_KINDS = frozenset({KeyKind.STRICT, KeyKind.ADDR, KeyKind.MSG})
"""Kinds under which a report may be counted without a person's word."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key; `value` is `<kind>:<version>:<first 32 hex digits of SHA-256 of text>`."""

    kind: KeyKind
    text: str
    value: str


def make_key(kind: KeyKind, parts: Sequence[str]) -> Key:
    """Join the parts that are there into a key's text and hash it."""
    text = " | ".join(part for part in parts if part)[:MAX_KEY_CHARS]
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return Key(kind, text, f"{kind}:{VERSION}:{digest}")
