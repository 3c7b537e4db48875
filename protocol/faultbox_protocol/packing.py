"""Maps to msgpack and back, for bytes that nobody vouches for.

The decoder refuses what msgpack allows and no report needs: extension types, keys that are not
text or come twice, NaN and infinities, integers beyond 64 bits signed, NUL characters, deep or
many nodes. Per-container limits do not bound the sum (2 MiB of nested empty maps grow to 130 MiB),
so a large section has its values counted before anything is built of it.
"""

import math
from typing import cast

import msgpack

from faultbox_protocol import limits
from faultbox_protocol.errors import Invalid
from faultbox_protocol.report import Plain

_INT64_MAX = 2**63 - 1
_HARMLESS = frozenset({bool, bytes, type(None)})

# What follows each msgpack tag: this many bytes of its own, then (for _SIZED) as many as those
# bytes say, or (for _COUNTED) that many items, two for each entry of a map.
_FIXED = {
    **dict.fromkeys((0xCC, 0xD0), 1),
    **dict.fromkeys((0xCD, 0xD1), 2),
    **dict.fromkeys((0xCA, 0xCE, 0xD2), 4),
    **dict.fromkeys((0xCB, 0xCF, 0xD3), 8),
}
_SIZED = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_COUNTED = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}
_EXTENSIONS = frozenset({0xC1, 0xC7, 0xC8, 0xC9, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8})


def pack(value: dict[str, Plain]) -> bytes:
    """Return a map as msgpack bytes."""
    return msgpack.packb(value, use_bin_type=True)


def unpack(data: bytes) -> dict[str, Plain]:
    """Return the one map that `data` holds.

    Raises:
        Invalid: anything else than one map within `limits`.
    """
    # What 64 KiB can grow to is bounded by itself: the heads, which must be fast, skip the count.
    if len(data) > limits.HEAD_RAW_BYTES and count_values(data) > 2 * limits.NODES:
        raise Invalid("bad_msgpack", f"more than {limits.NODES} values")
    try:
        value = msgpack.unpackb(
            data,
            raw=False,
            strict_map_key=True,
            max_str_len=limits.STRING_BYTES,
            max_bin_len=limits.BINARY_BYTES,
            max_array_len=limits.ARRAY_ITEMS,
            max_map_len=limits.MAP_ITEMS,
            max_ext_len=0,
            object_pairs_hook=_build_map,
        )
    except ValueError as error:  # StackError, FormatError and UnicodeDecodeError are ValueErrors
        raise Invalid("bad_msgpack", str(error)[:200]) from None
    if type(value) is not dict:
        raise Invalid("bad_msgpack", f"a map is expected, not {type(value).__name__}")
    _check_tree(value)
    return cast(dict[str, Plain], value)


def count_values(data: bytes) -> int:
    """Return how many values and keys `data` holds, building none; stops beyond the limit.

    Bytes that end too early are counted as far as they go: finding that is the decoder's part.

    Raises:
        Invalid: an extension type, behind which a count would lose its step.
    """
    at = seen = 0
    expected = 1
    size = len(data)
    while expected > 0 and at < size and seen <= 2 * limits.NODES:
        tag = data[at]
        at += 1
        seen += 1
        expected -= 1
        if tag < 0x80 or tag >= 0xE0:
            continue
        if tag >= 0xA0 and tag < 0xC0:
            at += tag & 0x1F
        elif tag < 0x90:
            expected += 2 * (tag & 0x0F)
        elif tag < 0xA0:
            expected += tag & 0x0F
        elif tag in _SIZED:
            width = _SIZED[tag]
            at += width + int.from_bytes(data[at : at + width], "big")
        elif tag in _COUNTED:
            width, each = _COUNTED[tag]
            expected += each * int.from_bytes(data[at : at + width], "big")
            at += width
        elif tag in _EXTENSIONS:
            raise Invalid("bad_msgpack", "an extension type")
        else:
            at += _FIXED.get(tag, 0)
    return seen


def _build_map(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key comes twice")
    return result


def _check_tree(root: object) -> None:
    """Check every node, level by level, without recursion."""
    nodes = 0
    level = [root]
    for _ in range(limits.DEPTH):
        below: list[object] = []
        texts: list[str] = []
        for node in level:
            kind = type(node)
            if kind is str:
                texts.append(cast(str, node))
            elif kind is dict:
                items = cast(dict[str, object], node)
                below += items.values()
                texts += items
            elif kind is list:
                below += cast(list[object], node)
            elif kind not in _HARMLESS:
                _check_number(node)
        _check_texts(texts)
        nodes += len(level)
        if nodes + len(below) > limits.NODES:
            raise Invalid("bad_msgpack", f"more than {limits.NODES} values")
        if not below:
            return
        level = below
    raise Invalid("bad_msgpack", f"nested deeper than {limits.DEPTH}")


def _check_number(node: object) -> None:
    if isinstance(node, int):
        if node > _INT64_MAX:
            raise Invalid("bad_msgpack", "an integer beyond 64 bits")
    elif not isinstance(node, float):
        raise Invalid("bad_msgpack", f"a value of type {type(node).__name__}")
    elif not math.isfinite(node):
        raise Invalid("bad_msgpack", "NaN or infinity")


def _check_texts(texts: list[str]) -> None:
    try:
        joined = "".join(texts)
    except TypeError:  # strict_map_key lets keys of bytes pass
        raise Invalid("bad_msgpack", "keys must be text") from None
    if "\0" in joined:
        raise Invalid("bad_msgpack", "text with NUL")
