"""The migrations lead to the schema of the code, from nothing and again."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from faultbox_collector.settings import Settings
from faultbox_collector.store.engine import open_writer_engine
from faultbox_collector.store.migrate import read_revisions, upgrade_schema
from faultbox_collector.store.opening import DataFolderError, open_store
from faultbox_collector.store.tables import metadata
from support.postgres import PostgresServer

CATALOGUE = """
SELECT table_name || '.' || column_name AS name,
       concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default) AS sql
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
ORDER BY 1, 2
"""


def describe(connection: Connection) -> list[tuple[str, str]]:
    """Return everything that the database has, by name, with its SQL."""
    if connection.dialect.name == "postgresql":
        return [(row.name, row.sql) for row in connection.exec_driver_sql(CATALOGUE)]
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master ORDER BY name")
    return [(row.name, row.sql) for row in rows]


def test_the_history_leads_to_the_tables_of_the_code(tmp_path: Path, empty_database: str) -> None:
    with open_writer_engine(tmp_path, empty_database).begin() as connection:
        upgrade_schema(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        current, newest = read_revisions(connection)
        assert current == newest


def test_upgrading_again_changes_nothing(tmp_path: Path, empty_database: str) -> None:
    engine = open_writer_engine(tmp_path, empty_database)
    with engine.begin() as connection:
        upgrade_schema(connection)
        before = describe(connection)
    with engine.begin() as connection:
        upgrade_schema(connection)
        assert describe(connection) == before


def test_the_partial_index_of_open_tickets_is_there_word_for_word(
    tmp_path: Path, empty_database: str
) -> None:
    with open_writer_engine(tmp_path, empty_database).begin() as connection:
        upgrade_schema(connection)
        made = dict(describe(connection))["ux_ticket_open_machine"]
        metadata.drop_all(connection)
        metadata.create_all(connection)
        meant = dict(describe(connection))["ux_ticket_open_machine"]
    assert " ".join(made.split()) == " ".join(meant.split())


def test_postgresql_has_exactly_what_the_code_says(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    # SQLite keeps the words of each statement, which may differ and mean the same.
    with postgres.empty() as url, open_writer_engine(tmp_path, url).begin() as connection:
        upgrade_schema(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
        made = describe(connection)
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert made == describe(connection)
        assert len(made) > 200


def test_every_table_says_whose_its_rows_are(tmp_path: Path, empty_database: str) -> None:
    with open_writer_engine(tmp_path, empty_database).begin() as connection:
        upgrade_schema(connection)
        found = inspect(connection)
        for table in found.get_table_names():
            if table != "alembic_version":
                names = {column["name"] for column in found.get_columns(table)}
                assert "organisation_id" in names, table


def test_the_history_leads_to_the_primary_keys_of_the_code(
    tmp_path: Path, empty_database: str
) -> None:
    with open_writer_engine(tmp_path, empty_database).begin() as connection:
        upgrade_schema(connection)
        found = inspect(connection)
        for table in metadata.sorted_tables:
            keys = found.get_pk_constraint(table.name)["constrained_columns"]
            assert sorted(keys) == sorted(c.name for c in table.primary_key), table.name


def test_a_database_of_a_newer_release_is_refused(tmp_path: Path, empty_database: str) -> None:
    settings = Settings(data=str(tmp_path), database=empty_database)
    open_store(settings).close()
    with open_writer_engine(tmp_path, empty_database).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DataFolderError, match=r"9999.*newer release"):
        open_store(settings)
