"""Appending: durable or refused, never half, wherever the disk gives up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from faultbox_collector.pack.files import PackFolder
from faultbox_collector.pack.records import (
    Arrival,
    Position,
    Record,
    encode_arrival,
    read_records,
)
from faultbox_collector.pack.writer import PackSyncError, PackWriter
from support.builders import a_bundle, a_head

ROOMY = 64 << 20


@pytest.fixture
def packs(tmp_path: Path) -> PackFolder:
    return PackFolder(tmp_path)


def a_record(number: int = 1) -> bytes:
    """Return the record of one bundle."""
    return encode_arrival(Arrival(1, 1, 1)) + a_bundle(a_head(number))


def sizes(packs: PackFolder, number: int) -> list[int]:
    """Return the size of each intact record of a pack."""
    found = read_records(packs.pack_path(number), Position(number, 0), 1000)
    return [one.size for one in found if isinstance(one, Record)]


def test_it_tells_where_the_first_record_lies(packs: PackFolder) -> None:
    writer = PackWriter(packs, ROOMY)
    one, two = a_record(1), a_record(2)
    assert writer.end == Position(1, 0)
    assert writer.append([one, two]) == Position(1, 0)
    assert writer.end == Position(1, len(one) + len(two))
    writer.close()


def test_it_goes_on_where_the_last_process_stopped(packs: PackFolder) -> None:
    first = PackWriter(packs, ROOMY)
    first.append([a_record(1)])
    first.close()
    second = PackWriter(packs, ROOMY)
    assert second.end == first.end
    second.append([a_record(2)])
    second.close()
    assert packs.numbers() == [1]
    assert sizes(packs, 1) == [len(a_record(1)), len(a_record(2))]


def test_after_a_torn_tail_of_any_length_a_new_pack_begins(tmp_path: Path) -> None:
    one, two = a_record(1), a_record(2)
    for length in range(1, len(two), 13):
        packs = PackFolder(tmp_path / str(length))
        writer = PackWriter(packs, ROOMY)
        writer.append([one])
        writer.close()
        with packs.pack_path(1).open("ab") as file:
            file.write(two[:length])
        writer = PackWriter(packs, ROOMY)
        assert writer.append([two]) == Position(2, 0)
        writer.close()
        assert (sizes(packs, 1), sizes(packs, 2)) == ([len(one)], [len(two)])


def test_a_full_pack_is_sealed_and_the_next_begun(packs: PackFolder) -> None:
    record = a_record()
    writer = PackWriter(packs, 2 * len(record))
    places = [writer.append([record]) for _ in range(5)]
    writer.close()
    assert [place.pack for place in places] == [1, 1, 2, 2, 3]
    assert packs.numbers() == [1, 2, 3]


def test_nothing_is_written_before_the_place_the_digest_has_come_to(packs: PackFolder) -> None:
    writer = PackWriter(packs, ROOMY)
    writer.append([a_record(1)])
    writer.close()
    for after in (Position(1, 10**6), Position(4, 77)):
        writer = PackWriter(packs, ROOMY, after)
        assert writer.end > after
        writer.close()
    assert packs.numbers() == [1, 2, 5]


def test_more_buffers_than_one_system_call_takes_are_written_in_order(packs: PackFolder) -> None:
    writer = PackWriter(packs, ROOMY)
    buffers = [b"%05d" % number for number in range(2500)]
    assert writer.append(buffers) == Position(1, 0)
    assert writer.end == Position(1, 5 * 2500)
    writer.close()
    assert packs.pack_path(1).read_bytes() == b"".join(buffers)


def test_packs_are_for_their_owner_only(packs: PackFolder) -> None:
    PackWriter(packs, ROOMY).close()
    assert packs.path.stat().st_mode & 0o777 == 0o700
    assert packs.pack_path(1).stat().st_mode & 0o777 == 0o600


FULL_DISK = """
import resource, sys
from pathlib import Path
from faultbox_collector.pack.files import PackFolder
from faultbox_collector.pack.writer import PackWriteError, PackWriter

packs = PackFolder(Path(sys.argv[1]))
record = Path(sys.argv[2]).read_bytes()
writer = PackWriter(packs, 64 << 20)
writer.append([record])
before = writer.end
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (len(record) + len(record) // 2, hard))
try:
    writer.append([record, record])
except PackWriteError as error:
    print("refused", error.errno)
assert writer.end == before
assert packs.pack_path(1).stat().st_size == before.offset
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
assert writer.append([record]) == before
"""


def test_a_full_disk_leaves_the_pack_as_it_was_and_later_appends_work(
    packs: PackFolder, tmp_path: Path
) -> None:
    record = tmp_path / "record"
    record.write_bytes(a_record())
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path), str(record)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("refused")
    assert sizes(packs, 1) == [record.stat().st_size] * 2


def test_a_disk_that_does_not_confirm_is_final(packs: PackFolder) -> None:
    packs.path.mkdir()
    os.mkfifo(packs.pack_path(1))  # a pipe takes bytes and refuses fsync
    reader = os.open(packs.pack_path(1), os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(PackSyncError):
        PackWriter(packs, ROOMY)
    os.close(reader)
