"""The quick reader of heads: it agrees with the careful one, and leaves the odd ones to it."""

import msgpack
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faultbox_collector.heads import read_head, read_quickly
from faultbox_protocol import codec, framing, packing, schema
from faultbox_protocol.codec import Bundle, scan_bundle
from faultbox_protocol.errors import ProtocolError
from faultbox_protocol.report import Head, Plain
from faultbox_protocol.trimming import trim_head
from faultbox_protocol.words import FrameKind
from support.builders import a_head, a_raw_bundle, an_err, an_id
from support.strategies import heads, wild_heads

MAP: dict[str, Plain] = {
    "v": 1,
    "id": an_id(1),
    "kind": "crash",
    "prod": {"name": "inspect-eye"},
    "n": 1,
}


def raw_of(head: Head) -> bytes:
    """Return a head as our devices write it."""
    return packing.pack(schema.head_to_map(head))


def a_bundle_of(raw: bytes) -> Bundle:
    """Return a bundle whose head holds these bytes."""
    return scan_bundle(memoryview(a_raw_bundle(framing.write_frame(FrameKind.HEAD, raw))))


@given(heads())
def test_what_our_devices_write_is_read_quickly_and_alike(head: Head) -> None:
    found = read_quickly(raw_of(head))
    careful = schema.head_from_map(packing.unpack(raw_of(head)))
    if head.crit:
        assert found is None
        return
    assert found is not None
    for name in Head.__dataclass_fields__:
        assert repr(getattr(found, name)) == repr(getattr(careful, name))


@given(wild_heads())
def test_a_trimmed_head_is_read_quickly_whatever_it_was(head: Head) -> None:
    trimmed = trim_head(head)
    assert trimmed.crit or read_quickly(raw_of(trimmed)) is not None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x80",
        b"\xc0",
        packing.pack({}),
        packing.pack({**MAP, "of": None}),
        packing.pack({**MAP, "later": 1}),
        packing.pack({**MAP, "kind": "volcano"}),
        packing.pack({**MAP, "id": an_id(1).hex()}),
        packing.pack({**MAP, "boot": "a\0b"}),
        packing.pack({**MAP, "n": 0}),
        packing.pack({**MAP, "v": 2}),
        packing.pack({**MAP, "crit": ["x"]}),
        packing.pack({**MAP, "prod": {"name": ""}}),
        packing.pack({**MAP, "prod": {"name": "x" * 257}}),
        packing.pack({**MAP, "err": {"frames": [{}] * 129}}),
        packing.pack({**MAP, "t_ms": 1.5}),
        raw_of(a_head()) + b"\x00",
        b"\x86" + packing.pack(MAP)[1:] + b"\xa1v\x01",  # v comes twice
        b"\xdf\x00\x00\x00"
        + packing.pack(MAP)[:1].replace(b"\x85", b"\x05")
        + packing.pack(MAP)[1:],
    ],
)
def test_the_odd_ones_are_left_to_the_careful_reader(raw: bytes) -> None:
    assert read_quickly(raw) is None


def test_the_careful_reader_has_the_words_for_what_is_wrong() -> None:
    with pytest.raises(ProtocolError, match=r"err\.frames\[0\]\.line"):
        read_head(a_bundle_of(packing.pack({**MAP, "err": {"frames": [{"line": "x"}]}})))
    assert read_head(a_bundle_of(packing.pack({**MAP, "later": 1}))).unknown == ("later",)


_words = st.sampled_from(
    ["v", "id", "kind", "prod", "name", "n", "err", "frames", "fn", "drops", "form", "", "a\0"]
)
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.binary(max_size=17)
    | st.text(max_size=5)
    | st.sampled_from(["crash", "other", an_id(1), 1]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_words, inner, max_size=6),
    max_leaves=20,
)


@settings(max_examples=300)
@given(st.dictionaries(_words, _values, max_size=8), st.booleans())
@example({}, True)
def test_whatever_is_read_quickly_is_read_alike(extra: dict[str, Plain], based: bool) -> None:
    raw = msgpack.packb({**MAP, **extra} if based else extra)
    agree(raw)


@settings(max_examples=300)
@given(heads(), st.data())
def test_altered_bytes_are_read_alike_or_not_quickly(head: Head, data: st.DataObject) -> None:
    raw = bytearray(raw_of(head))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    agree(bytes(raw))


def agree(raw: bytes) -> None:
    """Check that the quick reader takes nothing that the careful one refuses or reads otherwise."""
    found = read_quickly(raw)
    if found is not None:
        careful = codec.read_head(a_bundle_of(raw))
        assert [repr(getattr(found, name)) for name in Head.__dataclass_fields__] == [
            repr(getattr(careful, name)) for name in Head.__dataclass_fields__
        ]


def test_frames_and_causes_of_a_chain_are_records() -> None:
    head = read_quickly(raw_of(a_head(err=an_err())))
    assert head is not None
    assert head.err is not None
    assert head.err.frames[0].fn == an_err().frames[0].fn
    assert hash(head.err) == hash(head.err)
