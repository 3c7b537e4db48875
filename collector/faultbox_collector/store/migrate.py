"""Bringing the schema to the newest revision, before anything else opens the store.

The caller holds the data folder's lock, so that two processes never migrate at once.
"""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_SCRIPTS = Path(__file__).parent / "migrations"
logging.getLogger("alembic").setLevel(logging.WARNING)  # every start would log three lines


def alembic_config(connection: Connection) -> Config:
    """Return Alembic's configuration for one open connection; no alembic.ini is needed."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade_schema(connection: Connection) -> None:
    """Run every migration that the database has not had, in the caller's transaction."""
    command.upgrade(alembic_config(connection), "head")


def read_revisions(connection: Connection) -> tuple[str | None, str | None]:
    """Return the database's revision and the newest one that this program knows."""
    current = MigrationContext.configure(connection).get_current_revision()
    newest = ScriptDirectory.from_config(alembic_config(connection)).get_current_head()
    return current, newest
