"""Clocks that jump: a small library, preloaded into programs, that adds what a file says.

The usual tool for this fails the waits of a program whose clock it moves, and a failed wait is
not what a jumping clock does to a device; so the library is ours, compiled where a test runs.
"""

import os
import shutil
import struct
import subprocess
import time
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock.c")
_OFFSETS = struct.Struct("=qq")
_SECOND_NS = 1_000_000_000


class Clocks:
    """The clocks of every program that is started with `environment`."""

    def __init__(self, folder: Path) -> None:
        """Compile the library; without a C compiler the clocks stand as they are.

        Raises:
            subprocess.CalledProcessError: the library does not compile.
        """
        self._file = folder / "clock"
        self._library = folder / "clock.so"
        self._wall_ns = 0
        self._monotonic_ns = 0
        self._write()
        self.able = shutil.which("gcc") is not None
        if self.able:
            options = ("-O1", "-Wall", "-Werror", "-shared", "-fPIC")
            subprocess.run(["gcc", *options, "-o", self._library, _SOURCE, "-ldl"], check=True)

    @property
    def environment(self) -> dict[str, str]:
        """What a program must be started with to see these clocks."""
        if not self.able:
            return {}
        return {"LD_PRELOAD": str(self._library), "TORTURE_CLOCK": str(self._file)}

    def shift(self, seconds: float) -> None:
        """Let the wall clock differ from the true time by so much."""
        self._wall_ns = int(seconds * _SECOND_NS)
        self._write()

    def set_to(self, unix_seconds: float) -> None:
        """Set the wall clock, as a device without a battery does when it starts."""
        self.shift(unix_seconds - time.time())

    def sleep(self, seconds: float) -> None:
        """Move the monotonic clocks forward, as after a device slept."""
        self._monotonic_ns += int(seconds * _SECOND_NS)
        self._write()

    def _write(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT
        file = os.open(self._file, flags, 0o644)
        try:
            # One write in place: programs have the file mapped.
            os.pwrite(file, _OFFSETS.pack(self._wall_ns, self._monotonic_ns), 0)
        finally:
            os.close(file)
