"""`make torture`: every boundary of the writers, then random sieges, and a table of what it cost.

    make torture                 a seed of its own, printed first
    make torture SEED=17         the same throws of the dice again
    make torture ROUND=3 SEED=17 only that siege

What the kernel schedules differs from run to run; what the nemesis does is the same for a seed.
"""

import argparse
import asyncio
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from support.disk import LOG_FLUSH, NO_LOG_FLUSH, Disk
from support.postgres import BINARIES
from torture.cases import agent_case, collector_case, uploads_case
from torture.siege import Outcome, besiege
from torture.site import Plan
from torture.sweep import WRITING, Case, Nursery, Swept, sweep

_ROUNDS = 8
_STEPS = 40
_READING = ("openat",)
"""Mostly reading, where no blow can change a thing: every third of them."""
_CHANGING = tuple(name for name in WRITING if name not in _READING)


def main() -> int:
    """Torture; return 0 if nothing was lost and nothing counted twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--round", type=int, help="only this siege, and no sweep")
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--steps", type=int, default=_STEPS)
    given = parser.parse_args()
    say(f"seed {given.seed}")
    begun = time.monotonic()
    rounds = range(given.rounds) if given.round is None else [given.round]
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name)
        swept = Swept() if given.round is not None else sweep_all(folder)
        outcomes = [besiege_once(folder, given.seed, number, given.steps) for number in rounds]
    say(table(given.seed, swept, outcomes, (time.monotonic() - begun) / 60))
    return 0


def sweep_all(folder: Path) -> Swept:
    """Hit every boundary of each writer: killed, and with both kinds of power cut."""
    disk = Disk(folder / "sweep", mib=64)
    total = Swept()
    cases = {
        "agent": agent_case(),
        "collector, packs": collector_case(folder / "template-main", "main"),
        "collector, uploads": uploads_case(),
        "collector, database": collector_case(folder / "template-writer", "writer"),
    }
    try:
        with Nursery() as nursery:
            for name, case in cases.items():
                for word, found in _sweeps(nursery, case, folder / "run", disk):
                    say(f"{name}: {word} at {found.boundaries} boundaries, all well")
                    total.add(found)
    finally:
        disk.discard()
    return total


def _sweeps(nursery: Nursery, case: Case, folder: Path, disk: Disk) -> Iterator[tuple[str, Swept]]:
    """Sweep one driver with every kind of blow; every second boundary with the rarer cut."""
    run = disk.path / "run"
    killed = sweep(nursery, case, folder, syscalls=_CHANGING)
    killed.add(sweep(nursery, case, folder, syscalls=_READING, step=3))
    yield "killed", killed
    for word, how, step in (
        ("power cut", NO_LOG_FLUSH, 1),
        ("power cut, journal kept", LOG_FLUSH, 2),
    ):
        cut = sweep(nursery, case, run, disk=disk, how=how, syscalls=_CHANGING, step=step)
        cut.add(sweep(nursery, case, run, disk=disk, how=how, syscalls=_READING, step=3 * step))
        yield word, cut


def besiege_once(folder: Path, seed: int, number: int, steps: int) -> Outcome:
    """Run one siege: in one of three clocks jump, one of four is on PostgreSQL."""
    jumping, postgres = number % 3 == 2, number % 4 == 3 and (BINARIES / "postgres").exists()
    plan = Plan(
        seed * 1_000 + number,
        clocks_jump=jumping,
        devices_sleep=number % 6 == 5,
        postgres=postgres,
    )
    begun = time.monotonic()
    outcome = asyncio.run(besiege(folder / f"siege-{number}", plan, steps))
    say(
        f"siege {number}{' with jumping clocks' if jumping else ''}"
        f"{' on PostgreSQL' if postgres else ''}: {outcome.toll.kills} kills, "
        f"{outcome.toll.cuts} cuts, {outcome.generated} generated, {outcome.acked} acknowledged, "
        f"{outcome.dropped} counted drops, all well, {time.monotonic() - begun:.0f} s"
    )
    return outcome


def table(seed: int, swept: Swept, outcomes: list[Outcome], minutes: float) -> str:
    """Return the figures of the whole run as a table."""
    steps: Counter[str] = Counter()
    for outcome in outcomes:
        steps.update(outcome.toll.steps)
    rows = {
        "boundaries swept": swept.boundaries,
        "kills": swept.kills + sum(one.toll.kills for one in outcomes),
        "power cuts": swept.cuts + sum(one.toll.cuts for one in outcomes),
        "sieges": len(outcomes),
        "bundles generated": swept.sent + sum(one.generated for one in outcomes),
        "bundles acknowledged": swept.acked + sum(one.acked for one in outcomes),
        "counted drops": sum(one.dropped for one in outcomes),
        "audits passed": swept.audits + len(outcomes),
        "seed": seed,
        "minutes": round(minutes, 1),
    }
    lines = [f"{name:<24}{value:>12}" for name, value in rows.items()]
    lines += [f"  {name:<22}{count:>12}" for name, count in sorted(steps.items())]
    return "\n".join(
        ["", *lines, "", "An audit that finds one lost or counted twice ends the run."]
    )


def say(text: str) -> None:
    """Print at once; a run takes minutes."""
    print(text, flush=True)


if __name__ == "__main__":
    random.seed(0)  # support code that throws its own dice
    sys.exit(main())
