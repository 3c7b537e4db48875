"""One run: a site under load, the nemesis at work, peace again, and the ledger audited."""

import asyncio
import random
import time
from dataclasses import dataclass
from pathlib import Path

from support.audit import audit
from support.load import Ledger
from torture.hosts import Host
from torture.nemesis import Toll, hurt
from torture.site import PATIENCE_SECONDS, Plan, Site, a_site

_FLUSH_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a siege came to; it ended well, or it would have raised."""

    toll: Toll
    generated: int
    acked: int
    dropped: int
    """Counted drops."""


async def besiege(folder: Path, plan: Plan, steps: int) -> Outcome:
    """Run a site through so many steps of the nemesis and audit it.

    Raises:
        AssertionError: something acknowledged is lost, or something is counted twice.
    """
    dice = random.Random(plan.seed)
    toll = Toll()
    told: list[str] = []
    try:
        async with a_site(folder, plan) as site:
            while len(told) < steps:
                told.append(await hurt(site, dice, toll))
                site.check_load()
            return await _make_peace(site, toll)
    except AssertionError as error:
        error.add_note(f"{plan}, {steps} steps: {' '.join(told)}")
        raise


async def _make_peace(site: Site, toll: Toll) -> Outcome:
    """Let everything be delivered and digested, and compare the books."""
    site.device_link.toxins.clear()
    site.agent_link.toxins.clear()
    site.clocks.shift(0)
    site.devices.stop()
    async with site.power:  # from here on no program fails any more
        for host in site.hosts:
            await asyncio.to_thread(host.agent.end)
        dropped = sum(balance(site, host) for host in site.hosts)
        for host in site.hosts:
            await _deliver_all(site, host)
        dropped = sum(balance(site, host) for host in site.hosts)
        ledger = await _digest_all(site)
        status = await asyncio.to_thread(site.server.end)
        assert status == 0, site.server.last_words()
        await asyncio.to_thread(audit, site.data, ledger, site.database)
        generated = sum(len(host.begun) + host.crashes for host in site.hosts)
        _check_arrivals(site)
    return Outcome(toll, generated + len(site.devices.ledger.sent), len(ledger.acked), dropped)


def balance(site: Site, host: Host) -> int:
    """Check generated = acknowledged + spooled + counted drops of a device; return the drops.

    A bundle whose answer was lost and that was then given up for want of room is counted as a
    drop although it arrived: the device cannot know. So with a disk that was full, what is missing
    must be counted, and of the rest only what arrived unheard or whose program was never told;
    otherwise there are no drops at all.
    """
    account = host.account()
    safe = set(site.heard) | set(account.ready) | account.records
    missing = host.captured - safe
    drops = sum(account.lost.values())
    assert not account.dead, (host.serial, str(account))
    assert len(missing) <= drops, (host.serial, missing, str(account))
    unsure = site.unheard | (set(site.carried) - set(site.heard)) | (host.begun - host.captured)
    assert drops <= len(missing) + len(unsure), (host.serial, missing, str(account))
    assert site.agents_filled or not drops, (host.serial, str(account))
    return drops


async def _deliver_all(site: Site, host: Host) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        account = host.account()
        if not (account.ready or account.records or account.folded):
            return
        assert time.monotonic() < deadline, (str(account), site.server.last_words())
        await asyncio.to_thread(host.flush, _FLUSH_SECONDS)


async def _digest_all(site: Site) -> Ledger:
    """Wait until all that was acknowledged is digested; return the ledger of all devices."""
    ledger = Ledger(
        sent={**site.devices.ledger.sent, **site.carried},
        acked=site.devices.ledger.acked | set(site.heard),
        refused=site.devices.ledger.refused,
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left := ledger.acked - await asyncio.to_thread(site.seen):
        words = f"{len(left)} acknowledged and never digested: {site.server.last_words()}"
        assert time.monotonic() < deadline, words
        await asyncio.sleep(0.1)
    return ledger


def _check_arrivals(site: Site) -> None:
    """Check that what agents delivered is what their programs left, and nothing else."""
    arrived = set(site.heard)
    begun = set().union(*(host.begun for host in site.hosts))
    crashes = sum(host.crashes for host in site.hosts)
    assert len(arrived - begun) <= crashes, "nobody left that"
    if not site.agents_filled:
        assert len(arrived - begun) == crashes, "a crash is missing"
