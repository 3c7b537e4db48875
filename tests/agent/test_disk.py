"""The disk of this machine does what its model does, one step at a time."""

import errno
from pathlib import Path
from random import Random

import pytest

from faultbox_agent.disk import Disk, LocalDisk, NewFile, write_durably
from support.forgetful_disk import ForgetfulDisk, Killed


@pytest.mark.parametrize("disk", [LocalDisk(), ForgetfulDisk()], ids=["real", "model"])
def test_a_file_is_written_renamed_and_deleted(tmp_path: Path, disk: Disk) -> None:
    path, temporary = str(tmp_path / "a"), str(tmp_path / "b")
    write_durably(disk, temporary, path, b"x" * 5000)
    write_durably(disk, temporary, path, b"second")
    assert disk.read(path) == b"second"
    disk.sync_folder(str(tmp_path))
    assert disk.names(str(tmp_path)) == ["a"]
    disk.unlink(path)
    for gone in (disk.unlink, disk.read):
        with pytest.raises(FileNotFoundError):
            gone(path)


class FullDisk(LocalDisk):
    """A disk that takes the first write and no more."""

    def create(self, path: str) -> NewFile:
        """Begin a file that fills the disk."""
        whole = super().create(path)

        class File:
            written = 0

            def write(self, data: bytes | memoryview) -> int:
                if self.written:
                    raise OSError(errno.ENOSPC, "no space left")
                self.written = whole.write(data[:3])
                return self.written

            sync, close = staticmethod(whole.sync), staticmethod(whole.close)

        return File()


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="space"):
        write_durably(FullDisk(), str(tmp_path / "b"), str(tmp_path / "a"), b"12345")
    assert list(tmp_path.iterdir()) == []


def test_the_model_forgets_what_was_not_synced_and_keeps_what_was() -> None:
    outcomes = set()
    for seed in range(50):
        disk = ForgetfulDisk()
        write_durably(disk, "/d/tmp", "/d/kept", b"kept")
        disk.sync_folder("/d")
        disk.create("/d/torn").write(b"12345678")
        disk.cut_power(Random(seed).randrange)
        assert disk.read("/d/kept") == b"kept"
        torn = "/d/torn".rpartition("/")[2] in disk.names("/d")
        outcomes.add(disk.read("/d/torn") if torn else None)
    assert {None, b""} < outcomes


def test_the_model_ends_the_process_before_the_operation() -> None:
    disk = ForgetfulDisk()
    disk.fuse = 1
    file = disk.create("/d/a")
    with pytest.raises(Killed):
        file.write(b"x")
    assert disk.read("/d/a") == b""
