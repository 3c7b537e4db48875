"""The writer beside a PostgreSQL server that stops, hangs, comes back, or lets another write."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError, ProgrammingError

from faultbox_collector.settings import Settings
from faultbox_collector.store.engine import open_reader_engine, open_writer_engine
from faultbox_collector.store.opening import DataFolderError, open_store
from faultbox_collector.writer import DatabaseAway, Writer
from support.postgres import PostgresServer

PATIENCE_SECONDS = 30.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """Start a server that tests may kill."""
    with PostgresServer() as found:
        yield found


@pytest.fixture
def url(server: PostgresServer) -> Iterator[str]:
    """A database with a table of lines."""
    with server.empty() as found:
        yield found


@pytest.fixture
def writer(url: str, tmp_path: Path) -> Iterator[Writer]:
    """A writer on that database."""
    found = Writer(open_writer_engine(tmp_path, url))
    found.start()
    found.submit(
        lambda c: c.exec_driver_sql("CREATE TABLE line (n INTEGER PRIMARY KEY)").close()
    ).result(PATIENCE_SECONDS)
    yield found
    found.stop()


def add(n: int) -> Callable[[Connection], int]:
    """Return the job that inserts one row."""

    def job(connection: Connection) -> int:
        connection.exec_driver_sql("INSERT INTO line VALUES (%s)", (n,))
        return n

    return job


def read(connection: Connection) -> list[int]:
    """Return every row."""
    return list(connection.exec_driver_sql("SELECT n FROM line ORDER BY n").scalars())


def keep_trying(writer: Writer, job: Callable[[Connection], int]) -> int:
    """Hand a job in until it is done; return how often it failed."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    failures = 0
    while True:
        future: Future[int] = writer.submit(job)
        try:
            future.result(PATIENCE_SECONDS)
        except DatabaseAway:
            failures += 1
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return failures


@pytest.mark.parametrize("how", [PostgresServer.stop, PostgresServer.kill])
def test_jobs_fail_while_the_server_is_away_and_go_on_when_it_is_back(
    writer: Writer, server: PostgresServer, how: Callable[[PostgresServer], None]
) -> None:
    writer.submit(add(1)).result(PATIENCE_SECONDS)
    how(server)
    try:
        for n in (2, 3, 4):
            with pytest.raises(DatabaseAway):
                writer.submit(add(n)).result(PATIENCE_SECONDS)
    finally:
        server.start()
    keep_trying(writer, add(5))
    assert writer.submit(read).result(PATIENCE_SECONDS) == [1, 5]


def test_not_every_job_makes_an_attempt_to_connect(
    server: PostgresServer, url: str, tmp_path: Path
) -> None:
    engine = open_writer_engine(tmp_path, url)
    attempts: list[float] = []
    event.listen(engine, "do_connect", lambda *_args: attempts.append(time.monotonic()))
    writer = Writer(engine)
    writer.start()
    server.stop()
    try:
        for _ in range(200):
            with pytest.raises(DatabaseAway):
                writer.submit(lambda _c: None).result(PATIENCE_SECONDS)
    finally:
        server.start()
    assert 0 < len(attempts) < 50
    keep_trying(writer, lambda _c: 0)
    writer.stop()


def test_a_connection_that_the_server_ends_costs_one_job(
    writer: Writer, server: PostgresServer, url: str
) -> None:
    writer.submit(add(1)).result(PATIENCE_SECONDS)
    ended = server.query(
        url.rpartition("/")[2],
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    assert ended == [(True,)]
    assert keep_trying(writer, add(2)) <= 1
    assert writer.submit(read).result(PATIENCE_SECONDS) == [1, 2]


async def test_who_waits_for_a_hanging_server_is_told_and_its_job_is_done_once(
    writer: Writer, server: PostgresServer
) -> None:
    await writer.run(add(1))
    server.pause()
    try:
        with pytest.raises(DatabaseAway, match="does not answer"):
            await writer.run(add(2), seconds=0.3)
        with pytest.raises(DatabaseAway):
            await writer.run(add(3), seconds=0.3)
    finally:
        await asyncio.to_thread(server.resume)
    # The first was under way and is made when the server goes on; the second never began.
    assert await writer.run(read) == [1, 2]


def test_what_a_job_does_wrong_is_told_as_it_is_and_the_connection_stays(writer: Writer) -> None:
    def ask(connection: Connection) -> int:
        return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())

    process = writer.submit(ask).result(PATIENCE_SECONDS)
    writer.submit(add(1)).result(PATIENCE_SECONDS)
    with pytest.raises(IntegrityError):
        writer.submit(add(1)).result(PATIENCE_SECONDS)
    assert writer.submit(ask).result(PATIENCE_SECONDS) == process
    with pytest.raises(ProgrammingError):
        writer.submit(lambda c: c.exec_driver_sql("SELECT nothing").close()).result(
            PATIENCE_SECONDS
        )
    assert writer.submit(read).result(PATIENCE_SECONDS) == [1]


def test_a_second_server_is_refused_until_the_first_has_gone(
    server: PostgresServer, tmp_path: Path
) -> None:
    with server.migrated() as url:
        first, second = (
            Settings(data=str(tmp_path / name), database=url) for name in ("one", "two")
        )
        store = open_store(first)
        writer = Writer(store.writer_engine)
        writer.start()
        writer.submit(lambda _c: None).result(PATIENCE_SECONDS)
        with pytest.raises(DataFolderError, match="another server writes this database"):
            open_store(second)
        writer.stop()
        store.close()
        open_store(first).close()


def test_readers_go_on_after_a_restart_of_the_server(
    server: PostgresServer, url: str, writer: Writer, tmp_path: Path
) -> None:
    engine = open_reader_engine(tmp_path, url)
    with engine.connect() as connection:
        assert read(connection) == []
    server.stop()
    server.start()
    with engine.connect() as connection:
        assert read(connection) == []
    keep_trying(writer, add(1))
    engine.dispose()
