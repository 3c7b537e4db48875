"""The collector's address, taken apart without the standard library's large URL module."""

from dataclasses import dataclass

_PORTS = {"http": 80, "https": 443}


class BadAddress(ValueError):
    """An address that bundles are not sent to; the message says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the collector is; `path` has no slash at its end."""

    tls: bool
    host: str
    port: int
    path: str


def parse_address(text: str, *, allow_plain_http: bool) -> Address:
    """Return the parts of `https://host[:port][/path]`.

    Raises:
        BadAddress: not such an address, or plain HTTP to another machine without leave.
    """
    scheme, mark, rest = text.strip().partition("://")
    scheme = scheme.lower()
    if not mark or scheme not in _PORTS:
        raise BadAddress(f"{text!r} is not an address like https://faults.example.com")
    authority, _, path = rest.partition("/")
    if "@" in authority or "?" in rest or "#" in rest or any(char <= " " for char in rest):
        raise BadAddress(f"{text!r} holds more than host, port and path")
    host, port = _split_port(authority, _PORTS[scheme], text)
    if scheme == "http" and not (allow_plain_http or is_loopback(host)):
        raise BadAddress(
            f"plain http to {host} is refused, anybody on the way could read the key: "
            "use https, or say allow_plain_http = true"
        )
    return Address(scheme == "https", host, port, f"/{path}".rstrip("/"))


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine itself."""
    if host.lower() == "localhost" or host == "::1":
        return True
    parts = host.split(".")
    return len(parts) == 4 and parts[0] == "127" and all(part.isdigit() for part in parts)


def _split_port(authority: str, default: int, text: str) -> tuple[str, int]:
    if authority.startswith("["):
        host, _, port = authority[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = authority.partition(":")
    if not host or (port and not port.isdigit()) or not 0 < int(port or default) < 65536:
        raise BadAddress(f"{text!r} has no usable host and port")
    return host, int(port or default)
