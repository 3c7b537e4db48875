"""An address is taken apart strictly, because the key goes wherever it points."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_agent.address import Address, BadAddress, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://a.example.com", Address(True, "a.example.com", 443, "")),
        ("https://a.example.com:8443/in/", Address(True, "a.example.com", 8443, "/in")),
        ("http://127.0.0.1:80", Address(False, "127.0.0.1", 80, "")),
        ("http://[::1]:8080/x", Address(False, "::1", 8080, "/x")),
        ("HTTP://localhost", Address(False, "localhost", 80, "")),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse_address(text, allow_plain_http=False) == address


@pytest.mark.parametrize(
    "text",
    ["", "a.example.com", "ftp://a", "https://", "https://:443", "https://a:0", "https://a:99999",
     "https://a:x", "https://u:p@a", "https://a/x?y=1", "https://a/#x", "https://a b/",
     "http://a.example.com", "http://127.0.0.1.example.com", "http://128.0.0.1",
     "http://localhost.example.com", "https://a\r\nX: y"],
)  # fmt: skip
def test_what_is_not_sent_to(text: str) -> None:
    with pytest.raises(BadAddress):
        parse_address(text, allow_plain_http=False)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    try:
        address = parse_address(text, allow_plain_http=True)
    except BadAddress:
        return
    assert address.host
    assert 0 < address.port < 65536
