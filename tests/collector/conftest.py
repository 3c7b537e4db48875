"""Fixtures of the collector's tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from support.collector import Rig, Served, served
from support.postgres import PostgresServer

ON_BOTH = ("store", "digest", "queries", "desk")
"""Folders of tests that run on SQLite and on PostgreSQL, where they ask for a database."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what touches the store on both engines."""
    if metafunc.definition.path.parent.name in ON_BOTH:
        for name in {"database", "empty_database"} & set(metafunc.fixturenames):
            metafunc.parametrize(name, ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Start a PostgreSQL server for whichever tests want a database of it."""
    with PostgresServer() as server:
        yield server


def is_postgres(request: pytest.FixtureRequest) -> bool:
    """Tell whether a test runs on PostgreSQL this time."""
    return getattr(request, "param", "sqlite") == "postgresql"


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The setting `database`: empty for SQLite, else the URL of a migrated PostgreSQL database."""
    if not is_postgres(request):
        yield ""
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.migrated() as url:
        yield url


@pytest.fixture
def empty_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The setting `database`, and on PostgreSQL nothing in it yet."""
    if not is_postgres(request):
        yield ""
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.empty() as url:
        yield url


@pytest.fixture
def rig(tmp_path: Path, database: str) -> Iterator[Rig]:
    """Store, packs, writer and digest on a temporary folder."""
    found = Rig(tmp_path / "data", database=database)
    yield found
    found.close()


@pytest.fixture
async def server(tmp_path: Path, database: str) -> AsyncIterator[Served]:
    """A real collector that listens on a free port."""
    async with served(tmp_path / "data", database=database) as found:
        yield found
