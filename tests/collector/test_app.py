"""The composition root: parts start and stop in order, and a restart goes on where it stopped."""

import asyncio
from pathlib import Path

import pytest

from faultbox_collector.app import build_collector
from faultbox_collector.settings import Settings
from faultbox_collector.store.opening import DataFolderBusy, DataFolderError
from support.builders import a_bundle, a_head
from support.collector import served, wait_for


async def test_what_was_acknowledged_before_a_stop_is_digested_after_the_next_start(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as server:
        for number in range(1, 51):
            assert (await server.post(a_bundle(a_head(number)))).status == 202
    async with served(tmp_path) as server:
        end = server.collector.inbox.end
        await wait_for(lambda: server.collector.digest.position >= end)
        [ticket] = await server.collector.reader.tickets(limit=10, offset=0)
        assert ticket.occurrences == 50


async def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path):
        with pytest.raises(DataFolderBusy):
            build_collector(Settings(data=str(tmp_path)))


async def test_packs_that_cannot_be_written_are_told_and_the_folder_is_free_again(
    tmp_path: Path,
) -> None:
    (tmp_path / "packs").write_text("not a folder", encoding="utf-8")
    with pytest.raises(DataFolderError, match="cannot write to"):
        build_collector(Settings(data=str(tmp_path)))
    (tmp_path / "packs").unlink()
    async with served(tmp_path) as server:
        assert (await server.post(a_bundle())).status == 202


async def test_a_hundred_devices_at_once_each_get_their_own_receipt(tmp_path: Path) -> None:
    async with served(tmp_path) as server:

        async def send(number: int) -> str:
            answer = await server.post(a_bundle(a_head(number)))
            assert answer.status == 202
            found: str = (await answer.json())["receipts"][0]["id"]
            return found

        ids = await asyncio.gather(*(send(number) for number in range(100)))
        assert ids == [a_head(number).id.hex() for number in range(100)]
        await server.digested()
        assert (await server.collector.reader.overview()).bundles == 100
        assert server.collector.inbox.depth == 0
