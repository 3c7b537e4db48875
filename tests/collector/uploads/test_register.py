"""Incomplete uploads in memory: ages, places, and one request at a time."""

import asyncio
from dataclasses import replace

import pytest

from faultbox_collector.uploads.records import Upload
from faultbox_collector.uploads.register import OPEN_PER_KEY, Register, TooManyUploads
from faultbox_protocol import limits

UPLOAD = Upload("a" * 32, 1, product_id=2, key_id=3, device="SN-1", created_ms=0)


class Time:
    """Seconds that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def made(number: int, device: str = "SN-1", key_id: int = 3) -> Upload:
    """Return an upload that differs for each number."""
    return replace(UPLOAD, id=f"{number:032x}", device=device, key_id=key_id)


def test_a_device_has_three_places_and_a_key_sixty_four() -> None:
    register = Register(Time())
    for number in range(limits.UPLOADS_OPEN):
        register.add(made(number))
    with pytest.raises(TooManyUploads):
        register.add(made(99))
    for number in range(100, 100 + OPEN_PER_KEY - limits.UPLOADS_OPEN):
        register.add(made(number, device=f"made up {number}"))
    with pytest.raises(TooManyUploads):
        register.add(made(999, device="another"))
    assert register.add(made(1000, device="another", key_id=4))


def test_a_place_is_free_again_when_an_upload_ends() -> None:
    register = Register(Time())
    entries = [register.add(made(number)) for number in range(limits.UPLOADS_OPEN)]
    register.drop(entries[0])
    assert register.find(2, entries[0].upload.id) is None
    assert register.add(made(99))


def test_what_is_too_old_is_not_found_and_is_to_be_removed() -> None:
    now = Time()
    register = Register(now)
    entry = register.add(UPLOAD)
    now.now += limits.UPLOAD_SECONDS - 1
    assert (register.left_seconds(entry), register.old()) == (1, [])
    assert register.find(2, UPLOAD.id) is entry
    assert register.find(9, UPLOAD.id) is None
    now.now += 1
    assert register.find(2, UPLOAD.id) is None
    assert register.old() == [entry]


@pytest.mark.parametrize(("age_seconds", "left"), [(0, 86_400), (86_000, 400), (-(10**9), 86_400)])
def test_an_age_goes_on_over_a_restart(age_seconds: int, left: int) -> None:
    register = Register(Time())
    register.load([replace(UPLOAD, created_ms=10**12)], 10**12 + 1000 * age_seconds)
    entry = register.find(2, UPLOAD.id)
    assert entry is not None
    assert register.left_seconds(entry) == left


async def test_a_newer_request_cuts_an_older_one_off_and_waits_for_it() -> None:
    register = Register(Time())
    entry = register.add(UPLOAD)
    assert await register.hold(entry)
    cuts: list[str] = []
    entry.cut = lambda: cuts.append("cut")
    newer = asyncio.create_task(register.hold(entry))
    await asyncio.sleep(0)
    assert (cuts, newer.done()) == (["cut"], False)
    assert register.old() == []
    entry.lock.release()
    assert await newer


async def test_who_waited_for_an_upload_that_ended_finds_it_gone() -> None:
    register = Register(Time())
    entry = register.add(UPLOAD)
    assert await register.hold(entry)
    waiting = asyncio.create_task(register.hold(entry))
    await asyncio.sleep(0)
    register.drop(entry)
    entry.lock.release()
    assert not await waiting
    assert not entry.lock.locked()
