"""Reading the store from a command, whether or not a server runs."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from faultbox_collector.settings import Settings, SettingsError
from faultbox_collector.store.engine import DATABASE, open_reader_engine

T = TypeVar("T")


def read_store(settings: Settings, query: Callable[[Connection], T]) -> T:
    """Run a query on a read-only connection.

    Raises:
        SettingsError: there is no database in the data folder.
    """
    data = settings.data_path
    if not (data / DATABASE).exists():
        raise SettingsError(
            f"there is no Faultbox data in {data}: start `faultbox serve` once, "
            "or name the folder with --data or FAULTBOX_DATA"
        )
    engine = open_reader_engine(data)
    try:
        with engine.connect() as connection:
            return query(connection)
    finally:
        engine.dispose()
