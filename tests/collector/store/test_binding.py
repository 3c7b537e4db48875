"""A database on a server and a data folder that belong together, and every way in which not."""

import shutil
from pathlib import Path

import pytest

from faultbox_collector.settings import Settings
from faultbox_collector.store.binding import FILE
from faultbox_collector.store.opening import DataFolderError, open_store
from support.builders import a_bundle, a_head
from support.collector import Rig
from support.postgres import PostgresServer


def open_once(data: Path, database: str) -> None:
    """Open and close."""
    open_store(Settings(data=str(data), database=database)).close()


def fill(data: Path, database: str) -> None:
    """Put a bundle into the packs and digest it."""
    rig = Rig(data, database=database)
    rig.put(a_bundle(a_head(1)))
    rig.digest()
    rig.close()


def test_the_same_two_again_and_the_folder_elsewhere(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    with postgres.migrated() as url:
        fill(tmp_path / "one", url)
        open_once(tmp_path / "one", url)
        shutil.move(tmp_path / "one", tmp_path / "moved")
        open_once(tmp_path / "moved", url)
        assert (tmp_path / "moved" / FILE).stat().st_mode & 0o077 == 0


def test_a_database_follows_one_folder(postgres: PostgresServer, tmp_path: Path) -> None:
    with postgres.migrated() as url:
        open_once(tmp_path / "one", url)
        with pytest.raises(DataFolderError, match=r"another data folder than .*two"):
            open_once(tmp_path / "two", url)
        open_once(tmp_path / "one", url)


def test_packs_are_followed_by_one_database(postgres: PostgresServer, tmp_path: Path) -> None:
    with postgres.migrated() as url, postgres.migrated() as other:
        fill(tmp_path, url)
        with pytest.raises(DataFolderError, match="belong to another database"):
            open_once(tmp_path, other)
        with pytest.raises(DataFolderError, match=r"PostgreSQL server: name it .*--database"):
            open_once(tmp_path, "")
        open_once(tmp_path, url)


def test_packs_of_sqlite_are_not_taken(postgres: PostgresServer, tmp_path: Path) -> None:
    fill(tmp_path, "")
    with (
        postgres.migrated() as url,
        pytest.raises(DataFolderError, match="belong to another database"),
    ):
        open_once(tmp_path, url)
    open_once(tmp_path, "")


def test_a_first_start_that_was_cut_off_is_finished(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    with postgres.migrated() as url:
        (tmp_path / FILE).write_text("0" * 32 + "\n")  # written, and the commit never came
        open_once(tmp_path, url)
        open_once(tmp_path, url)
        assert (tmp_path / FILE).read_text() == "0" * 32 + "\n"


def test_a_database_that_cannot_hold_every_text_is_refused(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    postgres.query(
        "postgres", "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"
    )
    with pytest.raises(ValueError, match="ENCODING 'UTF8'"):
        open_once(tmp_path, postgres.url("ascii"))
    postgres.drop_database("ascii")
