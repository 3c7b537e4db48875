"""JSON, msgpack and form bodies: too deep, too many, twice, not a number, not UTF-8."""

import json
from collections.abc import Callable
from functools import partial

from faultbox_protocol.packing import pack
from support.builders import an_id
from support.hostile.bundles import PRODUCT, head_map, head_with
from support.hostile.values import SWELLING, VALUES

MIB = 1 << 20
_DEEP = 100_000
_JSON_VALUES: dict[str, bytes] = {
    "NaN": b"NaN",
    "infinity": b"Infinity",
    "minus infinity": b"-Infinity",
    "1e999": b"1e999",
    "-1e999": b"-1e999",
    "2**64": b"18446744073709551616",
    "a number of 5,000 digits": b"9" * 5000,
    "a number of a million digits": b"9" * 1_000_000,
    "a number with a thousand zeros of exponent": b"1e" + b"9" * 1000,
    "half a surrogate pair": rb'"\ud800"',
    "NUL": rb'"\u0000"',
    "a key with NUL": rb'{"\u0000": 1}',
    "a key that comes twice": b'{"k": 1, "k": 2}',
    "lists 100,000 deep": b"[" * _DEEP + b"]" * _DEEP,
    "maps 100,000 deep": b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
    "lists 13 deep": b"[" * 13 + b"]" * 13,
    "lists that never end": b"[" * 1_000_000,
    "a million empty maps": b"[" + b"{}," * 999_999 + b"{}]",
    "a million numbers": b"[" + b"1," * 999_999 + b"1]",
    "100,000 names": b"{" + b",".join(b'"k%d":1' % n for n in range(100_000)) + b"}",
    "a text of 16 MiB": b'"' + b"x" * (16 * MIB - 4096) + b'"',
    "a text of 1 MiB of backslashes": b'"' + b"\\" * MIB + b'"',
    "a text that never ends": b'"' + b'\\"' * 500_000,
    "a comment": b"1 /* comment */",
    "single quotes": b"'x'",
    "not UTF-8": b'"\xff\xfe"',
    "an overlong slash": b'"..\xc0\xafetc"',
    "a new line in a text": b'"a\nb"',
    "hex": b"0xff",
    "a leading zero": b"007",
    "a plus": b"+1",
    "nothing": b"",
}
"""What JSON allows and no report holds, and what no JSON is but some readers take."""

_WHOLE: dict[str, bytes] = {
    "no bytes": b"",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"v": 1}'.encode("utf-16"),
    "a list": b"[]",
    "a list of a map": b'[{"v": 1}]',
    "nil": b"null",
    "a text": b'"x"',
    "a number": b"1",
    "two maps": b"{}{}",
    "an open map": b'{"v": 1',
    "no quotes": b"{v: 1}",
    "zeros": bytes(4096),
    "an empty map": b"{}",
    "a sparse map": b'{"__proto__": {"x": 1}, "constructor": {}}',
}
_BEAT = {"day": 20261122, "boot": "b", "up_s": 60}


def json_bodies() -> dict[str, Callable[[], bytes]]:
    """Return JSON bodies in which nothing may be taken, as a report and as heartbeats."""
    found: dict[str, Callable[[], bytes]] = {
        name: partial(bytes, body) for name, body in _WHOLE.items()
    }
    for name, value in _JSON_VALUES.items():
        found[f"a report with {name}"] = partial(_json_report, value)
        found[f"a beat with {name}"] = partial(_json_beat, value)
    found["a report whose id comes twice"] = lambda: _json_report(b'1, "id": "00"')
    found["a hundred thousand beats"] = lambda: json.dumps(
        {"beats": [{**_BEAT, "prod": {"name": PRODUCT, "serial": "s"}}] * 100_000}
    ).encode()
    for name, change in _WRONG_BEATS.items():
        beat = {**_BEAT, "prod": {"name": PRODUCT, "serial": "s"}, **change}
        found[f"a beat with {name}"] = partial(_beats, beat)
    return found


def msgpack_bodies() -> dict[str, Callable[[], bytes]]:
    """Return msgpack bodies in which nothing may be taken, as a report and as heartbeats."""
    found: dict[str, Callable[[], bytes]] = {
        "msgpack of no bytes": lambda: b"",
        "a list": lambda: b"\x90",
        "nil": lambda: b"\xc0",
        "two maps": lambda: pack(head_map()) * 2,
        "a head cut off": lambda: pack(head_map())[:-1],
        "a head of 64 KiB and a byte": lambda: head_with(b"\xda\xff\xff" + b"x" * 65_535),
        "a head with its id twice": lambda: head_with(b"\xc4\x10" + bytes(16), "id"),
    }
    for name, value in {**VALUES, **SWELLING}.items():
        found[f"a head with {name}"] = partial(head_with, value)
        found[f"beats with {name}"] = partial(bytes, b"\x81\xa5beats\x91" + value)
    return found


_WRONG_BEATS: dict[str, dict[str, object]] = {
    "day 0": {"day": 0},
    "the 30th of February": {"day": 20260230},
    "a day in the year 9999": {"day": 99991231},
    "a day as text": {"day": "2026-11-22"},
    "a day as a path": {"day": "../../etc/passwd"},
    "less than no time": {"up_s": -1},
    "more than a day": {"up_s": 86_401},
    "2**63 seconds": {"up_s": 1 << 63},
    "half a second": {"up_s": 0.5},
    "true for seconds": {"up_s": True},
    "no product": {"prod": None},
    "a list for a product": {"prod": []},
    "a long boot": {"boot": "b" * 37},
}


def form_bodies() -> dict[str, Callable[[], bytes]]:
    """Return bodies of web forms: what browsers and attackers post."""
    return {
        "no fields": lambda: b"",
        "a field": lambda: b"text=x",
        "33 fields": lambda: b"&".join(b"k%d=v" % n for n in range(33)),
        "a million fields": lambda: b"a&" * 1_000_000,
        "64 KiB and a byte": lambda: b"text=" + b"x" * (64 << 10),
        "16 MiB": lambda: b"text=" + b"x" * (16 * MIB - 5),
        "bad codes": lambda: b"text=%zz%&csrf=%ff%fe",
        "not UTF-8": lambda: b"text=\xff\xfe",
        "NUL": lambda: b"text=a%00b&language=en%00",
        "markup": lambda: b"text=%3Cscript%3Ealert(1)%3C/script%3E&back=//evil.example",
        "a token of another": lambda: b"csrf=" + b"0" * 64 + b"&text=x",
        "tokens": lambda: b"csrf=a&csrf=b&csrf=%E2%80%AE&text=x",
    }


def multipart_bodies() -> dict[str, Callable[[], bytes]]:
    """Return multipart bodies with the boundary `B`."""
    disposition = b'Content-Disposition: form-data; name="f"; filename="../../etc/passwd"\r\n'
    return {
        "a file named upwards": lambda: b"--B\r\n" + disposition + b"\r\nx\r\n--B--\r\n",
        "100,000 parts": lambda: b"--B\r\n\r\n\r\n" * 100_000 + b"--B--\r\n",
        "a part without an end": lambda: b"--B\r\n" + disposition + b"\r\n" + b"x" * MIB,
        "headers of 1 MiB": lambda: b"--B\r\nX: " + b"x" * MIB + b"\r\n\r\n\r\n--B--\r\n",
        "parts in parts": lambda: (
            b"--B\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n" * 1000
        ),
    }


def _beats(beat: dict[str, object]) -> bytes:
    return json.dumps({"beats": [beat]}).encode()


def _json_report(value: bytes) -> bytes:
    head = {"v": 1, "kind": "error", "prod": {"name": PRODUCT}, "err": {"type": "E"}}
    return json.dumps(head).encode()[:-1] + b', "zz": ' + value + b"}"


def _json_beat(value: bytes) -> bytes:
    beat = json.dumps({**_BEAT, "prod": {"name": PRODUCT, "serial": "s"}}).encode()
    return b'{"beats": [' + beat[:-1] + b', "zz": ' + value + b"}]}"


def json_report(text: str, number: int) -> bytes:
    """Return a report in which every text a person will read is this one."""
    return json.dumps(
        {
            "v": 1,
            "id": an_id(number).hex(),
            "kind": "feedback",
            "prod": {"name": PRODUCT, "serial": text[:200], "model": text[:200], "app": text[:200]},
            "where": {"site": text[:200], "host": text[:200]},
            "err": {"type": text[:900], "msg": text, "code": text[:200], "text": text},
            "form": {"phenomenon": text, text[:60]: text},
            "att": [{"name": text[:200], "ctype": text[:200], "raw_b": 1, "sha256": "0" * 64}],
        },
        ensure_ascii=False,
    ).encode()
