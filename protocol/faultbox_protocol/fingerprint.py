"""The agent's own fingerprint of a fault: cheap, the same code on both sides of the wire.

It steers what a device sends (rate limits, holds); it never decides which ticket a fault joins,
because the collector's signature engine is newer than the devices in the field.
"""

import hashlib

from faultbox_protocol.report import Fingerprint, Frame, Head

ALGORITHM = 1
_FRAMES = 5


def compute_fingerprint(head: Head) -> Fingerprint:
    """Return product, kind, what went wrong and the innermost own functions, hashed."""
    parts = [head.prod.name, str(head.kind)]
    err = head.err
    if err is not None:
        parts.append(err.code or err.type or (f"signal {err.sig_no}" if err.sig_no else ""))
        own = [frame for frame in err.frames if frame.app] or list(err.frames)
        parts += [_frame_name(frame) for frame in own[:_FRAMES]]
    digest = hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()
    return Fingerprint(ALGORITHM, digest[:32], tuple(part[:256] for part in parts))


def _frame_name(frame: Frame) -> str:
    module = (frame.mod or frame.file or "").replace("\\", "/").rsplit("/", 1)[-1]
    return f"{module}!{frame.fn or frame.off or '?'}"
