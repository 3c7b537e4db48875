"""From an exception or a log record to a redacted record on its way out of the process.

A guest in somebody's program: no thread, no lock, no network; nothing it does may raise into
its host, change its output, or report itself. What the limit per minute holds back is counted
and travels on the next report.
"""

import os
import resource
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from logging import LogRecord

from faultbox_agent import __about__
from faultbox_agent.clock import SystemClock
from faultbox_agent.codes import find_code
from faultbox_agent.fault import Fault, Losses, new_fault_id, write_fault, write_losses
from faultbox_agent.plain import Plain
from faultbox_agent.process import read_program, read_resident_bytes, read_start_ticks
from faultbox_agent.redact import redact_lines, redact_map
from faultbox_agent.redact_rules import RULES_VERSION, make_key_rule
from faultbox_agent.sdk.raises import find_mark, mark_raise
from faultbox_agent.sdk.sender import claim_fault, send_record
from faultbox_agent.sdk.trace import clip, describe_exception, is_own
from faultbox_protocol import limits
from faultbox_protocol.words import FaultKind, Severity

PER_MINUTE = 30
FATAL_PER_MINUTE = 60
TAIL_LINES = 30
_LINE_CHARS = 512
_KEPT_CHARS = 2_048
"""Kept of a line until it is redacted and cut: half a secret is not recognised."""
_PLAIN_TYPES = (str, int, float, bool, type(None))
_Line = tuple[int, str, str, str]


class Reporter:
    """What one watched process reports with."""

    def __init__(
        self,
        product: Mapping[str, str],
        place: Mapping[str, str],
        spool: str,
        secret_keys: Sequence[str] = (),
    ) -> None:
        self._product = dict(product)
        self._place = dict(place)
        self._spool = spool
        self._more = make_key_rule(secret_keys)
        self._clock = SystemClock()
        self._busy: set[int] = set()
        self._tail: deque[_Line] = deque(maxlen=TAIL_LINES)
        self._minute_started_ms = 0
        self._in_minute = 0
        self._fatal_in_minute = 0
        self._fatal_pid = 0
        self._losses: dict[str, int] = {}
        self._process: dict[str, Plain] = {}

    def report_exception(
        self,
        error: BaseException,
        *,
        kind: FaultKind = FaultKind.CRASH,
        fatal: bool = False,
        extra: Mapping[str, str] | None = None,
    ) -> bytes | None:
        """Report an exception; return its bundle id, None where it was not taken."""
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
            return None
        # The same fault keeps its id: if the agent has it already, the second one is absorbed.
        fault_id = find_mark(error, self._clock.mono_ms())
        if fault_id is not None and not fatal:
            return None  # logged first, then raised on: one fault
        severity = Severity.FATAL if fatal else Severity.ERROR
        taken = self._guard(
            lambda: self._file(
                describe_exception(error), kind, severity, fatal, extra or {}, fault_id
            )
        )
        if taken is not None:
            mark_raise(error, taken, self._clock.mono_ms())
        return taken

    def report_log(self, record: LogRecord) -> bytes | None:
        """Report a log record of level ERROR or above, with the frames of its exception."""
        return self._guard(lambda: self._file_log(record))

    def note_log(self, record: LogRecord) -> None:
        """Keep a log record's line: the tail travels as evidence.

        A line whose arguments are objects is kept unformatted: their code is not ours to run.
        """
        at_ms = int(record.created * 1000)
        line = _format_plain(record)[:_KEPT_CHARS]
        self._tail.append((at_ms, record.levelname.lower(), record.name, line))

    def send_losses(self) -> None:
        """Hand over what no later report will carry; called when the process ends."""
        losses, self._losses = self._losses, {}
        if losses:
            fault_id = new_fault_id(self._clock.wall_ms())
            self._guard(lambda: self._send(fault_id, write_losses(Losses(losses)), fatal=False))

    def _guard(self, work: Callable[[], bytes | None]) -> bytes | None:
        """Run a piece of reporting that must neither raise nor report itself."""
        thread = threading.get_ident()
        if thread in self._busy:
            return None
        self._busy.add(thread)
        try:
            return work()
        except OSError:
            self._lose("spool_full")
        except Exception:  # noqa: BLE001 - never into the host
            self._lose("sdk_error")
        finally:
            self._busy.discard(thread)
        return None

    def _file_log(self, record: LogRecord) -> bytes | None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
            return None
        if error is not None and find_mark(error, self._clock.mono_ms()) is not None:
            return None
        try:
            message = clip(record.getMessage(), limits.MESSAGE_CHARS)
        except Exception:  # noqa: BLE001 - the watched program's arguments
            message = _format_plain(record)
        if error is not None:
            err = describe_exception(error)
        else:
            err = {"msg": message, "frames": [_log_frame(record)]}
        code = find_code(message, failing=True)
        if code is not None:
            err["code"] = code
        extra = {"logger": record.name, "logged": clip(message, 2048)}
        taken = self._file(err, FaultKind.ERROR, Severity.ERROR, False, extra, None)
        if taken is not None and error is not None:
            mark_raise(error, taken, self._clock.mono_ms())
        return taken

    def _file(
        self,
        err: dict[str, Plain],
        kind: FaultKind,
        severity: Severity,
        fatal: bool,
        extra: Mapping[str, str],
        fault_id: bytes | None,
    ) -> bytes | None:
        wall_ms, mono_ms = self._clock.wall_ms(), self._clock.mono_ms()
        if not self._admit(mono_ms, fatal):
            self._lose("rate")
            return None
        fault_id = fault_id or new_fault_id(wall_ms)
        tail = list(self._tail)
        found, hits = redact_map({"err": err, "x": dict(extra)}, self._more)
        # Together, because a private key may be logged line by line.
        texts, more = redact_lines([clip(entry[3], _KEPT_CHARS) for entry in tail], self._more)
        head: dict[str, Plain] = {
            "v": 1,
            "kind": str(kind),
            "sev": str(severity),
            "t_ms": wall_ms,
            "mono_ms": mono_ms,
            "boot": self._clock.boot,
            "prod": dict(self._product),
            "err": found["err"],
            "scrub": {"v": RULES_VERSION, "hits": hits + more},
        }
        if self._place:
            head["where"] = dict(self._place)
        losses, self._losses = self._losses, {}
        if losses:
            head["drops"] = dict(losses)
        evidence: dict[str, Plain] = {
            "log": _tail_rows(tail, texts, wall_ms),
            "sys": {"process": self._state()},
            "x": found["x"],
        }
        facts = {**self._facts(), "fatal": fatal, "sdk": __about__.VERSION}
        data = write_fault(Fault(fault_id, head, evidence, facts))
        try:
            self._send(fault_id, data, fatal=fatal)
        except OSError:
            self._losses = {**losses, **self._losses}
            raise
        if fatal:
            claim_fault(fault_id, mono_ms)
        return fault_id

    def _send(self, fault_id: bytes, data: bytes, *, fatal: bool) -> bytes:
        send_record(self._spool, fault_id, data, fatal=fatal)
        return fault_id

    def _admit(self, mono_ms: int, fatal: bool) -> bool:
        """Say whether the minute has room; what it refuses uses nothing up.

        Ends have a room of their own, and a process's first end is always taken.
        """
        if mono_ms - self._minute_started_ms >= 60_000:
            self._minute_started_ms, self._in_minute, self._fatal_in_minute = mono_ms, 0, 0
        if fatal:
            first, self._fatal_pid = self._fatal_pid != os.getpid(), os.getpid()
            if not first and self._fatal_in_minute >= FATAL_PER_MINUTE:
                return False
            self._fatal_in_minute += 1
            return True
        if self._in_minute >= PER_MINUTE:
            return False
        self._in_minute += 1
        return True

    def _lose(self, reason: str) -> None:
        self._losses[reason] = self._losses.get(reason, 0) + 1

    def _facts(self) -> dict[str, Plain]:
        """Return who this process is; read once per process, a fork is another one."""
        pid = os.getpid()
        if self._process.get("pid") != pid:
            self._process = {
                "pid": pid,
                "start_ticks": read_start_ticks(pid),
                "exe": read_program(pid),
                "argv0": clip(sys.argv[0], 1024) if getattr(sys, "argv", None) else None,
                "program": _program_name(),
            }
        return dict(self._process)

    def _state(self) -> dict[str, Plain]:
        """Return what the process looks like from inside, by the standard library alone."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "rss_b": read_resident_bytes(os.getpid()),
            "max_rss_b": usage.ru_maxrss * 1024,
            "cpu_ms": int((usage.ru_utime + usage.ru_stime) * 1000),
            "threads": threading.active_count(),
            "thread": clip(threading.current_thread().name, 256),
            "python": sys.version.split()[0],
        }


def _format_plain(record: LogRecord) -> str:
    """Return a record's text without running any code but Python's own."""
    text = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
    arguments = record.args.values() if isinstance(record.args, dict) else record.args or ()
    if not arguments or any(type(value) not in _PLAIN_TYPES for value in arguments):
        return text
    try:
        return text % record.args
    except (TypeError, ValueError, KeyError):
        return text


def _tail_rows(tail: Sequence[_Line], texts: Sequence[str], wall_ms: int) -> list[Plain]:
    """Return the log tail as the wire has it: distance to the fault, level, logger, text."""
    return [
        [at_ms - wall_ms, level[:16], clip(name, 256), text[:_LINE_CHARS]]
        for (at_ms, level, name, _), text in zip(tail, texts, strict=False)
    ]


def _log_frame(record: LogRecord) -> Plain:
    return {
        "fn": clip(record.funcName or "?", 1024),
        "mod": clip(record.name, 1024),
        "file": clip(record.pathname, 1024),
        "line": record.lineno,
        "app": is_own(record.pathname),
    }


def _program_name() -> str:
    """The script's name without its ending: the product of who named none."""
    argv = getattr(sys, "argv", None) or [""]
    name = os.path.basename(argv[0] or sys.executable or "python")
    return os.path.splitext(name)[0][:256] or "python"
