"""Whether the kernel killed a process for want of memory: by cgroup counters and kernel log.

Counters say that somebody in the process's group was killed; a record of `/dev/kmsg`, where it
may be read, says who. Both cgroup versions; matched are structured fields, not prose.
"""

import contextlib
import os
import re

_V1_ROOT, _V2_ROOTS = "/sys/fs/cgroup/memory", ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
_KERNEL_LOG = "/dev/kmsg"
_RECORD_BYTES = 8192
_RECORDS = 20_000
_VICTIM = re.compile(r"oom-kill:\S{0,2000},pid=(\d{1,10}),|: Killed process (\d{1,10}) ")


class OomWatch:
    """Counts kills in the memory groups that a process has been in."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def look(self, pid: int) -> None:
        """Remember the counters of the groups that the process is in now, once per group."""
        for path in _counter_files(pid):
            if path not in self._counts:
                self._counts[path] = read_kills(path)

    def find(self, pid: int, since_mono_ms: int) -> str | None:
        """Return what shows that memory was the reason, None where nothing does."""
        if pid in read_victims(since_mono_ms):
            return "kernel log"
        for path, before in self._counts.items():
            if read_kills(path) > before:
                return os.path.basename(path)
        return None


def read_kills(path: str) -> int:
    """Return the `oom_kill` count of one cgroup file."""
    with contextlib.suppress(OSError, ValueError), open(path, encoding="ascii") as file:
        for line in file.read(4096).splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
    return 0


def read_victims(since_mono_ms: int) -> set[int]:
    """Return the pids that the kernel log names as killed for memory since then."""
    found: set[int] = set()
    try:
        log = os.open(_KERNEL_LOG, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return found
    try:
        for _ in range(_RECORDS):
            try:
                record = os.read(log, _RECORD_BYTES)
            except BrokenPipeError:
                continue  # overwritten while we read
            except OSError:
                break
            found.update(parse_record(record.decode("utf-8", "replace"), since_mono_ms))
    finally:
        os.close(log)
    return found


def parse_record(record: str, since_mono_ms: int) -> set[int]:
    """Return the pid that one kernel log record names, if it is recent enough."""
    prefix, _, text = record.partition(";")
    fields = prefix.split(",")
    if len(fields) < 3 or not fields[2].isdigit() or int(fields[2]) < since_mono_ms * 1000:
        return set()
    match = _VICTIM.search(text.partition("\n")[0])
    return {int(match[1] or match[2])} if match else set()


def _counter_files(pid: int) -> list[str]:
    """Return the files that count kills for the groups of a process."""
    try:
        with open(f"/proc/{pid}/cgroup", encoding="utf-8", errors="replace") as file:
            lines = file.read(16_384).splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if "memory" in controllers.split(","):
            found.append(f"{_V1_ROOT}{path.rstrip('/')}/memory.oom_control")
        elif not controllers and path != "/":
            found += [f"{root}{path}/memory.events" for root in _V2_ROOTS]
    return [path for path in found if os.path.exists(path)]
