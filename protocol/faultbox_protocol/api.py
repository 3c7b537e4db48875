"""The HTTP side of the wire: paths, header names, media types, receipts and answers."""

import re
from dataclasses import dataclass

from faultbox_protocol.limits import BOOT_CHARS

BUNDLES = "/v1/bundles"
RECEIPTS = "/v1/receipts"
TIME = "/v1/time"
CONFIG = "/v1/config"
UPLOADS = "/v1/uploads"
HEARTBEATS = "/v1/heartbeats"

MEDIA_TYPE = "application/vnd.faultbox.fbx"
MSGPACK_TYPE = "application/msgpack"
"""One head and nothing else, for devices too small for frames and SHA-256."""
JSON_TYPE = "application/json"
"""Head and evidence names in one map, for curl and web forms."""
PART_TYPE = "application/partial-upload"
PROBLEM_TYPE = "application/problem+json"
PROBLEM_PREFIX = "urn:faultbox:problem:"
"""`type` of every problem of ours, followed by its reason; without it an answer is a proxy's."""

KEY_HEADER = "FB-Key"
DEVICE_HEADER = "FB-Device"
"""Any text that tells one device of a key from another: its serial number, say."""
SENT_HEADER = "FB-Sent"
"""`<boot>;<mono_ms>;<wall_ms>` of the device at the moment of sending."""

RETRY_AFTER_MAX_SECONDS = 24 * 3600
HEARTBEAT_SECONDS = 24 * 3600
"""How often a device says that it runs, with its next upload where there is one."""

_SENT = re.compile(rf"([^;]{{0,{BOOT_CHARS}}});([0-9]{{1,19}});(-?[0-9]{{1,19}})")
_MAX_INT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """The collector's word on one bundle; `sha256` is the hex digest of what it stored."""

    id: str
    sha256: str
    state: str
    sig: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The device's clocks at the moment of sending."""

    boot: str
    mono_ms: int
    wall_ms: int

    def __str__(self) -> str:
        return f"{self.boot};{self.mono_ms};{self.wall_ms}"

    @classmethod
    def parse(cls, text: str) -> "Sent | None":
        """Read an FB-Sent header; None where it is not one (it is a hint, never required)."""
        match = _SENT.fullmatch(text)
        if match is None:
            return None
        mono_ms, wall_ms = int(match[2]), int(match[3])
        if mono_ms > _MAX_INT or abs(wall_ms) > _MAX_INT:
            return None
        return cls(match[1], mono_ms, wall_ms)
