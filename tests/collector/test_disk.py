"""The disk is watched: refused before it is full, ballast given up and made again."""

import errno
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from faultbox_collector.disk import BALLAST, RESERVE_FILES, Disk, Space, read_space
from support.collector import wait_until

MIB = 1024 * 1024
RESERVE = 256 * MIB
SPACE = Space(
    free_bytes=50_000 * MIB, total_bytes=100_000 * MIB, free_files=10**6, total_files=10**7
)


@dataclass(slots=True)
class FakeStatvfs:
    """A file system that has what the test says."""

    space: Space = SPACE
    failure: OSError | None = None

    def __call__(self, _path: Path) -> Space:
        if self.failure is not None:
            raise self.failure
        return self.space

    def set(self, **values: Any) -> None:
        """Change what the file system has."""
        self.space = replace(self.space, **values)


@pytest.fixture
def system() -> FakeStatvfs:
    return FakeStatvfs()


def a_disk(tmp_path: Path, system: FakeStatvfs, ballast_bytes: int = 0) -> Disk:
    """Return a disk that was looked at once."""
    disk = Disk((tmp_path, tmp_path / "packs"), RESERVE, ballast_bytes, system)
    disk.look()
    return disk


def test_a_disk_with_room_takes_bundles(tmp_path: Path, system: FakeStatvfs) -> None:
    disk = a_disk(tmp_path, system)
    assert disk.has_room(16 * MIB)
    assert not disk.trouble


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"free_bytes": RESERVE - 1}, "255 MiB are free, 256 MiB are kept"),
        ({"free_bytes": 0}, "0 MiB are free"),
        ({"free_files": RESERVE_FILES - 1}, "999 more files"),
        ({"writable": False}, "read-only"),
    ],
)
def test_a_disk_in_trouble_takes_nothing_and_says_why(
    tmp_path: Path, system: FakeStatvfs, values: dict[str, int], word: str
) -> None:
    disk = a_disk(tmp_path, system)
    system.set(**values)
    disk.look()
    assert not disk.has_room(1)
    assert word in disk.trouble
    system.space = SPACE
    disk.look()
    assert disk.has_room(1)


def test_what_is_let_in_between_two_looks_counts_as_written(
    tmp_path: Path, system: FakeStatvfs
) -> None:
    disk = a_disk(tmp_path, system)
    system.set(free_bytes=RESERVE + 40 * MIB)
    disk.look()
    taken = 0
    while disk.has_room(MIB):
        taken += 1
    assert 10 <= taken < 40
    assert disk.trouble
    disk.look()
    assert disk.has_room(MIB)


def test_a_little_more_than_the_reserve_is_needed_to_begin_again(
    tmp_path: Path, system: FakeStatvfs
) -> None:
    disk = a_disk(tmp_path, system)
    system.set(free_bytes=RESERVE - MIB)
    disk.look()
    system.set(free_bytes=RESERVE + MIB)
    disk.look()
    assert disk.trouble
    system.set(free_bytes=RESERVE * 2)
    disk.look()
    assert not disk.trouble


def test_a_small_disk_keeps_a_twentieth(tmp_path: Path, system: FakeStatvfs) -> None:
    system.set(total_bytes=64 * MIB, free_bytes=4 * MIB)
    disk = a_disk(tmp_path, system)
    assert disk.has_room(1)
    system.set(free_bytes=3 * MIB)
    disk.look()
    assert not disk.has_room(1)


def test_a_file_system_that_makes_inodes_as_it_needs_them(
    tmp_path: Path, system: FakeStatvfs
) -> None:
    system.set(free_files=0, total_files=0)
    assert a_disk(tmp_path, system).has_room(1)


def test_a_disk_that_does_not_answer_takes_nothing(tmp_path: Path, system: FakeStatvfs) -> None:
    disk = a_disk(tmp_path, system)
    system.failure = OSError(errno.EIO, os.strerror(errno.EIO))
    disk.look()
    assert not disk.has_room(1)
    system.failure = None
    disk.look()
    assert disk.has_room(1)


def test_a_reserve_of_0_refuses_nothing_but_a_disk_that_is_read_only(
    tmp_path: Path, system: FakeStatvfs
) -> None:
    system.set(free_bytes=0, free_files=0)
    disk = Disk((tmp_path,), 0, 0, system)
    disk.look()
    assert disk.has_room(16 * MIB)
    assert not disk.trouble
    system.set(writable=False)
    disk.look()
    assert not disk.has_room(1)


def test_packs_on_another_disk_are_watched_too(tmp_path: Path) -> None:
    (tmp_path / "packs").mkdir()

    def read(path: Path) -> Space:
        return replace(SPACE, free_bytes=MIB) if path.name == "packs" else SPACE

    disk = Disk((tmp_path, tmp_path / "packs"), RESERVE, 0, read)
    disk.look()
    assert not disk.has_room(1)


def test_ballast_takes_real_blocks_and_goes_when_nothing_else_is_free(
    tmp_path: Path, system: FakeStatvfs
) -> None:
    disk = a_disk(tmp_path, system, ballast_bytes=MIB)
    ballast = tmp_path / BALLAST
    assert ballast.stat().st_blocks * 512 >= MIB
    assert ballast.stat().st_mode & 0o777 == 0o600
    system.set(free_bytes=RESERVE // 2)
    disk.look()
    assert ballast.exists()  # the reserve is there for the digest first
    system.set(free_bytes=100_000)
    disk.look()
    assert not ballast.exists()
    system.set(free_bytes=RESERVE)
    disk.look()
    assert not ballast.exists()  # it would be given up again at once
    system.space = SPACE
    disk.look()
    assert ballast.stat().st_blocks * 512 >= MIB


def test_ballast_that_is_not_wanted_any_more_is_removed(
    tmp_path: Path, system: FakeStatvfs
) -> None:
    (tmp_path / BALLAST).write_bytes(bytes(1000))
    disk = Disk((tmp_path,), RESERVE, 0, system)
    disk.start()
    disk.stop()
    assert not (tmp_path / BALLAST).exists()


def test_the_thread_notices_a_change_by_itself(tmp_path: Path, system: FakeStatvfs) -> None:
    disk = Disk((tmp_path,), RESERVE, 0, system)
    disk.start()
    assert disk.has_room(1)
    system.set(free_bytes=0)
    wait_until(lambda: bool(disk.trouble))
    system.space = SPACE
    wait_until(lambda: not disk.trouble)
    disk.stop()


def test_the_space_of_a_real_folder(tmp_path: Path) -> None:
    space = read_space(tmp_path)
    assert 0 < space.free_bytes <= space.total_bytes
    assert space.writable
    with pytest.raises(OSError, match="No such file"):
        read_space(tmp_path / "none")
