"""The state of the machine at a fault, through psutil, whose only door this is.

Each gatherer may fail alone: what it could not find out is said in `notes`, the report goes on.
A scan of the process table costs about 0.1 ms per process, so scans less than two seconds apart
share one.
"""

import os
from collections.abc import Callable
from typing import cast

import psutil

from faultbox_agent.clock import Clock
from faultbox_agent.fault import PlainMap
from faultbox_protocol import limits
from faultbox_protocol.report import Plain

_FRESH_MS = 2_000
_NAME_CHARS = 64


class SystemState:
    """Gathers what the machine is doing."""

    def __init__(self, clock: Clock, spool: str) -> None:
        self._clock = clock
        self._spool = spool
        self._gathered: PlainMap = {}
        self._gathered_ms: int | None = None
        self._cpu = psutil.cpu_times()

    def gather(self) -> PlainMap:
        """Return the state of the machine, at most two seconds old."""
        now_ms = self._clock.mono_ms()
        if self._gathered_ms is None or now_ms - self._gathered_ms >= _FRESH_MS:
            self._gathered = run_gatherers(
                {
                    "uptime": self._uptime,
                    "cpu": self._cpu_use,
                    "memory": _memory,
                    "disk": self._disk,
                    "load": _load,
                    "temperature": _temperature,
                    "processes": _processes,
                }
            )
            self._gathered_ms = now_ms
        return dict(self._gathered)

    def _uptime(self) -> PlainMap:
        return {"uptime_ms": self._clock.mono_ms()}

    def _cpu_use(self) -> PlainMap:
        """Return use since the last look; the very first one has too short a past to say."""
        before, now = self._cpu, psutil.cpu_times()
        total = sum(now) - sum(before)
        found: PlainMap = {"cpus": psutil.cpu_count()}
        if total >= 0.2:
            self._cpu = now
            idle = now.idle - before.idle + getattr(now, "iowait", 0) - getattr(before, "iowait", 0)
            found["cpu_pct"] = round(100 * (1 - idle / total), 1)
        return found

    def _disk(self) -> PlainMap:
        use = psutil.disk_usage(self._spool)
        found: PlainMap = {"disk_free_b": use.free, "disk_total_b": use.total}
        inodes = os.statvfs(self._spool)
        if inodes.f_files:
            found["inodes_free"] = inodes.f_favail
        return found


def describe_process(
    pid: int, start_ticks: int | None, read_start: Callable[[int], int | None]
) -> PlainMap:
    """Return the state of one process, nothing where it is gone or another took its number."""
    if start_ticks is None or read_start(pid) != start_ticks:
        return {}
    return run_gatherers({"process": lambda: _one_process(pid)})


def run_gatherers(gatherers: dict[str, Callable[[], PlainMap]]) -> PlainMap:
    """Return what all of them found, and a note for each that failed."""
    found: PlainMap = {}
    notes: list[Plain] = []
    for name, gather in gatherers.items():
        try:
            found.update(gather())
        except Exception as error:  # noqa: BLE001 - evidence never costs the report
            notes.append(f"{name}: {type(error).__name__}: {error}"[:200])
    if notes:
        found["notes"] = notes
    return found


def _memory() -> PlainMap:
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    return {
        "mem_avail_b": memory.available,
        "mem_total_b": memory.total,
        "swap_used_b": swap.used,
        "swap_total_b": swap.total,
    }


def _load() -> PlainMap:
    return {"load": [round(value, 2) for value in os.getloadavg()]}


def _temperature() -> PlainMap:
    """Return the hottest sensor, nothing where the machine has none."""
    sensors = psutil.sensors_temperatures()
    readings = [reading.current for chip in sensors.values() for reading in chip]
    return {"temp_c": round(max(readings), 1)} if readings else {}


def _processes() -> PlainMap:
    """Return the largest processes; names only, command lines hold secrets."""
    names = ["pid", "name", "memory_info", "cpu_times", "status"]
    rows = []
    for process in psutil.process_iter(names):
        info = process.info
        memory, cpu = info["memory_info"], info["cpu_times"]
        rows.append(
            {
                "pid": info["pid"],
                "name": str(info["name"] or "?")[:_NAME_CHARS],
                "rss_b": memory.rss if memory else 0,
                "cpu_ms": int((cpu.user + cpu.system) * 1000) if cpu else 0,
                "status": str(info["status"]),
            }
        )
    # psutil would keep an object for every process until the next scan.
    psutil.process_iter.cache_clear()
    rows.sort(key=lambda row: cast(int, row["rss_b"]), reverse=True)
    top = cast(list[Plain], rows[: limits.PROCESSES])
    return {"procs": top, "procs_total": len(rows)}


def _one_process(pid: int) -> PlainMap:
    process = psutil.Process(pid)
    with process.oneshot():
        memory, cpu = process.memory_info(), process.cpu_times()
        found: PlainMap = {
            "name": process.name()[:_NAME_CHARS],
            "rss_b": memory.rss,
            "cpu_ms": int((cpu.user + cpu.system) * 1000),
            "threads": process.num_threads(),
            "status": str(process.status()),
        }
    found.update(_open_files(process))
    return {"process": found}


def _open_files(process: psutil.Process) -> PlainMap:
    try:
        return {"fds": process.num_fds()}
    except psutil.AccessDenied:
        return {}  # another user's process
