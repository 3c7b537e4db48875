"""Whose address a request counts for: pure.

Behind a reverse proxy every connection has the proxy's address. What the proxy says in
`X-Forwarded-For` is believed only where the operator has named the proxy: anybody can send that
header. An IPv6 address counts by its first 64 bits, because one household has all the others.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
_HOPS = 20
"""Entries of the header that are looked at, from the right; a proxy adds one."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Where a request comes from, as limits count it."""

    name: str
    """The address, or its IPv6 network."""
    local: bool
    """This machine; it is not limited, for it has other ways to do harm."""


LOCAL = Sender("local", True)
UNKNOWN = Sender("unknown", False)


def parse_networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a list of addresses and networks, separated by commas.

    Raises:
        ValueError: one of them is neither; the text says which.
    """
    return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


@lru_cache(maxsize=4096)
def name_sender(host: str) -> Sender:
    """Return whom an address counts for; without a host it is a socket of this machine."""
    if not host:
        return LOCAL
    address = _parse(host)
    if address is None:
        return UNKNOWN
    if address.is_loopback:
        return LOCAL
    if isinstance(address, IPv6Address):
        return Sender(str(ip_network((address, 64), strict=False)), False)
    return Sender(str(address), False)


class Proxies:
    """The reverse proxies whose word on their clients is taken."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self._networks)

    def has(self, host: str) -> bool:
        """Tell whether an address is one of the proxies."""
        if not self._networks:
            return False
        address = _parse(host)
        return address is not None and any(address in network for network in self._networks)

    def find_client(self, peer: str, forwarded: Iterable[str]) -> Sender:
        """Return who sent a request: the last in the chain that is not a proxy of ours.

        Args:
            peer: the connection's address.
            forwarded: the values of X-Forwarded-For, in the order of the headers.
        """
        chain = [part.strip() for value in forwarded for part in value.split(",")]
        host = peer
        for part in reversed(chain[-_HOPS:]):
            if not self.has(host):
                break
            if _parse(part) is None:
                break  # not an address: as far as we know it is the proxy itself
            host = part
        return name_sender(host)


def _parse(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address; an IPv4 address in an IPv6 one's clothes is an IPv4 address."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
