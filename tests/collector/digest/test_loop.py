"""The digest counts each bundle exactly once, whatever is in the packs and however it stops."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, update
from sqlalchemy.exc import OperationalError

from faultbox_collector.digest.attempts import FILE, Attempts
from faultbox_collector.digest.drafts import Drafter
from faultbox_collector.digest.loop import Digest
from faultbox_collector.digest.pacing import FullPace, Pace
from faultbox_collector.pack.files import START
from faultbox_collector.pack.records import Position
from faultbox_collector.store import tables
from faultbox_collector.store.progress import read_cursor, read_tallies
from faultbox_collector.writer import DatabaseAway, Writer
from faultbox_protocol.codec import Bundle, read_head, scan_bundle
from faultbox_protocol.framing import write_frame
from faultbox_protocol.packing import pack
from faultbox_protocol.report import Head
from faultbox_protocol.words import FrameKind
from support.builders import NOON_MS, a_bundle, a_head, a_product, a_raw_bundle, an_err, an_id
from support.collector import Rig, wait_until

COUNTED = (
    tables.signature,
    tables.signature_device,
    tables.signature_version,
    tables.signature_hour,
    tables.occurrence,
    tables.seen_id,
    tables.ticket,
    tables.ticket_entry,
    tables.number_counter,
    tables.quarantine,
)


def a_storm(first: int, count: int, kinds: int = 4) -> list[bytes]:
    """Return bundles of a few faults on a few devices in two versions."""
    return [
        a_bundle(
            a_head(
                number,
                prod=a_product(serial=f"SN-{number % 7}", app=f"1.{number % 2}.0"),
                err=an_err(functions=(f"fault_{'abcdefghij'[number % kinds]}", "main")),
                t_ms=NOON_MS - number * 60_000,
            )
        )
        for number in range(first, first + count)
    ]


def test_every_bundle_is_counted_once(rig: Rig) -> None:
    rig.put(*a_storm(1, 40))
    rig.digest()
    assert rig.count(tables.occurrence) == 40
    found = rig.rows(tables.signature)
    assert [row.occurrences for row in found] == [10, 10, 10, 10]
    assert [row.occurrences for row in rig.rows(tables.ticket)] == [10, 10, 10, 10]
    assert sorted(rig.digested) == sorted(an_id(number) for number in range(1, 41))


@pytest.mark.parametrize("batch_size", [1, 7, 500])
def test_a_replay_changes_nothing(rig: Rig, batch_size: int) -> None:
    rig.put(*a_storm(1, 30))
    rig.digest()
    before = {table.name: rig.rows(table) for table in COUNTED}
    rig.digest(start=START, batch_size=batch_size)
    assert {table.name: rig.rows(table) for table in COUNTED} == before
    tallies = rig.read(lambda c: read_tallies(c, 1))
    assert tallies == {"stored": 30, "duplicate": 30}


def test_the_same_bundle_again_is_a_duplicate_in_one_batch_and_in_the_next(rig: Rig) -> None:
    bundle = a_bundle()
    rig.put(bundle, bundle)
    rig.digest()
    rig.put(bundle)
    rig.digest()
    assert rig.rows(tables.signature)[0].occurrences == 1
    assert rig.read(lambda c: read_tallies(c, 1)) == {"stored": 1, "duplicate": 2}
    assert rig.count(tables.quarantine) == 0


def test_an_id_with_other_bytes_is_set_aside_and_the_first_stays(rig: Rig) -> None:
    rig.put(a_bundle(a_head(1)))
    rig.digest()
    [place] = rig.put(a_bundle(a_head(1, err=an_err(msg="quite another"))))
    rig.digest()
    assert rig.count(tables.occurrence) == 1
    [row] = rig.rows(tables.quarantine)
    assert (row.reason, row.bundle_id) == ("id_reused", an_id(1))
    assert Position(row.pack, row.pack_offset) == place
    record = rig.packs.read(row.pack, row.pack_offset, row.pack_bytes)
    assert record.bundle.sha256 != rig.rows(tables.seen_id)[0].sha256


def test_one_poison_bundle_is_set_aside_and_the_rest_is_stored(rig: Rig) -> None:
    storm = a_storm(1, 20)
    poison = scan_bundle(memoryview(storm[12])).sha256

    def read(bundle: Bundle) -> Head:
        # A lone surrogate passes no decoder; here it stands for whatever a database refuses.
        if bundle.sha256 != poison:
            return read_head(bundle)
        return replace(a_head(13), prod=a_product(serial="SN-\ud800"))

    places = rig.put(*storm)
    rig.digest(drafter=Drafter(read))
    assert rig.count(tables.occurrence) == 19
    [row] = rig.rows(tables.quarantine)
    assert (row.reason, row.bundle_id) == ("undigestible", an_id(13))
    assert Position(row.pack, row.pack_offset) == places[12]
    assert rig.read(read_cursor) == rig.pack_writer.end
    assert an_id(13) in rig.digested
    tallies = rig.read(lambda c: read_tallies(c, 1))
    assert tallies == {"stored": 19, "quarantined:undigestible": 1}


def test_a_batch_of_nothing_but_poison_is_set_aside_whole(rig: Rig) -> None:
    rig.put(*a_storm(1, 5))
    head = replace(a_head(1), prod=a_product(name="x" * 9, app="\ud800"))
    rig.digest(drafter=Drafter(lambda _bundle: head))
    assert rig.count(tables.occurrence) == 0
    assert rig.count(tables.quarantine) == 5
    assert rig.read(read_cursor) == rig.pack_writer.end


def test_a_head_of_a_newer_release_is_set_aside(rig: Rig) -> None:
    newer = a_raw_bundle(write_frame(FrameKind.HEAD, pack({"v": 9, "id": an_id(1)})))
    rig.put(a_bundle(a_head(2)), newer, a_bundle(a_head(3)))
    rig.digest()
    assert rig.count(tables.occurrence) == 2
    [row] = rig.rows(tables.quarantine)
    assert (row.reason, row.bundle_id) == ("unknown_version", None)


def test_a_damaged_stretch_is_set_aside_with_poison_around_it(rig: Rig) -> None:
    places = rig.put(*a_storm(1, 8))
    path = rig.packs.pack_path(1)
    data = bytearray(path.read_bytes())
    data[places[3].offset + 200] ^= 0xFF
    path.write_bytes(data)
    rig.digest()
    assert rig.count(tables.occurrence) == 7
    [row] = rig.rows(tables.quarantine)
    assert (row.pack_offset, row.pack_bytes) == (
        places[3].offset,
        places[4].offset - places[3].offset,
    )
    assert row.product_id is None


def test_a_damaged_stretch_is_noted_once_when_the_batch_is_divided(rig: Rig) -> None:
    storm = a_storm(1, 8)
    places = rig.put(*storm)
    path = rig.packs.pack_path(1)
    data = bytearray(path.read_bytes())
    for damaged in (1, 6):
        data[places[damaged].offset + 200] ^= 0xFF
    path.write_bytes(data)
    poison = scan_bundle(memoryview(storm[3])).sha256
    broken = replace(a_head(4), prod=a_product(serial="\ud800"))
    rig.digest(drafter=Drafter(lambda b: broken if b.sha256 == poison else read_head(b)))
    assert rig.count(tables.occurrence) == 5
    reasons = Counter(row.pack_offset for row in rig.rows(tables.quarantine))
    assert reasons == {places[of].offset: 1 for of in (1, 3, 6)}


def test_it_follows_the_packs_as_they_roll(tmp_path: Path, database: str) -> None:
    rig = Rig(tmp_path, pack_bytes=1, database=database)
    for bundle in a_storm(1, 6):
        rig.put(bundle)
    rig.digest()
    assert {row.pack for row in rig.rows(tables.occurrence)} == {1, 2, 3, 4, 5, 6}
    rig.close()


def test_what_the_disk_has_not_confirmed_is_not_digested(rig: Rig) -> None:
    rig.put(a_bundle(a_head(1)))
    with rig.packs.pack_path(1).open("ab") as file:  # written, and the fsync still runs
        file.write(rig.record(a_bundle(a_head(2))))
    rig.digest()
    assert [row.id for row in rig.rows(tables.occurrence)] == [an_id(1)]


class FailingWriter(Writer):
    """A writer whose database is in trouble for the first batches."""

    def __init__(self, engine: Engine, failures: int) -> None:
        super().__init__(engine)
        self.failures = failures

    def submit(self, job):  # type: ignore[no-untyped-def]
        """Let the job fail as SQLite does on a full disk, so many times."""

        def fail_after(connection: Connection) -> object:
            job(connection)
            if self.failures:
                self.failures -= 1
                raise OperationalError("COMMIT", {}, Exception("database or disk is full"))
            return None

        return super().submit(fail_after)


def test_a_database_in_trouble_loses_nothing_and_sets_nothing_aside(rig: Rig) -> None:
    rig.put(*a_storm(1, 20))
    rig.writer.stop()  # PostgreSQL lets one connection write
    rig.writer = FailingWriter(rig.store.writer_engine, failures=3)
    rig.writer.start()
    rig.digest(batch_size=8)
    assert rig.count(tables.occurrence) == 20
    assert rig.count(tables.quarantine) == 0
    assert rig.read(lambda c: read_tallies(c, 1)) == {"stored": 20}


class DeafWriter(Writer):
    """A writer that commits, and whose answer is lost, for the first batches."""

    def __init__(self, engine: Engine, failures: int) -> None:
        super().__init__(engine)
        self.failures = failures

    def submit(self, job):  # type: ignore[no-untyped-def]
        """Make the job durable and fail as a connection does that breaks in the commit."""
        future = super().submit(job)
        if self.failures:
            self.failures -= 1
            future.result(30)
            future = Future()
            future.set_exception(DatabaseAway("the connection to the database is lost"))
        return future


def test_a_commit_whose_answer_is_lost_is_not_made_again(rig: Rig) -> None:
    places = rig.put(*a_storm(1, 20))
    path = rig.packs.pack_path(1)
    data = bytearray(path.read_bytes())
    data[places[2].offset + 200] ^= 0xFF  # set aside: no id would absorb it a second time
    path.write_bytes(data)
    rig.writer.stop()
    rig.writer = DeafWriter(rig.store.writer_engine, failures=1)
    rig.writer.start()
    rig.digest(batch_size=8)
    assert rig.count(tables.occurrence) == 19
    assert rig.count(tables.quarantine) == 1
    tallies = rig.read(lambda c: read_tallies(c, 1))
    assert (tallies["stored"], tallies.get("duplicate", 0)) == (19, 0)
    assert sorted(rig.digested) == sorted(an_id(n) for n in range(1, 21) if n != 3)


def test_a_recurrence_after_closing_opens_a_ticket_that_names_the_one_before(rig: Rig) -> None:
    rig.put(a_bundle(a_head(1)))
    rig.digest()
    rig.change(update(tables.ticket).values(state="closed"))
    rig.put(a_bundle(a_head(2)), a_bundle(a_head(3)))
    rig.digest()
    first, second = rig.rows(tables.ticket)
    assert (first.occurrences, first.state) == (1, "closed")
    assert (second.occurrences, second.state) == (2, "submitted")
    assert second.previous_id == first.id
    assert rig.rows(tables.signature)[0].occurrences == 3


class Pausing(FullPace):
    """A pace whose rests somebody else decides."""

    def __init__(self, rest: Callable[[], float]) -> None:
        self._rest = rest

    def rest_seconds(self) -> float:
        """Return what is decided."""
        return self._rest()


def a_digest(rig: Rig, pace: Pace | None = None) -> Digest:
    """Return a digest that has not been started."""
    return Digest(
        rig.packs,
        rig.writer,
        Attempts(rig.store.data / FILE),
        rig.read(read_cursor),
        8,
        rig.digested.extend,
        retry_seconds=0.01,
        pace=pace,
    )


def test_it_tells_what_it_waits_for_and_that_it_waits_no_more(rig: Rig) -> None:
    rig.put(*a_storm(1, 5))
    rig.writer.stop()
    rig.writer = writer = FailingWriter(rig.store.writer_engine, failures=10_000)
    writer.start()
    digest = a_digest(rig)
    digest.start(rig.pack_writer.end)
    wait_until(lambda: digest.waiting_for == "OperationalError")
    assert digest.position < digest.durable
    writer.failures = 0
    wait_until(lambda: digest.position >= digest.durable and digest.waiting_for is None)
    digest.stop()
    assert rig.count(tables.occurrence) == 5


def test_no_memory_is_nobodys_fault(rig: Rig) -> None:
    failures = [MemoryError(), MemoryError()]

    def read(bundle: Bundle) -> Head:
        if failures:
            raise failures.pop()
        return read_head(bundle)

    rig.put(*a_storm(1, 3))
    rig.digest(drafter=Drafter(read))
    assert rig.count(tables.occurrence) == 3
    assert rig.count(tables.quarantine) == 0


def test_after_each_batch_it_asks_how_long_to_rest_and_stops_in_the_middle_of_it(rig: Rig) -> None:
    rig.put(*a_storm(1, 20))
    asked: list[int] = []

    def pause() -> float:
        asked.append(len(rig.digested))
        return 0.0 if len(asked) < 2 else 3600.0

    digest = a_digest(rig, Pausing(pause))
    digest.start(rig.pack_writer.end)
    wait_until(lambda: len(asked) == 2)
    digest.stop()
    assert asked == [8, 16]
    assert rig.count(tables.occurrence) == 16
