"""The drop folder is open to everybody, so nothing in it is believed."""

import os
import time
from pathlib import Path

import pytest

from faultbox_agent.drop import leave_record
from faultbox_agent.fault import Fault, write_fault
from faultbox_agent.fault_text import BadFault
from faultbox_agent.layout import make_spool
from faultbox_agent.sources.dropfolder import DropFolder, list_files
from support.builders import an_id
from support.device import a_fault


def folder(tmp_path: Path) -> DropFolder:
    make_spool(str(tmp_path))
    return DropFolder(str(tmp_path))


def leave(tmp_path: Path, fault: Fault, *, durable: bool = True) -> str:
    name = f"{fault.id.hex()}.json"
    leave_record(str(tmp_path), name, write_fault(fault), durable=durable)
    return name


@pytest.mark.parametrize("durable", [True, False])
def test_what_is_left_is_found_whole(tmp_path: Path, durable: bool) -> None:
    drops = folder(tmp_path)
    name = leave(tmp_path, a_fault(1), durable=durable)
    assert drops.names(10) == [name]
    assert drops.read(name) == a_fault(1)
    drops.discard([(name, None)])
    assert drops.names(10) == []
    assert os.listdir(drops.path) == []


def test_a_record_is_never_written_over_another(tmp_path: Path) -> None:
    folder(tmp_path)
    target = tmp_path / "elsewhere"
    target.write_text("mine")
    name = f"{an_id(1).hex()}.json"
    (tmp_path / "drop" / f".{name}.{os.getpid()}.tmp").symlink_to(target)
    with pytest.raises(FileExistsError):
        leave_record(str(tmp_path), name, b"{}", durable=True)
    assert target.read_text() == "mine"


def test_links_pipes_folders_and_large_files_are_refused(tmp_path: Path) -> None:
    drops = folder(tmp_path)
    drop = tmp_path / "drop"
    secret = tmp_path / "secret.json"
    secret.write_bytes(write_fault(a_fault(1)))
    (drop / "a.json").symlink_to(secret)
    os.mkfifo(drop / "b.json")
    (drop / "c.json").mkdir()
    (drop / "d.json").write_bytes(b"x" * 300_000)
    os.link(secret, drop / "e.json")
    for name in drops.names(10):
        with pytest.raises(BadFault):
            drops.read(name)
    assert len(drops.names(10)) == 5


def test_unfinished_names_are_not_records(tmp_path: Path) -> None:
    drops = folder(tmp_path)
    (tmp_path / "drop" / ".x.json.17.tmp").write_text("{}")
    (tmp_path / "drop" / "x.blob").write_text("{}")
    assert drops.names(10) == []


def test_what_was_never_finished_is_cleared_after_an_hour(tmp_path: Path) -> None:
    drops = folder(tmp_path)
    old, young = tmp_path / "drop" / ".old.tmp", tmp_path / "drop" / ".young.tmp"
    record = tmp_path / "drop" / "old.json"
    for path in (old, young, record):
        path.write_text("{}")
    for path in (old, record):
        os.utime(path, (time.time() - 4000, time.time() - 4000))
    drops.clear_stale()
    assert sorted(os.listdir(drops.path)) == [".young.tmp", "old.json"]


def test_files_of_a_report_come_along_and_others_cannot_be_named(tmp_path: Path) -> None:
    drops = folder(tmp_path)
    own = f"{an_id(1).hex()}.0.blob"
    (tmp_path / "drop" / own).write_bytes(b"data")
    (tmp_path / "state.json").write_text("private")
    files = [
        {"name": "../../etc/passwd", "ctype": "text/plain", "file": own},
        {"name": "a", "ctype": "b", "file": "../state.json"},
        {"name": "a", "ctype": "b", "file": f"{an_id(2).hex()}.0.blob"},
        {"name": "gone", "ctype": "b", "file": f"{an_id(1).hex()}.1.blob"},
        "nonsense",
    ]
    fault = Fault(an_id(1), a_fault().head, {}, {"files": files})  # type: ignore[dict-item]
    assert [file.file for file in list_files(fault)] == [own, f"{an_id(1).hex()}.1.blob"]
    ((file, data),) = drops.read_files(fault)
    assert (file.name, data) == ("passwd", b"data")


def test_a_full_drop_folder_takes_no_more(tmp_path: Path) -> None:
    folder(tmp_path)
    for number in range(2_000):
        (tmp_path / "drop" / f"{number}.json").touch()
    with pytest.raises(OSError, match="wait already"):
        leave(tmp_path, a_fault(1))
