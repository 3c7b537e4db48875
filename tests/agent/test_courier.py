"""Bundles reach a real HTTP server, and nothing but its receipt deletes them."""

import json
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from faultbox_agent.settings import Delivery
from faultbox_agent.station import Station
from faultbox_agent.verdict import Fate, Verdict, Wait
from faultbox_protocol import api
from faultbox_protocol.codec import read_head
from faultbox_protocol.words import ClockQuality
from support.device import (
    KEY,
    Arrival,
    Reply,
    StillClock,
    a_collector,
    a_fault,
    a_station,
    refusal,
    some_settings,
    stored,
)
from support.needs import give_up


def fill(place: Station, *numbers: int) -> None:
    for number in numbers:
        place.take(a_fault(number, code=f"E-{100 + number}"))


def test_a_batch_arrives_with_its_headers_and_is_deleted(tmp_path: Path) -> None:
    with a_collector() as collector:
        place = a_station(tmp_path, collector.url + "/in")
        fill(place, 1, 2, 3)
        assert place.deliver(20)
        (arrival,) = collector.arrivals
        assert arrival.path == "/in" + api.BUNDLES
        assert arrival.headers[api.KEY_HEADER] == KEY
        assert arrival.headers["Content-Type"] == api.MEDIA_TYPE
        assert api.Sent.parse(arrival.headers[api.SENT_HEADER]) is not None
        assert [head.seq for head in collector.heads()] == [1, 2, 3]
        assert list((tmp_path / "spool" / "ready").iterdir()) == []
        assert place.state.delivered == 3
        place.close()


def test_receipts_for_other_bytes_delete_nothing(tmp_path: Path) -> None:
    def lie(arrival: Arrival) -> Reply:
        reply = stored(arrival)
        return Reply(202, reply.body.replace(b'"sha256": "', b'"sha256": "00'))

    with a_collector() as collector:
        collector.answer = lie
        place = a_station(tmp_path, collector.url)
        fill(place, 1)
        assert not place.deliver(2)
        assert len(place.spool) == 1
        place.close()


def test_a_captive_portal_deletes_nothing(tmp_path: Path) -> None:
    with a_collector() as collector:
        collector.answer = lambda _: Reply(200, b"<html>welcome</html>", "text/html")
        place = a_station(tmp_path, collector.url)
        fill(place, 1)
        assert not place.deliver(2)
        assert len(place.spool) == 1
        place.close()


def test_a_refused_bundle_is_set_aside_and_its_neighbours_arrive(tmp_path: Path) -> None:
    def refuse_second(arrival: Arrival) -> Reply:
        if any(read_head(one).seq == 2 for one in arrival.bundles()):
            return refusal(422, "bad_field")
        return stored(arrival)

    with a_collector() as collector:
        collector.answer = refuse_second
        place = a_station(tmp_path, collector.url)
        fill(place, 1, 2, 3, 4, 5)
        place.state.lose("rate")
        assert place.deliver(60)
        assert len(list((tmp_path / "spool" / "dead").iterdir())) == 1
        assert place.state.lost["refused"] == 1
        assert place.state.delivered == 4
        place.close()


def test_a_refused_key_waits_an_hour_unless_the_key_changes(tmp_path: Path) -> None:
    with a_collector() as collector:
        collector.answer = lambda _: refusal(401, "unknown_key")
        place = a_station(tmp_path, collector.url)
        fill(place, 1)
        assert not place.deliver(20)
        wait_ms = (place.courier.next_ms() or 0) - place.clock.mono_ms()
        assert wait_ms > 3_590_000
        place.close()
        same = a_station(tmp_path, collector.url)
        assert (same.courier.next_ms() or 0) - same.clock.mono_ms() > 3_500_000
        same.close()
        other = Station(some_settings(tmp_path / "spool", server=collector.url, key=KEY + "x"))
        assert (other.courier.next_ms() or 0) <= other.clock.mono_ms()
        collector.answer = stored
        assert other.deliver(20)
        other.close()


def test_retry_after_is_kept_to(tmp_path: Path) -> None:
    with a_collector() as collector:
        collector.answer = lambda _: refusal(503, "busy", Retry_After="500")
        place = a_station(tmp_path, collector.url)
        fill(place, 1)
        assert not place.deliver(20)
        wait_ms = (place.courier.next_ms() or 0) - place.clock.mono_ms()
        assert 490_000 < wait_ms < 560_000
        assert len(collector.arrivals) == 1
        place.close()


def test_a_bundle_too_large_comes_again_smaller_under_a_new_id(tmp_path: Path) -> None:
    def only_small(arrival: Arrival) -> Reply:
        whole = [read_head(one).of is None for one in arrival.bundles()]
        return refusal(413, "evidence_too_large") if any(whole) else stored(arrival)

    with a_collector() as collector:
        collector.answer = only_small
        place = a_station(tmp_path, collector.url)
        fill(place, 1)
        (first,) = place.spool.entries
        assert place.deliver(30)
        assert collector.heads()[-1].of == first.id
        place.close()


def test_a_file_damaged_while_it_waited_is_set_aside_and_the_rest_arrives(tmp_path: Path) -> None:
    with a_collector() as collector:
        place = a_station(tmp_path, collector.url)
        fill(place, 1, 2, 3)
        victim = place.spool.entries[1]
        Path(place.spool.path(victim.id)).write_bytes(b"FBX1 nothing behind it")
        assert place.deliver(30)
        assert [head.seq for head in collector.heads()] == [1, 3]
        assert place.state.lost == {"damaged": 1}
        place.close()


def test_a_server_that_is_down_changes_nothing(tmp_path: Path) -> None:
    place = a_station(tmp_path, "http://127.0.0.1:9")
    fill(place, 1)
    assert not place.deliver(10)
    assert len(place.spool) == 1
    assert place.state.delivery.attempts >= 1
    assert "refused" in place.state.delivery.last.lower()
    place.close()


def test_without_a_server_everything_is_kept(tmp_path: Path) -> None:
    place = a_station(tmp_path, None)
    fill(place, 1)
    assert not place.deliver(5)
    assert place.courier.next_ms() is None
    assert len(place.spool) == 1
    place.close()


def test_waits_grow_and_a_success_ends_them(tmp_path: Path) -> None:
    place = a_station(tmp_path, "https://faults.example.com", StillClock())
    for _ in range(40):
        place.courier.apply(Verdict("500", Wait.BACKOFF))
    assert place.state.delivery.attempts == 40
    assert 0 <= (place.courier._next_ms - place.clock.mono_ms()) <= 3_600_000
    place.courier.apply(Verdict("202", Wait.NOW, {}))
    assert place.state.delivery.attempts == 0
    place.close()


def test_a_clock_set_far_back_does_not_stop_deliveries(tmp_path: Path) -> None:
    clock = StillClock()
    place = a_station(tmp_path, "https://faults.example.com", clock)
    fill(place, 1)
    place.courier.apply(Verdict("500", Wait.BACKOFF, retry_after_seconds=80_000))
    place.state.delivery.door = place.courier._door()
    place.note_change()
    place.close()
    clock.now_wall_ms = 0
    again = a_station(tmp_path, "https://faults.example.com", clock)
    assert (again.courier.next_ms() or 0) <= clock.mono_ms()
    again.close()


def test_only_a_synced_clock_may_call_a_bundle_too_old(tmp_path: Path) -> None:
    clock = StillClock()
    place = a_station(tmp_path, "https://faults.example.com", clock)
    fill(place, 1)
    place.take(a_fault(2, code="E-102", t_ms=1000))
    clock.move(151 * 86_400)
    place.courier._clock_quality = lambda: ClockQuality.NONE
    place.courier._discard_expired()
    assert len(place.spool) == 2
    place.courier._clock_quality = lambda: ClockQuality.SYNCED
    place.courier._discard_expired()
    assert [entry.t_ms for entry in place.spool.entries] == [1000], "1970 is no age"
    assert place.state.lost == {"expired": 1}
    place.close()


@pytest.mark.parametrize("years", [-54, -1, 10])
def test_a_clock_that_jumps_expires_nothing_and_keeps_the_order(tmp_path: Path, years: int) -> None:
    clock = StillClock()
    place = a_station(tmp_path, "https://faults.example.com", clock)
    place.courier._clock_quality = lambda: ClockQuality.SYNCED
    fill(place, 1, 2)
    clock.now_wall_ms += years * 365 * 86_400_000
    place.take(a_fault(3, code="E-103", t_ms=clock.now_wall_ms))
    clock.move(60)
    place.courier._discard_expired()
    assert [entry.seq for entry in place.courier._choose_batch()] == [1, 2, 3]
    assert place.state.lost == {}
    wait_ms = (place.courier.next_ms() or 0) - clock.mono_ms()
    assert wait_ms <= 0, "nothing waits for a time of the wall clock"
    clock.now_wall_ms -= years * 365 * 86_400_000
    place.courier._discard_expired()
    assert len(place.spool) == 3
    place.close()


def test_one_bundle_waits_for_its_time_and_the_others_go(tmp_path: Path) -> None:
    def per_device(arrival: Arrival) -> Reply:
        heads = [read_head(one) for one in arrival.bundles()]
        items = [
            {"index": index, "id": head.id.hex(), "status": 429 if head.seq == 2 else 202,
             "reason": "device_rate" if head.seq == 2 else None}
            for index, head in enumerate(heads)
        ]  # fmt: skip
        receipts = json.loads(stored(arrival).body)["receipts"]
        kept = [row for row, head in zip(receipts, heads, strict=True) if head.seq != 2]
        body = json.dumps({"receipts": kept, "items": items}).encode()
        return Reply(207, body, headers={"Retry-After": "300"})

    with a_collector() as collector:
        collector.answer = per_device
        place = a_station(tmp_path, collector.url)
        fill(place, 1, 2, 3)
        assert not place.deliver(20)
        assert [entry.seq for entry in place.spool.entries] == [2]
        assert place.state.delivered == 2
        wait_ms = (place.courier.next_ms() or 0) - place.clock.mono_ms()
        assert 295_000 < wait_ms < 335_000
        fill(place, 4)
        assert (place.courier.next_ms() or 0) <= place.clock.mono_ms(), "others need not wait"
        collector.answer = stored
        assert place.courier._choose_batch()[0].seq != 2
        place.courier.hurry()
        assert place.deliver(20)
        place.close()


def test_batches_shrink_after_a_refusal_and_grow_again(tmp_path: Path) -> None:
    place = a_station(tmp_path, "https://faults.example.com", StillClock())
    fill(place, *range(12))
    courier, delivery = place.courier, place.state.delivery
    for expected in (25, 6, 1, 1):
        courier.apply(Verdict("400", Wait.NOW, smaller_batch=True))
        assert delivery.batch == expected
    assert len(courier._choose_batch()) == 1
    courier.apply(Verdict("202", Wait.NOW, {place.spool.entries[0].id: Fate.DELIVERED}))
    assert delivery.batch == 2
    place.close()


def test_plain_http_elsewhere_is_refused_by_the_upload_itself(tmp_path: Path) -> None:
    place = a_station(tmp_path, "http://192.0.2.1")
    fill(place, 1)
    assert not place.deliver(10)
    assert "plain http" in place.state.delivery.last
    place.close()


def test_an_own_authority_is_trusted_where_it_is_named_and_only_there(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        give_up("a certificate is made with openssl")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    with a_collector() as collector:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server = collector._server
        server.socket = context.wrap_socket(server.socket, server_side=True)
        url = collector.url.replace("http://127.0.0.1", "https://localhost")
        stranger = a_station(tmp_path, url)
        fill(stranger, 1)
        assert not stranger.deliver(10)
        assert "CERTIFICATE_VERIFY_FAILED" in stranger.state.delivery.last
        stranger.close()
        place = a_station(tmp_path, url, delivery=Delivery(ca_file=str(certificate)))
        assert place.deliver(20)
        place.close()


def test_an_upload_process_that_dies_costs_nothing(tmp_path: Path) -> None:
    place = a_station(tmp_path, "http://127.0.0.1:9")
    fill(place, 1)
    assert place.courier.start()
    upload = place.courier._upload
    assert upload is not None
    upload.child.kill()
    while not place.courier.step():
        pass
    assert len(place.spool) == 1
    place.courier.abandon()
    place.close()


def test_the_upload_module_answers_json_for_an_empty_job() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-m", "faultbox_agent.upload"],
        input=b'{"server": "http://127.0.0.1:9", "key": "k", "files": ["/nowhere/00.fbx"]}',
        capture_output=True,
        check=True,
    )
    assert b'"sent": {}' in done.stdout
