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

from faultbox_agent.fault import PlainMap
from faultbox_agent.layout import STATE, TMP, sync_folder
from faultbox_protocol.report import Plain

T = TypeVar("T")
VERSION = 1


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

    def lose(self, reason: str, count: int = 1) -> None:
        """Count a loss; the next bundle carries it."""
        self.drops[reason] = self.drops.get(reason, 0) + count
        self.lost[reason] = self.lost.get(reason, 0) + count

    def take_drops(self) -> dict[str, int]:
        """Return the losses for a bundle to carry, and forget them."""
        taken, self.drops = self.drops, {}
        return taken

    def give_back_drops(self, drops: dict[str, int]) -> None:
        """Take losses back from a bundle that will not arrive."""
        for reason, count in drops.items():
            self.drops[reason] = self.drops.get(reason, 0) + count


def load_state(spool: str) -> State:
    """Return what was remembered; an unreadable file begins anew, counted as a loss."""
    try:
        with open(os.path.join(spool, STATE), encoding="utf-8") as file:
            return _from_map(json.load(file))
    except FileNotFoundError:
        return State()
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        state = State()
        state.lose("state_lost")
        return state


def save_state(spool: str, state: State) -> None:
    """Replace the state file, durably.

    Raises:
        OSError: the disk is full, read-only or broken.
    """
    temporary = os.path.join(spool, TMP, STATE)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(temporary, flags, 0o600)
    try:
        rest = memoryview(json.dumps(_to_map(state), ensure_ascii=True).encode())
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    finally:
        os.close(file)
    os.rename(temporary, os.path.join(spool, STATE))
    sync_folder(spool)


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
