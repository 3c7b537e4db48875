"""What the nemesis does to a running site: small steps, chosen by a seeded generator.

Each step leaves the site as a technician would: what was killed runs again, what was full has
room, what was cut is mended. What it did meanwhile is for the ledger to judge.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from support.disk import LOG_FLUSH, NO_LOG_FLUSH
from torture.site import Site

_HOUR, _DAY = 3_600, 86_400
_SHIFTS = (0, -_HOUR, _DAY, -_DAY, 30 * _DAY, 3_650 * _DAY)


@dataclass(slots=True)
class Toll:
    """What the nemesis has done."""

    steps: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    cuts: int = 0


Step = Callable[[Site, random.Random, Toll], Awaitable[None]]


async def hurt(site: Site, dice: random.Random, toll: Toll) -> str:
    """Do one step of those that fit the site; return its name."""
    able = [(step, weight) for step, weight in STEPS.items() if _fits(step, site)]
    [(step, _)] = dice.choices(able, [weight for _, weight in able])
    await asyncio.sleep(dice.uniform(0.0, 0.3))
    await step(site, dice, toll)
    toll.steps[step.__name__] += 1
    return step.__name__


def _fits(step: Step, site: Site) -> bool:
    if step is jump_clock:
        return site.plan.clocks_jump
    return site.postgres is not None or step not in (kill_database, hold_database)


async def kill_server(site: Site, dice: random.Random, toll: Toll) -> None:
    """SIGKILL."""
    await asyncio.to_thread(site.server.kill)
    toll.kills += 1
    await asyncio.sleep(dice.uniform(0.0, 0.3))
    await site.start_server()


async def kill_server_at_once(site: Site, dice: random.Random, toll: Toll) -> None:
    """SIGKILL again while it starts: recovery is interrupted."""
    for _ in range(3):
        await asyncio.to_thread(site.server.kill)
        toll.kills += 1
        await asyncio.to_thread(site.server.start)
        await asyncio.sleep(dice.uniform(0.1, 1.0))
    await kill_server(site, dice, toll)


async def end_server(site: Site, _dice: random.Random, _toll: Toll) -> None:
    """SIGTERM, as an upgrade does."""
    status = await asyncio.to_thread(site.server.end)
    assert status == 0, site.server.last_words()
    await site.start_server()


async def hold_server(site: Site, dice: random.Random, _toll: Toll) -> None:
    """SIGSTOP for a while."""
    site.server.hold()
    await asyncio.sleep(dice.uniform(0.1, 1.0))
    site.server.go_on()


async def cut_server_power(site: Site, dice: random.Random, toll: Toll) -> None:
    """Its disk loses its power; a machine without power answers nobody."""
    site.device_link.cut()
    site.agent_link.cut()
    how = dice.choice((NO_LOG_FLUSH, NO_LOG_FLUSH, LOG_FLUSH))
    # A sync under way at that moment may return as if it had been done: nobody acts on it any more.
    site.server.hold()
    await asyncio.to_thread(site.server_disk.cut_power, how)
    await asyncio.to_thread(site.server.kill_all)
    toll.cuts += 1
    await asyncio.to_thread(site.server_disk.power_on)
    site.device_link.mend()
    site.agent_link.mend()
    await site.start_server()


async def fill_server_disk(site: Site, dice: random.Random, toll: Toll) -> None:
    """No room on the collector's disk; perhaps it is killed while there is none."""
    await asyncio.to_thread(site.server_disk.fill, dice.choice((0, 0, 200_000)))
    await asyncio.sleep(dice.uniform(0.3, 1.5))
    await _free_server(site, dice, toll)


async def fill_server_names(site: Site, dice: random.Random, toll: Toll) -> None:
    """No inode left on the collector's disk."""
    await asyncio.to_thread(site.server_disk.fill_names)
    await asyncio.sleep(dice.uniform(0.3, 1.5))
    await _free_server(site, dice, toll)


async def _free_server(site: Site, dice: random.Random, toll: Toll) -> None:
    """Give room again; the collector may have been killed meanwhile, and started without room."""
    killed = dice.random() < 0.5
    if killed:
        await asyncio.to_thread(site.server.kill)
        toll.kills += 1
        if dice.random() < 0.5:
            await asyncio.to_thread(site.server.start)
            await asyncio.sleep(dice.uniform(0.5, 3.0))
    await asyncio.to_thread(site.server_disk.free)
    if not site.server.running:
        # By itself it may only have ended because the disk no longer confirmed.
        assert killed or site.server.status == 74, site.server.last_words()
        await site.start_server()
    else:
        await site.find_server()


async def kill_database(site: Site, dice: random.Random, toll: Toll) -> None:
    """SIGKILL to every process of the database server."""
    assert site.postgres is not None
    await asyncio.to_thread(site.postgres.kill)
    toll.kills += 1
    await asyncio.sleep(dice.uniform(0.0, 1.0))
    await asyncio.to_thread(site.postgres.start)


async def hold_database(site: Site, dice: random.Random, _toll: Toll) -> None:
    """SIGSTOP to every process of the database server, for a while."""
    assert site.postgres is not None
    site.postgres.pause()
    await asyncio.sleep(dice.uniform(0.5, 3.0))
    site.postgres.resume()


async def jump_clock(site: Site, dice: random.Random, _toll: Toll) -> None:
    """Every clock of every program stands elsewhere."""
    if dice.random() < 0.2:
        site.clocks.set_to(dice.randrange(_DAY))
    else:
        site.clocks.shift(dice.choice(_SHIFTS))
    if site.plan.devices_sleep:
        site.clocks.sleep(dice.choice((1, _HOUR, _DAY)))
    await asyncio.sleep(dice.uniform(0.5, 2.0))


async def cut_links(site: Site, dice: random.Random, _toll: Toll) -> None:
    """No network for a while."""
    site.device_link.cut()
    site.agent_link.cut()
    await asyncio.sleep(dice.uniform(0.1, 0.7))
    site.device_link.mend()
    site.agent_link.mend()


async def kill_agent(site: Site, dice: random.Random, toll: Toll) -> None:
    """SIGKILL; an upload under way goes on without it."""
    agent = dice.choice(site.hosts).agent
    await asyncio.to_thread(agent.kill)
    site.interrupt_agents()
    toll.kills += 1
    await asyncio.sleep(dice.uniform(0.0, 0.3))
    await asyncio.to_thread(agent.start)


async def hold_agent(site: Site, dice: random.Random, _toll: Toll) -> None:
    """SIGSTOP for a while."""
    agent = dice.choice(site.hosts).agent
    agent.hold()
    await asyncio.sleep(dice.uniform(0.1, 1.0))
    agent.go_on()


async def cut_agents_power(site: Site, dice: random.Random, toll: Toll) -> None:
    """The devices with agents lose their power, and whatever runs on them ends."""
    async with site.power:
        site.agent_link.cut()
        how = dice.choice((NO_LOG_FLUSH, NO_LOG_FLUSH, LOG_FLUSH))
        await asyncio.to_thread(site.agents_disk.cut_power, how)
        for host in site.hosts:
            await asyncio.to_thread(host.agent.kill_all)
        site.interrupt_agents()
        toll.cuts += 1
        await asyncio.to_thread(site.agents_disk.power_on)
        site.agent_link.mend()
        for host in site.hosts:
            host.agent.start()


async def fill_agents_disk(site: Site, dice: random.Random, toll: Toll) -> None:
    """No room on the devices' disk; perhaps agents are killed while there is none."""
    site.agents_filled = True
    await asyncio.to_thread(site.agents_disk.fill, dice.choice((0, 20_000, 600_000)))
    await asyncio.sleep(dice.uniform(0.3, 1.5))
    for host in site.hosts if dice.random() < 0.5 else ():
        await asyncio.to_thread(host.agent.kill)
        site.interrupt_agents()
        toll.kills += 1
    await asyncio.to_thread(site.agents_disk.free)
    for host in site.hosts:
        if not host.agent.running:
            await asyncio.to_thread(host.agent.start)


async def report_by_hand(site: Site, dice: random.Random, _toll: Toll) -> None:
    """A technician reports a fault."""
    async with site.power:
        await asyncio.to_thread(dice.choice(site.hosts).report)


async def crash_program(site: Site, dice: random.Random, _toll: Toll) -> None:
    """A program on a device ends by an exception."""
    async with site.power:
        await asyncio.to_thread(dice.choice(site.hosts).crash_program)


async def deliver_now(site: Site, dice: random.Random, _toll: Toll) -> None:
    """Somebody asks an agent to deliver at once, whatever it has learnt to wait for."""
    await asyncio.to_thread(dice.choice(site.hosts).flush, 2)
    site.interrupt_agents()


STEPS: dict[Step, float] = {
    kill_server: 5.0,
    kill_server_at_once: 1.0,
    end_server: 0.5,
    hold_server: 1.0,
    cut_server_power: 4.0,
    fill_server_disk: 1.0,
    fill_server_names: 0.7,
    jump_clock: 2.0,
    kill_database: 3.0,
    hold_database: 2.0,
    cut_links: 1.5,
    kill_agent: 4.0,
    hold_agent: 1.0,
    cut_agents_power: 3.0,
    fill_agents_disk: 0.7,
    report_by_hand: 1.0,
    crash_program: 1.0,
    deliver_now: 2.0,
}
