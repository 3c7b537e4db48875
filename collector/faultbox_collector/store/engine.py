"""Opening the database: commits that are durable, one connection that writes, readers that cannot.

SQLite in the data folder: WAL with `synchronous=FULL` (NORMAL lost 300 of 300 acknowledged rows in
a power cut), `BEGIN IMMEDIATE` on the writing connection (the default start of a transaction
silently lost 228 of 960 updates), read-only connections for everybody else.

PostgreSQL by URL: see `store.postgres`.
"""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, CursorResult, Engine, Table, create_engine, event
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.pool import NullPool, QueuePool

from faultbox_collector.store import postgres

DATABASE = "faultbox.sqlite3"
BUSY_MS = 10_000
READERS = 4
"""Connections of the read models."""


def open_writer_engine(data: Path, database: str = "") -> Engine:
    """Return the engine whose one connection writes.

    Args:
        data: the data folder, where SQLite's file lies.
        database: empty for SQLite, else a `postgresql://` URL.

    Raises:
        SettingsError: the URL cannot be used, or psycopg is not installed.
    """
    if database:
        return postgres.open_writer_engine(database)
    engine = create_engine(
        URL.create("sqlite", database=str(data / DATABASE)),
        poolclass=NullPool,
        connect_args={"isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _set_pragmas(dbapi_connection: Any, _record: object) -> None:
        cursor = dbapi_connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_MS}",
            "wal_autocheckpoint=1000",
            "cache_size=-8192",  # the kernel caches the file as well
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin_immediate(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def open_reader_engine(data: Path, database: str = "") -> Engine:
    """Return the engine of the read models: a few connections that cannot write.

    Raises:
        SettingsError: the URL cannot be used, or psycopg is not installed.
    """
    if database:
        return postgres.open_reader_engine(database, READERS)
    name = "file:" + quote(str((data / DATABASE).absolute()))  # a folder may be called 100%
    engine = create_engine(
        URL.create("sqlite", database=name, query={"mode": "ro", "uri": "true"}),
        poolclass=QueuePool,
        pool_size=READERS,
        max_overflow=0,
        connect_args={"isolation_level": None, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _set_pragmas(dbapi_connection: Any, _record: object) -> None:
        cursor = dbapi_connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def upsert(dialect: str, table: Table) -> Any:
    """Return the dialect's INSERT that knows ON CONFLICT, for `table`.

    What the digest runs for each batch is built once per dialect and kept: building a statement
    costs SQLAlchemy more than running it.
    """
    if dialect == "postgresql":
        return postgresql_insert(table)
    return sqlite_insert(table)


def inserted_id(result: CursorResult[Any]) -> int:
    """Return the id of the one row just inserted."""
    key = result.inserted_primary_key
    if key is None:
        raise LookupError("the statement inserted no row")
    return int(key[0])


def plain_row(record: object) -> dict[str, Any]:
    """Return a slotted record as the map an INSERT takes; `asdict` would copy every value."""
    names: tuple[str, ...] = record.__slots__  # type: ignore[attr-defined]
    return {name: getattr(record, name) for name in names}
