"""Reports, bundles and frames with dull defaults; a test names only what it is about."""

import hashlib
from collections.abc import Sequence

from faultbox_protocol import codec
from faultbox_protocol.framing import write_frame
from faultbox_protocol.report import Err, Evidence, Frame, Head, LogLine, Product
from faultbox_protocol.words import ClockQuality, Codec, FaultKind, FrameKind, Severity

NOON_MS = 1_714_557_600_000
"""2024-05-01 10:00:00 UTC."""
BOOT = "5f0c4a0e8d5b4c1c9a3e2b7d6f801234"


def an_id(number: int = 1) -> bytes:
    """Return a bundle id (UUIDv7) that differs for each number."""
    tail = hashlib.sha256(number.to_bytes(8, "big")).digest()[:8]
    return NOON_MS.to_bytes(6, "big") + bytes([0x70, 0x01, 0x80 | tail[0] & 0x3F]) + tail[1:]


def a_product(
    name: str = "inspect-eye", *, serial: str | None = "SN-0001", app: str | None = "1.4.0"
) -> Product:
    """Return a product with a model, a serial number and versions."""
    return Product(name=name, model="IE-500", serial=serial, hw="B2", fw="3.2.1", app=app)


def a_frame(fn: str = "read_sensor", *, line: int | None = 42, app: bool = True) -> Frame:
    """Return one stack frame of the product's own code."""
    return Frame(fn=fn, mod="inspect.sensor", file="/opt/inspect/sensor.py", line=line, app=app)


def an_err(
    *,
    code: str | None = None,
    type: str | None = "ValueError",  # noqa: A002 - the wire's own name
    msg: str | None = "bad reading",
    functions: Sequence[str] = ("read_sensor", "poll", "main"),
    text: str | None = None,
) -> Err:
    """Return an exception with frames, innermost first."""
    return Err(
        code=code, type=type, msg=msg, frames=tuple(a_frame(fn) for fn in functions), text=text
    )


def a_head(
    number: int = 1,
    *,
    kind: FaultKind = FaultKind.CRASH,
    prod: Product | None = None,
    err: Err | None = None,
    t_ms: int | None = NOON_MS,
) -> Head:
    """Return the head of a crash at noon on a device whose clock is right."""
    return Head(
        id=an_id(number),
        kind=kind,
        prod=prod or a_product(),
        seq=number,
        sev=Severity.FATAL,
        t_ms=t_ms,
        clk=ClockQuality.SYNCED,
        mono_ms=60_000,
        boot=BOOT,
        err=err or an_err(),
    )


def a_log_line(text: str = "sensor read", dt_ms: int | None = -100) -> LogLine:
    """Return one log line shortly before the fault."""
    return LogLine(dt_ms=dt_ms, sev="info", unit="inspect", text=text)


def an_evidence(lines: int = 3) -> Evidence:
    """Return a short log tail and a little system state."""
    return Evidence(
        log=tuple(a_log_line(f"sensor read {n}", -100 * (lines - n)) for n in range(lines)),
        sys={"uptime_ms": 60_000, "cpu_pct": 12.5, "procs": [{"name": "inspect", "pid": 77}]},
    )


def a_bundle(
    head: Head | None = None, evidence: Evidence | None = None, blobs: Sequence[bytes] = ()
) -> bytes:
    """Return the bytes of one bundle with evidence."""
    return codec.encode_bundle(head or a_head(), evidence or an_evidence(), blobs)


def a_batch(count: int = 3) -> bytes:
    """Return the bytes of several different bundles, back to back."""
    return b"".join(a_bundle(a_head(number)) for number in range(1, count + 1))


def a_raw_bundle(*frames: bytes) -> bytes:
    """Return hand-made frames closed by an end frame with their right digest."""
    body = b"".join(frames)
    return body + write_frame(FrameKind.END, hashlib.sha256(body).digest(), Codec.IDENTITY)
