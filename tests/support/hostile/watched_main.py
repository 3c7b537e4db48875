"""The command `faultbox` on an event loop whose steps are timed; started by `watched.py`.

A step is everything between two looks at the sockets: so long is nobody served. Time in which the
thread was ready but another process had the processor is left out, so that a busy machine does
not look like a slow server.
"""

import asyncio
import mmap
import os
import selectors
import struct
import sys
import time
from pathlib import Path

from faultbox_dashboard.cli import main

STEP = struct.Struct("d")
NOTED_SECONDS = 0.05


class TimedSelector(selectors.EpollSelector):
    """Keeps the longest step, in seconds, in a file that the test reads and sets back."""

    def __init__(self, shared: mmap.mmap, log: Path) -> None:
        super().__init__()
        self._shared = shared
        self._log = log
        self._schedule = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        self._begun = time.perf_counter()
        self._waited = self._wait_seconds()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Look at the sockets; the step before ends here, the next begins behind it."""
        step = time.perf_counter() - self._begun
        if step > STEP.unpack_from(self._shared)[0]:
            waited = self._wait_seconds() - self._waited
            self._note(step - waited, waited)
        found = super().select(timeout)
        self._begun = time.perf_counter()
        self._waited = self._wait_seconds()
        return found

    def _note(self, step: float, waited: float) -> None:
        if step > STEP.unpack_from(self._shared)[0]:
            STEP.pack_into(self._shared, 0, step)
        if step > NOTED_SECONDS:
            with self._log.open("a", encoding="ascii") as log:
                log.write(f"{step * 1000:.0f} ms, waited {waited * 1000:.0f} ms\n")

    def _wait_seconds(self) -> float:
        return int(os.pread(self._schedule, 100, 0).split()[1]) / 1e9


class TimedPolicy(asyncio.DefaultEventLoopPolicy):
    """Gives the server a loop with the timed selector."""

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop; it must be made in the thread that runs it."""
        path = Path(os.environ["HOSTILE_STEPS"])
        with path.open("r+b") as file:
            shared = mmap.mmap(file.fileno(), STEP.size)
        return asyncio.SelectorEventLoop(TimedSelector(shared, path.with_suffix(".log")))


if __name__ == "__main__":
    asyncio.set_event_loop_policy(TimedPolicy())
    sys.argv[0] = "faultbox"
    main()
