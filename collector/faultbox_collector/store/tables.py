"""Every table, one schema for SQLite and PostgreSQL.

`organisation_id` is on every table. Times are Unix milliseconds. No column that changes with
every batch carries an index: on PostgreSQL that costs HOT updates, on both it costs writes.
Closed vocabularies are text with a CHECK, never ENUM types.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import JSON

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = BigInteger().with_variant(Integer, "sqlite")

CLOSED_STATES = ("closed", "filed", "invalid", "merged")
"""Ticket states that no longer take occurrences."""
WAITING_MESSAGE = "done_ms IS NULL"
OPEN_TICKET = "kind = 'machine' AND state NOT IN ('closed', 'filed', 'invalid', 'merged')"


def _organisation() -> Column[int]:
    return Column("organisation_id", BigInteger, ForeignKey("organisation.id"), nullable=False)


organisation = Table(
    "organisation",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("organisation_id", BigInteger, nullable=False),  # its own id: one rule for all tables
    Column("slug", String(64), nullable=False, unique=True),
    Column("name", String(256), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("language", String(16), nullable=False),
)

product = Table(
    "product",
    metadata,
    Column("id", _Id, primary_key=True),
    _organisation(),
    Column("name", String(256), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    UniqueConstraint("organisation_id", "name"),
)

ingest_key = Table(
    "ingest_key",
    metadata,
    Column("id", _Id, primary_key=True),
    _organisation(),
    Column("product_id", BigInteger, ForeignKey("product.id"), nullable=False),
    Column("prefix", String(16), nullable=False),  # shown in lists; the key itself is not kept
    Column("key_hash", LargeBinary(32), nullable=False, unique=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
)

device = Table(
    "device",
    metadata,
    Column("id", _Id, primary_key=True),
    _organisation(),
    Column("product_id", BigInteger, ForeignKey("product.id"), nullable=False),
    Column("serial", String(256), nullable=False),
    Column("model", String(256)),
    Column("batch", String(256)),
    Column("first_received_ms", BigInteger, nullable=False),
    UniqueConstraint("product_id", "serial"),
)

signature = Table(
    "signature",
    metadata,
    Column("id", _Id, primary_key=True),
    _organisation(),
    Column("product_id", BigInteger, ForeignKey("product.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("type", Text),
    Column("code", Text),
    Column("signal", Text),
    Column("function", Text),
    Column("program", Text),
    Column("message", Text),
    Column("model", String(256)),
    Column("key_text", Text, nullable=False),
    Column("key_value", String(128), nullable=False),
    Column("steps", JSON, nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("occurrences", BigInteger, nullable=False),
    Column("devices", BigInteger, nullable=False),
    CheckConstraint(
        "state IN ('new', 'open', 'resolved', 'regressed', 'escalating', 'muted')", name="state"
    ),
    Index(None, "organisation_id", "product_id"),
)

signature_key = Table(
    "signature_key",
    metadata,
    _organisation(),
    Column("product_id", BigInteger, ForeignKey("product.id"), nullable=False),
    Column("key_value", String(128), nullable=False),
    Column("signature_id", BigInteger, ForeignKey("signature.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("source", String(16), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("product_id", "key_value"),
    Index(None, "signature_id"),
)

signature_device = Table(
    "signature_device",
    metadata,
    _organisation(),
    Column("signature_id", BigInteger, ForeignKey("signature.id"), nullable=False),
    Column("device_id", BigInteger, ForeignKey("device.id"), nullable=False),
    Column("occurrences", BigInteger, nullable=False),
    Column("last_received_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("signature_id", "device_id"),
)

signature_version = Table(
    "signature_version",
    metadata,
    _organisation(),
    Column("signature_id", BigInteger, ForeignKey("signature.id"), nullable=False),
    Column("version", String(256), nullable=False),
    Column("occurrences", BigInteger, nullable=False),
    Column("first_received_ms", BigInteger, nullable=False),
    Column("last_received_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("signature_id", "version"),
)

signature_hour = Table(
    "signature_hour",
    metadata,
    _organisation(),
    Column("signature_id", BigInteger, ForeignKey("signature.id"), nullable=False),
    Column("hour", BigInteger, nullable=False),  # Unix hours of the occurrence
    Column("occurrences", BigInteger, nullable=False),
    PrimaryKeyConstraint("signature_id", "hour"),
)

occurrence = Table(
    "occurrence",
    metadata,
    Column("id", LargeBinary(16), nullable=False),
    _organisation(),
    Column("product_id", BigInteger, ForeignKey("product.id"), nullable=False),
    Column("signature_id", BigInteger, ForeignKey("signature.id")),  # none: a self-test
    Column("device_id", BigInteger, ForeignKey("device.id"), nullable=False),
    Column("version", String(256), nullable=False),
    Column("occurred_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("clock", String(16), nullable=False),
    Column("folded", BigInteger, nullable=False),  # how many faults it stands for, to 2**31
    Column("report_code", String(16), nullable=False),
    Column("pack", Integer, nullable=False),
    Column("pack_offset", BigInteger, nullable=False),
    Column("pack_bytes", BigInteger, nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),  # as in seen_id: nobody can take another's id
    Index(None, "signature_id", "received_ms"),
    Index(None, "device_id", "received_ms"),
    Index(None, "report_code"),
)

seen_id = Table(
    "seen_id",
    metadata,
    _organisation(),
    Column("id", LargeBinary(16), nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),
    sqlite_with_rowid=False,
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", _Id, primary_key=True),
    _organisation(),
    Column("product_id", BigInteger),  # none: damaged bytes; no reference: nothing fails here
    Column("bundle_id", LargeBinary(16)),
    Column("reason", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("pack", Integer, nullable=False),
    Column("pack_offset", BigInteger, nullable=False),
    Column("pack_bytes", BigInteger, nullable=False),
    Index(None, "bundle_id"),
    # A stretch that is read again after a crash is not set aside, or counted, twice.
    Index("ux_quarantine_place", "organisation_id", "pack", "pack_offset", unique=True),
)

ticket = Table(
    "ticket",
    metadata,
    Column("id", _Id, primary_key=True),
    _organisation(),
    Column("product_id", BigInteger, ForeignKey("product.id"), nullable=False),
    Column("signature_id", BigInteger, ForeignKey("signature.id")),
    Column("scope", String(128), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("day", Integer, nullable=False),  # YYYYMMDD in the organisation's zone
    Column("counter", Integer, nullable=False),
    Column("state", String(32), nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("occurrences", BigInteger, nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("sample_id", LargeBinary(16)),
    Column("previous_id", BigInteger, ForeignKey("ticket.id")),
    Column("fields", JSON, nullable=False),
    Column("row_version", Integer, nullable=False),
    CheckConstraint("kind IN ('machine', 'customer')", name="kind"),
    CheckConstraint(
        "state IN ('draft', 'needs_info', 'submitted', 'dispatched', 'in_progress', 'pending', "
        "'awaiting_confirmation', 'closed', 'filed', 'invalid', 'merged')",
        name="state",
    ),
    UniqueConstraint("organisation_id", "day", "counter"),
    Index(None, "signature_id"),
    Index(
        "ux_ticket_open_machine",
        "organisation_id",
        "signature_id",
        "scope",
        unique=True,
        sqlite_where=text(OPEN_TICKET),
        postgresql_where=text(OPEN_TICKET),
    ),
)

ticket_entry = Table(
    "ticket_entry",
    metadata,
    Column("id", _Id, primary_key=True),
    _organisation(),
    Column("ticket_id", BigInteger, ForeignKey("ticket.id"), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Index(None, "ticket_id", "id"),
)

number_counter = Table(
    "number_counter",
    metadata,
    _organisation(),
    Column("day", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "day"),
)

pack_cursor = Table(
    "pack_cursor",
    metadata,
    _organisation(),
    Column("consumer", String(32), nullable=False),
    Column("pack", Integer, nullable=False),
    Column("pack_offset", BigInteger, nullable=False),
    Column("last_received_ms", BigInteger),  # of the newest bundle it has passed
    Column("folder", String(32)),  # whose packs these are, where the database lies elsewhere
    PrimaryKeyConstraint("organisation_id", "consumer"),
)

tally = Table(
    "tally",
    metadata,
    _organisation(),
    Column("name", String(64), nullable=False),
    Column("total", BigInteger, nullable=False),
    PrimaryKeyConstraint("organisation_id", "name"),
)

outcome_day = Table(
    "outcome_day",
    metadata,
    _organisation(),
    Column("product_id", BigInteger, ForeignKey("product.id"), nullable=False),
    Column("day", Integer, nullable=False),  # YYYYMMDD, UTC, when it was decided
    Column("name", String(64), nullable=False),  # a word of `domain.outcome_names`
    Column("total", BigInteger, nullable=False),
    PrimaryKeyConstraint("organisation_id", "product_id", "day", "name"),
    sqlite_with_rowid=False,
)

activity_day = Table(
    "activity_day",
    metadata,
    _organisation(),
    Column("product_id", BigInteger, ForeignKey("product.id"), nullable=False),
    Column("day", Integer, nullable=False),  # YYYYMMDD, UTC, as the device says
    Column("device_id", BigInteger, ForeignKey("device.id"), nullable=False),
    Column("boot_slot", Integer, nullable=False),
    Column("version", String(256), nullable=False),
    Column("up_seconds", Integer, nullable=False),
    PrimaryKeyConstraint("product_id", "day", "device_id", "boot_slot"),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", _Id, primary_key=True),
    _organisation(),
    Column("topic", String(64), nullable=False),
    Column("key", String(128), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("next_ms", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("done_ms", BigInteger),
    Index(
        "ix_outbox_waiting",
        "next_ms",
        sqlite_where=text(WAITING_MESSAGE),
        postgresql_where=text(WAITING_MESSAGE),
    ),
    Index(None, "created_ms"),
)

account = Table(
    "account",
    metadata,
    Column("id", _Id, primary_key=True),
    _organisation(),
    Column("login", String(128), nullable=False),
    Column("language", String(16)),
    Column("created_ms", BigInteger, nullable=False),
    UniqueConstraint("organisation_id", "login"),
)

login_link = Table(
    "login_link",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    _organisation(),
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    _organisation(),
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)
