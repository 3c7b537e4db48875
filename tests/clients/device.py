"""A device in plain Python, written from docs/protocol.md alone: nothing but the standard library.

    device.py URL KEY PRODUCT SERIAL

It makes three reports (head and evidence, zlib), sends them as one batch, uploads a core dump in
parts, tells that it ran today, and prints what became of each report as JSON lines. It ends with 0
when each has a ticket.
"""

import base64
import hashlib
import http.client
import json
import os
import random
import struct
import sys
import time
import zlib
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

PART_BYTES = 1_000_000
BOOT = os.urandom(16).hex()


def pack(value: Any) -> bytes:
    """Return a value as msgpack: always the widest form, which every reader takes."""
    if value is None or isinstance(value, bool):
        return b"\xc0" if value is None else b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return b"\xd3" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return b"\xc4" + struct.pack(">B", len(value)) + value
    if isinstance(value, str):
        data = value.encode()
        return b"\xdb" + struct.pack(">I", len(data)) + data
    if isinstance(value, list):
        return b"\xdd" + struct.pack(">I", len(value)) + b"".join(map(pack, value))
    pairs = b"".join(pack(key) + pack(item) for key, item in value.items())
    return b"\xdf" + struct.pack(">I", len(value)) + pairs


def write_frame(kind: int, raw: bytes, codec: int) -> bytes:
    """Return one FBX frame; codec 2 is zlib, 0 none."""
    payload = zlib.compress(raw) if codec == 2 else raw
    header = struct.pack(">4sBBHII", b"FBX1", kind, codec, 0, len(payload), len(raw))
    return header + struct.pack(">I", zlib.crc32(header + payload)) + payload


def make_bundle(
    product: str, serial: str, number: int, core: dict[str, Any] | None
) -> tuple[str, bytes, str]:
    """Return id, bytes and digest of a report."""
    made = bytearray(int(time.time() * 1000).to_bytes(6, "big") + os.urandom(10))
    made[6], made[8] = 0x70 | made[6] & 0x0F, 0x80 | made[8] & 0x3F
    head: dict[str, Any] = {
        "v": 1,
        "id": bytes(made),
        "kind": "crash",
        "prod": {"name": product, "serial": serial, "app": "2.0.0"},
        "seq": number,
        "boot": BOOT,
        "mono_ms": time.monotonic_ns() // 1_000_000,
        "err": {
            "type": "ZeroDivisionError",
            "msg": "division by zero",
            "frames": [{"fn": "ratio", "mod": "pricing", "file": "pricing.py", "line": 7}],
        },
    }
    if core is not None:
        head["att"] = [{"name": "core", "ctype": "application/octet-stream"} | core]
    lines = [[n - 50, "info", "pricing", f"step {n}"] for n in range(50)]
    frames = write_frame(1, pack(head), 2) + write_frame(4, pack({"log": lines}), 2)
    digest = hashlib.sha256(frames).digest()
    return bytes(made).hex(), frames + write_frame(3, digest, 0), digest.hex()


class Collector:
    """One keep-alive connection, made again when it breaks."""

    def __init__(self, url: str, key: str) -> None:
        self.key = key
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self.link = kind(parts.hostname or "", parts.port, timeout=30)

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, Message, bytes]:
        """Return status, headers and body; what may pass by itself is asked again, four times."""
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        sent |= {"FB-Key": self.key, "FB-Sent": f"{BOOT};{time.monotonic_ns() // 1_000_000};0"}
        for attempt in range(5):
            wait = random.uniform(0, 2**attempt)
            try:
                self.link.request(method, path, body, sent)
                answer = self.link.getresponse()
                data = answer.read()
            except (OSError, http.client.HTTPException):
                self.link.close()
            else:
                if answer.status not in (408, 429) and answer.status < 500:
                    return answer.status, answer.headers, data
                wait = float(answer.headers.get("Retry-After", wait))
            time.sleep(min(wait, 86_400))
        raise SystemExit("the collector cannot be reached: everything is kept")


def upload(collector: Collector, data: bytes) -> dict[str, Any]:
    """Upload a file in parts; return what the report says about it."""
    digest = hashlib.sha256(data)
    field = f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    status, headers, _ = collector.ask(
        "POST", "/v1/uploads", Upload_Complete="?0", Upload_Length=str(len(data)), Repr_Digest=field
    )
    if status != 201:
        raise SystemExit(f"no upload can be made: {status}")
    path, at = headers["Location"], 0
    while status != 200:
        part = data[at : at + PART_BYTES]
        last = at + len(part) == len(data)
        status, headers, _ = collector.ask(
            "PATCH",
            path,
            part,
            Content_Type="application/partial-upload",
            Upload_Offset=str(at),
            Upload_Complete="?1" if last else "?0",
        )
        if status not in (200, 204, 409):
            raise SystemExit(f"the upload was refused with {status}")
        at = int(headers["Upload-Offset"])
    return {"up": path.rsplit("/", 1)[1], "raw_b": len(data), "sha256": digest.hexdigest()}


def main(url: str, key: str, product: str, serial: str) -> int:
    """Send, then ask what became of it."""
    collector = Collector(url, key)
    core = upload(collector, os.urandom(2_500_000))
    spool = [make_bundle(product, serial, n, core if n == 1 else None) for n in range(1, 4)]
    body = b"".join(data for _, data, _ in spool)
    status, headers, data = collector.ask(
        "POST", "/v1/bundles", body, Content_Type="application/vnd.faultbox.fbx"
    )
    told = json.loads(data) if "json" in headers.get("Content-Type", "") else {}
    if status not in (200, 202, 207):
        raise SystemExit(f"{status} {told.get('reason')}")
    stored = {one["sha256"] for one in told.get("receipts", ())}
    if not all(digest in stored for _, _, digest in spool):
        raise SystemExit("not every report has a receipt with its own SHA-256: those are kept")
    day, prod = int(time.strftime("%Y%m%d", time.gmtime())), {"name": product, "serial": serial}
    beats = {"beats": [{"day": day, "prod": prod, "boot": BOOT, "up_s": 60}]}
    status, _, _ = collector.ask(
        "POST", "/v1/heartbeats", json.dumps(beats).encode(), Content_Type="application/json"
    )
    if status != 202:
        raise SystemExit(f"the heartbeat was refused with {status}")
    for bundle_id, _, _ in spool:
        receipt = {"state": "stored"}
        while receipt["state"] == "stored":
            _, _, data = collector.ask("GET", f"/v1/receipts/{bundle_id}")
            receipt = json.loads(data)
        print(json.dumps(receipt))
        if not receipt["ticket"]:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
