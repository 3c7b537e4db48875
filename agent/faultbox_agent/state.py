"""What the agent must remember over a restart, in one file that is replaced as a whole.

One file, because it is what makes counting exact: the sequence number, the folded faults, the
positions in log files and the records already counted change together or not at all. It is
written after the bundles it speaks of and before the records it speaks of are deleted, so a
kill at any moment leaves each fault in exactly one place.
"""

import json
import os
from dataclasses import dataclass, field
from typing import TypeVar

from faultbox_agent.disk import Disk, LocalDisk, write_durably
from faultbox_agent.fault import PlainMap
from faultbox_agent.layout import STATE, TMP
from faultbox_protocol import limits
from faultbox_protocol.report import Plain

T = TypeVar("T")
VERSION = 1
_REASONS = 64
"""Reasons told apart; they come from other programs, too."""
OTHER = "other"


@dataclass(slots=True)
class Fold:
    """One fault's occurrences beyond the burst, counted into one bundle to come."""

    id: str
    head: PlainMap
    n: int
    t0_ms: int | None
    t1_ms: int | None
    due_ms: int


@dataclass(slots=True)
class DeliveryState:
    """What the last tries to deliver taught."""

    attempts: int = 0
    next_wall_ms: int = 0
    last: str = "never tried"
    last_wall_ms: int = 0
    door: str = ""
    """Digest of server and key; another one is tried at once."""
    batch: int = 0
    """Bundles in the next batch, 0 for as many as the limits allow."""


@dataclass(slots=True)
class State:
    """The agent's memory."""

    next_seq: int = 1
    drops: dict[str, int] = field(default_factory=dict)
    """Losses by reason that no bundle carries yet."""
    lost: dict[str, int] = field(default_factory=dict)
    """Losses by reason, ever."""
    captured: int = 0
    delivered: int = 0
    folds: dict[str, Fold] = field(default_factory=dict)
    counted: list[str] = field(default_factory=list)
    """Drop records that a fold already counts and that may still be there."""
    logs: dict[str, PlainMap] = field(default_factory=dict)
    delivery: DeliveryState = field(default_factory=DeliveryState)
    beats: dict[str, int] = field(default_factory=dict)
    """Heartbeats that the collector does not have: `YYYYMMDD boot` to seconds of that day."""
    beats_day: int = 0
    """Days since 1970 up to which this boot's finished days have arrived."""
    beats_next_wall_ms: int = 0
    settled: dict[str, str] = field(default_factory=dict)
    """Files under `ready/` whose end is counted and that may still be there, by name: their end."""
    unsaved: dict[str, int] = field(default_factory=dict, compare=False)
    """The part of `drops` that no file holds yet."""

    def lose(self, reason: str, count: int = 1) -> None:
        """Count a loss; a bundle carries it once it is saved."""
        reason = reason[: limits.WORD_CHARS]
        if reason not in self.lost and len(self.lost) >= _REASONS:
            reason = OTHER
        self.lost[reason] = self.lost.get(reason, 0) + count
        self.give_back_drops({reason: count})

    def carriable_drops(self) -> dict[str, int]:
        """Return the losses that a bundle may carry: those that a kill cannot make come again.

        What was counted since the last save may be met a second time after a kill, in a log or a
        drop record that is read again; on a bundle by then, it would count twice.
        """
        settled = {why: n - self.unsaved.get(why, 0) for why, n in self.drops.items()}
        return {why: n for why, n in settled.items() if n > 0}

    def forget_drops(self, drops: dict[str, int]) -> None:
        """Count losses as carried."""
        for reason, count in drops.items():
            left = self.drops.get(reason, 0) - count
            if left > 0:
                self.drops[reason] = left
            else:
                self.drops.pop(reason, None)

    def give_back_drops(self, drops: dict[str, int]) -> None:
        """Take losses back from a bundle that will not arrive."""
        for counts in (self.drops, self.unsaved):
            for reason, count in drops.items():
                counts[reason] = counts.get(reason, 0) + count


def load_state(spool: str, disk: Disk | None = None) -> State:
    """Return what was remembered; an unreadable file begins anew, counted as a loss."""
    try:
        return _from_map(json.loads((disk or LocalDisk()).read(os.path.join(spool, STATE))))
    except FileNotFoundError:
        return State()
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        state = State()
        state.lose("state_lost")
        return state


def save_state(spool: str, state: State, disk: Disk | None = None) -> None:
    """Replace the state file, durably.

    Raises:
        OSError: the disk is full, read-only or broken.
    """
    disk = disk or LocalDisk()
    data = json.dumps(_to_map(state), ensure_ascii=True).encode()
    write_durably(disk, os.path.join(spool, TMP, STATE), os.path.join(spool, STATE), data)
    disk.sync_folder(spool)
    state.unsaved.clear()


def _to_map(state: State) -> dict[str, object]:
    return {
        "v": VERSION,
        "next_seq": state.next_seq,
        "drops": state.drops,
        "lost": state.lost,
        "captured": state.captured,
        "delivered": state.delivered,
        "folds": {
            key: [fold.id, fold.head, fold.n, fold.t0_ms, fold.t1_ms]
            for key, fold in state.folds.items()
        },
        "counted": state.counted,
        "logs": state.logs,
        "delivery": {
            name: getattr(state.delivery, name) for name in DeliveryState.__dataclass_fields__
        },
        "settled": state.settled,
        "beats": state.beats,
        "beats_day": state.beats_day,
        "beats_next_wall_ms": state.beats_next_wall_ms,
    }


def _from_map(found: dict[str, Plain]) -> State:
    if found.get("v") != VERSION:
        raise ValueError("another version")
    folds = _typed(found["folds"], dict)
    return State(
        next_seq=_typed(found["next_seq"], int),
        drops=_typed(found["drops"], dict),
        lost=_typed(found["lost"], dict),
        captured=_typed(found["captured"], int),
        delivered=_typed(found["delivered"], int),
        # Folds of an earlier run are due at once: its monotonic time may have been another boot's.
        folds={key: _fold(_typed(fold, list)) for key, fold in folds.items()},
        counted=_typed(found["counted"], list),
        logs=_typed(found["logs"], dict),
        delivery=DeliveryState(**_typed(found["delivery"], dict)),
        settled=_typed(found.get("settled", {}), dict),
        beats=_typed(found.get("beats", {}), dict),
        beats_day=_typed(found.get("beats_day", 0), int),
        beats_next_wall_ms=_typed(found.get("beats_next_wall_ms", 0), int),
    )


def _fold(row: list[Plain]) -> Fold:
    fold_id, head, n, t0_ms, t1_ms = row
    return Fold(
        _typed(fold_id, str),
        _typed(head, dict),
        _typed(n, int),
        t0_ms if isinstance(t0_ms, int) else None,
        t1_ms if isinstance(t1_ms, int) else None,
        due_ms=0,
    )


def _typed(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(kind.__name__)
    return value
