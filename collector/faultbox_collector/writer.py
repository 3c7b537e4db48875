"""The one thread that writes the database; everybody else hands it a function.

SQLite takes one writer at a time. One thread with one connection never meets a lock, and jobs
that wait meanwhile keep their order.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

T = TypeVar("T")
Job = tuple[Callable[[Connection], Any], "Future[Any]"]


class Writer:
    """Runs functions, one after the other, each in a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
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
        """Run `job` in a transaction; the future holds what it returned, after the commit."""
        future: Future[T] = Future()
        self._jobs.put((job, future))
        return future

    async def run(self, job: Callable[[Connection], T]) -> T:
        """Run `job` in a transaction and return, after the commit, what it returned."""
        return await asyncio.wrap_future(self.submit(job))

    def _run(self) -> None:
        with self._engine.connect() as connection:
            while (item := self._jobs.get()) is not None:
                job, future = item
                if not future.set_running_or_notify_cancel():
                    continue  # who asked has gone; from here on the job cannot be cancelled
                try:
                    with connection.begin():
                        result = job(connection)
                except BaseException as error:  # noqa: BLE001 - it belongs to who waits for it
                    future.set_exception(error)
                else:
                    future.set_result(result)
