"""One transaction from a batch of drafts to occurrences, signatures, counters and tickets.

The batch is grouped by signature first, so that a storm of one fault costs one row update, and
the pack cursor moves in the same transaction: a crash replays the batch, and the bundle id
absorbs what was stored before. Every bundle ends in exactly one outcome: here it is stored, a
duplicate, or quarantined; the outcomes that are decided elsewhere are in `domain.outcome_names`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from faultbox_collector.digest.drafts import Draft
from faultbox_collector.digest.milestones import note_milestones
from faultbox_collector.digest.opening import open_tickets
from faultbox_collector.digest.resolving import resolve_signatures
from faultbox_collector.digest.setting_aside import quarantine_row
from faultbox_collector.digest.unreadable import report_unreadable
from faultbox_collector.domain.outcome_names import DROPPED, DUPLICATE, STORED, name_outcome
from faultbox_collector.outcomes import Place
from faultbox_collector.pack.records import Position
from faultbox_collector.store import devices, occurrences, progress, signatures, tickets
from faultbox_collector.store.occurrences import OccurrenceRow, QuarantineRow, SeenRow

_HOUR_MS = 3_600_000
_DROPPED = 2**31
"""More faults than this are not lost between two reports; a total must stay within 64 bits."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Drafts and quarantined stretches up to `end`."""

    drafts: Sequence[Draft]
    set_aside: Sequence[QuarantineRow]
    end: Position


@dataclass(slots=True)
class _Sums:
    """What the batch adds, by signature."""

    occurrences: Counter[int] = field(default_factory=Counter)
    first_ms: dict[int, int] = field(default_factory=dict)
    last_ms: dict[int, int] = field(default_factory=dict)
    devices: Counter[tuple[int, int]] = field(default_factory=Counter)
    versions: Counter[tuple[int, str]] = field(default_factory=Counter)
    hours: Counter[tuple[int, int]] = field(default_factory=Counter)

    def add(self, draft: Draft, signature_id: int, device_id: int) -> None:
        n, at_ms = draft.head.n, draft.dated.at_ms
        self.occurrences[signature_id] += n
        self.first_ms[signature_id] = min(at_ms, self.first_ms.get(signature_id, at_ms))
        self.last_ms[signature_id] = max(at_ms, self.last_ms.get(signature_id, at_ms))
        self.devices[signature_id, device_id] += n
        self.versions[signature_id, draft.version] += n
        self.hours[signature_id, at_ms // _HOUR_MS] += n


def apply_batch(connection: Connection, batch: Batch, now_ms: int) -> None:
    """Store a batch and move the cursor to its end."""
    by_organisation: dict[int, list[Draft]] = {}
    for draft in batch.drafts:
        by_organisation.setdefault(draft.arrival.organisation_id, []).append(draft)
    outcomes: Counter[Place] = Counter()
    set_aside = list(batch.set_aside)
    for organisation_id, drafts in sorted(by_organisation.items()):
        set_aside += _apply(connection, organisation_id, drafts, now_ms, outcomes)
    new = occurrences.insert_quarantine(connection, set_aside)
    outcomes.update(report_unreadable(connection, new, now_ms))
    progress.add_outcomes(connection, outcomes, progress.utc_day(now_ms))
    received = max((draft.arrival.received_ms for draft in batch.drafts), default=None)
    progress.move_cursor(connection, batch.end, received)


def _apply(
    connection: Connection,
    organisation_id: int,
    drafts: Sequence[Draft],
    now_ms: int,
    outcomes: Counter[Place],
) -> list[QuarantineRow]:
    """Store one organisation's drafts; return what has to be set aside of them."""
    fresh, conflicts = _sort_out_repeats(connection, organisation_id, drafts, outcomes)
    device_ids = devices.ensure_devices(
        connection, {(d.arrival.product_id, d.serial): _device(d) for d in reversed(fresh)}
    )
    signature_ids = resolve_signatures(connection, organisation_id, fresh, now_ms)
    sums = _Sums()
    rows = []
    for draft, signature_id in zip(fresh, signature_ids, strict=True):
        device_id = device_ids[draft.arrival.product_id, draft.serial]
        rows.append(_occurrence(draft, signature_id, device_id))
        if signature_id is not None:
            sums.add(draft, signature_id, device_id)
        for reason, count in draft.head.drops.items():
            lost = organisation_id, draft.arrival.product_id, name_outcome(DROPPED, reason)
            outcomes[lost] += min(count, _DROPPED)
    occurrences.insert_occurrences(connection, rows)
    occurrences.insert_seen(connection, [_seen(draft) for draft in fresh])
    new_devices = signatures.add_devices(connection, organisation_id, sums.devices, now_ms)
    new_versions = signatures.add_versions(connection, organisation_id, sums.versions, now_ms)
    signatures.add_hours(connection, organisation_id, sums.hours)
    signatures.add_counts(
        connection,
        [
            signatures.Counts(of, n, new_devices[of], sums.first_ms[of], sums.last_ms[of])
            for of, n in sums.occurrences.items()
        ],
    )
    ticket_ids = open_tickets(connection, organisation_id, fresh, signature_ids, now_ms)
    tickets.add_ticket_counts(
        connection,
        [
            tickets.TicketCounts(
                ticket_id, sums.occurrences[of], sums.first_ms[of], sums.last_ms[of]
            )
            for of, ticket_id in ticket_ids.items()
        ],
    )
    note_milestones(connection, organisation_id, ticket_ids, new_devices, new_versions, now_ms)
    return conflicts


def _sort_out_repeats(
    connection: Connection,
    organisation_id: int,
    drafts: Sequence[Draft],
    outcomes: Counter[Place],
) -> tuple[list[Draft], list[QuarantineRow]]:
    """Return the drafts seen for the first time, and the conflicts; repeats are only counted."""
    known = occurrences.find_seen(connection, organisation_id, [d.head.id for d in drafts])
    fresh: list[Draft] = []
    conflicts: list[QuarantineRow] = []
    for draft in drafts:
        product_id = draft.arrival.product_id
        before = known.get(draft.head.id)
        if before is None:
            known[draft.head.id] = draft.sha256
            fresh.append(draft)
            outcomes[organisation_id, product_id, STORED] += 1
        elif before == draft.sha256:
            outcomes[organisation_id, product_id, DUPLICATE] += 1
        else:
            detail = "an earlier bundle with this id has other bytes"
            conflicts.append(quarantine_row(draft, "id_reused", detail, draft.head.id))
    return fresh, conflicts


def _device(draft: Draft) -> devices.DeviceRow:
    return devices.DeviceRow(
        organisation_id=draft.arrival.organisation_id,
        product_id=draft.arrival.product_id,
        serial=draft.serial,
        model=draft.head.prod.model,
        batch=draft.head.prod.batch,
        first_received_ms=draft.arrival.received_ms,
    )


def _seen(draft: Draft) -> SeenRow:
    return SeenRow(
        draft.arrival.organisation_id,
        draft.head.id,
        draft.sha256,
        draft.arrival.received_ms,
    )


def _occurrence(draft: Draft, signature_id: int | None, device_id: int) -> OccurrenceRow:
    return OccurrenceRow(
        id=draft.head.id,
        organisation_id=draft.arrival.organisation_id,
        product_id=draft.arrival.product_id,
        signature_id=signature_id,
        device_id=device_id,
        version=draft.version,
        occurred_ms=draft.dated.at_ms,
        received_ms=draft.arrival.received_ms,
        clock=draft.dated.clock,
        folded=draft.head.n,
        report_code=draft.report_code,
        pack=draft.position.pack,
        pack_offset=draft.position.offset,
        pack_bytes=draft.size,
    )
