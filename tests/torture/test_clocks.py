"""Clocks that jump: programs see the jump, and their waits last as long as before."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.needs import give_up
from torture.clocks import Clocks

DAY = 86_400
WAITING = """
import json, threading, time
wall, monotonic = time.time(), time.monotonic()
time.sleep(0.1)
threading.Event().wait(0.1)
lock = threading.Lock()
lock.acquire()
lock.acquire(timeout=0.1)
print(json.dumps([wall, monotonic, time.time() - wall, time.monotonic() - monotonic]))
"""


@pytest.fixture
def clocks(tmp_path: Path) -> Clocks:
    found = Clocks(tmp_path)
    if not found.able:
        give_up("no C compiler")
    return found


def look(clocks: Clocks) -> list[float]:
    """Return wall and monotonic time as a program sees them, and how long its waits were."""
    done = subprocess.run(
        [sys.executable, "-c", WAITING],
        env={**os.environ, **clocks.environment},
        capture_output=True,
        check=True,
        timeout=30,
    )
    found: list[float] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("shift", [0, DAY, -3600])
def test_the_wall_clock_jumps(clocks: Clocks, shift: int) -> None:
    clocks.shift(shift)
    wall, _, wall_waited, monotonic_waited = look(clocks)
    assert abs(wall - time.time() - shift) < 60
    assert 0.3 <= wall_waited < 10
    assert 0.3 <= monotonic_waited < 10


def test_the_clock_stands_in_1970(clocks: Clocks) -> None:
    clocks.set_to(DAY)
    assert abs(look(clocks)[0] - DAY) < 60


def test_the_device_slept(clocks: Clocks) -> None:
    clocks.sleep(DAY)
    _, monotonic, _, waited = look(clocks)
    assert abs(monotonic - time.monotonic() - DAY) < 60
    assert 0.3 <= waited < 10
