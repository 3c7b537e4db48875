"""msgpack from strangers: only one plain map within the limits comes out."""

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_protocol import limits, packing
from faultbox_protocol.errors import Invalid
from faultbox_protocol.report import Plain

KIB = 1024
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
    | st.binary(max_size=16)
)
keys = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=10)
trees: st.SearchStrategy[Plain] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=30,
)


def refuse(data: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        packing.unpack(data)
    assert caught.value.reason == "bad_msgpack"
    return caught.value.detail


def map_with(value: bytes) -> bytes:
    return b"\x81\xa1a" + value


@given(st.dictionaries(keys, trees, max_size=8))
def test_a_map_comes_back_as_it_was(value: dict[str, Plain]) -> None:
    data = packing.pack(value)
    try:
        assert packing.unpack(data) == value
    except Invalid as error:
        assert "nested" in error.detail  # noqa: PT017


@given(st.binary(max_size=300))
def test_any_bytes_are_a_map_or_refused(data: bytes) -> None:
    for candidate in (data, b"\x81\xa1a" + data):
        try:
            assert isinstance(packing.unpack(candidate), dict)
        except Invalid as error:
            assert error.reason == "bad_msgpack"  # noqa: PT017


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        b"\x90",
        b"\xa1a",
        b"\xc0",
        packing.pack({"a": 1}) + b"\x00",
        b"\x81\xa1a",
        b"\xc1",
        b"\xdf\xff\xff\xff\xff",
        map_with(b"\xdd\xff\xff\xff\xff"),
        map_with(b"\xdb\xff\xff\xff\xff"),
        map_with(b"\xc6\xff\xff\xff\xff"),
        map_with(b"\xa1\xff"),
    ],
    ids=lambda data: data.hex()[:24] or "nothing",
)
def test_what_is_not_one_whole_map_is_refused(data: bytes) -> None:
    refuse(data)


def test_a_key_twice_is_refused() -> None:
    assert "twice" in refuse(b"\x82\xa1a\x01\xa1a\x02")
    assert "twice" in refuse(map_with(b"\x82\xa1a\x01\xa1a\x02"))


def test_keys_are_text_without_nul() -> None:
    assert "text" in refuse(b"\x81\xc4\x01a\x01")  # bytes
    refuse(b"\x81\x01\x01")
    refuse(b"\x81\xc0\x01")
    refuse(b"\x81\x90\x01")
    assert "NUL" in refuse(b"\x81\xa1\x00\x01")
    assert "text" in refuse(map_with(b"\x81\xc4\x01a\x01"))


def test_text_with_nul_is_refused() -> None:
    assert "NUL" in refuse(packing.pack({"a": ["x", "y\0"]}))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none_are_refused(number: float) -> None:
    assert "NaN" in refuse(packing.pack({"a": number}))


def test_integers_are_64_bits_signed() -> None:
    assert packing.unpack(packing.pack({"a": 2**63 - 1, "b": -(2**63)}))
    assert "64 bits" in refuse(packing.pack({"a": 2**63}))
    assert "64 bits" in refuse(packing.pack({"a": [2**64 - 1]}))


@pytest.mark.parametrize("data", [b"", b"a", b"1234", b"12345678", bytes(12), bytes(100)])
@pytest.mark.parametrize("code", [-1, 0, 5])
def test_extension_types_are_refused(code: int, data: bytes) -> None:
    extension = msgpack.packb(msgpack.ExtType(code & 0x7F if code >= 0 else 1, data))
    refuse(map_with(extension))
    timestamp = b"\xd6\xff" + bytes(4)
    refuse(map_with(timestamp))
    refuse(map_with(b"\xc7\x00\xff"))


def test_each_length_is_bounded() -> None:
    fits: dict[str, Plain] = {
        "text": "x" * limits.STRING_BYTES,
        "list": [0] * limits.ARRAY_ITEMS,
        "map": {str(n): n for n in range(limits.MAP_ITEMS)},
        "bytes": bytes(limits.BINARY_BYTES),
    }
    assert packing.unpack(packing.pack(fits)) == fits
    refuse(packing.pack({"a": "x" * (limits.STRING_BYTES + 1)}))
    refuse(packing.pack({"a": [0] * (limits.ARRAY_ITEMS + 1)}))
    refuse(packing.pack({"a": {str(n): n for n in range(limits.MAP_ITEMS + 1)}}))
    refuse(packing.pack({"a": bytes(limits.BINARY_BYTES + 1)}))


def nest(depth: int) -> dict[str, Plain]:
    value: Plain = 1
    for _ in range(depth - 2):
        value = [value]
    return {"a": value}


def test_depth_is_bounded() -> None:
    assert packing.unpack(packing.pack(nest(limits.DEPTH))) == nest(limits.DEPTH)
    assert "deeper" in refuse(packing.pack(nest(limits.DEPTH + 1)))
    refuse(map_with(b"\x91" * 100_000))
    refuse(map_with(b"\x91" * 500))


def test_the_number_of_values_is_bounded_whatever_their_nesting() -> None:
    row: list[Plain] = [0] * 999
    assert packing.unpack(packing.pack({"a": [list(row) for _ in range(19)]}))
    assert "values" in refuse(packing.pack({"a": [list(row) for _ in range(21)]}))


@pytest.mark.parametrize(
    "item",
    [
        b"\x80",
        b"\x90",
        b"\xa2ab",
        b"\xcd\x7f\xff",
        b"\xca\x00\x00\x00\x01",
        b"\xcf\x7f" + bytes(7),
        b"\xd9\x02ab",
        b"\xda\x00\x02ab",
        b"\xdb\x00\x00\x00\x02ab",
        b"\xc4\x02ab",
        b"\xc5\x00\x02ab",
        b"\xc6\x00\x00\x00\x02ab",
        b"\xdc\x00\x00",
        b"\xdd\x00\x00\x00\x00",
        b"\xde\x00\x00",
        b"\xdf\x00\x00\x00\x00",
        b"\x81\xa1a\x01",
        b"\xe0",
        b"\xc2",
        b"\xcc\xff",
    ],
    ids=lambda item: item.hex(),
)
def test_many_values_are_counted_before_anything_is_built(item: bytes) -> None:
    rows = 60
    bomb = map_with(b"\xdc" + rows.to_bytes(2, "big") + (b"\xdc\x07\xd0" + item * 2000) * rows)
    assert packing.count_values(bomb) > 2 * limits.NODES
    assert "values" in refuse(bomb)


@given(st.dictionaries(keys, trees, max_size=8))
def test_the_count_without_building_is_the_count_of_values_and_keys(
    value: dict[str, Plain],
) -> None:
    def count(node: Plain) -> int:
        if isinstance(node, dict):
            return 1 + sum(1 + count(item) for item in node.values())
        if isinstance(node, list):
            return 1 + sum(count(item) for item in node)
        return 1

    assert packing.count_values(packing.pack(value)) == count(value)


def test_a_large_section_cannot_hide_its_count_behind_an_extension() -> None:
    hidden = b"\x92\xc7\x00\x05" + (b"\xdc\x07\xd0" + b"\x80" * 2000) * 60
    assert "extension" in refuse(map_with(hidden))


def test_a_large_section_that_ends_early_is_refused() -> None:
    refuse(map_with(b"\xdb\x00\x02\x00\x00" + b"a" * 70 * KIB))
