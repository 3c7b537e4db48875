"""A bundle that ends the process is found and set aside; other ends cost nothing."""

import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_collector.digest.attempts import FILE, RECORD_TRIES, WHOLE_TRIES, Attempts
from faultbox_collector.pack.files import START
from faultbox_collector.pack.records import Position
from faultbox_collector.store import tables
from faultbox_collector.store.progress import read_tallies
from faultbox_protocol.codec import scan_bundle
from support.builders import a_bundle, a_head, an_err, an_id
from support.collector import Rig
from support.deadly_digest import run_digest

HERE, THERE = Position(1, 700), Position(1, 9_000)


def left_behind(path: Path) -> Attempts:
    """Return the attempts of a new process after one that did not close its own."""
    return Attempts(path)


def bundles(count: int) -> list[bytes]:
    return [
        a_bundle(a_head(number, err=an_err(functions=(f"fault_{'abc'[number % 3]}", "main"))))
        for number in range(1, count + 1)
    ]


def fill(data: Path, *found: bytes) -> None:
    """Leave bundles in the packs of a data folder, undigested."""
    rig = Rig(data)
    rig.put(*found)
    rig.close()


def sha256_of(bundle: bytes) -> bytes:
    return scan_bundle(memoryview(bundle)).sha256


def test_one_deadly_bundle_is_set_aside_and_the_rest_is_stored(tmp_path: Path) -> None:
    storm = bundles(9)
    fill(tmp_path, *storm)
    poison = sha256_of(storm[4])
    ends = [run_digest(tmp_path, poison, "exit") for _ in range(WHOLE_TRIES + RECORD_TRIES + 1)]
    assert ends == [7] * (WHOLE_TRIES + RECORD_TRIES) + [0]
    rig = Rig(tmp_path)
    assert {row.id for row in rig.rows(tables.occurrence)} == {
        an_id(number) for number in range(1, 10) if number != 5
    }
    [row] = rig.rows(tables.quarantine)
    assert row.reason == "deadly"
    record = rig.packs.read(row.pack, row.pack_offset, row.pack_bytes)
    assert bytes(record.bundle.data) == storm[4]
    assert rig.read(lambda c: read_tallies(c, 1)) == {"stored": 8, "quarantined:deadly": 1}
    rig.close()


def test_a_bundle_that_came_alone_is_set_aside_after_three_tries(tmp_path: Path) -> None:
    [only] = bundles(1)
    fill(tmp_path, only)
    ends = [run_digest(tmp_path, sha256_of(only), "exit") for _ in range(RECORD_TRIES + 1)]
    assert ends == [7] * RECORD_TRIES + [0]
    rig = Rig(tmp_path)
    assert rig.count(tables.quarantine) == 1
    rig.close()


def test_a_bundle_on_which_the_digest_hangs_ends_the_process(tmp_path: Path) -> None:
    [only] = bundles(1)
    fill(tmp_path, only)
    assert run_digest(tmp_path, sha256_of(only), "hang") == 1
    assert Attempts(tmp_path / FILE).begin(START, 1) == 2


def test_an_end_that_had_nothing_to_do_with_the_batch_sets_nothing_aside(tmp_path: Path) -> None:
    storm = bundles(6)
    fill(tmp_path, *storm)
    for _ in range(WHOLE_TRIES + 1):
        assert run_digest(tmp_path, sha256_of(storm[3]), "kill") == -signal.SIGKILL
    assert run_digest(tmp_path, sha256_of(storm[3]), "none") == 0
    rig = Rig(tmp_path)
    assert rig.count(tables.occurrence) == 6
    assert rig.count(tables.quarantine) == 0
    rig.close()


def test_a_first_try_is_whole_and_so_is_the_second(tmp_path: Path) -> None:
    path = tmp_path / FILE
    first = Attempts(path)
    assert (first.limit(HERE, 500), first.begin(HERE, 40)) == (500, 1)
    second = left_behind(path)
    assert (second.limit(HERE, 500), second.begin(HERE, 40)) == (40, 2)
    third = left_behind(path)
    assert third.limit(HERE, 500) == 1
    assert third.begin(HERE, 1) == 1


def test_after_the_suspects_batches_are_full_again(tmp_path: Path) -> None:
    path = tmp_path / FILE
    for _ in range(WHOLE_TRIES):
        Attempts(path).begin(HERE, 3)
    attempts = left_behind(path)
    limits = []
    for step in range(5):
        at = Position(1, HERE.offset + step)
        limits.append(attempts.limit(at, 500))
        attempts.begin(at, limits[-1])
    assert limits == [1, 1, 1, 500, 500]


def test_a_clean_end_and_another_place_count_from_one(tmp_path: Path) -> None:
    path = tmp_path / FILE
    first = Attempts(path)
    first.begin(HERE, 1)
    first.close()
    second = Attempts(path)
    assert second.begin(HERE, 1) == 1
    third = left_behind(path)
    assert (third.limit(THERE, 500), third.begin(THERE, 1)) == (500, 1)


def test_waiting_for_the_database_is_no_further_try(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path / FILE)
    assert [attempts.begin(HERE, 7) for _ in range(9)] == [1] * 9


def test_the_tries_outlive_a_process_that_ends_before_it_digests(tmp_path: Path) -> None:
    path = tmp_path / FILE
    Attempts(path).begin(HERE, 1)
    left_behind(path)
    assert left_behind(path).begin(HERE, 1) == 2


@given(st.binary(max_size=80))
def test_whatever_a_power_cut_left_is_a_start_without_tries(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / FILE
    path.write_bytes(data)
    attempts = Attempts(path)
    attempts.expect(THERE)
    assert attempts.limit(START, 500) == 500
    assert attempts.begin(START, 2) == 1
