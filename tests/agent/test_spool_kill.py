"""Killed at each system call of the spool in turn: what was called captured is there, whole.

A real process takes one record from the drop folder into the spool under strace, which kills it
at one call on a file of the spool: each kind of call, each time it is made.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from faultbox_agent.fault import write_fault
from faultbox_agent.state import load_state
from faultbox_agent.station import Station
from support.builders import an_id
from support.device import StillClock, a_fault, read_ready, some_settings
from support.needs import give_up

_DRIVER = """
import sys
from faultbox_agent.settings import Settings
from faultbox_agent.station import Station
station = Station(Settings(spool=sys.argv[1], headroom_mib=1))
station.drain()
if len(station.spool):
    print("captured", flush=True)
"""


def trace(spool: Path, *options: str) -> "subprocess.CompletedProcess[bytes]":
    """Run the driver under strace, looking at calls on the spool's own files."""
    name = f"{an_id(1).hex()}.fbx"
    watched = [spool / "tmp", spool / "ready", spool / "tmp" / name, spool / "ready" / name,
               spool / "tmp" / "state.json", spool / "state.json", spool]  # fmt: skip
    command = ["strace", "-e", "trace=all", *options]
    for path in watched:
        command += ["-P", str(path)]
    done = subprocess.run(
        [*command, sys.executable, "-c", _DRIVER, str(spool)], capture_output=True, check=False
    )
    if b"ptrace" in done.stderr:
        give_up(f"strace may not trace here: {done.stderr!r}")
    return done


def count_calls(spool: Path, log: Path) -> Counter[str]:
    """Return how often each call is made in a run that comes through."""
    done = trace(spool, "-o", str(log))
    assert done.stdout == b"captured\n"
    return Counter(re.findall(r"^([a-z0-9_]+)\(", log.read_text(), re.MULTILINE))


def leave_record(spool: Path) -> None:
    Station(some_settings(spool), StillClock()).close()
    record = write_fault(a_fault(1, n=3, drops={"rate": 2}))
    (spool / "drop" / f"{an_id(1).hex()}.json").write_bytes(record)


@pytest.mark.timeout(300)
def test_a_kill_at_any_call_leaves_the_fault_in_exactly_one_whole_bundle(tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        give_up("the sweep needs strace")
    leave_record(tmp_path / "whole")
    calls = count_calls(tmp_path / "whole", tmp_path / "log")
    assert {"openat", "write", "fsync", "rename"} <= set(calls)
    assert sum(calls.values()) > 20
    for call, times in calls.items():
        for number in range(1, times + 1):
            spool = tmp_path / f"{call}{number}"
            leave_record(spool)
            inject = f"inject={call}:signal=KILL:when={number}"
            done = trace(spool, "-o", os.devnull, "-e", inject)
            assert done.returncode != 0, f"{call} {number} killed nobody"
            check(spool, captured=b"captured" in done.stdout)
            shutil.rmtree(spool)


def check(spool: Path, *, captured: bool) -> None:
    """Start again after the kill: one whole bundle, and every count right."""
    again = Station(some_settings(spool), StillClock())
    if captured:
        assert [head.id for head, _ in read_ready(spool)] == [an_id(1)]
    assert os.listdir(spool / "tmp") == []
    again.drain()
    ((head, _),) = read_ready(spool)
    assert (head.id, head.seq, head.n, head.drops) == (an_id(1), 1, 3, {"rate": 2})
    assert os.listdir(spool / "drop") == []
    state = load_state(str(spool))
    assert (state.captured, state.lost, state.drops) == (3, {"rate": 2}, {})
    again.close()
