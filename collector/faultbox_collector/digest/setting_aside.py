"""Setting a bundle aside: whose fault an error is, and the row that keeps its place."""

from collections.abc import Callable

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from faultbox_collector.clock import wall_ms
from faultbox_collector.digest.drafts import Draft
from faultbox_collector.domain.outcome_names import UNDIGESTIBLE, bound_reason
from faultbox_collector.heads import read_head
from faultbox_collector.pack.records import Damage, Record
from faultbox_collector.store.occurrences import QuarantineRow
from faultbox_collector.store.products import DEFAULT_ORGANISATION
from faultbox_protocol.codec import Bundle
from faultbox_protocol.errors import ProtocolError
from faultbox_protocol.report import Head

_DETAIL_CHARS = 500
_CONTENT_STATES = ("22", "23", "54")
"""Classes of SQLSTATE: data, integrity, a limit of the program (a key too long for its index)."""


def is_bundles_fault(error: BaseException) -> bool:
    """Tell whether a failed batch holds a bundle that cannot be stored; else it has to wait.

    A disk that is full, a lock, a connection that went are the database's trouble: nothing may be
    set aside for that. An error of our own code that one bundle brings about is that bundle's.
    """
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", None) or "")
        return isinstance(error, IntegrityError | DataError) or state.startswith(_CONTENT_STATES)
    if isinstance(error, SQLAlchemyError):
        return isinstance(error, StatementError)  # a value that cannot be bound
    return not isinstance(error, MemoryError | OSError)


def quarantine_row(
    one: Record | Damage | Draft, reason: str, detail: str, bundle_id: bytes | None = None
) -> QuarantineRow:
    """Return the row that keeps the place of what is set aside, with the reason."""
    arrival = None if isinstance(one, Damage) else one.arrival
    return QuarantineRow(
        organisation_id=arrival.organisation_id if arrival else DEFAULT_ORGANISATION,
        product_id=arrival.product_id if arrival else None,
        bundle_id=bundle_id,
        reason=bound_reason(reason),
        detail=detail[:_DETAIL_CHARS].encode("utf-8", "replace").decode().replace("\0", "\\0"),
        received_ms=arrival.received_ms if arrival else wall_ms(),
        pack=one.position.pack,
        pack_offset=one.position.offset,
        pack_bytes=one.size,
    )


def reason_of(error: Exception) -> str:
    """Return the reason word of what went wrong with one bundle."""
    return error.reason if isinstance(error, ProtocolError) else UNDIGESTIBLE


def read_id(record: Record, read: Callable[[Bundle], Head] = read_head) -> bytes | None:
    """Return the id of a bundle that could not be drafted, where its head can be read."""
    try:
        return read(record.bundle).id
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - what failed while drafting may fail here again
        return None
