"""The resident agent: one thread that sleeps until something happens.

What wakes it: a datagram, a change in the drop folder or in a log's folder, an upload that
ends, a signal, or the next thing due. Each turn takes what there is, saves the state once, and
starts the next upload. A plain selector loop, because asyncio alone is 7 MiB.
"""

import contextlib
import json
import os
import selectors
import signal
from collections.abc import Callable
from functools import partial
from types import FrameType

from faultbox_agent.fault import Fault, PlainMap
from faultbox_agent.fault_text import BadFault
from faultbox_agent.inotify import CREATE, DELETE, MODIFY, MOVED_FROM, MOVED_TO, open_inotify
from faultbox_agent.settings import Settings
from faultbox_agent.sources.datagrams import Datagram, Door
from faultbox_agent.sources.logwatch import LogWatch, start_watches
from faultbox_agent.station import Station, complain

_IDLE_SECONDS = 60.0
_POLL_SECONDS = 1.0
"""Between looks at folders where the kernel gives no notice."""
_FIRST_UPLOAD_MS = 1_000
"""Logs catch up first, so that a fault read again after a kill meets its first reading."""
_DROP_MASK = MOVED_TO
_MIB = 1024 * 1024
_LOG_MASK = MODIFY | CREATE | MOVED_TO | MOVED_FROM | DELETE


class Resident:
    """The agent that stays."""

    def __init__(self, settings: Settings) -> None:
        """Take the spool, open the door, begin to watch.

        Raises:
            SpoolBusy: another agent runs on this spool.
            OSError: the spool cannot be used.
        """
        self._station = Station(settings)
        self._door = Door(settings.spool)
        self._logs = start_watches(settings.log, self._station.state.logs, self._station.clock)
        self._notice = open_inotify()
        self._stopping = False
        self._hurt = False
        self._drops_changed = True
        self._logs_changed = True
        self._looked_ms = 0
        self._begun_ms = self._station.clock.mono_ms()
        self._selector = selectors.DefaultSelector()
        self._wake, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._wake, selectors.EVENT_READ, "signal")
        self._selector.register(self._door.socket, selectors.EVENT_READ, "door")
        self._watch_folders()

    def run(self) -> int:
        """Work until SIGTERM or SIGINT."""
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            while not self._stopping:
                self._turn()
        finally:
            self._close()
        return 0

    def _turn(self) -> None:
        woken = self._selector.select(self._wait_seconds())
        self._hurt = False
        for key, _ in woken:
            self._guard(partial(self._hear, str(key.data)))
        self._guard(self._work)
        self._guard(self._deliver)

    def _guard(self, work: Callable[[], None]) -> None:
        """Do one piece of a turn; where it breaks, the others go on and the next turn waits."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - one broken piece must not end the agent
            self._hurt = True
            self._station.state.lose("agent_error")
            complain(f"{type(error).__name__}: {error}")

    def _hear(self, what: str) -> None:
        """Note what woke us; reading it is what makes the selector quiet again."""
        if what == "signal":
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake, 512)
        elif what == "notice" and self._notice is not None:
            for folder, _name in self._notice.changes():
                if folder in (self._station.drops.path, ""):
                    self._drops_changed = True
                if folder != self._station.drops.path:
                    self._logs_changed = True
        elif what == "door":
            for datagram in self._door.receive():
                self._guard(partial(self._take_datagram, datagram))

    def _work(self) -> None:
        now_ms = self._station.clock.mono_ms()
        patience = _IDLE_SECONDS if self._notice is not None else _POLL_SECONDS
        if now_ms - self._looked_ms >= patience * 1000:
            self._looked_ms = now_ms
            self._drops_changed = self._logs_changed = True
        if self._drops_changed:
            self._drops_changed = self._station.drain()
        self._read_logs()
        if self._station.pipeline.file_folds():
            self._station.note_change()
        self._station.commit()

    def _deliver(self) -> None:
        if self._station.clock.mono_ms() - self._begun_ms < _FIRST_UPLOAD_MS:
            return
        before = self._station.courier.fileno()
        if before >= 0:
            with contextlib.suppress(KeyError):
                self._selector.unregister(before)
        self._station.step_courier()
        after = self._station.courier.fileno()
        if after >= 0:
            self._selector.register(after, selectors.EVENT_READ, "upload")

    def _read_logs(self) -> None:
        now_ms = self._station.clock.mono_ms()
        due = any((log.next_ms() or now_ms + 1) <= now_ms for log in self._logs)
        if not (self._logs_changed or due):
            return
        self._logs_changed = False
        for log in self._logs:
            self._guard(partial(self._read_log, log))
            self._logs_changed = self._logs_changed or log.behind

    def _read_log(self, log: LogWatch) -> None:
        self._take_log(log, log.read())

    def _finish_log(self, log: LogWatch) -> None:
        self._take_log(log, log.finish())

    def _take_log(self, log: LogWatch, faults: list[Fault]) -> None:
        for fault in faults:
            self._station.take(fault)
        position, logs = log.position(), self._station.state.logs
        before = logs.get(log.path)
        logs[log.path] = position
        # Lines without a fault may be read again after a kill; a megabyte of them, not more.
        if faults or before is None or _megabyte(before) != _megabyte(position):
            self._station.note_change()

    def _take_datagram(self, datagram: Datagram) -> None:
        question = datagram.question()
        if question == "status":
            figures = {"pid": os.getpid(), **self._station.figures()}
            self._door.answer(datagram, json.dumps(figures))
        elif question == "flush" and datagram.trusted():
            self._drops_changed = True
            self._station.courier.hurry()
            self._door.answer(datagram, "{}")
        elif not question:
            try:
                record = datagram.record()
            except BadFault:
                self._station.state.lose("bad_record")
                return
            if isinstance(record, Fault):
                self._station.take(record)
            else:
                self._station.take_losses(record)

    def _wait_seconds(self) -> float:
        """Return how long nothing is due; what broke is not tried again at once."""
        if self._hurt:
            return _POLL_SECONDS
        if self._drops_changed or self._logs_changed:
            return 0.0
        now_ms = self._station.clock.mono_ms()
        patience = _IDLE_SECONDS if self._notice is not None else _POLL_SECONDS
        due = [now_ms + int(patience * 1000)]
        upload_ms = self._station.courier.next_ms()
        if upload_ms is not None:
            due.append(max(upload_ms, self._begun_ms + _FIRST_UPLOAD_MS))
        due += [at for at in (log.next_ms() for log in self._logs) if at is not None]
        fold_ms = self._station.pipeline.next_fold_ms()
        if fold_ms is not None:
            due.append(fold_ms)
        return max(min(due) - now_ms, 0) / 1000

    def _watch_folders(self) -> None:
        notice = self._notice
        if notice is None:
            return
        try:
            notice.watch(self._station.drops.path, _DROP_MASK)
            for folder in {os.path.dirname(log.path) for log in self._logs}:
                notice.watch(folder, _LOG_MASK)
        except OSError as error:
            complain(f"looking every second instead of being told: {error}")
            notice.close()
            self._notice = None
            return
        self._selector.register(notice.fileno(), selectors.EVENT_READ, "notice")

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _close(self) -> None:
        """Take what is already here, file what waits, and leave everything on the disk."""
        for datagram in self._door.receive():
            self._guard(partial(self._take_datagram, datagram))
        self._door.close()
        for log in self._logs:
            self._guard(partial(self._finish_log, log))
            log.close()
        if self._logs:
            self._station.note_change()
        self._station.close()
        self._selector.close()


def _megabyte(position: PlainMap) -> tuple[object, int]:
    """Return which file a position is in, and which megabyte of it."""
    offset = position.get("offset")
    return position.get("turn"), offset // _MIB if isinstance(offset, int) else 0
