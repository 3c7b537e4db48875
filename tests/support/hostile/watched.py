"""The real `faultbox serve` as a process whose memory and longest step can be asked at any time."""

import mmap
import os
import re
import selectors
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from support.collector import PATIENCE_SECONDS, bare_environment
from support.hostile.watched_main import STEP

_TESTS = Path(__file__).resolve().parents[2]
_PROGRAM = Path(__file__).with_name("watched_main.py")


class WatchedServer:
    """Collector and pages in a process; killed at the end of its `with` if it still runs."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.data = folder / "data"
        self._steps = folder / "steps"
        self._steps.write_bytes(bytes(STEP.size))
        self.errors_path = folder / "errors.log"
        with self.errors_path.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(_PROGRAM), "serve", "--data", str(self.data), "--port", "0"],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=bare_environment()
                | {"HOSTILE_STEPS": str(self._steps), "PYTHONPATH": str(_TESTS)}
                | {f"FAULTBOX_{name.upper()}": value for name, value in settings.items()},
            )
        with self._steps.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), STEP.size)
        try:
            self.url = self._read_url()
        except BaseException:
            self.kill()
            raise

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.url.rpartition(":")[2])

    @property
    def rss_bytes(self) -> int:
        """The memory it holds now."""
        return self._status_bytes("VmRSS")

    @property
    def peak_bytes(self) -> int:
        """The most memory it held since `begin_watch`."""
        return self._status_bytes("VmHWM")

    @property
    def longest_step_seconds(self) -> float:
        """The longest time since `begin_watch` in which its loop served nobody."""
        return float(STEP.unpack_from(self._shared)[0])

    def begin_watch(self) -> None:
        """Begin to measure peak and longest step anew."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", encoding="ascii")
        STEP.pack_into(self._shared, 0, 0.0)

    def errors(self) -> str:
        """Return what it wrote to standard error so far."""
        return self.errors_path.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> int:
        """Ask it to end; return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode

    def kill(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.communicate(timeout=PATIENCE_SECONDS)

    def _status_bytes(self, word: str) -> int:
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(rf"^{word}:\s+(\d+) kB$", text, re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024

    def _read_url(self) -> str:
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            assert selector.select(PATIENCE_SECONDS), "the server says nothing"
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), self.errors()
        return line.removeprefix("listening on ").strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_args: object) -> None:
        if self.process.poll() is None:
            self.kill()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._shared.close()


def reading_is_possible() -> bool:
    """Return whether this machine tells a process's peak and a thread's waiting."""
    return os.access("/proc/thread-self/schedstat", os.R_OK)
