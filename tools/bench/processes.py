"""What processes cost, by the kernel's own counters."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Moment:
    """The counters at one moment."""

    at_seconds: float
    busy_seconds: float
    """Of the whole machine."""
    own_seconds: float
    """Of the process that was asked for."""
    threads: dict[int, float]
    """CPU seconds of each of its threads."""


def read_moment(pid: int) -> Moment:
    """Return the counters of the machine, of a process and of its threads."""
    return Moment(time.perf_counter(), _read_busy(), _read_cpu(pid), _read_threads(pid))


def read_tree_seconds(pid: int) -> float:
    """Return the CPU seconds of a process, of its children and of theirs, while they live."""
    root = psutil.Process(pid)
    return sum(_read_cpu(one.pid) for one in (root, *root.children(recursive=True)))


def read_peak_mib(pid: int) -> float:
    """Return the most memory that a process has had resident, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def measure_data(data: Path) -> int:
    """Return how many bytes of disk the database and the packs of a data folder take."""
    files = [*data.glob("*.sqlite3*"), *(data / "packs").glob("*")]
    return sum(one.stat().st_blocks * 512 for one in files)


def _read_busy() -> float:
    user, nice, system, _idle, _wait, *rest = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    )
    return (user + nice + system + sum(rest)) / _TICKS


def _read_cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _read_threads(pid: int) -> dict[int, float]:
    """Read the scheduler's nanoseconds of each thread."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found[int(task.name)] = int((task / "schedstat").read_text().split()[0]) / 1e9
        except FileNotFoundError:  # the thread has ended
            continue
    return found
