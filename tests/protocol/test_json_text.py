"""JSON from anybody: a plain map within the limits or a refusal, and memory stays bounded."""

import json
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_protocol import limits
from faultbox_protocol.errors import Invalid
from faultbox_protocol.json_text import unpack_json
from faultbox_protocol.report import Plain

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts
values = st.recursive(
    scalars | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=20,
)
MIB = 1024 * 1024


def read(data: bytes) -> dict[str, Plain] | Invalid:
    """Return what the bytes say, or why they say nothing."""
    try:
        return unpack_json(data)
    except Invalid as error:
        return error


@given(st.dictionaries(texts, values, max_size=8), st.booleans())
def test_what_json_says_is_read(source: dict[str, Plain], ascii_only: bool) -> None:
    found = read(json.dumps(source, ensure_ascii=ascii_only).encode())
    assert found == source or (isinstance(found, Invalid) and "nested" in found.detail)


@given(st.binary(max_size=200) | st.text('{}[]",:\\0123456789.eE+-tnfaul u').map(str.encode))
def test_any_bytes_give_a_map_or_a_refusal(data: bytes) -> None:
    found = read(data)
    assert isinstance(found, dict) or found.reason == "bad_json"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"1",
        b'"x"',
        b"null",
        b"{",
        b"{} {}",
        b'{"a":1,"a":1}',
        b'{"b":{"a":1,"a":2}}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":-1e999}',
        b'{"a":9223372036854775808}',
        b'{"a":-9223372036854775809}',
        b'{"a":18446744073709551616}',
        b'{"a":%s}' % (b"9" * 100_000),
        b'{"a":"\\u0000"}',
        b'{"\\u0000":1}',
        b'{"a":"\\ud800"}',
        b'{"\\udc00":1}',
        b'{"a":"\xff"}',
        b'{"a":"\x01"}',
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        json.dumps({"a": "x"}).encode("utf-16"),
        b'{"a":' * 13 + b"1" + b"}" * 13,
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"a":[%s]}' % b",".join([b"1"] * (limits.ARRAY_ITEMS + 1)),
        json.dumps({str(n): n for n in range(limits.MAP_ITEMS + 1)}).encode(),
        json.dumps({"a": "x" * (limits.STRING_BYTES + 1)}).encode(),
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":01}',
        b'{"a":.5}',
    ],
    ids=lambda data: data[:20].decode("latin-1"),
)
def test_what_no_report_needs_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        unpack_json(data)
    assert caught.value.reason == "bad_json"
    assert len(caught.value.detail) <= 200


@pytest.mark.parametrize(
    "pattern", [b"{},", b"[],", b'"",', b"1,", b'{"a":1},', b"[[", b'{"', b'"\\', b'\\"', b'":']
)
def test_a_bomb_costs_little(pattern: bytes) -> None:
    data = b'{"a":[' + pattern * (2 * MIB // len(pattern))
    read(data[:100])  # what is loaded once does not count
    tracemalloc.start()
    try:
        begun = time.process_time()
        read(data)
        spent = time.process_time() - begun
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 24 * MIB
    assert spent < 5  # a search that begins again at each quote would take hours


def test_long_texts_of_a_log_count_as_one_value_each() -> None:
    lines = [[n, None, None, '[{,:"'] for n in range(limits.LOG_LINES)]
    assert (
        unpack_json(json.dumps({"log": lines, "x": {"a": "," * 50_000}}).encode())["log"] == lines
    )
