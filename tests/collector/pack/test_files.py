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
