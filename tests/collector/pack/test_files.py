"""Packs are found by number, whatever else lies in the folder."""

from pathlib import Path

import pytest

from faultbox_collector.pack.files import PackFolder
from faultbox_collector.pack.records import Position


@pytest.fixture
def folder(tmp_path: Path) -> PackFolder:
    found = PackFolder(tmp_path)
    found.path.mkdir()
    for name in ("00000002.fbp", "00000010.fbp", "notes.txt", "old.fbp", "00000011.fbp.bak"):
        (found.path / name).touch()
    return found


def test_only_packs_count_in_the_order_of_their_numbers(folder: PackFolder) -> None:
    assert folder.numbers() == [2, 10]


def test_the_next_pack_is_the_first_later_one(folder: PackFolder) -> None:
    assert folder.next_after(Position(1, 5)) == Position(2, 0)
    assert folder.next_after(Position(2, 999)) == Position(10, 0)
    assert folder.next_after(Position(10, 0)) is None


def test_a_pack_that_is_gone_says_so(folder: PackFolder) -> None:
    with pytest.raises(OSError, match="00000003"):
        folder.read(3, 0, 10)


def test_bytes_between_two_places_span_packs(tmp_path: Path) -> None:
    folder = PackFolder(tmp_path)
    folder.path.mkdir()
    for number, size in ((1, 100), (2, 50), (3, 70)):
        folder.pack_path(number).write_bytes(bytes(size))
    assert folder.count_bytes(Position(1, 10), Position(1, 40)) == 30
    assert folder.count_bytes(Position(1, 10), Position(3, 5)) == 90 + 50 + 5
    assert folder.count_bytes(Position(3, 5), Position(3, 5)) == 0
    assert folder.count_bytes(Position(3, 5), Position(1, 0)) == 0
    folder.pack_path(2).unlink()
    assert folder.count_bytes(Position(1, 10), Position(3, 5)) == 95
