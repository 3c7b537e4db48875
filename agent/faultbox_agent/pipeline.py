"""The way of one fault: admit, capture, redact, encode, spool.

Whoever brings a fault learns what became of it, and only then forgets it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from faultbox_agent.admit import WINDOW_MS, Admission
from faultbox_agent.capture import Capture, add_hits
from faultbox_agent.clock import Clock
from faultbox_agent.fault import Fault, Losses, new_fault_id
from faultbox_agent.fault_text import BadFault
from faultbox_agent.spool import Spool, SpoolFull, entry_of, is_full
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
        self, spool: Spool, state: State, capture: Capture, clock: Clock, burst_per_minute: int
    ) -> None:
        self._spool = spool
        self._state = state
        self._capture = capture
        self._clock = clock
        self._admission = Admission(burst_per_minute)
        self._folded: dict[bytes, None] = {}
        """Faults folded lately, oldest first: one logged and then fatal comes twice."""
        self.disk_error: str = ""

    def take(self, fault: Fault, files: Sequence[AttachedFile] = ()) -> Outcome:
        """Take one fault in."""
        if self._spool.knows(fault.id) or fault.id in self._folded:
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
        count = fault.head.get("n")
        self._state.lose("disk_error", count if isinstance(count, int) and count > 0 else 1)

    def shed(self, fault_id: bytes) -> bool:
        """Make a bundle that is too large for the collector smaller, under a new id.

        First it loses its files, then its evidence. False where nothing is left to lose.
        """
        data = self._spool.read(fault_id)
        bundle = codec.scan_bundle(memoryview(data))
        head = codec.read_head(bundle)
        if bundle.blobs:
            evidence = codec.read_evidence(bundle)
        elif bundle.evidence is not None:
            evidence = Evidence()
        else:
            return False
        fresh = replace(head, id=new_fault_id(self._clock.wall_ms()), of=fault_id, att=(), drops={})
        self._state.give_back_drops(dict(head.drops))
        if self._store(fresh, evidence, ()) is not Outcome.SPOOLED:
            return False
        self._spool.remove(fault_id)
        return True

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
        for reason, count in head.drops.items():
            self._state.lose(reason, count)
        drops = self._state.take_drops()
        head = replace(
            head,
            seq=self._state.next_seq,
            drops=dict(list(drops.items())[: limits.DROP_REASONS]),
            att=_list_files(files),
        )
        try:
            data = codec.encode_bundle(head, evidence, [file.data for file in files])
        except Exception:
            self._state.give_back_drops(drops)
            raise
        entry = entry_of(head, len(data))
        try:
            for gone in self._spool.make_room(len(data), entry.fault_key):
                self._state.lose("spool_full", gone.n)
                self._state.give_back_drops(gone.drops)
            self._spool.put(entry, data)
        except SpoolFull:
            self._state.give_back_drops(drops)
            self._state.lose("spool_full", head.n)
            return Outcome.LOST
        except OSError as error:
            self._state.give_back_drops(drops)
            self.disk_error = "disk full" if is_full(error) else str(error.strerror or error)
            return Outcome.DISK
        self.disk_error = ""
        self._state.next_seq += 1
        self._state.captured += head.n
        return Outcome.SPOOLED


def _list_files(files: Sequence[AttachedFile]) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(
            file.name, file.ctype, len(file.data), hashlib.sha256(file.data).hexdigest(), i=index
        )
        for index, file in enumerate(files)
    )


def reconcile(state: State, spool: Spool) -> None:
    """Make the state agree with bundles that were written after it was last saved.

    A kill between the two leaves the newest bundles with sequence numbers that the state does
    not know yet, and with losses on board that it still counts.
    """
    for entry in spool.entries:
        if entry.seq >= state.next_seq:
            _subtract(state.drops, entry.drops)
    state.next_seq = max([state.next_seq, *(entry.seq + 1 for entry in spool.entries)])


def _subtract(counts: dict[str, int], gone: Mapping[str, int]) -> None:
    for reason, count in gone.items():
        left = counts.get(reason, 0) - count
        if left > 0:
            counts[reason] = left
        else:
            counts.pop(reason, None)
