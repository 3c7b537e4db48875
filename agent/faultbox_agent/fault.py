"""A fault as a source hands it over: wire names in plain maps, small enough for one JSON text.

    {"drop": 1, "head": {"id": "<32 hex>", "kind": …, "err": …}, "evidence": {…}, "facts": {…}}

`head` and `evidence` use the field names of the wire; `facts` are what only the witness knows
(pid, start of the process, program, whether the process went down). A record without a head
carries only `drops`: losses that a process counted and could not put on a later report.
`fault_text` reads these records back.
"""

import json
import os
from dataclasses import dataclass, field

from faultbox_agent.plain import PlainMap
from faultbox_protocol.ids import make_bundle_id

__all__ = ["Fault", "Losses", "PlainMap", "new_fault_id", "write_fault", "write_losses"]
VERSION = 1
MAX_BYTES = 256 * 1024
"""The longest record that is read; a longer one is refused unread."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `id` names its bundle from the moment it was noticed."""

    id: bytes
    head: PlainMap
    evidence: PlainMap = field(default_factory=dict)
    facts: PlainMap = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Losses:
    """Counts by reason that a process could not put on a later report."""

    drops: dict[str, int]


def new_fault_id(wall_ms: int) -> bytes:
    """Return a fresh bundle id."""
    return make_bundle_id(max(wall_ms, 0), os.urandom(10))


def write_fault(fault: Fault) -> bytes:
    """Return the fault as JSON bytes."""
    record = {
        "drop": VERSION,
        "head": {**fault.head, "id": fault.id.hex()},
        "evidence": fault.evidence,
        "facts": fault.facts,
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def write_losses(losses: Losses) -> bytes:
    """Return a record that carries only counts."""
    return json.dumps({"drop": VERSION, "drops": losses.drops}).encode()
