"""Who is let in, by address, key, device, inbox and disk, before a byte of the body is read."""

from dataclasses import dataclass, fields, replace

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from faultbox_collector.domain.addresses import Proxies, parse_networks
from faultbox_collector.domain.keys import KeyRow, hash_key
from faultbox_collector.settings import Settings
from faultbox_collector.web.admission import LARGE_BYTES, Admission, Rates, read_rates
from faultbox_collector.web.problems import ProblemError
from faultbox_protocol import api, limits

MIB = 1024 * 1024
KEY = KeyRow(1, 1, 1, "p1", "fbk_1", hash_key("key1"), 1, None)


class FakeInbox:
    is_full = False


class FakeDisk:
    def __init__(self) -> None:
        self.trouble = ""
        self.counted = 0

    def has_room(self, size: int) -> bool:
        self.counted += size
        return not self.trouble


@dataclass(slots=True)
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class Gatehouse:
    """An admission and what it looks at."""

    admission: Admission
    inbox: FakeInbox
    disk: FakeDisk
    clock: Clock

    def refusal(self, request: web.Request) -> ProblemError:
        """Return why a request is not admitted."""
        with pytest.raises(ProblemError) as refused:
            self.admission.authenticate(request)
        return refused.value


def a_gatehouse(rates: Rates | None = None, proxies: str = "", bodies_bytes: int = 0) -> Gatehouse:
    inbox, disk, clock = FakeInbox(), FakeDisk(), Clock()
    admission = Admission(
        inbox,
        disk,
        rates or Rates(),
        Proxies(parse_networks(proxies)),
        bodies_bytes,
        clock,
    )
    admission.load(
        KeyRow(number, 1, number, f"p{number}", f"fbk_{number}", hash_key(f"key{number}"), 1, None)
        for number in (1, 2)
    )
    return Gatehouse(admission, inbox, disk, clock)


def a_request(
    peer: str = "192.0.2.1",
    key: str = "key1",
    length: int | None = 100,
    method: str = "POST",
    **headers: str,
) -> web.Request:
    """Return a request as it is before its body has come."""
    found = {api.KEY_HEADER: key, **{k.replace("_", "-"): v for k, v in headers.items()}}
    if length is not None:
        found["Content-Length"] = str(length)
    request = make_mocked_request(method, api.BUNDLES, headers=found)
    return request.clone(remote=peer)


def test_an_address_gets_its_burst_and_learns_when_to_come_again() -> None:
    house = a_gatehouse(Rates(address_per_second=0.5, address_burst=3))
    for _ in range(3):
        assert house.admission.authenticate(a_request()).product == "p1"
    refused = house.refusal(a_request())
    assert (refused.status, refused.reason, refused.retry_seconds) == (429, "rate_address", 2)
    assert house.admission.authenticate(a_request(peer="192.0.2.2"))
    house.clock.now += 2
    assert house.admission.authenticate(a_request())
    assert house.admission.refused == {"rate_address": 1}


def test_guessing_keys_costs_the_address_too() -> None:
    house = a_gatehouse(Rates(address_per_second=1, address_burst=2))
    assert house.refusal(a_request(key="guess")).status == 401
    assert house.refusal(a_request(key="guess")).status == 401
    assert house.refusal(a_request(key="guess")).reason == "rate_address"


def test_this_machine_is_not_limited_by_its_address() -> None:
    house = a_gatehouse(Rates(address_per_second=1, address_burst=1))
    for peer in ("127.0.0.1", "::1", ""):
        for _ in range(5):
            assert house.admission.authenticate(a_request(peer=peer))


def test_behind_a_named_proxy_each_client_has_its_own_tokens() -> None:
    house = a_gatehouse(Rates(address_per_second=1, address_burst=1), proxies="127.0.0.1")
    for client in ("203.0.113.1", "203.0.113.2"):
        assert house.admission.authenticate(a_request(peer="127.0.0.1", X_Forwarded_For=client))
    again = a_request(peer="127.0.0.1", X_Forwarded_For="203.0.113.2")
    assert house.refusal(again).reason == "rate_address"
    forged = a_request(peer="127.0.0.1", X_Forwarded_For="198.51.100.9, 203.0.113.2")
    assert house.refusal(forged).reason == "rate_address"


def test_nobody_gets_another_address_by_writing_one() -> None:
    house = a_gatehouse(Rates(address_per_second=1, address_burst=1), proxies="10.0.0.1")
    assert house.admission.authenticate(a_request(X_Forwarded_For="203.0.113.1"))
    assert house.refusal(a_request(X_Forwarded_For="203.0.113.2")).reason == "rate_address"


def test_a_key_that_leaked_leaves_the_others_alone() -> None:
    house = a_gatehouse(Rates(key_per_second=10, key_burst=5))
    for number in range(5):
        house.admission.authenticate(a_request(peer=f"192.0.2.{number}"))
    refused = house.refusal(a_request(peer="192.0.2.99"))
    assert (refused.status, refused.reason, refused.retry_seconds) == (429, "rate_key", 1)
    assert house.admission.authenticate(a_request(key="key2")).product == "p2"


def test_a_batch_costs_a_token_for_each_bundle() -> None:
    house = a_gatehouse(Rates(key_per_second=10, key_burst=200))
    key = house.admission.authenticate(a_request())
    house.admission.spend_bundles(key, 1)
    assert house.admission.authenticate(a_request())
    house.admission.spend_bundles(key, 100)
    house.admission.authenticate(a_request())
    house.admission.spend_bundles(key, 150)  # was let in with 98 left: owes some now
    assert house.refusal(a_request()).retry_seconds == 6
    house.clock.now += 6
    assert house.admission.authenticate(a_request())


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_reading_costs_a_token_and_needs_no_room(method: str) -> None:
    house = a_gatehouse(Rates(key_per_second=1, key_burst=1))
    house.disk.trouble = "full"
    house.inbox.is_full = True
    assert house.admission.authenticate(a_request(method=method))
    assert house.refusal(a_request(method=method)).reason == "rate_key"


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
def test_who_brings_something_needs_room(method: str) -> None:
    house = a_gatehouse()
    house.disk.trouble = "full"
    assert house.refusal(a_request(method=method)).reason == "disk_full"


def test_who_asks_before_sending_is_charged_once() -> None:
    house = a_gatehouse(Rates(key_per_second=1, key_burst=2))
    for _ in range(2):
        request = a_request(Expect="100-continue")
        assert house.admission.authenticate(request) is house.admission.authenticate(request)
    assert house.refusal(a_request(Expect="100-continue")).reason == "rate_key"


def test_the_default_settings_are_limits_and_0_is_none() -> None:
    assert all(getattr(read_rates(Settings()), field.name) > 0 for field in fields(Rates))
    off = Settings(rate_address_per_second=0, rate_key_per_second=0, rate_device_per_minute=0)
    house = a_gatehouse(read_rates(off))
    for _ in range(30_000):
        assert house.admission.spend_device(KEY, "SN-1")
    assert house.admission.authenticate(a_request())


def test_a_full_inbox_is_503_before_the_body() -> None:
    house = a_gatehouse()
    house.inbox.is_full = True
    refused = house.refusal(a_request())
    assert (refused.status, refused.reason) == (503, "busy")
    assert int(refused.answer().headers["Retry-After"]) > 0


def test_a_disk_in_trouble_is_503_and_the_operator_learns_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = a_gatehouse()
    house.disk.trouble = "3 MiB are free, 256 MiB are kept"
    refused = house.refusal(a_request())
    assert (refused.status, refused.reason) == (503, "disk_full")
    assert "3 MiB" not in (refused.answer().text or "")  # a device need not know
    assert "3 MiB are free" in caplog.text
    house.refusal(a_request())
    assert len(caplog.records) == 1  # once a minute is enough
    assert int(refused.answer().headers["Retry-After"]) > 0


def test_what_is_let_in_counts_as_written() -> None:
    house = a_gatehouse()
    house.admission.authenticate(a_request(length=7000))
    assert house.disk.counted == 7000
    house.admission.authenticate(a_request(length=None, Transfer_Encoding="chunked"))
    assert house.disk.counted == 7000 + LARGE_BYTES


def test_a_device_that_comes_back_with_a_full_spool_is_served_over_some_minutes() -> None:
    house = a_gatehouse(Rates(device_per_second=1, device_burst=200))
    key = house.admission.authenticate(a_request())
    left, requests, begun = 500, 0, house.clock.now
    while left:
        batch = min(left, limits.BODY_BUNDLES)
        taken = house.admission.spend_device(key, "SN-1", batch)
        left -= taken
        requests += 1
        if taken < batch:
            house.clock.now += house.admission.device_wait(key, "SN-1", batch - taken)
    assert house.clock.now - begun == 300
    assert requests <= 8, "Retry-After made it come in vain"


def test_devices_do_not_share_tokens_and_neither_do_products() -> None:
    house = a_gatehouse(Rates(device_per_second=1, device_burst=2))
    first = house.admission.authenticate(a_request())
    second = house.admission.authenticate(a_request(key="key2"))
    assert house.admission.spend_device(first, "SN-1", 3) == 2
    assert house.admission.spend_device(first, "SN-2") == 1
    assert house.admission.spend_device(second, "SN-1") == 1
    assert house.admission.spend_device(first, None) == 1
    assert house.admission.device_wait(first, "SN-1") == 1
    assert house.admission.refused["rate_device"] == 1


def test_large_bodies_are_counted_while_they_are_in_hand() -> None:
    house = a_gatehouse(bodies_bytes=64 * MIB)
    request = a_request(length=16 * MIB)
    key = house.admission.authenticate(request)
    other = replace(key, id=2)
    hold = house.admission.hold_body
    with hold(request, key), hold(request, key):
        with pytest.raises(ProblemError, match="busy"), hold(request, key):
            pass
        with hold(request, other), hold(request, other):
            with pytest.raises(ProblemError, match="busy"), hold(request, replace(key, id=3)):
                pass
            with hold(a_request(length=LARGE_BYTES), key):
                pass
    with hold(request, key):
        pass


def test_a_body_of_unknown_length_counts_as_the_longest() -> None:
    house = a_gatehouse(bodies_bytes=1)
    request = a_request(length=None, Transfer_Encoding="chunked")
    key = house.admission.authenticate(request)
    hold = house.admission.hold_body
    with (
        hold(request, key),
        pytest.raises(ProblemError, match="busy"),
        hold(a_request(length=LARGE_BYTES + 1), key),
    ):
        pass


def test_without_limits_everything_is_let_in() -> None:
    house = a_gatehouse()
    request = a_request(length=16 * MIB)
    for _ in range(1_000):
        key = house.admission.authenticate(request)
        house.admission.spend_bundles(key, 100)
        assert house.admission.spend_device(key, "SN-1", 100) == 100
    assert not house.admission.refused
