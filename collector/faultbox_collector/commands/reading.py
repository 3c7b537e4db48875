"""Reading the store from a command, whether or not a server runs."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from faultbox_collector.settings import Settings, SettingsError
from faultbox_collector.store.engine import DATABASE, open_reader_engine
from faultbox_collector.store.opening import DataFolderError, describe_place

T = TypeVar("T")


def read_store(settings: Settings, query: Callable[[Connection], T]) -> T:
    """Run a query on a read-only connection.

    Raises:
        SettingsError: there is no database in the data folder.
        DataFolderError: the database does not answer or has no tables.
    """
    data = settings.data_path
    if not settings.database and not (data / DATABASE).exists():
        raise SettingsError(
            f"there is no Faultbox data in {data}: start `faultbox serve` once, "
            "or name the folder with --data or FAULTBOX_DATA"
        )
    engine = open_reader_engine(data, settings.database)
    try:
        with engine.connect() as connection:
            return query(connection)
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise DataFolderError(f"cannot read {describe_place(settings)}: {reason}") from None
    finally:
        engine.dispose()
