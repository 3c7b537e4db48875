"""Spool, state, pipeline and courier of one spool folder, held together by its lock.

The resident agent is a station with sockets and watches around it; `flush` is a station that
drains, delivers and ends.
"""

import contextlib
import os
import selectors
import sys
import time

from faultbox_agent.capture import Capture, Surroundings
from faultbox_agent.clock import Clock, SystemClock
from faultbox_agent.courier import Courier
from faultbox_agent.disk import Disk
from faultbox_agent.fault import Fault, Losses, PlainMap
from faultbox_agent.fault_text import BadFault
from faultbox_agent.gather.identity import describe_software
from faultbox_agent.gather.system import SystemState, describe_process
from faultbox_agent.gather.timesync import read_clock_quality
from faultbox_agent.heartbeats import Heartbeats
from faultbox_agent.layout import DROP
from faultbox_agent.ledger import Ledger
from faultbox_agent.pipeline import AttachedFile, Outcome, Pipeline
from faultbox_agent.process import read_start_ticks
from faultbox_agent.settings import Settings, default_serial
from faultbox_agent.sources.dropfolder import DropFolder
from faultbox_agent.spool import Limits, Spool, move_to_dead
from faultbox_agent.state import load_state

_TURN_RECORDS = 64
"""Drop records taken between two saves of the state."""
_MIB = 1024 * 1024
_LEAVING_BYTES = 4 * _MIB
"""So much of what a full spool gives up may lie beside what comes, until the state is saved."""
_DISK_RETRY_MS = 30_000


class Station:
    """Takes faults in, delivers bundles, and remembers."""

    def __init__(
        self, settings: Settings, clock: Clock | None = None, disk: Disk | None = None
    ) -> None:
        """Take the spool.

        Raises:
            SpoolBusy: another agent holds it.
            OSError: the folder cannot be used.
        """
        self.settings = settings
        self.clock = clock or SystemClock()
        limits = Limits(
            settings.spool_mib * _MIB, settings.spool_bundles, settings.headroom_mib * _MIB
        )
        self.spool = Spool(settings.spool, limits, disk)
        self.state = load_state(settings.spool, disk)
        self.ledger = Ledger(self.spool, self.state)
        self.ledger.recover()
        surroundings = look_around(self.clock, settings.spool)
        capture = Capture(settings, surroundings)
        self.pipeline = Pipeline(self.ledger, capture, self.clock, settings.burst_per_minute)
        self.pipeline.forget_filed_folds()
        self.drops = DropFolder(settings.spool)
        self.heartbeats = Heartbeats(
            self.state, self.clock, capture.describe_product(), _throw_dice
        )
        self.courier = Courier(
            self.ledger,
            self.heartbeats,
            settings,
            self.clock,
            _throw_dice,
            surroundings.clock_quality,
        )
        self._changed = False
        self._bad_records: list[str] = []
        """Records that are counted and go to `dead/` once the state says so."""
        self._retry_ms = 0
        self.save_error = ""
        self._finish_counted()
        with contextlib.suppress(OSError):
            self.drops.clear_stale()

    def take(self, fault: Fault) -> Outcome:
        """Take a fault that exists nowhere else: what cannot be kept is counted as lost."""
        try:
            outcome = self.pipeline.take(fault)
        except Exception as error:  # noqa: BLE001 - one fault must not cost its neighbours
            complain(f"a fault was lost: {type(error).__name__}: {error}")
            self.state.lose("bad_record")
            outcome = Outcome.BAD
        if outcome is Outcome.DISK:
            self.pipeline.lose(fault)
        self._changed = self._changed or outcome is not Outcome.KNOWN
        return outcome

    def take_losses(self, losses: Losses) -> None:
        """Count losses of another process."""
        self.pipeline.take_losses(losses)
        self._changed = True

    def note_change(self) -> None:
        """Have the state saved at the end of this turn."""
        self._changed = True

    def drain(self) -> bool:
        """Take the records in the drop folder, one turn's worth; True where more wait."""
        if self.clock.mono_ms() < self._retry_ms:
            return False
        try:
            names = self.drops.names(_TURN_RECORDS + 1)
        except OSError:
            return False
        if names and self.save_error:
            self.commit()  # where the disk takes it again, what waits carries the losses
        done: list[tuple[str, Fault | None]] = []
        for name in names[:_TURN_RECORDS]:
            taken, fault = self._take_drop_safely(name)
            if not taken:
                self._retry_ms = self.clock.mono_ms() + _DISK_RETRY_MS
                break
            done.append((name, fault))
            if self.spool.leaving_bytes > _LEAVING_BYTES:
                break
        if not done:
            return False
        known = set(self.state.counted)
        self.state.counted += [name for name, _ in done if name not in known]
        self._changed = True
        if self.commit():
            bad = set(self._bad_records)
            self._discard([one for one in done if one[0] not in bad])
        return len(names) > len(done) and self.clock.mono_ms() >= self._retry_ms

    def commit(self) -> bool:
        """Save the state if it changed; False where the disk refuses, for the next turn."""
        if not (self._changed or self.ledger.changed):
            return True
        try:
            self.ledger.commit()
        except OSError as error:
            if not self.save_error:
                complain(f"state not saved: {error.strerror}")
            self.save_error = str(error.strerror or error)
            return False
        self._changed, self.save_error = False, ""
        self._discard_bad_records()
        return True

    def step_courier(self) -> None:
        """Apply an answer that came, and start the next upload if one is due."""
        if self.heartbeats.note():
            self._changed = True
        if self.courier.step():
            self._changed = True
            self.commit()
        self.courier.start()
        self.commit()

    def deliver(self, timeout_seconds: float) -> bool:
        """Deliver now, as long as it helps; True where nothing is left."""
        deadline = time.monotonic() + timeout_seconds
        self.courier.hurry()
        while len(self.spool) and self.courier.able:
            left = deadline - time.monotonic()
            self.step_courier()
            if not self.courier.busy or left <= 0:
                waits = (self.courier.next_ms() or 0) - self.clock.mono_ms()
                if left <= 0 or waits > min(left * 1000, 1500):
                    break
                time.sleep(max(waits, 0) / 1000)
                continue
            with selectors.DefaultSelector() as selector:
                selector.register(self.courier.fileno(), selectors.EVENT_READ)
                selector.select(min(left, 1.0))
        self.courier.abandon()
        self._changed = True
        self.commit()
        return self.is_empty()

    def is_empty(self) -> bool:
        """Say whether nothing waits: no bundle, no record, no fold."""
        if len(self.spool) or self.state.folds:
            return False
        try:
            return not self.drops.names(1)
        except OSError:
            return True

    def close(self) -> None:
        """File what was folded, save, and give the spool back."""
        if self.pipeline.file_folds(everything=True):
            self._changed = True
        self.courier.abandon()
        if self.heartbeats.note():
            self._changed = True
        self.commit()
        self.spool.close()

    def figures(self) -> dict[str, object]:
        """Return what `status` shows."""
        delivery = self.state.delivery
        waits_ms = self.courier.next_ms()
        return {
            "waiting": len(self.spool),
            "waiting_bytes": self.spool.size_bytes,
            "folded": sum(fold.n for fold in self.state.folds.values()),
            "captured": self.state.captured,
            "delivered": self.state.delivered,
            "lost": dict(self.state.lost),
            "uncarried": dict(self.state.drops),
            "disk": self.pipeline.disk_error or self.save_error or "ok",
            "last": delivery.last,
            "last_wall_ms": delivery.last_wall_ms,
            "next_seconds": None
            if waits_ms is None
            else max(waits_ms - self.clock.mono_ms(), 0) / 1000,
        }

    def _take_drop_safely(self, name: str) -> tuple[bool, Fault | None]:
        """Take one record; one that breaks its reading is set aside, its neighbours go on."""
        try:
            return self._take_drop(name)
        except Exception as error:  # noqa: BLE001 - one record must not cost its neighbours
            self._set_aside(name, f"{type(error).__name__}: {error}")
            return True, None

    def _take_drop(self, name: str) -> tuple[bool, Fault | None]:
        """Take one record; False where it must stay for a later turn."""
        if name in self.state.counted:
            return True, None
        try:
            found = self.drops.read(name)
        except FileNotFoundError:
            return True, None
        except (BadFault, OSError) as error:
            self._set_aside(name, str(error))
            return True, None
        if isinstance(found, Losses):
            self.take_losses(found)
            return True, None
        files = [
            AttachedFile(left.name, left.ctype, data) for left, data in self.drops.read_files(found)
        ]
        outcome = self.pipeline.take(found, files)
        if outcome is Outcome.BAD:
            self._set_aside(name, "", count=False)
        return outcome is not Outcome.DISK, found

    def _set_aside(self, name: str, why: str, *, count: bool = True) -> None:
        if count:
            complain(f"record {name[:64]!r} set aside: {why}")
            self.state.lose("bad_record")
        self._bad_records.append(name)

    def _discard_bad_records(self) -> None:
        """Move records to `dead/` that are counted for good."""
        for name in self._bad_records:
            with contextlib.suppress(OSError):
                move_to_dead(self.settings.spool, f"{self.settings.spool}/{DROP}/{name}")
        self._bad_records.clear()

    def _discard(self, done: list[tuple[str, Fault | None]]) -> None:
        """Delete records that are safe elsewhere, then forget that they were counted."""
        try:
            self.drops.discard(done)
            left = set(self.drops.names(_TURN_RECORDS * 4))
        except OSError:
            return  # they stay counted by name
        self.state.counted = [name for name in self.state.counted if name in left]
        self._changed = True

    def _finish_counted(self) -> None:
        """Delete what was counted just before the agent was killed."""
        if self.state.counted:
            self._discard([(name, None) for name in self.state.counted])


def look_around(clock: Clock, spool: str) -> Surroundings:
    """Return what this machine adds to every report."""
    system = SystemState(clock, spool)
    software: PlainMap = describe_software()

    def process(facts: PlainMap) -> PlainMap:
        pid, ticks = facts.get("pid"), facts.get("start_ticks")
        if not isinstance(pid, int) or not isinstance(ticks, int):
            return {}
        return describe_process(pid, ticks, read_start_ticks)

    return Surroundings(read_clock_quality, system.gather, process, software, default_serial())


def _throw_dice() -> float:
    """Return a chance from 0 up to 1; the random module would stay in memory for this alone."""
    return int.from_bytes(os.urandom(6)) / 2**48


def complain(text: str) -> None:
    """Say on stderr what went wrong with the agent itself."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"faultbox-agent: {text}\n")
        sys.stderr.flush()
