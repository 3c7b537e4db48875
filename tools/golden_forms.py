"""Write the golden forms and heartbeats of one protocol version: `python tools/golden_forms.py v1`.

Like golden bundles they are promises: only what is missing is written, the body as a device sends
it and, as `NAME.told.json`, what it says.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from faultbox_collector.web.forms import bundle_of_form
from faultbox_protocol import api, codec, packing, schema
from faultbox_protocol.beats import beats_from_map
from faultbox_protocol.codec import scan_bundle
from faultbox_protocol.json_text import unpack_json
from faultbox_protocol.report import Plain

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "protocol" / "golden"
TYPES = {".msgpack": api.MSGPACK_TYPE, ".json": api.JSON_TYPE}
NOON_MS = 1_714_557_600_000
BOOT = "5f0c4a0e8d5b4c1c9a3e2b7d6f801234"
_PUMP: dict[str, Plain] = {"name": "pump", "serial": "SN-1", "fw": "0.9.1"}

_SMALL: dict[str, Plain] = {
    "v": 1,
    "id": bytes.fromhex("018f3398c100700680f50a5c0a2e7a11"),
    "kind": "error",
    "prod": _PUMP,
    "boot": BOOT,
    "mono_ms": 1234,
    "n": 2,
    "err": {"code": "E-202", "msg": "sensor timeout"},
}
_CURL = """{"v": 1, "id": "018F3398-C100-7006-80F5-0A5C0A2E7A12", "kind": "crash",
 "prod": {"name": "pump", "serial": "SN-1"}, "t_ms": 1714557600000, "clk": "synced",
 "err": {"type": "KeyError", "msg": "'speed'", "frames": [{"fn": "spin", "line": 7, "app": true}]},
 "log": [[-5, "info", null, "valve opened"], [0, "error", "pump", "\\u6545\\u969c"]],
 "sys": {"uptime_ms": 60000, "cpu_pct": 12.5, "procs": [{"name": "pump", "pid": 77}]},
 "x": {"line": "A", "shift": 2, "ok": false, "none": null}}
"""
_WEB_FORM: dict[str, object] = {
    "v": 1,
    "id": "018f3398c100700680f50a5c0a2e7a13",
    "kind": "feedback",
    "prod": {"name": "pump"},
    "form": {"phenomenon": "屏幕黑屏", "repro": "开机后立即出现。" * 1200},
}
_FUTURE: dict[str, object] = {
    "v": 1,
    "id": "018f3398c100700680f50a5c0a2e7a14",
    "kind": "meltdown",
    "sev": "apocalyptic",
    "prod": {"name": "pump", "colour": "red"},
    "mood": {"of": ["the", "machine"]},
}
_BEAT: dict[str, Plain] = {"day": 20240501, "prod": _PUMP, "boot": BOOT, "up_s": 3600}

FORMS: dict[str, bytes] = {
    "small_device.msgpack": packing.pack(_SMALL),
    "curl.json": _CURL.encode(),
    "web_form.json": json.dumps(_WEB_FORM, ensure_ascii=False).encode(),
    "from_the_future.json": json.dumps(_FUTURE).encode(),
}
BEATS: dict[str, bytes] = {
    "one_device.msgpack": packing.pack({"beats": [_BEAT]}),
    "fleet.json": json.dumps(
        {
            "sent_by": "a gateway of a later version",
            "beats": [
                {**_BEAT, "prod": {"name": "pump", "serial": f"SN-{n}"}, "day": 20240430 - n % 2}
                for n in range(3)
            ],
        }
    ).encode(),
}


def describe_form(path: Path) -> dict[str, object]:
    """Return what a form says as a bundle; bytes are left to `default=bytes.hex`."""
    form = bundle_of_form(TYPES[path.suffix], path.read_bytes())
    bundle = scan_bundle(memoryview(form.bundle))
    head = codec.read_head(bundle)
    return {
        "sha256": form.sha256,
        "head": schema.head_to_map(head),
        "unknown": list(head.unknown),
        "evidence": schema.evidence_to_map(codec.read_evidence(bundle)),
    }


def describe_beats(path: Path) -> dict[str, object]:
    """Return what heartbeats say."""
    unpack = unpack_json if path.suffix == ".json" else packing.unpack
    return {"beats": [asdict(beat) for beat in beats_from_map(unpack(path.read_bytes()))]}


def main(arguments: Sequence[str]) -> int:
    """Write the missing golden forms and heartbeats."""
    if list(arguments) != ["v1"]:
        print("usage: golden_forms.py v1", file=sys.stderr)
        return 2
    for kind, bodies, describe in (
        ("forms", FORMS, describe_form),
        ("beats", BEATS, describe_beats),
    ):
        folder = FOLDER / "v1" / kind
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in bodies.items():
            path = folder / name
            if path.exists():
                print(f"kept {kind}/{name}")
                continue
            path.write_bytes(body)
            told = json.dumps(
                describe(path), ensure_ascii=False, indent=2, sort_keys=True, default=bytes.hex
            )
            path.with_name(f"{path.stem}.told.json").write_text(told + "\n", encoding="utf-8")
            print(f"wrote {kind}/{name}, {len(body)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
