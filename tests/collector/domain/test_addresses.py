"""A request counts for the right address, whatever its sender writes into it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_collector.domain.addresses import Proxies, name_sender, parse_networks


@pytest.mark.parametrize(
    ("host", "name", "local"),
    [
        ("127.0.0.1", "local", True),
        ("127.8.9.1", "local", True),
        ("::1", "local", True),
        ("::ffff:127.0.0.1", "local", True),
        ("", "local", True),
        ("192.0.2.7", "192.0.2.7", False),
        ("::ffff:192.0.2.7", "192.0.2.7", False),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", False),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64", False),
        ("fe80::1%eth0", "fe80::/64", False),
        ("nonsense", "unknown", False),
    ],
)
def test_an_address_counts_by_what_one_household_has(host: str, name: str, local: bool) -> None:
    sender = name_sender(host)
    assert (sender.name, sender.local) == (name, local)


@pytest.mark.parametrize(
    ("peer", "forwarded", "name"),
    [
        ("192.0.2.7", ["203.0.113.5"], "192.0.2.7"),  # not a proxy of ours: not believed
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.5"], "203.0.113.5"),  # the client wrote the first
        ("10.0.0.1", ["1.1.1.1", "203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["203.0.113.5, 10.0.0.2"], "203.0.113.5"),  # two proxies of ours
        ("10.0.0.1", ["203.0.113.5, 192.0.2.99"], "192.0.2.99"),
        ("10.0.0.1", ["garbage"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.5, garbage"], "10.0.0.1"),
        ("127.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["127.0.0.1"], "local"),
    ],
)
def test_a_forwarded_address_is_believed_from_named_proxies_only(
    peer: str, forwarded: list[str], name: str
) -> None:
    proxies = Proxies(parse_networks("10.0.0.0/24, 127.0.0.1"))
    assert proxies.find_client(peer, forwarded).name == name


def test_without_proxies_nobody_is_believed() -> None:
    proxies = Proxies(parse_networks(""))
    assert not proxies
    assert proxies.find_client("127.0.0.1", ["203.0.113.5"]).local


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99"):
        parse_networks("127.0.0.1, 10.0.0.0/99")


@given(st.lists(st.text(max_size=60), max_size=30))
def test_any_header_gives_some_address(forwarded: list[str]) -> None:
    proxies = Proxies(parse_networks("10.0.0.1"))
    assert proxies.find_client("10.0.0.1", forwarded).name
