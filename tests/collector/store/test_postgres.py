"""URLs of databases: what is taken, what is told, and that a password is never repeated."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from faultbox_collector.settings import Settings, SettingsError
from faultbox_collector.store.engine import open_reader_engine
from faultbox_collector.store.opening import DataFolderError, open_store
from faultbox_collector.store.postgres import describe_database, open_engine, read_url
from support.postgres import PostgresServer

SECRET = "s3cr3t-word"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://db/faultbox", "postgresql://db/faultbox"),
        (f"postgresql://fb:{SECRET}@db:6432/fb", "postgresql://fb@db:6432/fb"),
        (f"postgresql://fb:{SECRET}%40%2F@[::1]:5432/fb", "postgresql://fb@[::1]:5432/fb"),
        (f"postgresql:///fb?host=/run/postgresql&password={SECRET}", "postgresql:///fb"),
    ],
)
def test_a_url_is_shown_without_its_secrets(text: str, shown: str) -> None:
    assert read_url(text).drivername == "postgresql+psycopg"
    assert describe_database(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        f"mysql://fb:{SECRET}@db/fb",
        f"postgresql://fb:{SECRET}@db",
        f"postgresql://fb:{SECRET}@db/",
        f"postgresql://fb:{SECRET}:{SECRET}@db:x/fb",
        f"postgresql://db:{SECRET}/fb",
        SECRET,
    ],
)
def test_what_is_no_url_of_a_database_is_told_without_repeating_it(text: str) -> None:
    with pytest.raises(SettingsError, match=r"postgresql://user@host:port/name") as caught:
        read_url(text)
    assert SECRET not in str(caught.value)


def test_settings_are_printed_without_the_database() -> None:
    assert SECRET not in repr(Settings(database=f"postgresql://fb:{SECRET}@db/fb"))


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("postgres:", "nobody:", 1),
        lambda url: url.rpartition("/")[0] + "/no_such_database",
        lambda url: url.replace("127.0.0.1", "127.0.0.1:1,127.0.0.1", 1).replace(":1,", ":1/x?", 1),
    ],
)
def test_a_database_that_cannot_be_used_is_told_without_the_password(
    postgres: PostgresServer, tmp_path: Path, change: object
) -> None:
    assert callable(change)
    url = change(postgres.url("postgres", password=SECRET))
    with pytest.raises(DataFolderError, match="cannot use the database postgresql://") as caught:
        open_store(Settings(data=str(tmp_path), database=url))
    assert SECRET not in str(caught.value)


def test_options_of_the_url_go_to_the_server_and_ours_stand_behind_them(
    postgres: PostgresServer,
) -> None:
    url = postgres.url("postgres") + "?options=-c%20work_mem%3D5MB%20-c%20synchronous_commit%3Doff"
    engine = open_engine(url, "test")
    with engine.connect() as connection:
        found = [
            connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("work_mem", "synchronous_commit", "application_name")
        ]
    engine.dispose()
    assert found == ["5MB", "on", "test"]


def test_a_query_of_a_page_ends(postgres: PostgresServer, tmp_path: Path) -> None:
    engine = open_reader_engine(tmp_path, postgres.url("postgres"))
    with engine.connect() as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "15s"
        connection.execute(text("SET statement_timeout = 50"))
        with pytest.raises(OperationalError, match="statement timeout"):
            connection.execute(text("SELECT pg_sleep(30)"))
    with engine.connect() as connection, pytest.raises(DBAPIError, match="read-only"):
        connection.execute(text("CREATE TABLE x (n INTEGER)"))
    engine.dispose()


def test_without_psycopg_it_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from faultbox_collector.cli import run\n"
        "from faultbox_collector.commands import serve\n"
        "sys.exit(run('faultbox', serve.add_parser, sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "migrate", "--data", str(tmp_path)],
        env={**os.environ, "FAULTBOX_DATABASE": f"postgresql://fb:{SECRET}@db/fb"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'faultbox-collector[postgres]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stderr
