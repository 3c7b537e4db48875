"""Uploads on disk: whatever moment a crash takes, what was told durable is there, once."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultbox_collector.uploads.folder import DigestError, UploadFolder, is_upload_id
from faultbox_collector.uploads.records import Upload, write_state

ID = "0123456789abcdef" * 2
NEW = Upload(ID, organisation_id=1, product_id=2, key_id=3, device="SN-1", created_ms=5)
DATA = b"core dump" * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> UploadFolder:
    """Return an empty folder, ready for use."""
    found = UploadFolder(tmp_path)
    assert found.prepare() == []
    return found


def add(folder: UploadFolder, upload: Upload, data: bytes, *, keep: bool = True) -> Upload:
    """Write a part; return the upload afterwards."""
    part = folder.begin_part(upload)
    part.append(data)
    grown = folder.keep_part(upload, part, upload.length) if keep else upload
    part.close()
    return grown


def names(tmp_path: Path) -> list[str]:
    """Return what lies in the folder of incomplete uploads."""
    return sorted(path.name for path in (tmp_path / "uploads").iterdir())


def test_what_is_kept_is_found_at_the_next_start(folder: UploadFolder, tmp_path: Path) -> None:
    folder.create(NEW)
    grown = add(folder, NEW, b"12345")
    assert UploadFolder(tmp_path).prepare() == [grown]
    assert grown == replace(NEW, offset=5)


def test_what_was_written_and_not_kept_is_overwritten(folder: UploadFolder, tmp_path: Path) -> None:
    folder.create(NEW)
    grown = add(folder, NEW, b"12345")
    add(folder, grown, b"garbage that a crash left behind", keep=False)
    [found] = UploadFolder(tmp_path).prepare()
    whole = add(folder, found, b"678")
    finished = folder.finish(whole, hashlib.sha256(b"12345678").hexdigest())
    assert folder.object_path(1, finished.sha256 or "").read_bytes() == b"12345678"


def test_garbage_behind_the_offset_is_not_part_of_the_file(folder: UploadFolder) -> None:
    folder.create(NEW)
    grown = add(folder, NEW, DATA)
    add(folder, grown, b"garbage", keep=False)
    assert folder.finish(grown, None).sha256 == DIGEST


def test_a_finished_upload_is_found_by_its_product_alone(
    folder: UploadFolder, tmp_path: Path
) -> None:
    folder.create(NEW)
    finished = folder.finish(add(folder, NEW, DATA), DIGEST)
    assert folder.find_upload(1, 2, ID) == finished
    assert folder.object_path(1, DIGEST).read_bytes() == DATA
    assert folder.find_upload(1, 9, ID) is None
    assert folder.find_upload(9, 2, ID) is None
    assert folder.find_upload(1, 2, "f" * 32) is None
    assert folder.find_upload(1, 2, "../../../etc/passwd") is None
    assert names(tmp_path) == []


def test_other_bytes_than_announced_are_gone(folder: UploadFolder, tmp_path: Path) -> None:
    wanted = replace(NEW, announced=DIGEST)
    folder.create(wanted)
    with pytest.raises(DigestError):
        folder.finish(add(folder, wanted, DATA + b"!"), None)
    assert names(tmp_path) == []
    assert not (tmp_path / "objects").exists()


def finishing(folder: UploadFolder) -> Upload:
    """Bring an upload to the moment when its state says that it is finished, and nothing moved."""
    folder.create(NEW)
    grown = add(folder, NEW, DATA)
    return replace(grown, length=grown.offset, sha256=DIGEST)


@pytest.mark.parametrize("moment", ["noted", "moved", "linked", "told"])
def test_a_crash_while_an_upload_is_finished_is_mended(
    folder: UploadFolder, tmp_path: Path, moment: str
) -> None:
    finished = finishing(folder)
    state = tmp_path / "uploads" / f"{ID}.json"
    if moment != "noted":
        folder.finish(replace(finished, sha256=None), None)
    if moment == "moved":
        (tmp_path / "objects" / "1" / "uploads" / ID[:2] / f"{ID}.json").unlink()
    if moment != "told":  # as the crash left it: the state is still there
        state.write_bytes(write_state(finished))
    again = UploadFolder(tmp_path)
    assert again.prepare() == []
    assert again.find_upload(1, 2, ID) == finished
    assert again.object_path(1, DIGEST).read_bytes() == DATA
    assert names(tmp_path) == []


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b'{"id": 5}', b"\xff"])
def test_a_state_that_cannot_be_read_is_no_upload(
    folder: UploadFolder, tmp_path: Path, text: bytes
) -> None:
    folder.create(NEW)
    add(folder, NEW, DATA)
    (tmp_path / "uploads" / f"{ID}.json").write_bytes(text)
    assert UploadFolder(tmp_path).prepare() == []
    assert names(tmp_path) == []


def test_an_upload_that_lost_bytes_it_told_of_is_no_upload(
    folder: UploadFolder, tmp_path: Path
) -> None:
    folder.create(NEW)
    add(folder, NEW, DATA)
    (tmp_path / "uploads" / f"{ID}.part").write_bytes(DATA[:-1])
    assert UploadFolder(tmp_path).prepare() == []
    assert names(tmp_path) == []


def test_a_finished_upload_without_its_bytes_is_no_upload(
    folder: UploadFolder, tmp_path: Path
) -> None:
    finished = finishing(folder)
    (tmp_path / "uploads" / f"{ID}.json").write_bytes(write_state(finished))
    (tmp_path / "uploads" / f"{ID}.part").unlink()
    assert UploadFolder(tmp_path).prepare() == []
    assert folder.find_upload(1, 2, ID) is None
    assert names(tmp_path) == []


def test_what_belongs_to_no_upload_is_removed(folder: UploadFolder, tmp_path: Path) -> None:
    folder.create(NEW)
    (tmp_path / "uploads" / f"{'f' * 32}.part").write_bytes(DATA)
    (tmp_path / "uploads" / f"{ID}.new").write_bytes(b"half a sta")
    assert UploadFolder(tmp_path).prepare() == [NEW]
    assert names(tmp_path) == [f"{ID}.json"]


def test_a_part_that_is_closed_takes_nothing(folder: UploadFolder) -> None:
    part = folder.begin_part(NEW)
    part.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        part.append(b"x")


@given(st.text(max_size=40))
def test_an_id_is_32_small_hex_digits(text: str) -> None:
    safe = len(text) == 32 and text.isascii() and text.isalnum() and text == text.lower()
    assert is_upload_id(text) <= safe
    assert is_upload_id(ID)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.binary(min_size=1, max_size=50), st.booleans()), max_size=8))
def test_parts_that_were_kept_are_the_file(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[bytes, bool]]
) -> None:
    tmp_path = tmp_path_factory.mktemp("uploads")
    upload = NEW
    UploadFolder(tmp_path).prepare()
    UploadFolder(tmp_path).create(upload)
    for data, keep in parts:
        upload = add(UploadFolder(tmp_path), upload, data, keep=keep)
        assert UploadFolder(tmp_path).prepare() == [upload]
    whole = b"".join(data for data, keep in parts if keep)
    finished = UploadFolder(tmp_path).finish(upload, None)
    assert UploadFolder(tmp_path).object_path(1, finished.sha256 or "").read_bytes() == whole
