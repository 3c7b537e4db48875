"""What a batch changes about an open ticket that people want to read in its history.

Not each occurrence: a version in which the fault is seen for the first time, and the number of
devices when it passes 2, 10, 100 and so on. One line each, so that a storm writes a few lines.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from faultbox_collector.store import signatures, tickets
from faultbox_collector.store.tickets import NewEntry

DEVICES = (2, 10, 100, 1_000, 10_000, 100_000, 1_000_000)


def note_milestones(
    connection: Connection,
    organisation_id: int,
    ticket_ids: Mapping[int, int],
    new_devices: Mapping[int, int],
    new_versions: Iterable[tuple[int, str]],
    now_ms: int,
) -> None:
    """Write the lines of one batch.

    Args:
        connection: the batch's transaction, counters raised already.
        organisation_id: whose tickets these are.
        ticket_ids: the open ticket of each signature in the batch.
        new_devices: how many devices had each signature for the first time.
        new_versions: (signature id, version) seen for the first time.
        now_ms: when.
    """
    versions = [(of, version) for of, version in sorted(new_versions) if of in ticket_ids]
    grown = {of for of, count in new_devices.items() if count and of in ticket_ids}
    if not versions and not grown:
        return
    totals = signatures.read_totals(connection, sorted(grown | {of for of, _ in versions}))
    entries = []

    def note(of: int, kind: str, data: dict[str, str | int]) -> None:
        ticket_id = ticket_ids[of]
        entries.append(NewEntry(organisation_id, ticket_id, now_ms, "device", kind, "", data))

    for of, version in versions:
        if version and totals[of].versions > 1:  # the first one stands in the form
            note(of, "version", {"version": version})
    for of in sorted(grown):
        now = totals[of].devices
        if passed_milestone(now - new_devices[of], now):
            note(of, "devices", {"devices": now})
    tickets.add_entries(connection, entries)


def passed_milestone(before: int, now: int) -> bool:
    """Tell whether the number of devices has reached a new order of magnitude."""
    return any(before < milestone <= now for milestone in DEVICES)
