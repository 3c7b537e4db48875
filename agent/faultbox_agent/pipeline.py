"""The way of one fault: admit, capture, redact, encode, spool.

Whoever brings a fault learns what became of it, and only then forgets it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from faultbox_agent.admit import WINDOW_MS, Admission
from faultbox_agent.capture import Capture, add_hits
from faultbox_agent.clock import Clock
from faultbox_agent.fault import Fault, Losses, new_fault_id
from faultbox_agent.fault_text import BadFault
from faultbox_agent.ledger import Ledger
from faultbox_agent.spool import SUFFIX, Spool, SpoolFull, entry_of, is_full
from faultbox_agent.state import Fold, State
from faultbox_protocol import codec, limits, schema
from faultbox_protocol.report import Attachment, Evidence, Head
from faultbox_protocol.words import FaultKind

_NEVER_FOLDED = (FaultKind.FEEDBACK, FaultKind.SELFTEST)
_FOLDS = 256
_FOLDED_IDS = 1_024


class Outcome(StrEnum):
    """What became of a fault."""

    SPOOLED = "spooled"
    KNOWN = "known"
    """It was spooled or folded before: this is the same one again."""
    FOLDED = "folded"
    """Counted into a bundle to come; lasting once the state is saved."""
    LOST = "lost"
    """The quota had no room for it; counted."""
    DISK = "disk"
    """The disk refused it; it may be brought again."""
    BAD = "bad"
    """Not a fault that the wire can carry; counted."""


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that travels with a report."""

    name: str
    ctype: str
    data: bytes


class Pipeline:
    """Takes faults in and puts bundles into the spool."""

    def __init__(
        self, ledger: Ledger, capture: Capture, clock: Clock, burst_per_minute: int
    ) -> None:
        self._ledger = ledger
        self._spool: Spool = ledger.spool
        self._state: State = ledger.state
        self._capture = capture
        self._clock = clock
        self._admission = Admission(burst_per_minute)
        self._folded: dict[bytes, None] = {}
        """Faults folded lately, oldest first: one logged and then fatal comes twice."""
        self.disk_error: str = ""

    def take(self, fault: Fault, files: Sequence[AttachedFile] = ()) -> Outcome:
        """Take one fault in."""
        if self._knows(fault.id):
            return Outcome.KNOWN
        try:
            head = self._capture.build_head(fault)
        except BadFault:
            self._state.lose("bad_record")
            return Outcome.BAD
        key = head.fp.sig if head.fp is not None else ""
        if self._must_fold(head, key):
            self._fold(head, key)
            self._note_folded(fault.id)
            return Outcome.FOLDED
        evidence, hits = self._build_evidence(fault)
        return self._store(add_hits(head, hits), evidence, files)

    def take_losses(self, losses: Losses) -> None:
        """Count losses that a process could not report itself."""
        for reason, count in losses.drops.items():
            self._state.lose(reason, count)

    def lose(self, fault: Fault) -> None:
        """Count a fault that the disk refused and that nobody will bring again."""
        try:
            head = self._capture.build_head(fault)
        except BadFault:
            self._state.lose("disk_error")
            return
        self._state.lose("disk_error", head.n)
        self.take_losses(Losses(dict(head.drops)))

    def file_folds(self, *, everything: bool = False) -> int:
        """File the folds that are due; return how many were."""
        now_ms = self._clock.mono_ms()
        due = [
            key for key, fold in self._state.folds.items() if everything or fold.due_ms <= now_ms
        ]
        return sum(self._file_fold(key) for key in due)

    def forget_filed_folds(self) -> None:
        """Drop folds whose bundle was written just before the agent was killed."""
        for key, fold in list(self._state.folds.items()):
            if self._spool.knows(bytes.fromhex(fold.id)):
                del self._state.folds[key]

    def next_fold_ms(self) -> int | None:
        """Return when the next fold is due."""
        return min((fold.due_ms for fold in self._state.folds.values()), default=None)

    def _knows(self, fault_id: bytes) -> bool:
        """Say whether this fault was taken before, though its bundle may have gone since."""
        settled = fault_id.hex() + SUFFIX in self._state.settled
        return settled or self._spool.knows(fault_id) or fault_id in self._folded

    def _build_evidence(self, fault: Fault) -> tuple[Evidence, int]:
        """Build evidence; where that fails the report goes on with a note in its place."""
        try:
            return self._capture.build_evidence(fault)
        except Exception as error:  # noqa: BLE001 - evidence never costs the report
            return Evidence(sys={"refused": [f"evidence left out: {type(error).__name__}"]}), 0

    def _must_fold(self, head: Head, key: str) -> bool:
        if head.kind in _NEVER_FOLDED:
            return False
        admitted = self._admission.admit(key, self._clock.mono_ms())
        return not admitted and (key in self._state.folds or len(self._state.folds) < _FOLDS)

    def _fold(self, head: Head, key: str) -> None:
        """Count an occurrence; the losses that its record carries are counted on."""
        self.take_losses(Losses(dict(head.drops)))
        first, last = head.t0_ms or head.t_ms, head.t1_ms or head.t_ms
        fold = self._state.folds.get(key)
        if fold is None:
            kept = replace(head, drops={}, err=replace(head.err, text=None) if head.err else None)
            source = schema.head_to_map(kept)
            source["id"] = head.id.hex()
            fold_id = new_fault_id(self._clock.wall_ms()).hex()
            due_ms = self._clock.mono_ms() + WINDOW_MS
            self._state.folds[key] = Fold(fold_id, source, head.n, first, last, due_ms)
            return
        fold.n += head.n
        fold.t0_ms = min((at for at in (fold.t0_ms, first) if at is not None), default=None)
        fold.t1_ms = max((at for at in (fold.t1_ms, last) if at is not None), default=None)

    def _note_folded(self, fault_id: bytes) -> None:
        self._folded[fault_id] = None
        while len(self._folded) > _FOLDED_IDS:
            del self._folded[next(iter(self._folded))]

    def _file_fold(self, key: str) -> bool:
        fold = self._state.folds[key]
        head = replace(
            schema.head_from_map(fold.head),
            id=bytes.fromhex(fold.id),
            n=fold.n,
            t0_ms=fold.t0_ms,
            t1_ms=fold.t1_ms,
        )
        outcome = self._store(head, None, ())
        if outcome is Outcome.DISK:
            fold.due_ms = self._clock.mono_ms() + WINDOW_MS
            return False
        del self._state.folds[key]
        return True

    def _store(
        self, head: Head, evidence: Evidence | None, files: Sequence[AttachedFile]
    ) -> Outcome:
        """Encode and spool, with the losses counted so far on board."""
        drops = self._load_drops(head)
        laden = replace(head, seq=self._state.next_seq, drops=drops, att=_list_files(files))
        data = codec.encode_bundle(laden, evidence, [file.data for file in files])
        entry = entry_of(laden, len(data))
        try:
            for victim in self._spool.choose_room(len(data), entry.fault_key):
                self._ledger.note_lost(victim.id, "spool_full")
            self._spool.put(entry, data)
        except SpoolFull:
            self._state.lose("spool_full", head.n)
            self.take_losses(Losses(dict(head.drops)))
            return Outcome.LOST
        except OSError as error:
            self.disk_error = "disk full" if is_full(error) else str(error.strerror or error)
            return Outcome.DISK
        self.disk_error = ""
        self.take_losses(Losses(dict(head.drops)))
        self._state.forget_drops(drops)
        self._state.next_seq += 1
        self._state.captured += head.n
        return Outcome.SPOOLED

    def _load_drops(self, head: Head) -> dict[str, int]:
        """Return the losses that a bundle carries: its own, and those that wait for one."""
        waiting = self._state.carriable_drops()
        reasons = list({**head.drops, **waiting})[: limits.DROP_REASONS]
        return {why: head.drops.get(why, 0) + waiting.get(why, 0) for why in reasons}


def _list_files(files: Sequence[AttachedFile]) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(
            file.name, file.ctype, len(file.data), hashlib.sha256(file.data).hexdigest(), i=index
        )
        for index, file in enumerate(files)
    )
