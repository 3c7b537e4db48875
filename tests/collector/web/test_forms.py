"""The msgpack and the JSON form of a bundle: the same refusals as FBX, the same bytes each time."""

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_collector.web.forms import FORM_BYTES, Form, bundle_of_form, new_id
from faultbox_protocol import api, codec, limits
from faultbox_protocol.codec import Bundle, scan_bundle
from faultbox_protocol.errors import ProtocolError
from faultbox_protocol.framing import open_section
from faultbox_protocol.packing import pack
from faultbox_protocol.report import Evidence, Head, LogLine
from faultbox_protocol.words import Codec, FaultKind
from support.builders import NOON_MS, an_id

SMALLEST: dict[str, Any] = {"v": 1, "kind": "error", "prod": {"name": "pump"}}


def of_json(**fields: Any) -> Form:
    """Return the form of the smallest JSON report with these fields."""
    body = json.dumps(SMALLEST | {"id": an_id().hex()} | fields).encode()
    return bundle_of_form(api.JSON_TYPE, body)


def scan(form: Form) -> Bundle:
    """Return the one bundle, checked as the intake does."""
    bundle = scan_bundle(memoryview(form.bundle))
    assert bundle.end == len(form.bundle)
    return bundle


def reads(form: Form) -> tuple[Head, Evidence]:
    """Return what the bundle says."""
    bundle = scan(form)
    return codec.read_head(bundle), codec.read_evidence(bundle)


def refusal(content_type: str, body: bytes) -> str:
    """Return the reason for which a body is refused, by the form or by the reader of its head."""
    with pytest.raises(ProtocolError) as caught:
        reads(bundle_of_form(content_type, body))
    return caught.value.reason


def test_a_msgpack_head_is_kept_byte_for_byte() -> None:
    body = pack(SMALLEST | {"id": an_id(), "mood": "fine"})
    form = bundle_of_form(api.MSGPACK_TYPE, body)
    bundle = scan(form)
    assert bundle.head.codec == Codec.IDENTITY
    assert open_section(bundle.buffer, bundle.head, limits.HEAD_RAW_BYTES) == body
    assert form.sha256 == hashlib.sha256(body).digest()
    assert codec.read_head(bundle).unknown == ("mood",)


def test_a_msgpack_head_too_long_for_a_plain_frame_is_compressed_and_kept() -> None:
    body = pack(SMALLEST | {"id": an_id(), "x": ["line"] * 2000, "y": "a" * 40_000})
    bundle = scan(bundle_of_form(api.MSGPACK_TYPE, body))
    assert bundle.head.codec == Codec.ZSTD
    assert open_section(bundle.buffer, bundle.head, limits.HEAD_RAW_BYTES) == body


@pytest.mark.parametrize("content_type", FORM_BYTES)
def test_a_body_over_the_limit_of_its_form_is_refused(content_type: str) -> None:
    at_limit = b"\xc1" * FORM_BYTES[content_type]
    assert refusal(content_type, at_limit + b"\xc1") == "body_too_large"
    assert refusal(content_type, at_limit) != "body_too_large"
    assert refusal(content_type, b"") == "empty_body"


def test_a_head_that_no_compression_makes_small_enough_is_too_large() -> None:
    noise = base64.b64encode(b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(1400)))
    fields = {"err": {"text": noise[:32_000].decode()}, "y": noise[32_000:58_000].decode()}
    body = json.dumps(SMALLEST | {"id": an_id().hex()} | fields).encode()
    assert refusal(api.JSON_TYPE, body) == "head_too_large"
    assert refusal(api.MSGPACK_TYPE, pack(json.loads(body))) == "head_too_large"


def test_a_form_that_is_none_is_refused() -> None:
    assert refusal("text/plain", b"{}") == "content_type"
    assert refusal(api.MEDIA_TYPE, b"{}") == "content_type"


def test_json_says_the_same_as_msgpack() -> None:
    fields = {"err": {"code": "E-202", "msg": "屏幕黑屏"}, "n": 3, "t_ms": NOON_MS, "boot": "b1"}
    head, evidence = reads(of_json(**fields))
    packed = pack(SMALLEST | {"id": an_id()} | fields)
    assert head == reads(bundle_of_form(api.MSGPACK_TYPE, packed))[0]
    assert evidence == Evidence()


def test_names_of_the_evidence_go_to_an_evidence_frame() -> None:
    head, evidence = reads(
        of_json(
            log=[[-5, "info", None, "before"], [0, None, None, "故障"]],
            sys={"uptime_ms": 5, "procs": [{"pid": 1}]},
            x={"line": "A"},
            crumbs=[{"text": "pressed"}],
            threads=[{"name": "main"}],
            modules=[{"name": "libc"}],
        )
    )
    assert evidence.log == (LogLine(-5, "info", None, "before"), LogLine(0, None, None, "故障"))
    assert evidence.sys == {"uptime_ms": 5, "procs": [{"pid": 1}]}
    assert (evidence.x, evidence.crumbs) == ({"line": "A"}, ({"text": "pressed"},))
    assert (evidence.threads, evidence.modules) == (({"name": "main"},), ({"name": "libc"},))
    assert head.unknown == ()


def test_long_form_texts_go_to_the_evidence_and_short_ones_stay() -> None:
    long = "步骤" * limits.MESSAGE_CHARS
    head, evidence = reads(of_json(form={"phenomenon": "黑屏", "repro": long}))
    assert head.form == {"phenomenon": "黑屏"}
    assert evidence.form == {"repro": long}


def test_an_id_is_written_with_hyphens_or_without() -> None:
    text = an_id().hex()
    hyphens = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}".upper()
    head, _ = reads(of_json(id=hyphens, of=hyphens))
    assert (head.id, head.of) == (an_id(), an_id())


def test_a_report_without_id_gets_one() -> None:
    body = json.dumps(SMALLEST).encode()
    one, two = (bundle_of_form(api.JSON_TYPE, body) for _ in range(2))
    assert reads(one)[0].id != reads(two)[0].id
    assert one.sha256 == two.sha256
    made = bundle_of_form(api.JSON_TYPE, body, make_id=lambda: an_id(7))
    assert reads(made)[0].id == an_id(7)
    assert new_id()[6] >> 4 == 7  # RFC 9562: the version


def test_the_same_body_gives_the_same_bundle_and_another_body_another() -> None:
    assert of_json(n=2) == of_json(n=2)
    assert of_json(n=2).bundle != of_json(n=3).bundle


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"v": 2}, "unknown_version"),
        ({"v": None}, "missing_field"),
        ({"kind": None}, "missing_field"),
        ({"prod": {}}, "missing_field"),
        ({"crit": ["telepathy"]}, "unknown_crit"),
        ({"id": "xyz"}, "bad_field"),
        ({"id": 5}, "bad_field"),
        ({"of": "1" * 31}, "bad_field"),
        ({"n": 1.5}, "bad_field"),
        ({"boot": "b" * 37}, "field_too_long"),
        ({"err": {"msg": "\0"}}, "bad_json"),
        ({"err": {"msg": "x" * 8193}}, "field_too_long"),
        ({"err": {"text": "é" * 32768}}, "head_too_large"),
        ({"log": [["late"]]}, "bad_field"),
        ({"log": [[0, None, None, "x" * 5000]]}, "field_too_long"),
        ({"sys": []}, "bad_field"),
        ({"form": []}, "bad_field"),
        ({"form": {"phenomenon": 5}}, "bad_field"),
        ({"form": {"phenomenon": "x" * 65537}}, "bad_json"),
        ({"x": {"a": {"b": {"c": [[[[[[[[[1]]]]]]]]]}}}}, "bad_json"),
    ],
)
def test_json_is_refused_for_the_same_reasons(fields: dict[str, Any], reason: str) -> None:
    body = json.dumps(SMALLEST | {"id": an_id().hex()} | fields).encode()
    assert refusal(api.JSON_TYPE, body) == reason


@given(st.sampled_from(sorted(FORM_BYTES)), st.binary(max_size=300))
def test_any_bytes_give_a_bundle_or_a_refusal(content_type: str, body: bytes) -> None:
    try:
        form = bundle_of_form(content_type, body)
        head, _ = reads(form)
    except ProtocolError:
        return
    assert head.kind in FaultKind


@given(
    st.dictionaries(
        st.sampled_from(["t_ms", "n", "err", "log", "sys", "x", "form", "att", "fp", "mood", "id"]),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5) | st.floats(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["type", "msg", "procs", "name"]), inner)
            ),
        ),
    )
)
def test_any_json_gives_a_bundle_or_a_refusal(fields: dict[str, Any]) -> None:
    body = json.dumps(SMALLEST | fields).encode()
    try:
        form = bundle_of_form(api.JSON_TYPE, body)
    except ProtocolError:
        return
    head, _ = reads(form)
    assert head.prod.name == "pump"
