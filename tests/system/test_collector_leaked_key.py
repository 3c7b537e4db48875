"""A key that leaked is used as fast as the network carries: others notice nothing."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from faultbox_protocol import api
from support.builders import a_bundle, a_head, a_product
from support.collector import PRODUCT, ServerProcess, run_command

FLOODERS = 16
FLOOD_SECONDS = 4.0
PER_SECOND = 50
BURST = 100
SERVED_SECONDS = 1.0


async def flood(server: ServerProcess, key: str, ends_at: float, seen: Counter[int]) -> None:
    """Post bundles of made-up devices until the time is over, whatever is answered."""
    async with aiohttp.ClientSession() as session:
        number = 0
        while time.monotonic() < ends_at:
            number += 1
            product = a_product("leaked", serial=f"made-up-{id(session)}-{number}")
            body = a_bundle(a_head(id(session) % 10**6 + number, prod=product))
            headers = {api.KEY_HEADER: key, "Content-Type": api.MEDIA_TYPE}
            async with session.post(server.url + api.BUNDLES, data=body, headers=headers) as answer:
                await answer.read()
                seen[answer.status] += 1
                if answer.status == 429:
                    assert int(answer.headers["Retry-After"]) > 0
                    assert (await answer.json(content_type=None))["reason"] == "rate_key"


@pytest.mark.timeout(120)
async def test_a_leaked_key_is_held_to_its_rate_and_others_are_served(tmp_path: Path) -> None:
    leaked = run_command(tmp_path, "keys", "add", "leaked").strip()
    key = run_command(tmp_path, "keys", "add", PRODUCT).strip()
    with ServerProcess(tmp_path, rate_key_per_second=PER_SECOND, rate_key_burst=BURST) as server:
        begun = time.monotonic()
        seen = Counter[int]()
        flooding = asyncio.gather(
            *(flood(server, leaked, begun + FLOOD_SECONDS, seen) for _ in range(FLOODERS))
        )
        longest = 0.0
        async with aiohttp.ClientSession() as session:
            for number in range(1, 31):
                before = time.monotonic()
                headers = {api.KEY_HEADER: key, "Content-Type": api.MEDIA_TYPE}
                body = a_bundle(a_head(10**7 + number))
                async with session.post(
                    server.url + api.BUNDLES, data=body, headers=headers
                ) as answer:
                    assert answer.status == 202
                longest = max(longest, time.monotonic() - before)
                await asyncio.sleep(0.05)
        await flooding
        taken = seen[200] + seen[202]
        assert set(seen) <= {200, 202, 429}
        assert seen[429] > taken, "it was hardly a flood"
        assert taken <= BURST + PER_SECOND * (time.monotonic() - begun)
        assert longest < SERVED_SECONDS
        assert await asyncio.to_thread(server.stop) == 0
