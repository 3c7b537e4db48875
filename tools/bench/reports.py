"""The reports that every figure is taken on: a Python exception deep in a service, with evidence.

Twenty frames, one cause, a hundred log lines, twenty processes, system state: what the agent
files for an exception on a small Linux device. Fifty different faults.
"""

import gzip
import json
import os
import random
import time

from faultbox_protocol import schema
from faultbox_protocol.codec import encode_bundle
from faultbox_protocol.ids import make_bundle_id
from faultbox_protocol.report import (
    Cause,
    Err,
    Evidence,
    Frame,
    Head,
    LogLine,
    Product,
    Scrub,
    Where,
)
from faultbox_protocol.words import ClockQuality, FaultKind, Place, Severity

PRODUCT = "EdgeBox 400"
FAULTS = 50
WORDS = [
    *("sensor", "gateway", "connect", "timeout", "retry", "pool", "modbus", "register"),
    *("write", "flush", "upload", "queue", "session", "token", "refresh", "frame", "decode"),
    *("buffer", "heartbeat", "link", "state"),
]


def make_report(number: int, seed: int) -> tuple[Head, Evidence]:
    """Return report `seed` of fault `number`."""
    fault = random.Random(number)
    own = random.Random(seed)
    names = fault.sample(WORDS, 20)
    frames = tuple(
        Frame(
            fn=f"{name}_{fault.choice(WORDS)}",
            mod=f"edgebox.{fault.choice(WORDS)}.{name}",
            file=f"/opt/edgebox/lib/python3.11/site-packages/edgebox/{name}.py",
            line=fault.randint(10, 900),
            app=index < 12,
        )
        for index, name in enumerate(names)
    )
    now_ms = time.time_ns() // 1_000_000
    head = Head(
        id=make_bundle_id(now_ms, os.urandom(10)),
        kind=FaultKind.CRASH,
        prod=Product(
            PRODUCT,
            model="EB400-4G",
            serial=f"SN2024A3F9{own.randint(0, 4999):04d}",
            batch="B2409",
            hw="rev-C",
            fw="EdgeOS 5.10.192",
            app=fault.choice(("2.2.0", "2.3.0", "2.3.1")),
        ),
        seq=seed,
        sev=Severity.FATAL,
        t_ms=now_ms,
        clk=ClockQuality.SYNCED,
        mono_ms=own.randint(10_000, 10**9),
        boot="6f1c2f0e-6c43-4c0a-9a6b-" + f"{own.randint(0, 16**12 - 1):012x}",
        where=Where(env=Place.CUSTOMER_SITE, site="line 3", host="edgebox-17"),
        err=Err(
            type="edgebox.errors.LinkError",
            msg=f"no answer from unit {own.randint(1, 99)} within {own.randint(100, 999)} ms",
            frames=frames,
            causes=(Cause("TimeoutError", "timed out", frames[:4]),),
        ),
        scrub=Scrub(1, 2),
    )
    log = tuple(
        LogLine(
            dt_ms=-line * own.randint(20, 400),
            sev=own.choice(("info", "info", "warning", "error")),
            unit="edgebox.service",
            text=f"[{own.randint(1, 9999):5d}] "
            + " ".join(own.choices(WORDS, k=9))
            + f" id={own.getrandbits(32):08x} rc={own.randint(-5, 5)}",
        )
        for line in range(100, 0, -1)
    )
    state = {
        "uptime_ms": own.randint(10**6, 10**9),
        "cpu_pct": own.randint(0, 100),
        "mem_avail_b": own.randint(10**7, 10**9),
        "disk_free_b": own.randint(10**8, 10**10),
        "temp_c": own.randint(30, 80),
        "procs": [
            {"pid": own.randint(1, 32000), "name": own.choice(WORDS), "rss_b": own.getrandbits(26)}
            for _ in range(20)
        ],
    }
    return head, Evidence(log=log, sys=state)  # type: ignore[arg-type]


def make_bundles(count: int) -> list[bytes]:
    """Return `count` bundles of `FAULTS` faults, each with an id of its own."""
    return [encode_bundle(*make_report(index % FAULTS, index)) for index in range(count)]


def measure_sizes(count: int = 50) -> dict[str, int]:
    """Return mean bytes of a report as a bundle and as gzip'd JSON, as Sentry SDKs send it."""
    bundle = json_gzip = json_raw = 0
    for index in range(count):
        head, evidence = make_report(index % FAULTS, index)
        bundle += len(encode_bundle(head, evidence))
        plain = schema.head_to_map(head) | schema.evidence_to_map(evidence)
        text = json.dumps(plain, default=bytes.hex, separators=(",", ":")).encode()
        json_raw += len(text)
        json_gzip += len(gzip.compress(text, 9))
    return {
        "bundle_bytes": bundle // count,
        "gzip_json_bytes": json_gzip // count,
        "json_bytes": json_raw // count,
    }
