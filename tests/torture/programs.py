"""Processes that are killed, held and started again, each with its log in a file."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_END_SECONDS = 40.0


class Program:
    """One command that runs, or does not."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self._command = list(command)
        self._env = dict(env)
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._groups: set[int] = set()

    @property
    def running(self) -> bool:
        """Whether it runs; a program on hold runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def status(self) -> int | None:
        """How it ended, None while it runs."""
        return self._process.poll() if self._process is not None else None

    def start(self) -> None:
        """Start it, with a process group of its own."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._groups.add(self._process.pid)

    def kill(self) -> None:
        """Kill it alone with SIGKILL, as the kernel does when memory is short."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def kill_all(self) -> None:
        """Kill it and whatever it and its earlier runs started, as losing the power does."""
        for group in self._groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        self._groups.clear()
        self.kill()

    def hold(self) -> None:
        """Let it do nothing until `go_on`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a program on hold run again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def end(self) -> int:
        """Ask it to end with SIGTERM; return its status."""
        if self._process is None:
            return 0
        self._process.terminate()
        return self._process.wait(_END_SECONDS)

    def last_words(self) -> str:
        """Return the end of its log, for whoever reads of a failure."""
        text = self.log.read_bytes() if self.log.exists() else b""
        return text[-3000:].decode("utf-8", "replace")
