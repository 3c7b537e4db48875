"""The evidence of one occurrence, decoded from its bundle in the pack.

Decoded here, when a person looks, and nowhere earlier; a bundle that cannot be read any more
gives a sample with a note instead of an error page.
"""

from sqlalchemy import Connection, select

from faultbox_collector.pack.files import PackFolder
from faultbox_collector.queries.records import Sample
from faultbox_collector.store.tables import occurrence
from faultbox_protocol.codec import read_evidence, read_head
from faultbox_protocol.errors import ProtocolError
from faultbox_protocol.report import Evidence


def read_sample(
    connection: Connection, packs: PackFolder, organisation_id: int, bundle_id: bytes
) -> Sample | None:
    """Return the evidence of one bundle, None where no such occurrence is stored."""
    row = connection.execute(
        select(occurrence).where(
            occurrence.c.organisation_id == organisation_id, occurrence.c.id == bundle_id
        )
    ).one_or_none()
    if row is None:
        return None
    head, evidence, note = None, Evidence(), None
    try:
        record = packs.read(row.pack, row.pack_offset, row.pack_bytes)
        head = read_head(record.bundle)
        evidence = read_evidence(record.bundle)
    except ProtocolError as error:
        note = error.reason
    except OSError:
        note = "pack_missing"
    err = head.err if head else None
    return Sample(
        bundle_id=bundle_id.hex(),
        report_code=row.report_code,
        occurred_at_ms=row.occurred_ms,
        received_at_ms=row.received_ms,
        clock=row.clock,
        frames=err.frames if err else (),
        text=err.text if err else None,
        log=evidence.log,
        sys=evidence.sys,
        redactions=head.scrub.hits if head and head.scrub else 0,
        unknown=head.unknown if head else (),
        note=note,
    )
