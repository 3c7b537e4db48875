"""The spool keeps whole bundles through damage, full disks and read-only ones."""

import contextlib
import os
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultbox_agent.ledger import Ledger
from faultbox_agent.lock import SpoolBusy, is_busy
from faultbox_agent.quota import Room
from faultbox_agent.spool import Limits, Spool, SpoolFull, entry_of, move_to_dead
from faultbox_agent.state import State
from faultbox_protocol import codec
from support.builders import a_head, an_id
from support.needs import give_up

WIDE = Limits(1 << 26, 1000, 0)


def put(spool: Spool, number: int, seq: int | None = None) -> bytes:
    head = replace(a_head(number), seq=seq if seq is not None else number)
    data = codec.encode_bundle(head)
    spool.put(entry_of(head, len(data)), data)
    return data


@contextlib.contextmanager
def open_spool(path: Path, limits: Limits = WIDE) -> Iterator[Spool]:
    spool = Spool(str(path), limits)
    try:
        yield spool
    finally:
        spool.close()


def test_bundles_survive_a_restart_in_order(tmp_path: Path) -> None:
    with open_spool(tmp_path) as spool:
        for number in (3, 1, 2):
            put(spool, number)
    with open_spool(tmp_path) as again:
        assert [entry.seq for entry in again.entries] == [1, 2, 3]
        assert again.knows(an_id(2))
        assert not again.knows(an_id(9))
        assert again.size_bytes == sum(p.stat().st_size for p in (tmp_path / "ready").iterdir())


def test_folders_have_the_rights_that_the_layout_promises(tmp_path: Path) -> None:
    with open_spool(tmp_path / "new" / "spool"):
        modes = {
            name: (tmp_path / "new" / "spool" / name).stat().st_mode & 0o7777
            for name in (".", "tmp", "ready", "dead", "drop")
        }
    assert modes == {".": 0o711, "tmp": 0o700, "ready": 0o700, "dead": 0o700, "drop": 0o1733}


def test_leftovers_of_an_unfinished_write_are_cleared(tmp_path: Path) -> None:
    with open_spool(tmp_path):
        (tmp_path / "tmp" / "half.fbx").write_bytes(b"FBX1")
    with open_spool(tmp_path):
        assert list((tmp_path / "tmp").iterdir()) == []


def test_one_agent_at_a_time(tmp_path: Path) -> None:
    with open_spool(tmp_path):
        assert is_busy(str(tmp_path))
        with pytest.raises(SpoolBusy):
            Spool(str(tmp_path), WIDE)
    assert not is_busy(str(tmp_path))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_bundle_cut_at_any_length_is_set_aside_and_its_neighbours_stay(
    data: st.DataObject,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        with open_spool(path) as spool:
            whole = [put(spool, number) for number in (1, 2, 3)][1]
        length = data.draw(st.integers(0, len(whole) - 1))
        (path / "ready" / f"{an_id(2).hex()}.fbx").write_bytes(whole[:length])
        _assert_only_the_second_is_gone(path)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_bundle_with_any_byte_changed_is_set_aside(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        with open_spool(path) as spool:
            whole = bytearray([put(spool, number) for number in (1, 2, 3)][1])
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
        (path / "ready" / f"{an_id(2).hex()}.fbx").write_bytes(whole)
        _assert_only_the_second_is_gone(path)


def _assert_only_the_second_is_gone(path: Path) -> None:
    with open_spool(path) as again:
        assert [entry.seq for entry in again.entries] == [1, 3]
        assert again.damaged == [f"{an_id(2).hex()}.fbx"]
        ledger = Ledger(again, State())
        ledger.recover()
        ledger.commit()
        assert ledger.state.lost == {"damaged": 1}
    assert [p.name for p in (path / "dead").iterdir()] == [f"{an_id(2).hex()}.fbx"]


def test_a_bundle_under_another_name_is_not_believed(tmp_path: Path) -> None:
    with open_spool(tmp_path) as spool:
        put(spool, 1)
    os.rename(tmp_path / "ready" / f"{an_id(1).hex()}.fbx", tmp_path / "ready" / "x.fbx")
    with open_spool(tmp_path) as again:
        assert len(again) == 0
        assert again.damaged == ["x.fbx"]


def test_the_quota_is_asked_before_writing(tmp_path: Path) -> None:
    with open_spool(tmp_path, Limits(1 << 20, 2, 0)) as spool:
        put(spool, 1)
        put(spool, 2)
        gone = spool.choose_room(100, "another fault")
        assert [entry.seq for entry in gone] == [2], "the repeat goes, the first stays"
        spool.forget(gone[0].id)
        spool.delete_file(gone[0].name)
        put(spool, 3, seq=3)
    with open_spool(tmp_path, Limits(1 << 20, 0, 0)) as spool, pytest.raises(SpoolFull):
        spool.choose_room(100, "another fault")


def test_the_headroom_of_the_disk_is_left_alone(tmp_path: Path) -> None:
    disk = os.statvfs(tmp_path)
    whole = disk.f_bavail * disk.f_frsize + (1 << 30)
    with open_spool(tmp_path, Limits(1 << 40, 1000, whole)) as spool, pytest.raises(SpoolFull):
        spool.choose_room(1, "a")


def test_what_is_set_aside_stays_bounded(tmp_path: Path) -> None:
    with open_spool(tmp_path):
        for number in range(120):
            path = tmp_path / "tmp" / f"{number}.fbx"
            path.write_bytes(b"x")
            move_to_dead(str(tmp_path), str(path))
        assert len(list((tmp_path / "dead").iterdir())) <= 100


def test_a_full_disk_refuses_the_bundle_and_keeps_the_others(tmp_path: Path) -> None:
    with _mounted(tmp_path, "size=128k") as disk, open_spool(disk) as spool:
        put(spool, 1)
        (disk / "filler").write_bytes(b"x" * 60_000)
        with contextlib.suppress(OSError), (disk / "filler").open("ab") as filler:
            for _ in range(100):
                filler.write(b"x" * 4096)
                filler.flush()
        with pytest.raises(OSError, match="space"):
            put(spool, 2)
        assert [entry.seq for entry in spool.entries] == [1]
        assert not (disk / "ready" / f"{an_id(2).hex()}.fbx").exists()
        (disk / "filler").unlink()
        put(spool, 2)
        assert len(spool) == 2


def test_a_disk_without_inodes_is_full_too(tmp_path: Path) -> None:
    with _mounted(tmp_path, "nr_inodes=12") as disk, open_spool(disk) as spool:
        assert spool._room() == Room(spool._room().free_bytes, spool._room().free_files)
        with pytest.raises(SpoolFull):
            spool.choose_room(10, "a")


def test_a_read_only_disk_refuses_the_bundle(tmp_path: Path) -> None:
    with _mounted(tmp_path, "size=1m") as disk, open_spool(disk) as spool:
        put(spool, 1)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(OSError, match="Read-only"):
            put(spool, 2)
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        assert len(spool) == 1


def test_a_file_size_limit_leaves_no_half_bundle(tmp_path: Path) -> None:
    with open_spool(tmp_path) as spool:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        try:
            with pytest.raises(OSError, match="large"):
                put(spool, 1)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert list((tmp_path / "tmp").iterdir()) == []
        assert len(spool) == 0


@contextlib.contextmanager
def _mounted(tmp_path: Path, options: str) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        give_up("no tmpfs can be mounted: that needs root")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
