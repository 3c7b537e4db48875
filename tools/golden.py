"""Write the golden bundles of one protocol version: `python tools/golden.py v1`.

A golden file is a promise that every later reader takes it, so this program never overwrites one:
it writes only what is missing, the bundle as `NAME.fbx` and what it says as `NAME.json`.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from faultbox_protocol import codec, schema
from faultbox_protocol.codec import Bundle
from faultbox_protocol.framing import write_frame
from faultbox_protocol.packing import pack
from faultbox_protocol.report import (
    Attachment,
    Cause,
    Err,
    Evidence,
    Fingerprint,
    Frame,
    Head,
    LogLine,
    Plain,
    Product,
    Scrub,
    Where,
)
from faultbox_protocol.words import ClockQuality, Codec, FaultKind, FrameKind, Place, Severity

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "protocol" / "golden"
NOON_MS = 1_714_557_600_000
BOOT = "5f0c4a0e8d5b4c1c9a3e2b7d6f801234"


def make_id(number: int) -> bytes:
    """Return a bundle id that is the same on every run."""
    tail = hashlib.sha256(b"golden %d" % number).digest()
    return NOON_MS.to_bytes(6, "big") + bytes([0x70, number, 0x80]) + tail[:7]


def make_smallest() -> bytes:
    """Return what a microcontroller sends: four fields, no compression."""
    head = Head(id=make_id(1), kind=FaultKind.REBOOT, prod=Product("pump"))
    return codec.encode_bundle(head, codec=Codec.IDENTITY)


def make_python_crash() -> bytes:
    """Return a crash with every part of head and evidence filled."""
    core = bytes(range(256)) * 16
    frames = (
        Frame("read_sensor", "inspect.sensor", "/opt/inspect/sensor.py", 42, app=True),
        Frame("poll", "inspect.loop", "/opt/inspect/loop.py", 7, app=True),
        Frame("run", "asyncio.runners", "/usr/lib/python3.11/asyncio/runners.py", 118, app=False),
    )
    head = Head(
        id=make_id(2),
        kind=FaultKind.CRASH,
        prod=Product(
            "inspect-eye", "IE-500", "SN-0001", "B24-05", "B2", "3.2.1", "1.4.0", "c0ffee", "stable"
        ),
        seq=17,
        sev=Severity.FATAL,
        t_ms=NOON_MS,
        clk=ClockQuality.SYNCED,
        mono_ms=60_000,
        boot=BOOT,
        n=3,
        t0_ms=NOON_MS - 9000,
        t1_ms=NOON_MS,
        where=Where(Place.CUSTOMER_SITE, "Suzhou line 4", "ie-500-0001"),
        err=Err(
            type="ValueError",
            msg="bad reading: -273.16",
            frames=frames,
            causes=(Cause("struct.error", "unpack requires 4 bytes", frames[:1]),),
            text="Traceback (most recent call last):\n  ...\nValueError: bad reading: -273.16\n",
        ),
        fp=Fingerprint(1, "0123456789abcdef" * 2, ("inspect-eye", "crash", "ValueError")),
        att=(
            Attachment(
                "core", "application/octet-stream", len(core), hashlib.sha256(core).hexdigest(), i=0
            ),
        ),
        form={"phenomenon": "屏幕黑屏"},
        drops={"rate": 2, "spool_full": 1},
        scrub=Scrub(1, 4),
        of=make_id(1),
    )
    evidence = Evidence(
        log=(LogLine(-1500, "info", "inspect", "sensor read 1"), LogLine(0, "error", None, "故障")),
        sys={"uptime_ms": 60_000, "cpu_pct": 12.5, "procs": [{"name": "inspect", "pid": 77}]},
        crumbs=({"t_ms": -500, "text": "button pressed"},),
        threads=({"name": "MainThread", "frames": [{"fn": "poll"}]},),
        modules=({"name": "libc.so.6", "build_id": "ab12"},),
        form={"repro": "开机后立即出现"},
        x={"line": "A", "shift": 2, "ok": False},
    )
    return codec.encode_bundle(head, evidence, [core])


def make_native_signal() -> bytes:
    """Return a death by signal with addresses, sent with zlib."""
    frames = (
        Frame("strlen", "libc.so.6", off=0x9D2E5, build_id="ab12cd34", app=False),
        Frame("show_status", "panel", "panel.c", 88, 0x11B9, "0badcafe", True),
    )
    head = Head(
        id=make_id(3),
        kind=FaultKind.CRASH,
        prod=Product("panel", fw="2.0"),
        sev=Severity.FATAL,
        clk=ClockQuality.NONE,
        mono_ms=1234,
        boot=BOOT,
        err=Err(type="SIGSEGV", sig_no=11, frames=frames),
    )
    log = tuple(LogLine(n - 50, "info", "panel", f"step {n}") for n in range(50))
    return codec.encode_bundle(head, Evidence(log=log), codec=Codec.ZLIB)


def make_error_code() -> bytes:
    """Return an error code found in a log."""
    line = "设备启动后报错代码E-202，无法进入系统"
    head = Head(
        id=make_id(4),
        kind=FaultKind.ERROR,
        prod=Product("gateway", app="7.8"),
        sev=Severity.ERROR,
        t_ms=NOON_MS,
        clk=ClockQuality.RTC,
        err=Err(code="E-202", msg=line),
    )
    return codec.encode_bundle(head, Evidence(log=(LogLine(0, "error", "boot.log", line),)))


def make_from_the_future() -> bytes:
    """Return what a later writer of version 1 may send: new names, new words, hex ids."""
    source: dict[str, Plain] = {
        "v": 1,
        "id": make_id(5).hex(),
        "kind": "meltdown",
        "prod": {"name": "pump", "colour": "red"},
        "sev": "apocalyptic",
        "mood": {"of": ["the", "machine"]},
    }
    body = write_frame(FrameKind.HEAD, pack(source))
    return body + write_frame(FrameKind.END, hashlib.sha256(body).digest(), Codec.IDENTITY)


VERSIONS: dict[str, dict[str, Callable[[], bytes]]] = {
    "v1": {
        "smallest": make_smallest,
        "python_crash": make_python_crash,
        "native_signal": make_native_signal,
        "error_code": make_error_code,
        "from_the_future": make_from_the_future,
    }
}


def describe_bundle(bundle: Bundle) -> str:
    """Return what a bundle says as JSON; bytes are hex."""
    head = codec.read_head(bundle)
    told = {
        "sha256": bundle.sha256.hex(),
        "head": schema.head_to_map(head),
        "unknown": list(head.unknown),
        "evidence": schema.evidence_to_map(codec.read_evidence(bundle)),
        "blobs": [
            hashlib.sha256(codec.read_blob(bundle, index)).hexdigest()
            for index in range(len(bundle.blobs))
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=2, sort_keys=True, default=bytes.hex) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the missing golden files of the versions named."""
    if not arguments or any(version not in VERSIONS for version in arguments):
        print(f"usage: golden.py {'|'.join(VERSIONS)}", file=sys.stderr)
        return 2
    for version in arguments:
        folder = FOLDER / version
        folder.mkdir(parents=True, exist_ok=True)
        for name, make in VERSIONS[version].items():
            path = folder / f"{name}.fbx"
            if path.exists():
                print(f"kept {path.name}")
                continue
            data = make()
            path.write_bytes(data)
            path.with_suffix(".json").write_text(
                describe_bundle(codec.scan_bundle(memoryview(data)))
            )
            print(f"wrote {path.name}, {len(data)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
