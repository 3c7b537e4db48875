"""Every hostile body to every route: refused, and the server stays small and quick."""

from collections.abc import Mapping
from itertools import count

import pytest

from support.hostile.corpus import FBX, Hostile, corpus
from support.hostile.judging import CHANGES, judge
from support.hostile.routes import Route
from support.hostile.target import BLOCKED_SECONDS, GROWTH_BYTES, Target
from support.hostile.wire import Wire

_TRIES = 3
_numbers = count(10_000)


def entries(target: Target, route: Route) -> list[Mapping[str, str]]:
    """Return with which headers a body comes: what changes something is tried by strangers, too."""
    return [target.entry(route), {}] if route.method in CHANGES else [target.entry(route)]


async def attack(target: Target, item: Hostile) -> list[str]:
    """Send a body to every route; return what was wrong with the answers."""
    body = item.make()
    wrong = []
    async with Wire(target.server.port) as wire:
        for route in target.asked:
            for entry in entries(target, route):
                answer = await wire.ask(route.method, route.path, {**entry, **item.headers}, body)
                complaint = judge(route, answer, item)
                if complaint:
                    who = "known" if entry else "a stranger"
                    wrong.append(f"{item} to {route} from {who}: {complaint}")
        if item.taken and item.content_type == FBX:
            await target.settle(wire, next(_numbers))
    return wrong


async def measure(target: Target, item: Hostile) -> tuple[list[str], int, float]:
    """Return what was wrong, the growth in bytes and the longest step in seconds.

    On a busy machine a step can wait for another process: what blocks by itself blocks each time.
    """
    blocked = 1e9
    for _ in range(_TRIES):
        before = target.server.rss_bytes
        target.server.begin_watch()
        wrong = await attack(target, item)
        grown = target.server.peak_bytes - before
        blocked = min(blocked, target.server.longest_step_seconds)
        if blocked <= BLOCKED_SECONDS:
            break
    return wrong, grown, blocked


@pytest.mark.timeout(600)
async def test_no_body_gets_more_than_a_refusal(target: Target) -> None:
    at_rest = await target.warm_up()
    wrong: list[str] = []
    grown: dict[str, int] = {}
    blocked: dict[str, float] = {}
    for item in corpus():
        complaints, grown[str(item)], blocked[str(item)] = await measure(target, item)
        wrong += complaints
    print("most memory", max(grown.values()) >> 10, "KiB:", max(grown, key=lambda n: grown[n]))
    print("longest step", max(blocked.values()), "s:", max(blocked, key=lambda n: blocked[n]))
    kept = target.server.rss_bytes - at_rest
    print("kept by all of them", kept >> 10, "KiB")
    assert wrong == []
    assert {name: size for name, size in grown.items() if size > GROWTH_BYTES} == {}
    assert kept <= GROWTH_BYTES
    assert {name: time for name, time in blocked.items() if time > BLOCKED_SECONDS} == {}
    assert "Traceback" not in target.server.errors()
