"""Opening a database on a PostgreSQL server, through psycopg 3.

The writing connection holds a session lock on the database as long as it lives: a second server
would follow other packs with the same cursor. The lock goes with the connection: who connects again
after a break takes it again, or is told that somebody else has it.

Session settings travel in libpq's `options`, so that a connection never exists without them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool, QueuePool

from faultbox_collector.settings import SettingsError

SCHEME = "postgresql"
CONNECT_SECONDS = 5
LOCK_MS = 5_000
"""How long a starting server waits for the one before it: PostgreSQL notices only after a moment
that a killed client has gone."""
READ_MS = 15_000
"""The longest query of a page."""
_WRITER_LOCK = 0x6661756C74626F78
"""The session lock of whoever writes; locks are counted for each database apart."""

_KEEPALIVES = {
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
_SESSION = {
    "timezone": "UTC",
    "synchronous_commit": "on",
    "client_encoding": "UTF8",
    # A transaction that its client forgot must not hold back cleaning up for ever.
    "idle_in_transaction_session_timeout": "60000",
    # The server, too, has to notice that a machine is gone: it holds the session lock.
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


class DatabaseBusy(Exception):
    """Another server writes this database."""


def open_writer_engine(database: str) -> Engine:
    """Return the engine whose one connection writes and holds the database's lock.

    Raises:
        SettingsError: the URL cannot be used, or psycopg is not installed.
    """
    session = {"lock_timeout": str(LOCK_MS)}
    engine = open_engine(database, "faultbox writer", session, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _lock_database(dbapi_connection: Any, _record: object) -> None:
        lock_database(dbapi_connection)

    return engine


def open_reader_engine(database: str, connections: int) -> Engine:
    """Return the engine of the read models: connections that cannot write, queries that end.

    Raises:
        SettingsError: the URL cannot be used, or psycopg is not installed.
    """
    return open_engine(
        database,
        "faultbox reader",
        {"default_transaction_read_only": "on", "statement_timeout": str(READ_MS)},
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,  # after a restart of the server no page meets a dead connection
        isolation_level="REPEATABLE READ",  # a page shows one moment, as it does on SQLite
    )


def read_url(database: str) -> URL:
    """Return a `postgresql://` URL taken apart, for psycopg.

    Raises:
        SettingsError: it is none; the text never repeats it, because it may hold a password.
    """
    try:
        url = make_url(database)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername != SCHEME or not url.database:
        raise SettingsError(
            "database must be empty for SQLite or postgresql://user@host:port/name; in a "
            "password, characters such as @ : / % are written as %40 %3A %2F %25"
        )
    return url.set(drivername="postgresql+psycopg")


def describe_database(database: str) -> str:
    """Return a URL without its password and options, for messages."""
    url = read_url(database)
    shown = URL.create(SCHEME, url.username, None, url.host, url.port, url.database)
    return shown.render_as_string()


def check_encoding(connection: Connection) -> None:
    """Refuse a database that cannot hold every text.

    Raises:
        SettingsError: its encoding is another than UTF8.
    """
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise SettingsError(
            f"the database has the encoding {encoding}: make one with "
            "CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0"
        )


def lock_database(dbapi_connection: Any) -> None:
    """Take the session lock of the one who writes, or close the connection.

    Raises:
        DatabaseBusy: another server has it.
    """
    dbapi_connection.autocommit = True
    try:
        dbapi_connection.execute("SELECT pg_advisory_lock(%s)", (_WRITER_LOCK,))
    except Exception as error:
        busy = getattr(error, "sqlstate", None) == "55P03"  # lock_not_available
        dbapi_connection.close()
        if busy:
            raise DatabaseBusy("another server writes this database") from None
        raise
    dbapi_connection.autocommit = False


def open_engine(
    database: str, name: str, session: Mapping[str, str] = MappingProxyType({}), **more: Any
) -> Engine:
    """Return an engine whose connections have durable commits, UTC and our time limits.

    Args:
        database: a `postgresql://` URL; what its query says wins over our ways to connect.
        name: how the server lists these connections.
        session: further settings of the session, by name.
        more: what SQLAlchemy's `create_engine` takes.

    Raises:
        SettingsError: the URL cannot be used, or psycopg is not installed.
    """
    url = read_url(database)
    own = url.query.get("options", "")
    settings = " ".join(f"-c {key}={value}" for key, value in {**_SESSION, **session}.items())
    url = url.set(
        query={
            "application_name": name,
            "connect_timeout": str(CONNECT_SECONDS),
            **_KEEPALIVES,
            **url.query,
            "options": f"{own if isinstance(own, str) else ' '.join(own)} {settings}".strip(),
        }
    )
    try:
        engine = create_engine(url, hide_parameters=True, **more)
    except ImportError:
        raise SettingsError(
            "a database on PostgreSQL needs psycopg: pip install 'faultbox-collector[postgres]'"
        ) from None
    # Rows of a batch go as one statement with many values, not each as a message of its own.
    engine.dialect.use_insertmanyvalues_wo_returning = True
    return engine
