"""The torture in a minute: some of the boundaries and one short siege; `make torture` is long."""

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.disk import LOG_FLUSH, NO_LOG_FLUSH, Disk, a_disk
from support.needs import give_up
from torture.cases import agent_case, collector_case, uploads_case
from torture.siege import besiege
from torture.site import Plan
from torture.sweep import WRITING, Case, Nursery, sweep

CHANGING = tuple(name for name in WRITING if name != "openat")


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    if os.geteuid() != 0:
        give_up("attaching to a process needs root")
    if shutil.which("strace") is None:
        give_up("strace is not installed")
    with Nursery() as found:
        yield found


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with a_disk(tmp_path / "small", mib=64) as found:
        yield found


@pytest.fixture
def first() -> int:
    """Where a sweep that takes every so many boundaries begins: another place in each run."""
    return random.randint(1, 6)


def a_case(name: str, tmp_path: Path) -> Case:
    if name == "uploads":
        return uploads_case()
    return agent_case() if name == "agent" else collector_case(tmp_path / "template", name)


@pytest.mark.parametrize(("name", "step"), [("agent", 9), ("main", 7), ("writer", 20)])
def test_killed_at_a_system_call_it_goes_on(
    nursery: Nursery, tmp_path: Path, first: int, name: str, step: int
) -> None:
    case = a_case(name, tmp_path)
    done = sweep(nursery, case, tmp_path / "run", syscalls=CHANGING, step=step, first=first)
    assert done.kills >= 4


@pytest.mark.parametrize(
    ("name", "step", "how"),
    [
        ("agent", 16, NO_LOG_FLUSH),
        ("agent", 24, LOG_FLUSH),
        ("main", 7, NO_LOG_FLUSH),
        ("uploads", 4, NO_LOG_FLUSH),
        ("writer", 30, NO_LOG_FLUSH),
    ],
)
def test_without_power_at_a_system_call_it_goes_on(
    nursery: Nursery, tmp_path: Path, disk: Disk, first: int, name: str, step: int, how: int
) -> None:
    case = a_case(name, tmp_path)
    run = disk.path / "run"
    done = sweep(nursery, case, run, disk=disk, how=how, syscalls=CHANGING, step=step, first=first)
    assert done.cuts >= 3


@pytest.mark.timeout(180)
async def test_besieged_everything_acknowledged_is_there_once(
    nursery: Nursery, tmp_path: Path
) -> None:
    plan = Plan(random.randrange(1_000_000), bundles=2_500)
    print(plan)
    outcome = await besiege(tmp_path, plan, 8)
    assert outcome.acked > 50
