"""The group commit: everybody is answered, in order, and a failure is told to who waits."""

import asyncio
import errno
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from faultbox_collector import inbox as inbox_module
from faultbox_collector.inbox import Inbox, InboxFull
from faultbox_collector.pack.files import PackFolder
from faultbox_collector.pack.records import Position
from faultbox_collector.pack.writer import Buffer, PackSyncError, PackWriteError, PackWriter
from support.builders import an_id
from support.collector import wait_for


class Disk:
    """A pack in memory whose disk waits, fails or dies when told to."""

    def __init__(self) -> None:
        self.groups: list[list[Buffer]] = []
        self.go = threading.Event()
        self.go.set()
        self.begun = threading.Event()
        self.failure: Exception | None = None
        self.closed = False

    @property
    def end(self) -> Position:
        return Position(1, sum(len(record) for group in self.groups for record in group))

    def append(self, buffers: Sequence[Buffer]) -> Position:
        self.begun.set()
        assert self.go.wait(30)
        if self.failure is not None:
            raise self.failure
        begun = self.end
        self.groups.append(list(buffers))
        return begun

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
async def room() -> AsyncIterator[Room]:
    found = Room()
    yield found
    found.disk.go.set()
    await found.inbox.stop()


async def test_the_end_is_told_after_each_group(room: Room) -> None:
    await room.inbox.accept([b"aa", b"bbb"])
    await room.inbox.accept([b"c"])
    await wait_for(lambda: room.durable == [Position(1, 5), Position(1, 6)])


async def test_what_waits_while_the_disk_works_goes_into_one_group(room: Room) -> None:
    room.disk.go.clear()
    first = asyncio.create_task(room.inbox.accept([b"first"]))
    await wait_for(room.disk.begun.is_set)
    others = [asyncio.create_task(room.inbox.accept([b"%d" % n])) for n in range(20)]
    await asyncio.sleep(0)
    room.disk.go.set()
    await first
    await asyncio.gather(*others)
    assert room.disk.groups == [[b"first"], [b"%d" % n for n in range(20)]]
    assert room.inbox.waiting_bytes == 0


async def test_who_goes_away_leaves_the_others_alone(room: Room) -> None:
    room.disk.go.clear()
    gone = asyncio.create_task(room.inbox.accept([b"gone"]))
    stays = asyncio.create_task(room.inbox.accept([b"stays"]))
    await wait_for(room.disk.begun.is_set)
    gone.cancel()
    await asyncio.wait([gone])
    room.disk.go.set()
    await stays
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
    await room.inbox.accept([b"one more"])
    assert room.disk.groups == [[big], [b"one more"]]


async def test_too_much_waiting_for_the_digest_is_refused_until_it_has_caught_up() -> None:
    room = Room(undigested=2)
    for number in range(3):
        room.inbox.ids.remember(an_id(number), bytes([number]) * 32, 1)
    with pytest.raises(InboxFull):
        await room.inbox.accept([b"one more"])
    room.inbox.ids.forget([an_id(0)])
    await room.inbox.accept([b"one more"])
    await room.inbox.stop()


async def test_a_full_disk_is_told_and_the_next_is_tried_again(room: Room) -> None:
    room.disk.failure = PackWriteError(errno.ENOSPC, "no space")
    with pytest.raises(PackWriteError):
        await room.inbox.accept([b"x"])
    assert not room.durable
    room.disk.failure = None
    await room.inbox.accept([b"x"])
    assert room.disk.groups == [[b"x"]]
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
    await room.inbox.stop()
    await asyncio.gather(*tasks)
    assert sum(map(len, room.disk.groups)) == 5
    assert room.disk.closed


async def test_from_many_tasks_onto_a_real_pack(tmp_path: Path) -> None:
    packs = PackFolder(tmp_path)
    inbox = Inbox(PackWriter(packs, 2000), lambda: None)
    inbox.start(lambda _end: None)
    records = [b"%05d" % n * 10 for n in range(500)]
    for start in range(0, 500, 50):  # what comes in one turn of the loop goes into one group
        await asyncio.gather(*(inbox.accept([one]) for one in records[start : start + 50]))
    await inbox.stop()
    found = b"".join(packs.pack_path(number).read_bytes() for number in packs.numbers())
    assert len(packs.numbers()) > 1
    assert sorted(found[at : at + 50] for at in range(0, len(found), 50)) == records
