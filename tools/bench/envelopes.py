"""The errors of the bench as a Sentry SDK sends them: envelopes of JSON, compressed by gzip -9."""

import gzip
import json
import random
import time
from collections.abc import Iterator

from tools.bench.payloads import FAULTS, Call, Fault, Line, make_fault

SDK = "sentry.python/2.75.0"
_ID = "@" * 32
_STAMP = "#stamp#"


def make_envelopes(count: int, seed: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """Yield ids and envelopes, each with an id and a time of its own."""
    draw = random.Random(seed)
    texts = [_write(make_fault(number)) for number in range(FAULTS)]
    for index in range(count):
        own = draw.randbytes(16)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{index % 10**6:06d}Z"
        body = texts[index % FAULTS].replace(_ID, own.hex()).replace(_STAMP, stamp).encode()
        first = json.dumps({"event_id": own.hex(), "sent_at": stamp})
        second = json.dumps({"type": "event", "length": len(body)})
        yield own, gzip.compress(b"\n".join((first.encode(), second.encode(), body, b"")), 9)


def _write(fault: Fault) -> str:
    return json.dumps(
        {
            "event_id": _ID,
            "timestamp": _STAMP,
            "platform": "python",
            "level": "error",
            "release": "fleet@4.2.1",
            "environment": "field",
            "server_name": "edge-0001",
            "exception": {
                "values": [
                    {
                        "mechanism": {"type": "generic", "handled": True},
                        "module": None,
                        "type": fault.type,
                        "value": fault.message,
                        "stacktrace": {"frames": [_frame(call) for call in fault.calls]},
                    }
                ]
            },
            "breadcrumbs": {"values": [_crumb(line) for line in fault.crumbs]},
            "modules": fault.packages,
            "tags": fault.tags,
            "contexts": {
                "device": {"serial": fault.serial, "model": "EdgeBox-3"},
                "runtime": {"name": "CPython", "version": "3.11.7"},
            },
            "sdk": {"name": "sentry.python", "version": SDK.partition("/")[2]},
        },
        separators=(",", ":"),
    )


def _frame(call: Call) -> dict[str, object]:
    return {
        "filename": call.file,
        "abs_path": call.file,
        "function": call.function,
        "module": call.module,
        "lineno": call.line,
        "pre_context": call.before,
        "context_line": call.text,
        "post_context": call.after,
        "vars": call.values,
        "in_app": True,
    }


def _crumb(line: Line) -> dict[str, object]:
    return {
        "category": line.unit,
        "message": line.text,
        "level": line.level,
        "timestamp": _STAMP,
        "type": "default",
    }
