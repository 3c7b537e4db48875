"""kill -9 of the real server at random moments under load, and SIGTERM in the middle of it."""

import asyncio
import random
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from support.audit import audit
from support.builders import a_bundle, a_head, a_product, an_err, an_evidence, an_id
from support.collector import PRODUCT, ServerProcess, a_free_port, run_command, wait_for
from support.load import Devices, Ledger

KILLS = 8


def some_bundles(count: int) -> list[tuple[str, bytes]]:
    """Return the id and bytes of bundles of twenty faults on many devices."""
    found = []
    for number in range(count):
        head = a_head(
            number,
            prod=a_product(PRODUCT, serial=f"SN-{number % 97}", app=f"1.{number % 3}"),
            err=an_err(functions=(f"fault_{chr(97 + number % 20)}", "poll", "main")),
        )
        found.append((an_id(number).hex(), a_bundle(head, an_evidence(2))))
    return found


def digested(data: Path) -> int:
    """Return how many bundles are digested, as an operator reads it from the database."""
    name = f"file:{data}/faultbox.sqlite3?mode=ro"
    with closing(sqlite3.connect(name, uri=True, timeout=30)) as database:
        row = database.execute("SELECT total FROM tally WHERE name = 'stored'").fetchone()
    return int(row[0]) if row else 0


async def finish(data: Path, port: int, ledger: Ledger) -> None:
    """Start the server once more, let it digest what there is, stop it, and check everything."""
    with await asyncio.to_thread(ServerProcess, data, port=port) as server:
        try:
            await wait_for(lambda: digested(data) >= len(ledger.acked))
        except AssertionError:
            pytest.fail(f"{describe(data)}, {len(ledger.acked)} acknowledged\n{server.errors()}")
        assert await asyncio.to_thread(server.stop) == 0
    audit(data, ledger)


def describe(data: Path) -> str:
    """Say how far the digest has come, for whoever reads of a failure."""
    with closing(sqlite3.connect(f"file:{data}/faultbox.sqlite3?mode=ro", uri=True)) as database:
        cursor = database.execute("SELECT pack, pack_offset FROM pack_cursor").fetchall()
        aside = database.execute(
            "SELECT reason, detail, pack, pack_offset FROM quarantine"
        ).fetchall()
    packs = [(pack.name, pack.stat().st_size) for pack in sorted((data / "packs").iterdir())]
    return f"{digested(data)} digested, cursor {cursor}, set aside {aside}, packs {packs}"


@pytest.mark.timeout(180)
async def test_killed_again_and_again_nothing_acknowledged_is_lost_or_counted_twice(
    tmp_path: Path,
) -> None:
    key = run_command(tmp_path, "keys", "add", PRODUCT).strip()
    port = a_free_port()
    bundles = await asyncio.to_thread(some_bundles, 30_000)
    devices = Devices(port, key, bundles)
    sending = asyncio.create_task(devices.run())
    for _ in range(KILLS):
        wanted = len(devices.ledger.acked) + 1
        with await asyncio.to_thread(ServerProcess, tmp_path, port=port) as server:
            await wait_for(partial(devices.has_acked, wanted))
            await asyncio.sleep(random.uniform(0.0, 0.7))
            await asyncio.to_thread(server.kill)
    devices.stop()
    await sending
    assert devices.left, "the load ended before the kills did"
    assert len(devices.ledger.acked) > 100
    await finish(tmp_path, port, devices.ledger)


@pytest.mark.timeout(120)
async def test_sigterm_under_load_ends_in_order_and_loses_nothing(tmp_path: Path) -> None:
    key = run_command(tmp_path, "keys", "add", PRODUCT).strip()
    port = a_free_port()
    devices = Devices(port, key, await asyncio.to_thread(some_bundles, 10_000))
    with await asyncio.to_thread(ServerProcess, tmp_path, port=port) as server:
        sending = asyncio.create_task(devices.run())
        await wait_for(partial(devices.has_acked, 200))
        assert await asyncio.to_thread(server.stop) == 0
        devices.stop()
        await sending
    await finish(tmp_path, port, devices.ledger)
