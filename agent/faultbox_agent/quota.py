"""What the spool gives up when it is full: pure rules over what waits and what wants in.

The first bundle of a fault tells most, its tenth repeat little. So a new fault pushes out the
oldest repeat of the fault that has most bundles waiting; a repeat pushes out only repeats of
faults with more bundles than its own; first bundles are never pushed out.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """One bundle in the spool, as far as giving up matters."""

    id: bytes
    seq: int
    size_bytes: int
    fault_key: str


@dataclass(frozen=True, slots=True)
class Room:
    """How much is free: bytes and files, the tighter of quota and disk."""

    free_bytes: int
    free_files: int


def choose_evictions(
    waiting: Iterable[Waiting], room: Room, size_bytes: int, fault_key: str
) -> list[Waiting] | None:
    """Return what must go before a bundle of `size_bytes` may come; None where it may not."""
    missing_bytes = size_bytes - room.free_bytes
    missing_files = 1 - room.free_files
    if missing_bytes <= 0 and missing_files <= 0:
        return []
    by_fault = _repeats_by_fault(waiting)
    counts = Counter({key: len(repeats) + 1 for key, repeats in by_fault.items()})
    own = counts.get(fault_key, 0)
    gone: list[Waiting] = []
    while missing_bytes > 0 or missing_files > 0:
        victim_key = max(
            (key for key, repeats in by_fault.items() if repeats),
            key=lambda key: (counts[key], key),
            default=None,
        )
        if victim_key is None or (own and victim_key != fault_key and counts[victim_key] <= own):
            return None
        victim = by_fault[victim_key].pop(0)
        counts[victim_key] -= 1
        gone.append(victim)
        missing_bytes -= victim.size_bytes
        missing_files -= 1
    return gone


def _repeats_by_fault(waiting: Iterable[Waiting]) -> dict[str, list[Waiting]]:
    """Return, for each fault, its bundles but the first, oldest first."""
    found: dict[str, list[Waiting]] = {}
    first: set[str] = set()
    for entry in sorted(waiting, key=lambda entry: entry.seq):
        if entry.fault_key in first:
            found[entry.fault_key].append(entry)
        else:
            first.add(entry.fault_key)
            found[entry.fault_key] = []
    return found
