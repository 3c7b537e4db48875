"""Opening the data folder and its database: lock, migrate, make the default organisation.

The folder's lock forbids a second process that writes: SQLite has one writer, and packs have one.
On PostgreSQL the writing connection holds a lock on the database, too (`store.postgres`), so that
migrations never run twice at once.
"""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from faultbox_collector.pack.records import Position
from faultbox_collector.settings import Settings, machine_zone
from faultbox_collector.store.binding import BindingError, bind_folder, check_sqlite_folder
from faultbox_collector.store.engine import DATABASE, open_reader_engine, open_writer_engine
from faultbox_collector.store.migrate import read_revisions, upgrade_schema
from faultbox_collector.store.postgres import DatabaseBusy, check_encoding, describe_database
from faultbox_collector.store.products import (
    DEFAULT_ORGANISATION,
    Organisation,
    ensure_organisation,
    read_organisation,
)
from faultbox_collector.store.progress import read_cursor


class DataFolderBusy(Exception):
    """Another process serves this data folder."""


class DataFolderError(Exception):
    """The data folder cannot be used; the text says what to do."""


@dataclass(frozen=True, slots=True)
class OpenStore:
    """An opened data folder."""

    data: Path
    lock: int
    writer_engine: Engine
    reader_engine: Engine
    organisation: Organisation
    cursor: Position | None

    def close(self) -> None:
        """Close the database and give up the lock."""
        self.reader_engine.dispose()
        self.writer_engine.dispose()
        os.close(self.lock)


def open_store(settings: Settings) -> OpenStore:
    """Open the data folder for writing, made and migrated where needed.

    Raises:
        DataFolderBusy: another process has it.
        DataFolderError: it cannot be made, its database cannot be used or is of a newer release.
        SettingsError: the database's URL cannot be used.
    """
    data = settings.data_path
    lock = lock_folder(data)
    try:
        return _open_locked(settings, data, lock)
    except SQLAlchemyError as error:
        os.close(lock)
        reason = getattr(error, "orig", None) or error
        raise DataFolderError(f"cannot use {describe_place(settings)}: {reason}") from None
    except BindingError as error:
        os.close(lock)
        raise DataFolderError(str(error)) from None
    except DatabaseBusy as error:
        os.close(lock)
        raise DataFolderError(f"cannot use {describe_place(settings)}: {error}") from None
    except BaseException:
        os.close(lock)
        raise


def describe_place(settings: Settings) -> str:
    """Return where the database is, in words for messages and without a password."""
    if settings.database:
        return f"the database {describe_database(settings.database)}"
    return f"the database in {settings.data_path}"


def _open_locked(settings: Settings, data: Path, lock: int) -> OpenStore:
    if not settings.database:
        check_sqlite_folder(data)
    engine = open_writer_engine(data, settings.database)
    with engine.connect() as connection, connection.begin():
        if settings.database:
            check_encoding(connection)
        _migrate(connection)
        ensure_organisation(
            connection, settings.timezone or None, settings.language, machine_zone()
        )
        organisation = read_organisation(connection, DEFAULT_ORGANISATION)
        if settings.database:
            bind_folder(connection, data)
        cursor = read_cursor(connection)
    if not settings.database:
        (data / DATABASE).chmod(0o600)
    reader_engine = open_reader_engine(data, settings.database)
    return OpenStore(data, lock, engine, reader_engine, organisation, cursor)


def lock_folder(data: Path) -> int:
    """Make and lock the data folder; return the lock's file descriptor.

    Raises:
        DataFolderBusy: another process has it.
        DataFolderError: it cannot be made.
    """
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(data / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataFolderError(
            f"cannot use the data folder {data}: {error.strerror}; "
            "choose another with FAULTBOX_DATA or --data"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise DataFolderBusy(f"another process serves {data}") from None
    return lock


def _migrate(connection: Connection) -> None:
    current, newest = read_revisions(connection)
    if current is not None and newest is not None and current > newest:
        raise DataFolderError(
            f"the database is of revision {current}, this release knows {newest}: "
            "install the newer release again, or restore a backup"
        )
    upgrade_schema(connection)
