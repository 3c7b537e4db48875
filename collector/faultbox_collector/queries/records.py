"""The rows and pages that the read models return.

Times are Unix milliseconds (UTC); words such as states and kinds are the stored words, to be
put into a person's language by whoever shows them. All text may come from a hostile device.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from faultbox_collector.domain.facts import Facts
from faultbox_collector.domain.form import FieldValue
from faultbox_protocol.report import Frame, LogLine, Plain

TREND_DAYS = 28


@dataclass(frozen=True, slots=True)
class VersionCount:
    """How often a signature occurred in one app version."""

    version: str
    occurrences: int


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """One line of the list of signatures."""

    id: int
    title: str
    """Technical line, the same in every language: `ZeroDivisionError in pricing.ratio`."""
    facts: Facts
    state: str
    """new, open, resolved, regressed, escalating, muted."""
    product: str
    model: str | None
    occurrences: int
    devices: int
    first_seen_ms: int
    last_seen_ms: int
    trend: tuple[int, ...]
    """Occurrences per day, `TREND_DAYS` of them, oldest first, days in the organisation's zone."""
    versions: tuple[VersionCount, ...]
    """Oldest version first (by first appearance), at most eight."""
    ticket: str | None
    """Number of the newest ticket, FB-…"""
    open_tickets: int


@dataclass(frozen=True, slots=True)
class SignatureFilter:
    """What the list of signatures is narrowed to; empty means everything."""

    states: frozenset[str] = frozenset()
    product: str | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class SignaturePage:
    """One page of the list, ordered by state, then devices affected."""

    rows: tuple[SignatureRow, ...]
    total: int
    state_counts: Mapping[str, int]
    products: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TicketEntry:
    """One line of a ticket's history, oldest first."""

    at_ms: int
    actor: str
    """`device`, `system`, or a person's login."""
    kind: str
    """opened, note, devices (a milestone), version (seen in a new one), state."""
    text: str
    data: Mapping[str, Plain] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """The evidence of one occurrence, decoded from its bundle for a person to look at."""

    bundle_id: str
    report_code: str
    occurred_at_ms: int | None
    received_at_ms: int
    clock: str
    """How the time was found: monotonic, synced, received (at or before)."""
    frames: tuple[Frame, ...]
    text: str | None
    """Crash text as it came, where there are no frames."""
    log: tuple[LogLine, ...]
    sys: Mapping[str, Plain]
    redactions: int
    unknown: tuple[str, ...]
    note: str | None = None
    """Why evidence is missing or unreadable, as a reason word."""


@dataclass(frozen=True, slots=True)
class TicketPage:
    """Everything on a ticket's page."""

    number: str
    state: str
    """draft, needs_info, submitted, dispatched, in_progress, pending, awaiting_confirmation,
    closed, filed, invalid, merged."""
    opened_at_ms: int
    timezone: str
    """IANA name of the organisation's zone, in which people read times."""
    fields: Mapping[str, FieldValue]
    """By machine name, see docs/form.md."""
    signature: SignatureRow
    key_text: str
    """特征码: the readable key."""
    key_value: str
    steps: tuple[str, ...]
    """Why reports are grouped here, step by step, in English."""
    hourly: tuple[tuple[int, int], ...]
    """(start of hour in ms, occurrences) for the last 7 days, empty hours included."""
    history: tuple[TicketEntry, ...]
    sample: Sample | None
    previous: str | None = None
    """Number of the ticket that this one recurs from."""


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One line of a list of tickets."""

    number: str
    title: str
    facts: Facts
    state: str
    product: str
    model: str | None
    occurrences: int
    devices: int
    first_seen_ms: int
    last_seen_ms: int
    opened_at_ms: int
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What the first-run page and the page heads need."""

    bundles: int
    last_received_at_ms: int | None
    products: tuple[str, ...]
    newest_ticket: str | None
    unreadable: int
    """Bundles set aside because no step could digest them."""


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """One line of the list of what was set aside."""

    id: int
    product: str | None
    """None for a damaged stretch of a pack: nobody knows whose it was."""
    reason: str
    detail: str
    received_at_ms: int
    size_bytes: int
    place: str
    """Pack and offset, for people with access to the data folder."""
    ticket: str | None
    """Number of the newest ticket that counts it, FB-…"""
