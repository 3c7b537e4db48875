"""What is known of one upload, as a record and as the text of its state file."""

import json
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload; `offset` bytes of it are durable."""

    id: str
    """32 hex digits, made by the collector; whoever knows it and has the key may go on with it."""
    organisation_id: int
    product_id: int
    key_id: int
    device: str
    """What its sender is counted under: the FB-Device header or the address."""
    created_ms: int
    offset: int = 0
    length: int | None = None
    announced: str | None = None
    """SHA-256 in hex that the whole must have."""
    sha256: str | None = None
    """SHA-256 in hex that the whole has; None until it is complete."""


class StateError(ValueError):
    """The text is not the state of an upload."""


_TYPES: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "organisation_id": (int,),
    "product_id": (int,),
    "key_id": (int,),
    "device": (str,),
    "created_ms": (int,),
    "offset": (int,),
    "length": (int, type(None)),
    "announced": (str, type(None)),
    "sha256": (str, type(None)),
}


def write_state(upload: Upload) -> bytes:
    """Return the text of a state file."""
    return json.dumps(asdict(upload), sort_keys=True).encode()


def read_state(text: bytes) -> Upload:
    """Return the upload of a state file; names of later versions are left alone.

    Raises:
        StateError: it is not one.
    """
    try:
        found = json.loads(text)
        upload = Upload(**{field.name: found[field.name] for field in fields(Upload)})
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(f"not the state of an upload: {error}") from None
    if any(type(found[name]) not in types for name, types in _TYPES.items()):
        raise StateError("not the state of an upload: a value of another type")
    return upload
