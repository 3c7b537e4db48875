"""JSON text to the same plain map as msgpack gives, for bytes that nobody vouches for.

What JSON allows and no report needs is refused: keys that come twice, NaN and infinities, whole
numbers beyond 64 bits, lone surrogates, NUL, other encodings than UTF-8. Values are counted before
anything is built of them, and what was built is held against the limits of msgpack.
"""

import json
import re
from typing import Never, cast

from faultbox_protocol import limits, packing
from faultbox_protocol.errors import Invalid
from faultbox_protocol.report import Plain

_MARKS = "[{,:"
"""In front of each value and key stands one of these, but for the first."""
_TOKENS = re.compile(rf'"(?:[^"\\]++|\\.)*+"?|[{re.escape(_MARKS)}]', re.DOTALL)
"""Texts whole, marks one by one. A text without its closing quote matches, too: a search that
failed would begin again at each quote."""
_MOST_TOKENS = 4 * limits.NODES
_DIGITS = 20
"""A whole number of more digits is not one of 64 bits; converting it would cost its square."""


def unpack_json(data: bytes) -> dict[str, Plain]:
    """Return the one map that `data` holds; the caller has bounded its length.

    Raises:
        Invalid: anything else than one map within `limits`.
    """
    try:
        return packing.unpack(packing.pack(_parse(data.decode())))
    except Invalid as error:
        raise Invalid("bad_json", error.detail) from None
    except RecursionError:
        raise Invalid("bad_json", f"nested deeper than {limits.DEPTH}") from None
    except (ValueError, OverflowError) as error:  # JSON's and Unicode's errors are ValueErrors
        raise Invalid("bad_json", str(error)[:200]) from None


def _parse(text: str) -> dict[str, Plain]:
    if _has_too_many_values(text):
        raise Invalid("bad_json", f"more than {limits.NODES} values")
    value = json.loads(text, object_pairs_hook=_build_map, parse_int=_whole, parse_constant=_refuse)
    if type(value) is not dict:
        raise Invalid("bad_json", f"a map is expected, not {type(value).__name__}")
    return cast(dict[str, Plain], value)


def _has_too_many_values(text: str) -> bool:
    """Tell whether there may be more values and keys than a map may have, building none."""
    if len(text) <= limits.HEAD_RAW_BYTES:
        return False  # what so little can grow to is bounded by itself
    if sum(map(text.count, _MARKS)) <= 2 * limits.NODES:
        return False
    # Marks inside of texts do not count. A loop, not one search: that would keep the interpreter.
    return any(count > _MOST_TOKENS for count, _ in enumerate(_TOKENS.finditer(text)))


def _build_map(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key comes twice")
    return result


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError("an integer beyond 64 bits")
    return int(digits)


def _refuse(word: str) -> Never:
    raise ValueError(f"{word} is not a number")
