"""Counts made in memory reach the store, whatever comes in between."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import pytest
from aiohttp import web
from sqlalchemy import Connection

from faultbox_collector.clock import wall_ms
from faultbox_collector.housekeeping import Housekeeping
from faultbox_collector.outcomes import Outcomes
from faultbox_collector.store import tables
from faultbox_collector.store.outbox import KEPT_MS, NewMessage, add_messages
from faultbox_collector.store.progress import read_tallies
from faultbox_collector.writer import DatabaseAway, Writer
from support.collector import Rig, wait_for

T = TypeVar("T")


class RefusingWriter(Writer):
    """A writer whose next transactions fail."""

    failures = 1

    def submit(self, job: Callable[[Connection], T]) -> "Future[T]":
        if not self.failures:
            return super().submit(job)
        self.failures -= 1
        failed: Future[T] = Future()
        failed.set_exception(RuntimeError("the database is in trouble"))
        return failed


async def test_counts_are_folded_while_it_runs_and_at_the_end(rig: Rig) -> None:
    outcomes, product_id = Outcomes(), rig.product_id()
    running = Housekeeping(rig.writer, outcomes, fold_seconds=0.01).run(web.Application())
    await anext(running)
    outcomes.add(1, product_id, "refused", "bad_field")
    await wait_for(lambda: rig.count(tables.outcome_day) == 1)
    outcomes.add(1, product_id, "duplicate")
    await anext(running, None)
    assert rig.read(lambda c: read_tallies(c, 1)) == {"refused:bad_field": 1, "duplicate": 1}


async def test_what_the_store_refuses_is_counted_later(rig: Rig) -> None:
    outcomes, product_id = Outcomes(), rig.product_id()
    writer = RefusingWriter(rig.store.writer_engine)
    housekeeping = Housekeeping(writer, outcomes)
    outcomes.add(1, product_id, "duplicate")
    with pytest.raises(RuntimeError):
        await housekeeping.fold()
    assert outcomes.take() == {(1, product_id, "duplicate"): 1}


async def test_a_fold_that_is_cut_off_is_stored_once(rig: Rig) -> None:
    outcomes, product_id = Outcomes(), rig.product_id()
    go = threading.Event()
    rig.writer.submit(lambda _connection: go.wait(10))
    outcomes.add(1, product_id, "duplicate")
    fold = asyncio.create_task(Housekeeping(rig.writer, outcomes).fold())
    await asyncio.sleep(0)
    fold.cancel()
    asyncio.get_running_loop().call_later(0.05, go.set)
    with pytest.raises(asyncio.CancelledError):
        await fold
    assert outcomes.take() == {}
    assert rig.read(lambda c: read_tallies(c, 1)) == {"duplicate": 1}


async def test_old_messages_are_pruned_to_the_last(rig: Rig) -> None:
    old_ms = wall_ms() - KEPT_MS - 1000
    messages = [NewMessage(1, "ticket.opened", f"FB-{n}", {}) for n in range(20)]
    rig.write(lambda c: add_messages(c, messages, old_ms))
    rig.write(lambda c: add_messages(c, messages[:1], wall_ms()))
    await Housekeeping(rig.writer, Outcomes()).prune()
    assert rig.count(tables.outbox) == 1


class AwayWriter(RefusingWriter):
    """A writer whose database does not answer."""

    failures = 3

    def submit(self, job: Callable[[Connection], T]) -> "Future[T]":
        if not self.failures:
            return Writer.submit(self, job)
        self.failures -= 1
        failed: Future[T] = Future()
        failed.set_exception(DatabaseAway("no answer"))
        return failed


async def test_a_database_that_is_away_fills_no_log_and_loses_no_count(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes, product_id = Outcomes(), rig.product_id()
    rig.writer.stop()
    rig.writer = AwayWriter(rig.store.writer_engine)
    rig.writer.start()
    outcomes.add(1, product_id, "duplicate", count=4)
    running = Housekeeping(rig.writer, outcomes, fold_seconds=0.01).run(web.Application())
    await anext(running)
    await wait_for(lambda: rig.count(tables.outcome_day) == 1)
    await anext(running, None)
    assert rig.read(lambda c: read_tallies(c, 1)) == {"duplicate": 4}
    assert not [r for r in caplog.records if "housekeeping" in r.name]
