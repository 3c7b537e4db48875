"""The real server on PostgreSQL: killed, and with a database that is killed, paused, restarted.

What is acknowledged lies in the pack on the server's own disk, so devices are served while the
database is away, and nothing of it is lost or counted twice when it comes back.
"""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import aiohttp
import psycopg
import pytest

from faultbox_protocol import api
from support.audit import audit
from support.builders import a_bundle, a_head, a_product, an_err, an_evidence, an_id
from support.collector import PRODUCT, ServerProcess, a_free_port, run_command, wait_for
from support.load import Devices, Ledger
from support.postgres import PostgresServer

BUNDLES = 20_000


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """Start a server that tests may kill."""
    with PostgresServer() as found:
        yield found


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a database without tables."""
    with postgres.empty() as found:
        yield found


@pytest.fixture(scope="module")
def bundles() -> list[tuple[str, bytes]]:
    """The id and bytes of bundles of twenty faults on many devices."""
    found = []
    for number in range(BUNDLES):
        head = a_head(
            number,
            prod=a_product(PRODUCT, serial=f"SN-{number % 97}", app=f"1.{number % 3}"),
            err=an_err(functions=(f"fault_{chr(97 + number % 20)}", "poll", "main")),
        )
        found.append((an_id(number).hex(), a_bundle(head, an_evidence(2))))
    return found


def make_key(data: Path, url: str) -> str:
    """Migrate the database by the first command and return an ingest key."""
    return run_command(data, "keys", "add", PRODUCT, "--database", url).strip()


def digested(url: str) -> int:
    """Return how many bundles are digested, as an operator reads it from the database."""
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        rows = connection.execute("SELECT total FROM tally WHERE name = 'stored'").fetchall()
    return sum(total for (total,) in rows)


async def finish(data: Path, url: str, server: ServerProcess, ledger: Ledger) -> None:
    """Let the server digest what there is, stop it, and check everything."""
    try:
        await wait_for(lambda: digested(url) >= len(ledger.acked))
    except AssertionError:
        count = digested(url)
        pytest.fail(f"{count} digested, {len(ledger.acked)} acknowledged\n{server.errors()}")
    assert await asyncio.to_thread(server.stop) == 0
    audit(data, ledger, url)


@pytest.mark.timeout(180)
async def test_the_server_killed_again_and_again(
    tmp_path: Path, url: str, bundles: list[tuple[str, bytes]]
) -> None:
    key = make_key(tmp_path, url)
    port = a_free_port()
    devices = Devices(port, key, bundles)
    sending = asyncio.create_task(devices.run())
    start = partial(ServerProcess, tmp_path, "--database", url, port=port)
    for _ in range(5):
        wanted = len(devices.ledger.acked) + 1
        with await asyncio.to_thread(start) as server:
            await wait_for(partial(devices.has_acked, wanted))
            await asyncio.sleep(random.uniform(0.0, 0.7))
            await asyncio.to_thread(server.kill)
    devices.stop()
    await sending
    assert devices.left, "the load ended before the kills did"
    with await asyncio.to_thread(start) as server:
        await finish(tmp_path, url, server, devices.ledger)


def restarted(postgres: PostgresServer) -> None:
    """Stop the database in order."""
    postgres.stop()


def killed(postgres: PostgresServer) -> None:
    """Kill every process of the database."""
    postgres.kill()


def beheaded(postgres: PostgresServer) -> None:
    """Kill the postmaster alone."""
    postgres.kill_postmaster()


def paused(postgres: PostgresServer) -> None:
    """Stop every process of the database where it is."""
    postgres.pause()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("trouble", [restarted, killed, beheaded, paused])
async def test_devices_are_served_while_the_database_is_away(
    tmp_path: Path,
    postgres: PostgresServer,
    url: str,
    bundles: list[tuple[str, bytes]],
    trouble: Callable[[PostgresServer], None],
) -> None:
    key = make_key(tmp_path, url)
    with await asyncio.to_thread(ServerProcess, tmp_path, "--database", url) as server:
        devices = Devices(server.port, key, bundles)
        devices.pause_seconds = 0.02
        sending = asyncio.create_task(devices.run())
        for _ in range(3):
            await wait_for(partial(devices.has_acked, len(devices.ledger.acked) + 100))
            await asyncio.to_thread(trouble, postgres)
            try:
                before = len(devices.ledger.acked)
                await wait_for(partial(devices.has_acked, before + 200))
            finally:
                postgres.resume() if trouble is paused else postgres.start()
        devices.stop()
        await sending
        assert devices.left, "the load ended before the trouble did"
        await finish(tmp_path, url, server, devices.ledger)


@pytest.mark.timeout(120)
async def test_who_asks_while_the_database_is_away_is_told_so(
    tmp_path: Path, postgres: PostgresServer, url: str
) -> None:
    key = make_key(tmp_path, url)
    with await asyncio.to_thread(ServerProcess, tmp_path, "--database", url) as server:
        await asyncio.to_thread(postgres.stop)
        try:
            async with aiohttp.ClientSession(headers={api.KEY_HEADER: key}) as session:
                headers = {"Content-Type": api.MEDIA_TYPE}
                async with session.post(
                    server.url + api.BUNDLES, data=a_bundle(), headers=headers
                ) as answer:
                    assert answer.status == 202
                path = f"{api.RECEIPTS}/{an_id(99).hex()}"
                async with session.get(server.url + path) as answer:
                    assert answer.status == 503
                    assert int(answer.headers["Retry-After"]) > 0
                    assert (await answer.json(content_type=None))["reason"] == "busy"
            add = ("keys", "add", "other", "--database", url)
            asked = await asyncio.to_thread(run_command, tmp_path, *add, status=2)
            assert "the database cannot be reached" in asked
            assert "Traceback" not in asked
        finally:
            postgres.start()
        await wait_for(lambda: digested(url) == 1)


async def test_without_a_database_the_server_says_so_and_ends(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    url = postgres.url("nothing_of_that_name", password="s3cr3t-word")
    said = await asyncio.to_thread(
        run_command, tmp_path, "serve", "--port", "0", "--database", url, status=2
    )
    assert "nothing_of_that_name" in said
    assert "s3cr3t-word" not in said
    assert "Traceback" not in said
