"""What the fuzzer begins with: golden bundles, their parts, and small pieces of each form."""

import json
from collections.abc import Iterator
from pathlib import Path

from faultbox_collector.pack.records import Arrival, encode_arrival
from faultbox_protocol import framing, limits
from faultbox_protocol.codec import scan_bundle
from support import crash_texts
from support.builders import NOON_MS, a_batch, a_bundle, a_head, an_evidence, an_id
from support.hostile.bundles import head_with
from support.hostile.forms import json_bodies, msgpack_bodies
from support.hostile.values import VALUES

_GOLDEN = Path(__file__).resolve().parents[1] / "protocol" / "golden"
_SMALL = 4096
_FIELDS = (
    "boot-1;70000;1714557610000",
    "?1\n100\n200\nsha-256=:" + "A" * 43 + "=:\nsha-256=:" + "B" * 43 + "=:",
    an_id().hex(),
    "FB-20261122001",
)


def golden_bundles() -> list[bytes]:
    """Return every golden bundle of every version."""
    return [path.read_bytes() for path in sorted(_GOLDEN.glob("*/*.fbx"))]


def seeds(target: str) -> Iterator[bytes]:
    """Yield what a target begins with."""
    yield from _MAKERS[target]()


def _batches() -> Iterator[bytes]:
    yield from golden_bundles()
    yield a_batch(3)
    yield a_bundle(a_head(), an_evidence(), [b"blob" * 10])


def _heads() -> Iterator[bytes]:
    for bundle in (*golden_bundles(), a_bundle()):
        item = scan_bundle(memoryview(bundle))
        yield framing.open_section(item.buffer, item.head, limits.HEAD_RAW_BYTES)
    for value in VALUES.values():
        yield head_with(value)[:_SMALL]


def _evidences() -> Iterator[bytes]:
    for bundle in (*golden_bundles(), a_bundle()):
        item = scan_bundle(memoryview(bundle))
        if item.evidence is not None:
            yield framing.open_section(item.buffer, item.evidence, limits.EVIDENCE_RAW_BYTES)
    for value in VALUES.values():
        yield b"\x81\xa1x" + value[:_SMALL]


def _sections() -> Iterator[bytes]:
    for bundle in golden_bundles():
        item = scan_bundle(memoryview(bundle))
        for frame in (item.head, item.evidence):
            if frame is not None:
                yield bytes([frame.codec]) + bundle[frame.payload_start : frame.end]


def _json() -> Iterator[bytes]:
    yield json.dumps({"v": 1, "kind": "error", "prod": {"name": "p"}, "log": []}).encode()
    for make in json_bodies().values():
        yield make()[:_SMALL]


def _msgpack() -> Iterator[bytes]:
    yield from _heads()
    for make in msgpack_bodies().values():
        yield make()[:_SMALL]


def _headers() -> Iterator[bytes]:
    for text in _FIELDS:
        yield text.encode()


def _records() -> Iterator[bytes]:
    arrival = encode_arrival(Arrival(NOON_MS, 1, 1, "boot-1;1;2"))
    for bundle in (*golden_bundles(), a_bundle()):
        yield arrival + bundle


def _packs() -> Iterator[bytes]:
    yield b"".join(_records())
    yield b"torn" + b"".join(_records())


def _answers() -> Iterator[bytes]:
    receipt = {"id": "00" * 16, "sha256": "00" * 32, "state": "stored"}
    item = {"index": 1, "id": "01" * 16, "status": 422, "state": "refused", "reason": "bad_field"}
    yield b"202;application/json\n" + json.dumps({"receipts": [receipt]}).encode()
    yield (
        b"207;application/json;5\n" + json.dumps({"receipts": [receipt], "items": [item]}).encode()
    )
    problem = {"type": "urn:faultbox:problem:bad_crc", "detail": "x"}
    for status in (400, 401, 409, 413, 415, 429, 503):
        yield b"%d;application/problem+json;60\n" % status + json.dumps(problem).encode()
    yield b"200;text/html\n<html>"


def _texts() -> Iterator[bytes]:
    for value in vars(crash_texts).values():
        if isinstance(value, str) and "\n" in value:
            yield value.encode()


def _drops() -> Iterator[bytes]:
    yield json.dumps({"drop": 1, "head": {"kind": "error"}, "evidence": {}, "facts": {}}).encode()
    yield json.dumps({"drop": 1, "drops": {"rate": 3}}).encode()
    yield from _json()


_MAKERS = {
    "batch": _batches,
    "head": _heads,
    "evidence": _evidences,
    "section": _sections,
    "json_form": _json,
    "msgpack_form": _msgpack,
    "beats": lambda: (*_json(), *_msgpack()),
    "headers": _headers,
    "record": _records,
    "pack": _packs,
    "answer": _answers,
    "crash_text": _texts,
    "drop_record": _drops,
}
