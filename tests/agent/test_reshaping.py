"""What a collector cannot take comes again in a form that it can, once."""

from pathlib import Path

from faultbox_agent.capture import Capture
from faultbox_agent.ledger import Ledger
from faultbox_agent.pipeline import AttachedFile, Outcome, Pipeline
from faultbox_agent.reshaping import shed, unpack
from faultbox_agent.spool import Limits, Spool
from faultbox_agent.state import State
from faultbox_protocol import codec
from faultbox_protocol.words import Codec
from support.device import (
    Arrival,
    Reply,
    StillClock,
    a_collector,
    a_fault,
    a_station,
    read_ready,
    refusal,
    some_settings,
    some_surroundings,
    stored,
)

CLOCK = StillClock()


def a_ledger(path: Path, *, lost: int = 0, limits: Limits | None = None) -> Ledger:
    """Return a ledger over a spool with one bundle: an attached file, evidence, a loss."""
    ledger = Ledger(Spool(str(path), limits or Limits(1 << 26, 1000, 0)), State())
    if lost:
        ledger.state.lose("rate", lost)
        ledger.commit()
    pipeline = Pipeline(ledger, Capture(some_settings(path), some_surroundings()), CLOCK, 30)
    files = [AttachedFile("a.txt", "text/plain", b"log line\n" * 500)]
    assert pipeline.take(a_fault(1), files) is Outcome.SPOOLED
    return ledger


def codecs(path: Path) -> set[int]:
    (file,) = (path / "ready").iterdir()
    bundle = codec.scan_bundle(memoryview(file.read_bytes()))
    evidence = [bundle.evidence] if bundle.evidence else []
    return {frame.codec for frame in (bundle.head, *evidence, *bundle.blobs)}


def test_too_large_sheds_files_then_evidence_then_nothing_is_left(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path, lost=4)
    (first,) = ledger.spool.entries
    assert shed(ledger, CLOCK, first.id)
    ledger.commit()
    (second,) = ledger.spool.entries
    ((head, evidence),) = read_ready(tmp_path)
    assert (head.of, head.att, head.seq, head.drops) == (first.id, (), 2, {"rate": 4})
    assert evidence.sys
    assert shed(ledger, CLOCK, second.id)
    ledger.commit()
    (third,) = ledger.spool.entries
    assert read_ready(tmp_path)[0][1].sys == {}
    assert not shed(ledger, CLOCK, third.id)
    assert ledger.state.captured == 1


def test_a_kill_between_the_smaller_bundle_and_the_end_of_the_larger_counts_once(
    tmp_path: Path,
) -> None:
    ledger = a_ledger(tmp_path, lost=4)
    ledger.commit()
    (first,) = ledger.spool.entries
    assert shed(ledger, CLOCK, first.id)
    assert len(read_ready(tmp_path)) == 2
    ledger.spool.close()  # killed here
    again = Ledger(Spool(str(tmp_path), Limits(1 << 26, 1000, 0)), State())
    again.state.next_seq, again.state.captured, again.state.lost = 2, 1, {"rate": 4}
    again.recover()
    again.commit()
    ((head, _),) = read_ready(tmp_path)
    assert head.of == first.id
    assert (again.state.captured, again.state.lost, again.state.drops) == (1, {"rate": 4}, {})


def test_a_bundle_without_compression_says_the_same_under_the_same_id(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path, lost=4)
    before = read_ready(tmp_path)
    (entry,) = ledger.spool.entries
    assert codecs(tmp_path) != {Codec.IDENTITY}
    assert unpack(ledger, entry.id)
    assert codecs(tmp_path) == {Codec.IDENTITY}
    assert read_ready(tmp_path) == before
    (after,) = ledger.spool.entries
    assert after.size_bytes == ledger.spool.size_bytes > entry.size_bytes
    assert not unpack(ledger, entry.id), "there is nothing left to unpack"


def test_a_full_spool_has_no_room_to_unpack(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path, limits=Limits(2_000, 10, 0))
    (entry,) = ledger.spool.entries
    assert not unpack(ledger, entry.id)
    assert ledger.spool.entries == [entry]


def only_plain(arrival: Arrival) -> Reply:
    """Answer as a collector that was built without zstd."""
    for bundle in arrival.bundles():
        frames = [bundle.head, *([bundle.evidence] if bundle.evidence else []), *bundle.blobs]
        if any(frame.codec != Codec.IDENTITY for frame in frames):
            return refusal(415, "unknown_codec")
    return stored(arrival)


def test_a_collector_without_the_codec_gets_plain_bundles(tmp_path: Path) -> None:
    with a_collector() as collector:
        collector.answer = only_plain
        place = a_station(tmp_path, collector.url)
        for number in (1, 2, 3):
            place.take(a_fault(number, code=f"E-{100 + number}"))
        assert place.deliver(30)
        assert place.state.delivered == 3
        assert place.state.lost == {}
        place.close()


def test_one_that_refuses_plain_bytes_too_has_the_bundle_set_aside(tmp_path: Path) -> None:
    with a_collector() as collector:
        collector.answer = lambda _: refusal(415, "unknown_codec")
        place = a_station(tmp_path, collector.url)
        place.take(a_fault(1))
        assert place.deliver(30)
        assert len(collector.arrivals) == 2
        assert place.state.lost == {"refused": 1}
        assert len(list((tmp_path / "spool" / "dead").iterdir())) == 1
        place.close()


def test_a_disk_that_refuses_the_other_form_keeps_the_bundle(tmp_path: Path) -> None:
    with a_collector() as collector:
        collector.answer = only_plain
        place = a_station(tmp_path, collector.url)
        place.take(a_fault(1))
        (tmp_path / "spool" / "tmp").rmdir()
        assert not place.deliver(1)
        (tmp_path / "spool" / "tmp").mkdir()
        assert len(place.spool) == 1
        assert len(collector.arrivals) == 1, "not again at once"
        assert place.deliver(30)
        place.close()
