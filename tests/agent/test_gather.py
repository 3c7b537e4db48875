"""Evidence about the machine: whatever fails leaves a note, and the rest is there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from faultbox_agent.clock import SystemClock
from faultbox_agent.fault import PlainMap
from faultbox_agent.gather.identity import describe_software, read_release
from faultbox_agent.gather.oom import OomWatch, parse_record, read_kills
from faultbox_agent.gather.system import SystemState, describe_process, run_gatherers
from faultbox_agent.gather.timesync import read_clock_quality
from faultbox_agent.process import (
    read_parent,
    read_program,
    read_resident_bytes,
    read_start_ticks,
)
from faultbox_protocol import schema
from faultbox_protocol.words import ClockQuality
from support.device import StillClock


def test_the_state_of_this_machine_fits_on_the_wire(tmp_path: Path) -> None:
    found = SystemState(SystemClock(), str(tmp_path)).gather()
    assert int(str(found["mem_avail_b"])) > 0
    assert int(str(found["disk_free_b"])) > 0
    assert int(str(found["uptime_ms"])) > 0
    procs = found["procs"]
    assert isinstance(procs, list)
    assert 0 < len(procs) <= 20
    assert "notes" not in found
    assert schema.evidence_from_map({"sys": found}).sys == found


def test_a_scan_of_all_processes_is_shared_for_two_seconds(tmp_path: Path) -> None:
    clock = StillClock()
    state = SystemState(clock, str(tmp_path))
    first = state.gather()
    clock.move(1)
    assert state.gather() == first
    clock.move(1)
    assert state.gather()["uptime_ms"] != first["uptime_ms"]


def test_a_gatherer_that_fails_leaves_a_note() -> None:
    def broken() -> PlainMap:
        raise PermissionError("not for you")

    found = run_gatherers({"good": lambda: {"a": 1}, "bad": broken})
    assert found == {"a": 1, "notes": ["bad: PermissionError: not for you"]}


def test_a_folder_that_is_gone_costs_only_the_disk_figures(tmp_path: Path) -> None:
    found = SystemState(SystemClock(), str(tmp_path / "gone")).gather()
    assert "mem_avail_b" in found
    assert "disk" in str(found["notes"])


def test_a_process_is_described_only_if_it_is_the_same_one() -> None:
    pid = os.getpid()
    found = describe_process(pid, read_start_ticks(pid), read_start_ticks)
    process = found["process"]
    assert isinstance(process, dict)
    assert int(str(process["rss_b"])) > 0
    assert int(str(process["fds"])) > 0
    assert describe_process(pid, 1, read_start_ticks) == {}
    assert describe_process(pid, None, read_start_ticks) == {}


def test_the_software_of_this_machine() -> None:
    found = describe_software()
    assert found["kernel"] == f"Linux {os.uname().release}"
    assert found["os"]
    if Path("/etc/os-release").exists():
        assert read_release()


def test_the_clock_quality_is_one_of_three() -> None:
    assert read_clock_quality() in (ClockQuality.NONE, ClockQuality.RTC, ClockQuality.SYNCED)


def test_plain_reads_of_a_process() -> None:
    pid = os.getpid()
    assert read_parent(pid) == os.getppid()
    assert read_program(pid) == os.path.realpath(sys.executable)
    assert (read_resident_bytes(pid) or 0) > 1_000_000
    child = subprocess.Popen(["sleep", "5"])
    child.kill()
    child.wait()
    assert read_start_ticks(child.pid) is None
    assert read_resident_bytes(child.pid) is None


def test_clocks_run_and_the_boot_has_an_id() -> None:
    clock = SystemClock()
    assert clock.mono_ms() <= clock.mono_ms()
    assert clock.wall_ms() > 1_500_000_000_000 or read_clock_quality() is not ClockQuality.SYNCED
    assert 0 < len(clock.boot) <= 36


@pytest.mark.parametrize(
    ("record", "pids"),
    [
        (
            "6,900,5000000,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"
            "mems_allowed=0,oom_memcg=/x,task_memcg=/x,task=python3,pid=1234,uid=0",
            {1234},
        ),
        ("3,901,5000000,-;Memory cgroup out of memory: Killed process 77 (python3) x", {77}),
        ("3,902,5000000,-;Out of memory: Killed process 78 (hog) total-vm:1kB", {78}),
        ("3,903,4999999,-;Out of memory: Killed process 79 (hog) total-vm:1kB", set()),
        ("3,904,5000000,-;python3[55]: segfault at 0", set()),
        ("nonsense", set()),
        ("", set()),
    ],
)
def test_kernel_records_name_their_victim(record: str, pids: set[int]) -> None:
    assert parse_record(record, 5000) == pids


def test_counters_of_both_cgroup_versions_are_read(tmp_path: Path) -> None:
    first, second = tmp_path / "memory.oom_control", tmp_path / "memory.events"
    first.write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")
    second.write_text("low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\noom_group_kill 0\n")
    assert (read_kills(str(first)), read_kills(str(second))) == (3, 1)
    assert read_kills(str(tmp_path / "gone")) == 0


def test_a_process_that_was_not_killed_shows_nothing() -> None:
    watch = OomWatch()
    watch.look(os.getpid())
    assert watch.find(os.getpid(), SystemClock().mono_ms()) is None
