"""What an agent's spool folder says about its faults, read from the files of a stopped agent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from faultbox_protocol import codec

NOT_FAULTS = ("state_lost", "agent_error")
"""Reasons that tell of the agent's own trouble, not of a fault that was lost."""


@dataclass(frozen=True, slots=True)
class SpoolAccount:
    """Where the faults of one device are, as far as its disk knows."""

    ready: Mapping[str, int]
    """Bundles that wait, by id in hex: how many faults each stands for."""
    records: frozenset[str]
    """Ids of drop records that nothing counts yet."""
    folded: int
    """Faults counted into bundles to come."""
    lost: Mapping[str, int]
    """Counted drops by reason."""
    dead: tuple[str, ...]
    """Names of what was set aside."""

    def __str__(self) -> str:
        return (
            f"{len(self.ready)} ready, {len(self.records)} records, {self.folded} folded, "
            f"lost {dict(self.lost)}, dead {self.dead}"
        )

    def total(self, acked: Mapping[str, int]) -> int:
        """Return acknowledged + spooled + counted drops, each bundle once."""
        known = {**acked, **self.ready}
        losses = sum(n for reason, n in self.lost.items() if reason not in NOT_FAULTS)
        return sum(known.values()) + len(self.records - set(known)) + self.folded + losses


def read_account(spool: Path) -> SpoolAccount:
    """Read the account of a spool that no agent holds."""
    ready = {}
    for path in (spool / "ready").glob("*.fbx"):
        head = codec.read_head(codec.scan_bundle(memoryview(path.read_bytes())))
        ready[head.id.hex()] = head.n
    state = json.loads((spool / "state.json").read_bytes()) if _has_state(spool) else {}
    lost: dict[str, int] = dict(state.get("lost", {}))
    records = set()
    for path in (spool / "drop").glob("*.json"):
        if path.name in state.get("counted", []):
            continue
        record = json.loads(path.read_bytes())
        if record.get("head") is None:
            for reason, count in record["drops"].items():
                lost[reason] = lost.get(reason, 0) + count
        else:
            records.add(path.stem)
    return SpoolAccount(
        ready=ready,
        records=frozenset(records),
        # A fold whose bundle was written just before a kill is forgotten when the agent starts.
        folded=sum(fold[2] for fold in state.get("folds", {}).values() if fold[0] not in ready),
        lost=lost,
        dead=tuple(path.name for path in (spool / "dead").glob("*")),
    )


def _has_state(spool: Path) -> bool:
    return (spool / "state.json").exists()
