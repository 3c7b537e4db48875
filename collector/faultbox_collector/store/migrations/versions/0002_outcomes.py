"""outcomes by day, activity, outbox; an occurrence belongs to its organisation

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Move the schema forward."""
    _key_occurrences(["organisation_id", "id"])
    op.execute(
        "DELETE FROM quarantine WHERE id NOT IN "
        "(SELECT min(id) FROM quarantine GROUP BY organisation_id, pack, pack_offset)"
    )
    op.create_index(
        "ux_quarantine_place",
        "quarantine",
        ["organisation_id", "pack", "pack_offset"],
        unique=True,
    )
    _create_outcomes()
    _create_activity()
    _create_outbox()


def downgrade() -> None:
    """Move the schema back."""
    for table in ("outbox", "activity_day", "outcome_day"):
        op.drop_table(table)
    op.drop_index("ux_quarantine_place", "quarantine")
    _key_occurrences(["id"])


def _key_occurrences(columns: list[str]) -> None:
    with op.batch_alter_table("occurrence") as table:
        table.drop_constraint(op.f("pk_occurrence"), type_="primary")
        table.create_primary_key(op.f("pk_occurrence"), columns)


def _create_outcomes() -> None:
    op.create_table(
        "outcome_day",
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_outcome_day_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_outcome_day_product_id")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "product_id", "day", "name", name=op.f("pk_outcome_day")
        ),
        sqlite_with_rowid=False,
    )


def _create_activity() -> None:
    op.create_table(
        "activity_day",
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("boot_slot", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=256), nullable=False),
        sa.Column("up_seconds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_activity_day_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_activity_day_product_id")
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_activity_day_device_id")
        ),
        sa.PrimaryKeyConstraint(
            "product_id", "day", "device_id", "boot_slot", name=op.f("pk_activity_day")
        ),
        sqlite_with_rowid=False,
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _ID, nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_outbox_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["next_ms"],
        sqlite_where=sa.text("done_ms IS NULL"),
        postgresql_where=sa.text("done_ms IS NULL"),
    )
    op.create_index(op.f("ix_outbox_created_ms"), "outbox", ["created_ms"])
