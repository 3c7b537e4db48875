"""What was set aside stays in sight: an "unreadable report" ticket per product and reason.

Such a bundle was acknowledged and nobody can read it, so it counts like any fault: a signature of
its own kind for each product and reason, one open ticket for it, pre-filled with what the arrival
told. A damaged stretch of a pack has no product and so no ticket: it is counted for its
organisation as `damaged`, and stands on the page of what was set aside.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from faultbox_collector.digest.opening import Cause, open_missing
from faultbox_collector.domain.form import fields_to_plain, fill_unreadable
from faultbox_collector.domain.outcome_names import (
    DAMAGED,
    QUARANTINED,
    name_outcome,
    unreadable_key,
)
from faultbox_collector.outcomes import Place
from faultbox_collector.store import progress, signatures, tickets
from faultbox_collector.store.occurrences import QuarantineRow
from faultbox_collector.store.products import read_product_names
from faultbox_collector.store.signatures import Counts, KeyEntry, NewSignature
from faultbox_collector.store.tickets import Plain, TicketCounts

KIND = "unreadable"
_HOUR_MS = 3_600_000
_STEPS = ("a bundle was set aside with its bytes: no step could digest it",)
_Group = tuple[int, str]
"""(product id, reason)."""


def report_unreadable(
    connection: Connection, rows: Sequence[QuarantineRow], now_ms: int
) -> Counter[Place]:
    """Count what was set aside into its tickets, opened where needed; return the outcomes."""
    outcomes: Counter[Place] = Counter()
    damaged: Counter[int] = Counter()
    by_organisation: dict[int, dict[_Group, list[QuarantineRow]]] = {}
    for row in rows:
        if row.product_id is None:
            damaged[row.organisation_id] += 1
            continue
        name = name_outcome(QUARANTINED, row.reason)
        outcomes[row.organisation_id, row.product_id, name] += 1
        groups = by_organisation.setdefault(row.organisation_id, {})
        groups.setdefault((row.product_id, row.reason), []).append(row)
    for organisation_id, groups in sorted(by_organisation.items()):
        _report(connection, organisation_id, groups, now_ms)
    for organisation_id, count in sorted(damaged.items()):
        progress.add_tallies(connection, organisation_id, {DAMAGED: count})
    return outcomes


def _report(
    connection: Connection,
    organisation_id: int,
    groups: dict[_Group, list[QuarantineRow]],
    now_ms: int,
) -> None:
    names = read_product_names(connection, sorted({product_id for product_id, _ in groups}))
    by_signature: dict[int, list[QuarantineRow]] = {}
    causes: dict[int, Cause] = {}
    for group, rows in sorted(groups.items()):
        of = _find_signature(connection, organisation_id, group, rows[0], now_ms)
        by_signature[of] = rows
        causes[of] = Cause(
            product_id=group[0],
            first_ms=rows[0].received_ms,
            sample_id=None,
            data={"reason": rows[0].reason},
            fill=partial(_fill, names[group[0]], rows[0]),
        )
    hours: Counter[tuple[int, int]] = Counter()
    for of, rows in by_signature.items():
        hours.update((of, row.received_ms // _HOUR_MS) for row in rows)
    signatures.add_hours(connection, organisation_id, hours)
    spans = {
        of: (len(rows), min(r.received_ms for r in rows), max(r.received_ms for r in rows))
        for of, rows in by_signature.items()
    }
    signatures.add_counts(
        connection, [Counts(of, n, 0, first, last) for of, (n, first, last) in spans.items()]
    )
    open_ids = open_missing(connection, organisation_id, causes, now_ms)
    tickets.add_ticket_counts(
        connection, [TicketCounts(open_ids[of], *span) for of, span in spans.items()]
    )


def _find_signature(
    connection: Connection, organisation_id: int, group: _Group, first: QuarantineRow, now_ms: int
) -> int:
    """Return the signature of a product and a reason, made at the first bundle."""
    product_id, reason = group
    text = f"unreadable report: {reason}"
    key = KeyEntry(KIND, unreadable_key(reason), text)
    found = signatures.find_signatures(connection, product_id, [key.value]).get(key.value)
    if found is not None:
        return found
    new = NewSignature(
        organisation_id=organisation_id,
        product_id=product_id,
        title=text,
        kind=KIND,
        type=None,
        code=None,
        signal=None,
        function=None,
        program=None,
        message=None,
        model=None,
        key=key,
        steps=_STEPS,
        first_ms=first.received_ms,
    )
    made = signatures.create_signature(connection, new)
    signatures.claim_keys(connection, organisation_id, product_id, made, [key], now_ms)
    return made


def _fill(product: str, row: QuarantineRow, language: str) -> Plain:
    place = f"{row.pack:08d}.fbp @ {row.pack_offset}"
    return fields_to_plain(
        fill_unreadable(product, row.received_ms, row.reason, row.pack_bytes, place, language)
    )
