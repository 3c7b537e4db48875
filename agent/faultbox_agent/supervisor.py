"""Running a program so that its end is seen: its fault is filed, its exit code passed on.

stdin and stdout are the program's own, never touched. stderr runs through here: every byte goes on
to our stderr, the last lines are kept. Signals sent to us are sent on; those that a terminal sends
to everybody reach the program by themselves. Once it has ended, a stopping signal ends us. The
fault is left in the drop folder; where no agent runs, `flush` is called as a short-lived child, so
that this process stays small beside a service that runs for months.
"""

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence

from faultbox_agent.claims import CLAIM_VARIABLE, claim_end, has_claim, make_claim_folder
from faultbox_agent.clock import SystemClock
from faultbox_agent.drop import leave_record
from faultbox_agent.fault import PlainMap, write_fault
from faultbox_agent.gather.oom import OomWatch
from faultbox_agent.handover import hand_over
from faultbox_agent.sources.exitwatch import Exit, build_fault, is_fault

TAIL_LINES, TAIL_BYTES, LINE_BYTES = 200, 64 * 1024, 4096
_FORWARDED = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_STOPPING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
STOP_SECONDS = 90
"""How long a program that was asked to stop is on its way down; systemd's own patience."""
_FROM_KERNEL = 0x80
_WAKE = signal.SIGUSR2
_FIRST_LOOK_SECONDS, _LONGEST_LOOK_SECONDS = 0.05, 5.0
_DRAIN_SECONDS = 0.3


class Tail:
    """The last lines of a stream."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque(maxlen=TAIL_LINES)
        self._bytes = 0
        self._rest = b""

    def add(self, data: bytes) -> None:
        """Take more of the stream."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines[-TAIL_LINES:]:
            self._keep(line)
        if len(self._rest) > LINE_BYTES:
            self._rest = self._rest[-LINE_BYTES:]

    def lines(self) -> list[str]:
        """Return the last lines, an unfinished one included."""
        kept = [*self._lines, self._rest] if self._rest else list(self._lines)
        return [line.decode("utf-8", "replace").rstrip("\r") for line in kept[-TAIL_LINES:]]

    @property
    def unfinished(self) -> bool:
        """Whether the stream stands in the middle of a line."""
        return bool(self._rest)

    def _keep(self, line: bytes) -> None:
        line = line[:LINE_BYTES]
        if len(self._lines) == TAIL_LINES:
            self._bytes -= len(self._lines[0])
        self._lines.append(line)
        self._bytes += len(line)
        while self._bytes > TAIL_BYTES:
            self._bytes -= len(self._lines.popleft())


class Child:
    """The supervised program."""

    def __init__(self, command: Sequence[str], program: str, environ: Mapping[str, str]) -> None:
        """Start it.

        Raises:
            OSError: it cannot be started.
        """
        self._program = program
        self._clock = SystemClock()
        self.started_ms = self._clock.mono_ms()
        self.tail = Tail()
        self._asked: dict[int, float] = {}
        self._ended = False
        self._late = False
        self._memory = OomWatch()
        before = self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
        # Blocked before the start, so that none is lost; the program gets the old mask back.
        self._process = subprocess.Popen(
            list(command),
            stderr=subprocess.PIPE,
            env=dict(environ),
            preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before),  # noqa: PLW1509 - no thread runs yet
        )
        self.owners = frozenset({0, os.geteuid()})
        """Users who may speak for the program; its own one is known when it has ended."""
        self._memory.look(self._process.pid)
        self._forwarder = threading.Thread(target=self._forward, daemon=True)
        self._forwarder.start()

    def wait(self) -> Exit:
        """Pass stderr on until the program ends; return how it did."""
        pipe = self._process.stderr
        if pipe is None:
            raise RuntimeError("stderr is not a pipe")
        os.set_blocking(pipe.fileno(), False)
        ended = _watch_end(self._process.pid)
        look = _FIRST_LOOK_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            if ended >= 0:
                selector.register(ended, selectors.EVENT_READ)
            while not self._has_ended():
                timeout = look if ended >= 0 else min(look, 0.1)
                for key, _ in selector.select(timeout):
                    if key.fileobj is pipe and self._pump(pipe.fileno()):
                        selector.unregister(pipe)
                # It may have moved itself to another memory group since.
                self._memory.look(self._process.pid)
                look = min(look * 2, _LONGEST_LOOK_SECONDS)
        if ended >= 0:
            os.close(ended)
        self._stop_forwarding()
        self._drain(pipe.fileno())
        return self._reap()

    def let_stop(self, code: int) -> None:
        """Let a stopping signal, also one that came since the program ended, end us with `code`.

        Raises:
            SystemExit: now or later, in the main thread.
        """

        def stop(_number: int, _frame: object) -> None:
            raise SystemExit(code)

        for number in _STOPPING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, stop)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        if self._late:
            raise SystemExit(code)

    def _stop_forwarding(self) -> None:
        """End the thread: the program's number may soon be another's."""
        self._ended = True
        ident = self._forwarder.ident
        if ident is not None:
            signal.pthread_kill(ident, _WAKE)
        self._forwarder.join()

    def _has_ended(self) -> bool:
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, flags) is not None

    def _pump(self, source: int) -> bool:
        """Pass on what there is; True at the end of the stream."""
        try:
            data = os.read(source, 65_536)
        except BlockingIOError:
            return False
        if not data:
            return True
        self.tail.add(data)
        _write_through(data)
        return False

    def _drain(self, source: int) -> None:
        """Take what the program wrote last; its own children may keep the pipe open."""
        deadline = time.monotonic() + _DRAIN_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(source, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                if not selector.select(min(left, 0.05)) or self._pump(source):
                    return

    def _reap(self) -> Exit:
        pid = self._process.pid
        with contextlib.suppress(OSError):
            self.owners |= {os.stat(f"/proc/{pid}").st_uid}
        _, status, usage = os.wait4(pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)  # it is reaped already
        signal_number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        code = None if signal_number else os.WEXITSTATUS(status)
        now = time.monotonic()
        killed = signal_number == signal.SIGKILL or code == 128 + signal.SIGKILL
        return Exit(
            program=self._program,
            pid=pid,
            status=code,
            signal_number=signal_number,
            core_dumped=os.WCOREDUMP(status),
            asked=frozenset(self._asked),
            stopping=any(now - then <= STOP_SECONDS for then in self._asked.values()),
            out_of_memory=self._memory.find(pid, self.started_ms) if killed else None,
            max_rss_bytes=usage.ru_maxrss * 1024,
            cpu_ms=int((usage.ru_utime + usage.ru_stime) * 1000),
            ran_ms=self._clock.mono_ms() - self.started_ms,
        )

    def _forward(self) -> None:
        """Send signals on; a terminal's went to the program's group already."""
        while True:
            info = signal.sigwaitinfo(_FORWARDED)
            if info.si_signo == _WAKE and info.si_pid == os.getpid() and self._ended:
                return
            if info.si_signo in _STOPPING:
                self._asked[info.si_signo] = time.monotonic()
                self._late = self._late or self._ended
            if self._ended:
                continue
            if info.si_code != _FROM_KERNEL:
                with contextlib.suppress(OSError):  # gone, or another user's by now
                    os.kill(self._process.pid, info.si_signo)


def supervise(
    command: Sequence[str],
    program: str,
    spool: str,
    identity: PlainMap,
    place: PlainMap,
    environ: Mapping[str, str],
    delivery: Mapping[str, str] | None,
) -> int:
    """Run a program, file its fault if its end is one, and return the exit code to end with.

    `environ` is the program's environment, `delivery` that of the delivery; None: none is made.

    Raises:
        OSError: the program cannot be started.
    """
    claims = make_claim_folder()
    try:
        child = Child(command, program, {**environ, CLAIM_VARIABLE: claims})
        end = child.wait()
        clock = SystemClock()
        mono_ms = clock.mono_ms()
        claimed = has_claim(claims, end, mono_ms, child.owners)
        fault_id = b""
        if is_fault(end) and not claimed:
            clocks = (clock.wall_ms(), mono_ms, clock.boot)
            fault = build_fault(end, child.tail.lines(), clocks, identity, place)
            fault_id = fault.id if _file(spool, fault.id.hex(), write_fault(fault)) else b""
        filed = is_fault(end) and bool(claimed or fault_id)
        if filed:
            claim_end(environ, end, mono_ms)
        with contextlib.suppress(SystemExit):
            child.let_stop(end.shell_status)
            told = hand_over(spool, delivery, filed=filed) if delivery is not None else b""
            if told:
                _write_through(b"\n" + told if child.tail.unfinished else told)
        return end.shell_status
    finally:
        if claims:
            shutil.rmtree(claims, ignore_errors=True)


def _file(spool: str, name: str, data: bytes) -> bool:
    try:
        leave_record(spool, f"{name}.json", data, durable=True)
    except OSError as error:
        _write_through(f"faultbox-agent: fault not kept: {error.strerror}\n".encode())
        return False
    return True


def _watch_end(pid: int) -> int:
    """Return a descriptor that is readable when the process ends, -1 where there is none."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        return -1


def _write_through(data: bytes) -> None:
    rest = memoryview(data)
    with contextlib.suppress(OSError):  # our own stderr is closed: the program must not notice
        while rest:
            rest = rest[os.write(2, rest) :]
