"""the data folder that a database follows

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.add_column("pack_cursor", sa.Column("folder", sa.String(length=32), nullable=True))
