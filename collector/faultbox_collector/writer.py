"""The one thread that writes the database; everybody else hands it a function.

SQLite takes one writer at a time. One thread with one connection never meets a lock, and jobs
that wait meanwhile keep their order. A disk that does not confirm a commit is final: the kernel
marks the pages clean, so the next commit would succeed and prove nothing.

A connection that breaks is given up and opened again with the next job; while that fails, jobs
fail at once instead of waiting, and there is a pause before each further try. A job is never run
twice here: whether a commit arrived whose answer was lost, only who handed in the job can tell.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

logger = logging.getLogger(__name__)

_SYNC_FAILURES = frozenset({"SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"})
T = TypeVar("T")
Job = tuple[Callable[[Connection], Any], "Future[Any]"]

ANSWER_SECONDS = 20.0
"""How long a person's change waits for the database; the digest waits as long as it takes."""
PAUSES_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Before each further try to connect; the last one is repeated."""


class DatabaseAway(ConnectionError):
    """The database does not answer; a change in hand may have been made or not."""


class Writer:
    """Runs functions, one after the other, each in a transaction of its own.

    Args:
        engine: the database.
        on_fatal: called when the disk no longer confirms; the process has to end.
    """

    def __init__(self, engine: Engine, on_fatal: Callable[[], object] = lambda: None) -> None:
        self._engine = engine
        self._on_fatal = on_fatal
        self._connection: Connection | None = None
        self._failures = 0
        self._not_before = 0.0
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the jobs that wait, then end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def submit(self, job: Callable[[Connection], T]) -> "Future[T]":
        """Run `job` in a transaction; the future holds what it returned, after the commit.

        It fails with `DatabaseAway` where the connection is lost or cannot be had.
        """
        future: Future[T] = Future()
        self._jobs.put((job, future))
        return future

    async def run(self, job: Callable[[Connection], T], seconds: float = ANSWER_SECONDS) -> T:
        """Run `job` in a transaction and return, after the commit, what it returned.

        Raises:
            DatabaseAway: there was no answer within `seconds`, or the connection was lost.
        """
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self.submit(job)), seconds)
        except TimeoutError:
            raise DatabaseAway("the database does not answer") from None

    def _run(self) -> None:
        while (item := self._jobs.get()) is not None:
            job, future = item
            if not future.set_running_or_notify_cancel():
                continue  # who asked has gone; from here on the job cannot be cancelled
            try:
                result = self._perform(job)
            except BaseException as error:
                if _is_sync_failure(error):
                    logger.exception("the disk does not confirm what the database writes")
                    self._on_fatal()
                future.set_exception(error)  # it belongs to who waits for it
            else:
                future.set_result(result)
        self._disconnect()

    def _perform(self, job: Callable[[Connection], T]) -> T:
        connection = self._connect()
        try:
            with connection.begin():
                return job(connection)
        except (IntegrityError, DataError):
            raise  # the job's own; the connection is sound
        except DBAPIError as error:
            # Whatever it was, a new connection knows nothing of it: a server that has become a
            # standby, for one, refuses to write as long as one stays with it.
            self._disconnect()
            if error.connection_invalidated:
                logger.warning("the connection to the database is lost: %s", _reason(error))
                raise DatabaseAway("the connection to the database is lost") from error
            raise

    def _connect(self) -> Connection:
        if self._connection is not None:
            return self._connection
        if time.monotonic() < self._not_before:
            raise DatabaseAway("the database cannot be reached")
        try:
            self._connection = self._engine.connect()
        except Exception as error:
            pause = PAUSES_SECONDS[min(self._failures, len(PAUSES_SECONDS) - 1)]
            self._failures += 1
            self._not_before = time.monotonic() + pause
            logger.warning("the database cannot be reached: %s", _reason(error))
            raise DatabaseAway("the database cannot be reached") from error
        if self._failures:
            logger.warning("the database answers again")
        self._failures = 0
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _reason(error: Exception) -> str:
    """Return what the driver says, in one line and without a statement."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


def _is_sync_failure(error: BaseException) -> bool:
    """Tell whether SQLite could not make something durable, which SQLAlchemy wraps."""
    cause = getattr(error, "orig", error)
    return getattr(cause, "sqlite_errorname", "") in _SYNC_FAILURES
