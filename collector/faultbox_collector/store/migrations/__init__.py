"""One Alembic history for both engines."""
