"""The payloads as bundles, made to be stamped: all of a bundle but its head is written once.

A head has an id, a time and a serial number of its own in every bundle, so it is packed and
compressed anew, and the end frame with the SHA-256 is too. The rest is the same bytes each time.
"""

import hashlib
import json
from dataclasses import dataclass, replace

from faultbox_protocol import framing, packing, schema
from faultbox_protocol.codec import encode_bundle, scan_bundle
from faultbox_protocol.framing import write_frame
from faultbox_protocol.report import (
    Attachment,
    Err,
    Evidence,
    Frame,
    Head,
    LogLine,
    Plain,
    Product,
    Where,
)
from faultbox_protocol.words import ClockQuality, Codec, FaultKind, FrameKind, Place, Severity
from tools.bench.payloads import Fault, Line, make_fault, make_serial, make_surroundings

PRODUCT = "EdgeBox 400"
PROCESSES_IN_STATE = 20
_ID = b"@" * 16
_T_MS = 1_795_342_200_000
_PACKED_T_MS = packing.pack({"t_ms": _T_MS})[1:]


@dataclass(frozen=True, slots=True)
class Template:
    """One bundle but for what is its own: `head` is msgpack, `tail` the frames behind it."""

    head: bytes
    serial: bytes
    tail: bytes

    def stamp(self, bundle_id: bytes, t_ms: int, serial: bytes) -> tuple[bytes, bytes]:
        """Return the head frame and the end frame of a bundle; the tail lies between them."""
        raw = self.head.replace(_ID, bundle_id).replace(self.serial, serial)
        raw = raw.replace(_PACKED_T_MS, packing.pack({"t_ms": t_ms})[1:])
        head = write_frame(FrameKind.HEAD, raw)
        digest = hashlib.sha256(head)
        digest.update(self.tail)
        return head, write_frame(FrameKind.END, digest.digest(), Codec.IDENTITY)


def make_report(
    number: int, *, crash: bool, product: str = PRODUCT
) -> tuple[Head, Evidence, list[bytes]]:
    """Return head, evidence and blobs of fault `number`."""
    fault = make_fault(number)
    head = _make_head(fault, product, crash=crash)
    if not crash:
        return head, _make_evidence(fault), []
    around = make_surroundings(number)
    evidence = replace(
        _make_evidence(fault),
        log=tuple(_log_line(line) for line in (*around.log, *around.kernel)),
        sys={**around.state, "procs": list(around.processes[:PROCESSES_IN_STATE])},
    )
    rest = json.dumps(around.processes[PROCESSES_IN_STATE:], separators=(",", ":")).encode()
    files = (
        Attachment(
            "processes.json", "application/json", len(rest), hashlib.sha256(rest).hexdigest(), i=0
        ),
    )
    return replace(head, att=files), evidence, [rest]


def make_template(number: int, *, crash: bool, product: str = PRODUCT) -> Template:
    """Return the template of fault `number`."""
    head, evidence, blobs = make_report(number, crash=crash, product=product)
    bundle = scan_bundle(memoryview(encode_bundle(head, evidence, blobs)))
    raw = framing.open_section(bundle.buffer, bundle.head, 1 << 20)
    serial = make_serial(number).encode()
    for own in (_ID, serial, _PACKED_T_MS):
        if raw.count(own) != 1:
            raise ValueError(f"{own!r} is not once in the head of fault {number}")
    end_frame = bundle.end - framing.HEADER_BYTES - len(bundle.sha256)
    return Template(raw, serial, bytes(bundle.buffer[bundle.head.end : end_frame]))


def measure_payloads(count: int = 50) -> dict[str, dict[str, int]]:
    """Return mean bytes of errors and crashes: as JSON, and as bundles."""
    found = {}
    for name, crash in (("error", False), ("crash", True)):
        plain = packed = 0
        for number in range(count):
            head, evidence, blobs = make_report(number, crash=crash)
            packed += len(encode_bundle(head, evidence, blobs))
            tree = schema.head_to_map(head) | schema.evidence_to_map(evidence)
            plain += len(json.dumps(tree, default=bytes.hex)) + sum(map(len, blobs))
        found[name] = {"json_bytes": plain // count, "bundle_bytes": packed // count}
    return found


def _make_head(fault: Fault, product: str, *, crash: bool) -> Head:
    return Head(
        id=_ID,
        kind=FaultKind.CRASH if crash else FaultKind.ERROR,
        prod=Product(
            product,
            model="EdgeBox-3",
            serial=fault.serial,
            batch=fault.tags["batch"],
            hw="C2",
            fw="4.2.1",
            app="9.1.0",
        ),
        seq=fault.number,
        sev=Severity.FATAL if crash else Severity.ERROR,
        t_ms=_T_MS,
        clk=ClockQuality.SYNCED,
        mono_ms=86_400_000 + fault.number,
        boot="0b6d2f0e-6c43-4c0a-9a6b-0123456789ab",
        where=Where(env=Place.CUSTOMER_SITE, site=fault.tags["site"], host="edge-0001"),
        err=Err(
            code=fault.code,
            type=fault.type,
            msg=fault.message,
            frames=tuple(
                Frame(fn=call.function, mod=call.module, file=call.file, line=call.line, app=True)
                for call in reversed(fault.calls)
            ),
        ),
    )


def _make_evidence(fault: Fault) -> Evidence:
    frames: list[Plain] = [
        {
            "fn": call.function,
            "file": call.file,
            "line": call.line,
            "before": list(call.before),
            "text": call.text,
            "after": list(call.after),
            "values": call.values,
        }
        for call in reversed(fault.calls)
    ]
    return Evidence(
        sys={"runtime": "CPython 3.11.7", "kernel": "Linux 5.10.192", "arch": "aarch64"},
        crumbs=tuple(
            {"t_ms": one.dt_ms, "level": one.level, "unit": one.unit, "text": one.text}
            for one in fault.crumbs
        ),
        threads=({"name": "MainThread", "frames": frames},),
        modules=tuple({"name": name, "version": v} for name, v in fault.packages.items()),
        x={**fault.tags, "release": "fleet@4.2.1", "server": "edge-0001"},
    )


def _log_line(line: Line) -> LogLine:
    return LogLine(line.dt_ms, line.level, line.unit, line.text)
