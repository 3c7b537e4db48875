"""A kill, or a power cut, at the N-th call of one system call of a driver, for every N.

strace attaches to the thread that writes and sends the signal on entering the N-th call: SIGKILL
ends the process before the call is made; SIGSTOP holds it right behind the call, so that the
disk's power can be cut with nothing else under way.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from support.disk import Disk
from torture.drivers import ended_by

TESTS = Path(__file__).resolve().parents[1]
WRITING = (
    *("write", "writev", "pwrite64", "fdatasync", "fsync", "rename"),
    *("openat", "unlink", "ftruncate", "mkdir"),
)
"""The system calls by which anything changes on a disk."""


class Blow(StrEnum):
    """What happens at the boundary."""

    KILL = "KILL"
    STOP = "STOP"


class DriverFailed(AssertionError):
    """A driver ended by itself and not well."""


@dataclass(frozen=True, slots=True)
class Target:
    """Which driver, and which of its threads."""

    driver: str
    gate: str


class Nursery:
    """The process that forks drivers, and the strace on each."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="torture-")
        self._go = Path(self._folder.name) / "go"
        os.mkfifo(self._go)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "torture.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": _search_path()},
        )

    def drive(
        self,
        target: Target,
        folder: Path,
        syscall: str,
        number: int,
        *,
        power: Callable[[], None] | None = None,
    ) -> tuple[bool, list[list[str]]]:
        """Run a driver; return whether it was hit, and what it told before.

        With `power` the driver is stopped behind the call, `power` is cut, then it is killed;
        without, it is killed in front of the call.

        Raises:
            DriverFailed: it ended by itself with another status than 0.
        """
        told = Path(self._folder.name) / "told"
        told.unlink(missing_ok=True)
        order = {
            "driver": target.driver,
            "gate": target.gate,
            "folder": str(folder),
            "told": str(told),
            "go": str(self._go),
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        pid, thread = (int(word) for word in self._hear("ready"))
        blow = Blow.STOP if power else Blow.KILL
        with _Strace(thread, syscall, number, blow) as strace:
            self._go.write_bytes(b"!")
            if power and strace.sees_stop():
                power()
                os.kill(pid, signal.SIGKILL)
            [status] = self._hear("ended")
        if int(status) not in (0, -signal.SIGKILL):
            raise DriverFailed(f"{target.driver} ended with {status} at {syscall} {number}")
        return int(status) != 0, ended_by(told)

    def close(self) -> None:
        """End the process and remove its folder."""
        self._process.communicate()
        self._folder.cleanup()

    def _hear(self, word: str) -> list[str]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().split()
        if not line or line[0] != word:
            raise DriverFailed(f"{word!r} was expected of the driver, not {line}")
        return line[1:]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _at: TracebackType | None,
    ) -> None:
        self.close()


class _Strace:
    """strace on one thread, attached when this is entered."""

    def __init__(self, thread: int, syscall: str, number: int, blow: Blow) -> None:
        self._process = subprocess.Popen(
            [
                *("strace", "-p", str(thread), "-e", f"trace={syscall}"),
                *("-e", f"inject={syscall}:signal={blow}:when={number}"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._wait_for("attached")

    def sees_stop(self) -> bool:
        """Wait until the thread is stopped; False where it ended instead."""
        return self._wait_for("stopped by SIGSTOP")

    def _wait_for(self, words: str) -> bool:
        assert self._process.stderr is not None
        return any(words in line for line in self._process.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass(slots=True)
class Swept:
    """What a sweep has done."""

    kills: int = 0
    cuts: int = 0
    boundaries: int = 0
    audits: int = 0
    acked: int = 0
    sent: int = 0

    def add(self, other: "Swept") -> None:
        """Add another sweep's figures."""
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Case:
    """How one driver's folder is made before each run and checked after it."""

    target: Target
    prepare: Callable[[Path], None]
    check: Callable[[Path, list[list[str]]], tuple[int, int]]
    """Recovers, audits, and returns how many bundles were sent and acknowledged in all."""


def sweep(
    nursery: Nursery,
    case: Case,
    folder: Path,
    *,
    disk: Disk | None = None,
    how: int = 0,
    syscalls: tuple[str, ...] = WRITING,
    step: int = 1,
    first: int = 1,
) -> Swept:
    """Hit every `step`-th call of each system call, from the `first`, until none is left to hit.

    With `disk`, which must hold `folder`, its power is cut each time in the way `how`.
    """
    done = Swept()
    for syscall in syscalls:
        number = first
        while _hit(nursery, case, folder, disk, how, syscall, number, done):
            number += step
    return done


def _hit(
    nursery: Nursery,
    case: Case,
    folder: Path,
    disk: Disk | None,
    how: int,
    syscall: str,
    number: int,
    done: Swept,
) -> bool:
    """Do one run at one boundary; False where the driver came to its end without being hit."""
    case.prepare(folder)
    if disk is not None:
        disk.sync()
    power = (lambda: disk.cut_power(how)) if disk is not None else None
    hit, told = nursery.drive(case.target, folder, syscall, number, power=power)
    if disk is not None and hit:
        disk.power_on()
    try:
        sent, acked = case.check(folder, told)
    except AssertionError as error:
        blow = f"cut {how}" if disk is not None else "kill"
        error.add_note(f"{case.target} {blow} at {syscall} {number}; told {told}")
        raise
    done.audits += 1
    done.sent, done.acked = done.sent + sent, done.acked + acked
    if hit:
        done.boundaries += 1
        done.kills += disk is None
        done.cuts += disk is not None
    return hit


def _search_path() -> str:
    """Return where a process started here finds the tests' own packages."""
    return os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
