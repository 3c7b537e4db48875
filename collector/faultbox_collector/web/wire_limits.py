"""The limits as devices read them: in `GET /v1/config`, in every 413, in `Upload-Limit`."""

from faultbox_protocol import limits

_UNITS = frozenset({"KIB", "MIB"})

WIRE_LIMITS: dict[str, int] = {
    name.lower(): value
    for name, value in vars(limits).items()
    if name.isupper() and name not in _UNITS
}
"""Every figure of `faultbox_protocol.limits` under its name in small letters."""
