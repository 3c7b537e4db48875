"""The group commit: everybody is answered, in order, and a failure is told to who waits."""

import asyncio
import errno
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from faultbox_collector import inbox as inbox_module
from faultbox_collector.inbox import Inbox, InboxFull, Undigested
from faultbox_collector.pack.files import PackFolder
from faultbox_collector.pack.records import Position
from faultbox_collector.pack.writer import PackSyncError, PackWriteError, PackWriter
from support.builders import a_head
from support.collector import wait_for


class Disk:
    """A pack in memory whose disk waits, fails or dies when told to."""

    def __init__(self) -> None:
        self.groups: list[list[bytes]] = []
        self.go = threading.Event()
        self.go.set()
        self.begun = threading.Event()
        self.failure: Exception | None = None
        self.closed = False

    @property
    def end(self) -> Position:
        return Position(1, sum(len(record) for group in self.groups for record in group))

    def append(self, records: list[bytes]) -> list[Position]:
        self.begun.set()
        assert self.go.wait(30)
        if self.failure is not None:
            raise self.failure
        at = self.end.offset
        places = []
        for record in records:
            places.append(Position(1, at))
            at += len(record)
        self.groups.append(records)
        return places

    def close(self) -> None:
        self.closed = True


class Room:
    """An inbox on such a disk, with what it told others."""

    def __init__(self, undigested: int = inbox_module.UNDIGESTED) -> None:
        self.disk = Disk()
        self.fatal = threading.Event()
        self.durable: list[Position] = []
        self.inbox = Inbox(self.disk, self.fatal.set, undigested)
        self.inbox.start(self.durable.append)


@pytest.fixture
def room() -> Iterator[Room]:
    found = Room()
    yield found
    found.disk.go.set()
    found.inbox.stop()


async def test_places_come_in_the_order_of_the_records(room: Room) -> None:
    assert await room.inbox.accept([b"aa", b"bbb"]) == [Position(1, 0), Position(1, 2)]
    assert await room.inbox.accept([b"c"]) == [Position(1, 5)]
    await wait_for(lambda: room.durable == [Position(1, 5), Position(1, 6)])


async def test_what_waits_while_the_disk_works_goes_into_one_group(room: Room) -> None:
    room.disk.go.clear()
    first = asyncio.create_task(room.inbox.accept([b"first"]))
    await wait_for(room.disk.begun.is_set)
    others = [asyncio.create_task(room.inbox.accept([b"%d" % n])) for n in range(20)]
    await asyncio.sleep(0)
    room.disk.go.set()
    await first
    places = await asyncio.gather(*others)
    assert room.disk.groups == [[b"first"], [b"%d" % n for n in range(20)]]
    assert [place for [place] in places] == sorted(place for [place] in places)


async def test_who_goes_away_leaves_the_others_alone(room: Room) -> None:
    room.disk.go.clear()
    gone = asyncio.create_task(room.inbox.accept([b"gone"]))
    stays = asyncio.create_task(room.inbox.accept([b"stays"]))
    await wait_for(room.disk.begun.is_set)
    gone.cancel()
    await asyncio.wait([gone])
    room.disk.go.set()
    assert await stays == [Position(1, 4)]
    assert [b for group in room.disk.groups for b in group] == [b"gone", b"stays"]


async def test_too_much_waiting_for_the_disk_is_refused(room: Room) -> None:
    room.disk.go.clear()
    big = bytes(inbox_module.WAITING_BYTES)
    waiting = asyncio.create_task(room.inbox.accept([big]))
    await wait_for(room.disk.begun.is_set)
    with pytest.raises(InboxFull):
        await room.inbox.accept([b"one more"])
    room.disk.go.set()
    await waiting
    assert await room.inbox.accept([b"one more"]) == [Position(1, len(big))]


async def test_too_much_waiting_for_the_digest_is_refused_until_it_has_caught_up() -> None:
    room = Room(undigested=2)
    for number in range(3):
        room.inbox.remember(Undigested(bytes([number]) * 32, 1), a_head(number), 100)
    with pytest.raises(InboxFull):
        await room.inbox.accept([b"one more"])
    room.inbox.forget([a_head(0).id])
    assert await room.inbox.accept([b"one more"]) == [Position(1, 0)]
    room.inbox.stop()


async def test_a_full_disk_is_told_and_the_next_is_tried_again(room: Room) -> None:
    room.disk.failure = PackWriteError(errno.ENOSPC, "no space")
    with pytest.raises(PackWriteError):
        await room.inbox.accept([b"x"])
    assert not room.durable
    room.disk.failure = None
    assert await room.inbox.accept([b"x"]) == [Position(1, 0)]
    assert not room.fatal.is_set()


@pytest.mark.parametrize("failure", [PackSyncError(errno.EIO, "no"), OSError("odd"), ValueError()])
async def test_a_disk_that_does_not_confirm_is_final(room: Room, failure: Exception) -> None:
    room.disk.failure = failure
    with pytest.raises(PackSyncError):
        await room.inbox.accept([b"x"])
    assert room.fatal.is_set()
    room.disk.failure = None
    with pytest.raises(PackSyncError):
        await room.inbox.accept([b"y"])
    assert room.disk.groups == []


async def test_what_waits_is_written_before_it_stops() -> None:
    room = Room()
    room.disk.go.clear()
    tasks = [asyncio.create_task(room.inbox.accept([b"%d" % n])) for n in range(5)]
    await wait_for(room.disk.begun.is_set)
    room.disk.go.set()
    await asyncio.to_thread(room.inbox.stop)
    assert len(await asyncio.gather(*tasks)) == 5
    assert room.disk.closed


def test_a_head_is_handed_over_once_and_the_id_is_known_until_digested(room: Room) -> None:
    head, entry = a_head(1), Undigested(b"s" * 32, 7)
    room.inbox.remember(entry, head, 100)
    assert room.inbox.take_head(entry.sha256) is head
    assert room.inbox.take_head(entry.sha256) is None
    assert room.inbox.undigested(head.id) is entry
    room.inbox.forget([head.id])
    assert (room.inbox.undigested(head.id), room.inbox.depth) == (None, 0)


def test_heads_are_kept_by_their_size_and_ids_all_the_same(room: Room) -> None:
    half = inbox_module.HEADS_BYTES // 2
    for number in range(3):
        room.inbox.remember(Undigested(bytes([number]) * 32, 1), a_head(number), half)
    assert room.inbox.take_head(bytes([2]) * 32) is None
    assert room.inbox.depth == 3
    room.inbox.forget([a_head(0).id])
    room.inbox.remember(Undigested(bytes([9]) * 32, 1), a_head(9), half)
    assert room.inbox.take_head(bytes([9]) * 32) is not None


async def test_from_many_tasks_onto_a_real_pack(tmp_path: Path) -> None:
    packs = PackFolder(tmp_path)
    inbox = Inbox(PackWriter(packs, 2000), lambda: None)
    inbox.start(lambda _end: None)
    records = [b"%05d" % n * 10 for n in range(500)]
    places = await asyncio.gather(*(inbox.accept([record]) for record in records))
    await asyncio.to_thread(inbox.stop)
    for [place], record in zip(places, records, strict=True):
        with packs.pack_path(place.pack).open("rb") as file:
            file.seek(place.offset)
            assert file.read(len(record)) == record
    assert len({place for [place] in places}) == 500
