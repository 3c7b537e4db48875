"""Maps to msgpack and back, for bytes that nobody vouches for.

The decoder refuses what msgpack allows and no report needs: extension types, keys that are not
text or come twice, NaN and infinities, integers beyond 64 bits signed, NUL characters, deep or
many nodes. A linear walk after decoding bounds the sum, because per-container limits do not.
"""

import math
from typing import cast

import msgpack

from faultbox_protocol import limits
from faultbox_protocol.errors import Invalid
from faultbox_protocol.report import Plain

_INT64_MAX = 2**63 - 1
_INT64_MIN = -(2**63)


def pack(value: dict[str, Plain]) -> bytes:
    """Return a map as msgpack bytes."""
    return msgpack.packb(value, use_bin_type=True)


def unpack(data: bytes) -> dict[str, Plain]:
    """Return the one map that `data` holds.

    Raises:
        Invalid: anything else than one map within `limits`.
    """
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
            object_pairs_hook=_refuse_double_keys,
        )
    except ValueError as error:  # StackError, FormatError and UnicodeDecodeError are ValueErrors
        raise Invalid("bad_msgpack", str(error)[:200]) from None
    if not isinstance(value, dict):
        raise Invalid("bad_msgpack", f"a map is expected, not {type(value).__name__}")
    _walk(value)
    return cast(dict[str, Plain], value)


def _refuse_double_keys(pairs: list[tuple[object, object]]) -> dict[object, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key comes twice")
    return result


def _walk(root: object) -> None:
    """Check every node without recursion."""
    nodes = 0
    level = [root]
    for _ in range(limits.DEPTH):
        below: list[object] = []
        for node in level:
            kind = type(node)
            if kind is dict:
                items = cast(dict[object, object], node)
                below.extend(items.values())
                for key in items:
                    if type(key) is not str or "\0" in key:
                        raise Invalid("bad_msgpack", "keys must be text without NUL")
            elif kind is list:
                below.extend(cast(list[object], node))
            else:
                _check_scalar(node)
        nodes += len(level)
        if nodes + len(below) > limits.NODES:
            raise Invalid("bad_msgpack", f"more than {limits.NODES} values")
        if not below:
            return
        level = below
    raise Invalid("bad_msgpack", f"nested deeper than {limits.DEPTH}")


def _check_scalar(node: object) -> None:
    kind = type(node)
    if kind is str:
        if "\0" in cast(str, node):
            raise Invalid("bad_msgpack", "text with NUL")
    elif kind is int:
        if not _INT64_MIN <= cast(int, node) <= _INT64_MAX:
            raise Invalid("bad_msgpack", "an integer beyond 64 bits")
    elif kind is float:
        if not math.isfinite(cast(float, node)):
            raise Invalid("bad_msgpack", "NaN or infinity")
    elif node is not None and kind not in (bool, bytes):
        raise Invalid("bad_msgpack", f"a value of type {kind.__name__}")
