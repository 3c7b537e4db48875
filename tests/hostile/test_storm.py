"""A storm of one fault: one ticket, bounded memory, and other products are served meanwhile."""

import asyncio
import json

import pytest

from faultbox_protocol import api
from support.builders import a_bundle, a_head, a_product, an_err, an_id
from support.collector import PRODUCT, run_command
from support.hostile.target import GROWTH_BYTES, Target
from support.hostile.wire import Wire

STORM = 4000
BATCH = 100
QUIET = "quiet-product"
FIRST = 2_000_000
OTHERS = 60
SERVED_SECONDS = 5.0
"""Generous: the bench measures how long it takes, here it is only not to wait for the storm."""


def a_storm_batch(start: int) -> bytes:
    """Return a batch of one fault from many devices."""
    err = an_err(type="StormError", functions=("storm", "main"))
    return b"".join(
        a_bundle(a_head(number, err=err, prod=a_product(PRODUCT, serial=f"ST-{number % 997}")))
        for number in range(start, start + BATCH)
    )


@pytest.mark.timeout(300)
async def test_a_storm_of_one_fault_opens_one_ticket_and_leaves_room_for_others(
    target: Target,
) -> None:
    quiet = run_command(target.server.data, "keys", "add", QUIET).strip()
    bodies = [a_storm_batch(FIRST + n) for n in range(0, STORM, BATCH)]
    at_rest = await target.warm_up()
    target.server.begin_watch()
    slowest = 0.0

    async def storm(wire: Wire, some: list[bytes]) -> None:
        for body in some:
            assert await target.post(wire, 0, body) == 202

    async def others() -> float:
        worst = 0.0
        loop = asyncio.get_running_loop()
        headers = {api.KEY_HEADER: quiet, "Content-Type": api.MEDIA_TYPE}
        async with Wire(target.server.port) as wire:
            for number in range(OTHERS):
                head = a_head(FIRST - 1 - number, prod=a_product(QUIET, serial=f"Q{number}"))
                begun = loop.time()
                answer = await wire.ask("POST", api.BUNDLES, headers, a_bundle(head))
                worst = max(worst, loop.time() - begun)
                assert answer.status == 202
        return worst

    async with Wire(target.server.port) as one, Wire(target.server.port) as two:
        half = len(bodies) // 2
        _, _, slowest = await asyncio.gather(
            storm(one, bodies[:half]), storm(two, bodies[half:]), others()
        )
        await target.settle(one, FIRST + STORM)
        tickets = set()
        for number in range(FIRST, FIRST + STORM, 397):
            path = f"{api.RECEIPTS}/{an_id(number).hex()}"
            answer = await one.ask("GET", path, {api.KEY_HEADER: target.key})
            tickets.add(json.loads(answer.body)["ticket"])
    grown = target.server.peak_bytes - at_rest
    print("storm:", grown >> 10, "KiB, others at worst", round(slowest * 1000), "ms")
    assert len(tickets) == 1
    assert grown <= GROWTH_BYTES
    assert slowest < SERVED_SECONDS
