"""Reading fault records, which come as bytes from other users' processes.

The reader takes nothing for granted about their shape; what the fields may hold is checked
later, by the schema of the wire.
"""

import hashlib
import json
import math
from typing import cast

from faultbox_agent.fault import MAX_BYTES, VERSION, Fault, Losses, PlainMap
from faultbox_protocol.ids import make_bundle_id, parse_bundle_id
from faultbox_protocol.report import Plain

_DEPTH = 10


class BadFault(ValueError):
    """A record that cannot be read as a fault."""


def derived_fault_id(wall_ms: int, *parts: object) -> bytes:
    """Return an id whose random part follows from `parts`: the same fault read twice is one."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "replace")).digest()
    return make_bundle_id(max(wall_ms, 0), digest[:10])


def read_fault(data: bytes, named: bytes | None = None) -> Fault | Losses:
    """Read a record; `named` is the id in its file name, if it came as a file.

    A record with no id of its own takes that of its file name, or one that follows from its
    bytes: read again after a power cut, it is still the same fault.

    Raises:
        BadFault: not such a record.
    """
    record = _load(data)
    if record.get("drop") != VERSION:
        raise BadFault("not a record of version 1")
    head = record.get("head")
    if head is None:
        return Losses(_counts(record.get("drops")))
    if not isinstance(head, dict):
        raise BadFault("head is not a map")
    own = head.get("id")
    if own is None:
        fault_id = named or derived_fault_id(0, data)
    else:
        fault_id = _parse_id(own)
        if named is not None and fault_id != named:
            raise BadFault("the id is not that of the file name")
    return Fault(
        fault_id,
        {key: value for key, value in head.items() if key != "id"},
        _map(record.get("evidence"), "evidence"),
        _map(record.get("facts"), "facts"),
    )


def _load(data: bytes) -> PlainMap:
    if len(data) > MAX_BYTES:
        raise BadFault(f"more than {MAX_BYTES} bytes")
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        raise BadFault("not JSON") from None
    if not isinstance(record, dict):
        raise BadFault("not a JSON object")
    _check(record)
    return cast(PlainMap, record)


def _check(record: object) -> None:
    """Refuse depth and numbers that the wire does not know."""
    level = [record]
    for _ in range(_DEPTH):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, float) and not math.isfinite(value):
                raise BadFault("a number is not finite")
            elif isinstance(value, int) and abs(value) >= 2**63:
                raise BadFault("a number is too large")
        if not below:
            return
        level = below
    raise BadFault(f"nested deeper than {_DEPTH}")


def _parse_id(value: Plain) -> bytes:
    try:
        return parse_bundle_id(value if isinstance(value, str) else "")
    except ValueError as error:
        raise BadFault(str(error)) from None


def _map(value: Plain, name: str) -> PlainMap:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadFault(f"{name} is not a map")
    return value


def _counts(value: Plain) -> dict[str, int]:
    """Return at most 32 positive counts under short names."""
    found: dict[str, int] = {}
    for name, count in list(_map(value, "drops").items())[:32]:
        if isinstance(count, int) and not isinstance(count, bool) and 0 < count < 2**31:
            found[name[:64]] = count
    return found
