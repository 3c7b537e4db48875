"""How a supervised program ended, and the fault that this makes."""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from faultbox_agent.codes import find_last_code
from faultbox_agent.fault import Fault, PlainMap, new_fault_id
from faultbox_agent.redact import redact_lines, redact_text
from faultbox_agent.redact_rules import RULES_VERSION
from faultbox_protocol import limits
from faultbox_protocol.report import Plain
from faultbox_protocol.words import FaultKind, Severity

TEXT_BYTES = 8 * 1024
_LAST_SIGNAL = 64
_CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE})
_INTERPRETERS = ("python", "pypy", "node", "ruby", "perl", "php", "sh", "bash", "dash", "java")


@dataclass(frozen=True, slots=True)
class Exit:
    """The end of a process; exactly one of `status` and `signal_number` is set."""

    program: str
    pid: int
    status: int | None
    signal_number: int | None
    core_dumped: bool = False
    asked: frozenset[int] = frozenset()
    """Signals by which the supervisor was asked to stop the program."""
    stopping: bool = False
    """It was asked so shortly before the end that it was still on its way down."""
    out_of_memory: str | None = None
    """What shows that the kernel killed it for want of memory."""
    max_rss_bytes: int = 0
    cpu_ms: int = 0
    ran_ms: int = 0

    @property
    def shell_status(self) -> int:
        """The exit code that a shell would show: 128 + n for a signal."""
        return 128 + self.signal_number if self.signal_number else self.status or 0

    @property
    def death_signal(self) -> int | None:
        """The signal that killed it, or, by its exit code, one that it started."""
        number = self.shell_status - 128
        return number if 0 < number <= _LAST_SIGNAL else None


def program_name(command: Sequence[str]) -> str:
    """Return the name a program goes by: the script's, where an interpreter runs one."""
    name = os.path.basename(command[0]) or command[0]
    bare = name.rstrip("0123456789.")
    if bare in _INTERPRETERS:
        for argument in command[1:]:
            if argument.startswith("-"):
                break
            return os.path.basename(argument) or name
    return name


def is_fault(end: Exit) -> bool:
    """Say whether this end is a fault: not success, and not what the supervisor was asked for.

    A program on its way down may end with any status or be killed for its slowness; only a
    crash is a fault then.
    """
    if end.shell_status == 0:
        return False
    if end.stopping:
        return end.death_signal in _CRASHES
    return end.death_signal not in end.asked


def describe_end(end: Exit) -> tuple[str, str]:
    """Return the type of the error and the sentence about it."""
    if end.signal_number:
        name = signal_name(end.signal_number)
        return name, f"{end.program}: killed by signal {end.signal_number} ({name})"
    return f"exit status {end.status}", f"{end.program}: exit status {end.status}"


def signal_name(number: int) -> str:
    """Return `SIGSEGV` for 11; real-time signals have numbers only."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"


def build_fault(
    end: Exit,
    tail: Sequence[str],
    clocks: tuple[int, int, str],
    identity: PlainMap,
    place: PlainMap,
) -> Fault:
    """Return the fault of an end; `clocks` are wall ms, mono ms and boot id at the end."""
    wall_ms, mono_ms, boot = clocks
    kind, sentence = describe_end(end)
    lines, hits = redact_lines(tail)
    program, more = redact_text(end.program)
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    err: PlainMap = {
        "type": kind,
        "msg": last[: limits.MESSAGE_CHARS] or sentence,
        "text": "\n".join([sentence, *_last_lines(lines)]),
    }
    if end.signal_number:
        err["sig_no"] = end.signal_number
    code = find_last_code(list(tail))
    if code is not None:
        err["code"] = code
    log: list[Plain] = [
        [None, None, program[:256], line[: limits.LOG_LINE_CHARS]] for line in lines
    ]
    extra: PlainMap = {"program": program, "shell_status": end.shell_status}
    if end.core_dumped:
        extra["core_dumped"] = True
    if end.out_of_memory:
        extra["out_of_memory"] = end.out_of_memory
    process: PlainMap = {
        "name": program[:64],
        "max_rss_b": end.max_rss_bytes,
        "cpu_ms": end.cpu_ms,
        "ran_ms": end.ran_ms,
    }
    head: PlainMap = {
        "kind": str(FaultKind.OOM if end.out_of_memory else FaultKind.CRASH),
        "sev": str(Severity.FATAL),
        "t_ms": wall_ms,
        "mono_ms": mono_ms,
        "boot": boot,
        "prod": identity,
        "err": err,
        "scrub": {"v": RULES_VERSION, "hits": hits + more},
    }
    if place:
        head["where"] = place
    evidence: PlainMap = {"log": log, "sys": {"process": process}, "x": extra}
    facts: PlainMap = {"pid": end.pid, "argv0": program, "fatal": True}
    return Fault(new_fault_id(wall_ms), head, evidence, facts)


def _last_lines(lines: Sequence[str]) -> list[str]:
    """Return as many of the last lines as fit into the crash text."""
    kept: list[str] = []
    left = TEXT_BYTES
    for line in reversed(lines):
        left -= len(line.encode("utf-8", "replace")) + 1
        if left < 0:
            break
        kept.append(line)
    return kept[::-1]
