"""The ring of keys in force: what is revoked is out, what is no key opens nothing."""

import pytest
from aiohttp.test_utils import make_mocked_request

from faultbox_collector.domain.keys import KeyRow, hash_key
from faultbox_collector.web.auth import KeyRing
from faultbox_collector.web.problems import ProblemError


def a_ring() -> KeyRing:
    """Return a ring with one key in force and one revoked."""
    ring = KeyRing()
    ring.load(
        KeyRow(number, 1, number, f"p{number}", "fbk_", hash_key(key), 1, revoked_ms)
        for number, (key, revoked_ms) in enumerate((("good", None), ("revoked", 5)), start=1)
    )
    return ring


def authenticate(ring: KeyRing, **headers: str) -> KeyRow:
    """Authenticate a request with these headers."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return ring.authenticate(make_mocked_request("POST", "/v1/bundles", headers=names))


def test_the_key_says_which_product() -> None:
    assert authenticate(a_ring(), FB_Key="good").product == "p1"
    assert authenticate(a_ring(), Authorization="Bearer good").product == "p1"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"FB_Key": "revoked"},
        {"FB_Key": "Good"},
        {"Authorization": "good"},
        {"Authorization": "Basic good"},
        {"Authorization": "Bearer "},
        {"FB_Key": "g" * 129},
    ],
)
def test_everything_else_is_401(headers: dict[str, str]) -> None:
    with pytest.raises(ProblemError) as refused:
        authenticate(a_ring(), **headers)
    assert (refused.value.status, refused.value.reason) == (401, "unknown_key")


def test_loading_again_replaces_all_keys() -> None:
    ring = a_ring()
    ring.load([])
    with pytest.raises(ProblemError):
        authenticate(ring, FB_Key="good")
