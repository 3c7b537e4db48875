"""Keys that were handed out stay: a change that moves one must raise the version."""

import pytest

from faultbox_collector.signature.engine import sign_text
from faultbox_collector.signature.keys import VERSION, KeyKind, make_key
from support.crash_texts import ALL

PINNED = {
    "python": "strict:1:8be1f591824823da762a94dcb7178ac9",
    "java": "strict:1:c9cd90e96347d890f5763ea0335286eb",
    "java_caused": "strict:1:274adb61ac4e3a6b961ffa7254d1900f",
    "gdb": "strict:1:67ec920bf5f2b5b036a02b8f4a343f5d",
    "asan": "strict:1:aaa1b2e82e3d55635c0c0a8a7ed6d5a7",
    "logcat": "strict:1:f7728f8fe2e7648d81f73f85146236f2",
    "code": "strict:1:2dd3825dbaf8c3267a1e4643eedc3c39",
    "oom": "strict:1:71680dfd5ee4802e5ff9b4464ae3d2f6",
}


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_key_of_this_version_never_moves(name: str) -> None:
    assert sign_text(ALL[name]).key == PINNED[name]


def test_a_key_is_its_kind_version_and_hash() -> None:
    key = make_key(KeyKind.STRICT, ("code", "E-202", ""))
    assert key.text == "code | E-202"
    kind, version, digest = key.value.split(":")
    assert (kind, version, len(digest)) == ("strict", str(VERSION), 32)


def test_kinds_with_equal_text_do_not_meet() -> None:
    assert make_key(KeyKind.STRICT, ("a",)).value != make_key(KeyKind.LOOSE, ("a",)).value


@pytest.mark.parametrize("name", sorted(ALL))
def test_no_key_holds_what_differs_between_devices(name: str) -> None:
    for key in sign_text(ALL[name]).keys:
        assert not any(word in key.text for word in ("/", "0x", "4242", "worker-7", ":44", "1234"))
