"""The one writing thread: jobs in order, each a transaction, and nobody's failure is another's."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from faultbox_collector.store.engine import open_writer_engine
from faultbox_collector.writer import Writer
from support.collector import wait_for


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    found = Writer(open_writer_engine(tmp_path))
    found.start()
    found.submit(lambda c: c.exec_driver_sql("CREATE TABLE line (n INTEGER)").close()).result(30)
    yield found
    found.stop()


def add(connection: Connection, n: int) -> int:
    """Insert one row."""
    connection.exec_driver_sql("INSERT INTO line VALUES (?)", (n,))
    return n


def read(connection: Connection) -> list[int]:
    """Return every row."""
    return list(connection.exec_driver_sql("SELECT n FROM line ORDER BY rowid").scalars())


async def test_jobs_run_in_order(writer: Writer) -> None:
    jobs = [writer.run(partial(add, n=number)) for number in range(50)]
    assert await asyncio.gather(*jobs) == list(range(50))
    assert await writer.run(read) == list(range(50))


async def test_a_job_that_fails_leaves_nothing_and_the_next_runs(writer: Writer) -> None:
    def fail(connection: Connection) -> None:
        add(connection, 1)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await writer.run(fail)
    assert await writer.run(read) == []


async def test_who_stops_waiting_stops_nobody_else(writer: Writer) -> None:
    begun, go = threading.Event(), threading.Event()

    def wait(connection: Connection) -> int:
        begun.set()
        assert go.wait(30)
        return add(connection, 1)

    running = asyncio.create_task(writer.run(wait))
    await wait_for(begun.is_set)
    waiting = asyncio.create_task(writer.run(lambda c: add(c, 2)))
    await asyncio.sleep(0)
    running.cancel()
    waiting.cancel()
    await asyncio.wait([running, waiting])
    go.set()
    # The one under way was committed, the one that waited never ran, and the thread lives on.
    assert await writer.run(read) == [1]


@pytest.mark.parametrize(
    ("name", "ends"),
    [("SQLITE_IOERR_FSYNC", 1), ("SQLITE_IOERR_DIR_FSYNC", 1), ("SQLITE_FULL", 0)],
)
async def test_a_commit_that_the_disk_does_not_confirm_is_fatal_and_a_full_disk_is_not(
    tmp_path: Path, name: str, ends: int
) -> None:
    def fail(_connection: Connection) -> None:
        cause = sqlite3.OperationalError("disk I/O error")
        cause.sqlite_errorname = name
        raise OperationalError("COMMIT", None, cause)

    told = list[int]()
    writer = Writer(open_writer_engine(tmp_path), on_fatal=lambda: told.append(1))
    writer.start()
    with pytest.raises(OperationalError):
        await writer.run(fail)
    assert len(told) == ends
    writer.stop()
