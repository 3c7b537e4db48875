"""Spool to collector: batches, an upload process for each, and what its answer means.

The loop around it only waits for `fileno` to become readable and for `next_ms` to come; between
two uploads nothing of HTTP is in memory.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

from faultbox_agent.backoff import key_wait_seconds, next_wait_seconds
from faultbox_agent.clock import Clock
from faultbox_agent.heartbeats import Heartbeats, Sent
from faultbox_agent.ledger import Ledger
from faultbox_agent.reshaping import shed, unpack
from faultbox_agent.settings import Settings
from faultbox_agent.spool import Entry, Spool
from faultbox_agent.state import State
from faultbox_agent.verdict import (
    Answer,
    Fate,
    Verdict,
    Wait,
    judge_answer,
    problem_kind,
    read_retry_after,
)
from faultbox_protocol import limits
from faultbox_protocol.errors import ProtocolError
from faultbox_protocol.words import ClockQuality

EXPIRY_MS = 150 * 24 * 3_600_000
"""The collector remembers ids for 180 days; an older bundle might be counted twice."""
_PLAUSIBLE_MS = 1_577_836_800_000
_LONGEST_MS = 25 * 3_600_000
_OUTCOME_BYTES = 4 * 1024 * 1024
_GRACE_MS = 15_000
_JUMP_MS = 3_600_000
_DISK_SECONDS = 60.0
"""A bundle that needs another form waits so long where the disk refuses to write it."""


@dataclass(slots=True)
class _Upload:
    """An upload under way."""

    child: "subprocess.Popen[bytes]"
    deadline_ms: int
    output: bytearray
    beats: Sent | None


class Courier:
    """Delivers what the spool holds."""

    def __init__(
        self,
        ledger: Ledger,
        heartbeats: Heartbeats,
        settings: Settings,
        clock: Clock,
        chance: Callable[[], float],
        clock_quality: Callable[[], ClockQuality],
    ) -> None:
        self._ledger = ledger
        self._heartbeats = heartbeats
        self._spool: Spool = ledger.spool
        self._state: State = ledger.state
        self._settings = settings
        self._clock = clock
        self._chance = chance
        self._clock_quality = clock_quality
        self._upload: _Upload | None = None
        self._held_ms: dict[bytes, int] = {}
        """Bundles that the collector wants later than others: monotonic time of each."""
        self._offset_ms = clock.wall_ms() - clock.mono_ms()
        self._distrust_until_ms = 0
        self._next_ms = clock.mono_ms() + self._remembered_wait_ms()

    @property
    def able(self) -> bool:
        """Whether there is a collector to deliver to."""
        return bool(self._settings.server and self._settings.key)

    @property
    def busy(self) -> bool:
        """Whether an upload is under way."""
        return self._upload is not None

    def fileno(self) -> int:
        """Return what becomes readable when the upload says something or ends."""
        stdout = self._upload.child.stdout if self._upload is not None else None
        return stdout.fileno() if stdout is not None else -1

    def next_ms(self) -> int | None:
        """Return the monotonic time of the next thing to do, None where there is nothing."""
        if self._upload is not None:
            return self._upload.deadline_ms
        if not self.able:
            return None
        due = [self._next_bundle_ms(), self._heartbeats.next_ms()]
        return min((at for at in due if at is not None), default=None)

    def _next_bundle_ms(self) -> int | None:
        if not len(self._spool):
            return None
        if len(self._held_ms) < len(self._spool):
            return self._next_ms
        return max(self._next_ms, min(self._held_ms.values()))

    def hurry(self) -> None:
        """Try at once, whatever was learnt before."""
        self._next_ms = self._clock.mono_ms()
        self._held_ms.clear()

    def start(self) -> bool:
        """Start an upload if one is due; say whether one was started."""
        now_ms = self._clock.mono_ms()
        if self._upload is not None or not self.able:
            return False
        batch: list[Entry] = []
        if now_ms >= self._next_ms:
            self._discard_expired()
            batch = self._choose_batch()
        beats = self._heartbeats.take(along=bool(batch))
        if not batch and beats is None:
            return False
        job: dict[str, object] = {
            "server": self._settings.server,
            "key": self._settings.key,
            "files": [self._spool.path(entry.id) for entry in batch],
            "ca_file": self._settings.delivery.ca_file,
            "allow_plain_http": self._settings.delivery.allow_plain_http,
            "timeout_seconds": self._settings.delivery.timeout_seconds,
            "beats": self._heartbeats.describe(beats) if beats is not None else None,
        }
        size = sum(entry.size_bytes for entry in batch)
        allowed_ms = self._settings.delivery.timeout_seconds * 1000 + size // 64 + _GRACE_MS
        self._upload = _Upload(_launch(job), now_ms + allowed_ms, bytearray(), beats)
        return True

    def step(self) -> bool:
        """Take what the upload says; return True when it ended and its answer was applied."""
        upload = self._upload
        if upload is None or upload.child.stdout is None:
            return False
        while True:
            try:
                part = os.read(upload.child.stdout.fileno(), 65_536)
            except BlockingIOError:
                part = None
            if part is None:
                if self._clock.mono_ms() < upload.deadline_ms:
                    return False
                upload.child.kill()
                break
            upload.output += part
            if not part or len(upload.output) > _OUTCOME_BYTES:
                break
        self._end(upload)
        return True

    def abandon(self) -> None:
        """Stop the upload under way; its bundles stay and go again."""
        if self._upload is not None:
            self._upload.child.kill()
            _reap(self._upload.child)
            self._upload = None

    def _end(self, upload: _Upload) -> None:
        self._upload = None
        code = _reap(upload.child)
        answer, sent, damaged, told = _read_outcome(bytes(upload.output), code)
        for bundle_id in damaged:
            self._ledger.note_lost(bundle_id, "damaged", aside=True)
        if sent or answer.error:
            self.apply(judge_answer(answer, sent))
        if upload.beats is not None:
            retry = read_retry_after(told.retry_after)
            self._heartbeats.settle(upload.beats, told.status, problem_kind(told), retry)
        self._state.delivery.door = self._door()

    def apply(self, verdict: Verdict) -> None:
        """Do what a verdict says."""
        now_ms = self._clock.mono_ms()
        for bundle_id, seconds in verdict.waits.items():
            self._held_ms[bundle_id] = now_ms + int(seconds * (1 + self._chance() / 10) * 1000)
        for bundle_id, fate in verdict.fates.items():
            if fate is Fate.DELIVERED:
                self._ledger.note_delivered(bundle_id)
            elif fate is Fate.DEAD:
                self._ledger.note_lost(bundle_id, "refused", aside=True)
            else:
                self._reshape(bundle_id, fate)
        self._held_ms = {one: at for one, at in self._held_ms.items() if self._spool.waits(one)}
        delivery = self._state.delivery
        delivery.last, delivery.last_wall_ms = verdict.word, self._clock.wall_ms()
        if verdict.smaller_batch:
            delivery.batch = max((delivery.batch or limits.BODY_BUNDLES) // 4, 1)
        elif verdict.fates:
            delivery.batch = min(delivery.batch * 2, limits.BODY_BUNDLES) if delivery.batch else 0
        wait = self._wait_seconds(verdict)
        self._next_ms = self._clock.mono_ms() + int(wait * 1000)
        delivery.next_wall_ms = self._clock.wall_ms() + int(wait * 1000) if wait else 0

    def _wait_seconds(self, verdict: Verdict) -> float:
        delivery = self._state.delivery
        asked = verdict.retry_after_seconds
        if verdict.wait in (Wait.NOW, Wait.SECOND):
            delivery.attempts = 0
            return max(1.0 if verdict.wait is Wait.SECOND else 0.0, asked or 0.0)
        delivery.attempts += 1
        if verdict.wait is Wait.KEY:
            return key_wait_seconds(self._chance(), asked)
        return next_wait_seconds(delivery.attempts, self._chance(), asked)

    def _reshape(self, bundle_id: bytes, fate: Fate) -> None:
        """Give a bundle the form that was asked for; where it has none, it is refused."""
        try:
            if fate is Fate.SHED:
                done = shed(self._ledger, self._clock, bundle_id)
            else:
                done = unpack(self._ledger, bundle_id)
        except ProtocolError:
            self._ledger.note_lost(bundle_id, "damaged", aside=True)
        except OSError:
            self._held_ms[bundle_id] = self._clock.mono_ms() + int(_DISK_SECONDS * 1000)
        else:
            if not done:
                self._ledger.note_lost(bundle_id, "refused", aside=True)

    def _discard_expired(self) -> None:
        """Give up what is too old; only a synced clock that did not just jump may say so."""
        if not self._is_steady() or self._clock_quality() is not ClockQuality.SYNCED:
            return
        oldest_ms = self._clock.wall_ms() - EXPIRY_MS
        for entry in self._spool.entries:
            if entry.t_ms is not None and _PLAUSIBLE_MS < entry.t_ms < oldest_ms:
                self._ledger.note_lost(entry.id, "expired")

    def _is_steady(self) -> bool:
        """Say whether the wall clock went along with the monotonic one for the last hour."""
        now_ms = self._clock.mono_ms()
        offset_ms = self._clock.wall_ms() - now_ms
        if abs(offset_ms - self._offset_ms) > _JUMP_MS:
            self._distrust_until_ms = now_ms + _JUMP_MS
        self._offset_ms = offset_ms
        return now_ms >= self._distrust_until_ms

    def _choose_batch(self) -> list[Entry]:
        """Return the oldest bundles that may go and fit into one request."""
        most = min(self._settings.delivery.batch_bundles, limits.BODY_BUNDLES)
        most = min(most, self._state.delivery.batch or most)
        most_bytes = min(self._settings.delivery.batch_mib * limits.MIB, limits.BODY_BYTES)
        chosen: list[Entry] = []
        now_ms = self._clock.mono_ms()
        for entry in self._spool.entries:
            if self._held_ms.get(entry.id, now_ms) > now_ms:
                continue
            if len(chosen) == most:
                break
            if chosen and sum(one.size_bytes for one in chosen) + entry.size_bytes > most_bytes:
                break
            chosen.append(entry)
        return chosen

    def _remembered_wait_ms(self) -> int:
        """Return what is left of an earlier run's wait; none for another server or key."""
        delivery = self._state.delivery
        if delivery.door != self._door():
            delivery.attempts = 0
            return 0
        left = delivery.next_wall_ms - self._clock.wall_ms()
        return left if 0 < left < _LONGEST_MS else 0

    def _door(self) -> str:
        text = f"{self._settings.server}\n{self._settings.key}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _launch(job: dict[str, object]) -> "subprocess.Popen[bytes]":
    child = subprocess.Popen(
        [sys.executable, "-I", "-m", "faultbox_agent.upload"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    if child.stdin is not None and child.stdout is not None:
        try:
            child.stdin.write(json.dumps(job).encode())
            child.stdin.close()
        except BrokenPipeError:
            return child  # it died at once; its exit code tells
        os.set_blocking(child.stdout.fileno(), False)
    return child


def _reap(child: "subprocess.Popen[bytes]") -> int:
    """Wait for a child that has closed its output or was killed."""
    try:
        code = child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        code = child.wait()
    if child.stdout is not None:
        child.stdout.close()
    return code


def _read_outcome(
    data: bytes, code: int
) -> tuple[Answer, dict[bytes, str], dict[bytes, str], Answer]:
    """Return the answer, what was sent, what is damaged, and the answer to the heartbeats."""
    try:
        found = json.loads(data)
        answer = Answer(**{name: found[name] for name in asdict(Answer(None))})
        sent = {bytes.fromhex(key): str(value) for key, value in found["sent"].items()}
        damaged = {bytes.fromhex(key): str(value) for key, value in found["damaged"].items()}
        told = Answer(**(found["beats"] or {"status": None}))
    except (ValueError, KeyError, TypeError, AttributeError):
        nothing = Answer(None, error=f"the upload process ended with {code}")
        return nothing, {}, {}, nothing
    return answer, sent, damaged, told
