"""A collector, devices and a few agents, on disks and links that the nemesis may hurt."""

import asyncio
import contextlib
import http.client
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from faultbox_collector.store.engine import open_reader_engine
from faultbox_protocol import api
from faultbox_protocol.codec import Bundle, read_head, split_batch
from support.collector import COMMAND, PRODUCT, a_free_port, bare_environment, run_command
from support.disk import Disk, a_disk
from support.load import Devices
from support.postgres import PostgresServer
from support.toxic import Proxy, Toxin
from system.test_collector_kill import some_bundles
from torture.clocks import Clocks
from torture.hosts import Host, leave_faults
from torture.programs import Program

PATIENCE_SECONDS = 90.0
_RECENT_SECONDS = 5.0
AGENTS = 3
TOXINS = {
    Toxin.CUT_BODY: 0.03,
    Toxin.SWALLOW: 0.04,
    Toxin.TWICE: 0.04,
    Toxin.LATE: 0.04,
    Toxin.SLOW: 0.02,
    Toxin.BLACK_HOLE: 0.01,
    Toxin.RESET: 0.02,
    Toxin.CUT_ANSWER: 0.03,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a siege is made of."""

    seed: int
    bundles: int = 6_000
    pause_seconds: float = 0.05
    """Between two requests of one device, and between two faults of the agents' programs."""
    clocks_jump: bool = False
    devices_sleep: bool = False
    """Whether the monotonic clocks jump as well, forward alone."""
    postgres: bool = False
    """Whether the database is a PostgreSQL server, which the nemesis may kill or hold."""


@dataclass(slots=True)
class Site:
    """Everything of one run."""

    plan: Plan
    folder: Path
    server_disk: Disk
    agents_disk: Disk
    server: Program
    port: int
    hosts: list[Host]
    devices: Devices
    device_link: Proxy
    agent_link: Proxy
    clocks: Clocks
    postgres: PostgresServer | None
    database: str
    """URL of the database, empty for SQLite in the data folder."""
    heard: dict[str, str] = field(default_factory=dict)
    """What agents were told is stored: bundle id to SHA-256, both hex."""
    carried: dict[str, str] = field(default_factory=dict)
    """What agents sent and may have arrived, whatever they were told."""
    unheard: set[str] = field(default_factory=set)
    """What an agent may not have heard of, although its receipt reached the device."""
    power: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever needs the agents' devices to have power, or cuts it."""
    agents_filled: bool = False
    """Whether the agents' disk was ever full, so that drops are to be expected."""
    _heard_at: dict[str, float] = field(default_factory=dict)
    load: list[asyncio.Task[None]] = field(default_factory=list)
    """What sends and what fails; none of it may end by itself."""

    @property
    def data(self) -> Path:
        """The collector's data folder."""
        return self.server_disk.path / "data"

    async def start_server(self) -> None:
        """Start the collector and wait until it answers."""
        await asyncio.to_thread(self.server.start)
        await self.find_server()

    async def find_server(self) -> None:
        """Wait until the collector answers."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not await asyncio.to_thread(self._is_up):
            assert self.server.running, f"status {self.server.status}: {self.server.last_words()}"
            assert time.monotonic() < deadline, f"it never answers: {self.server.last_words()}"
            await asyncio.sleep(0.05)

    def _is_up(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        with contextlib.suppress(OSError, http.client.HTTPException), closing(connection):
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        return False

    def hear(self, answer: bytes) -> None:
        """Note the receipts of an answer that reached an agent's device."""
        status = int(answer.split(None, 2)[1])
        if status in (200, 202, 207):
            body = json.loads(answer.partition(b"\r\n\r\n")[2])
            for one in body.get("receipts", []):
                self.heard[one["id"]] = one["sha256"]
                self._heard_at[one["id"]] = time.monotonic()

    def interrupt_agents(self) -> None:
        """Note that an agent ends, or gives up an upload, while a receipt may be on its way."""
        recent = time.monotonic() - _RECENT_SECONDS
        self.unheard.update(one for one, at in self._heard_at.items() if at > recent)

    def carry(self, request: bytes) -> None:
        """Note the bundles of a request that an agent sent."""
        head, _, body = request.partition(b"\r\n\r\n")
        if api.BUNDLES.encode() not in head.split(None, 2)[1]:
            return
        for bundle in split_batch(memoryview(body)):
            assert isinstance(bundle, Bundle), bundle
            self.carried[read_head(bundle).id.hex()] = bundle.sha256.hex()

    def check_load(self) -> None:
        """Fail where the load has ended: then nothing would be tried any more."""
        for task in self.load:
            if task.done():
                raise AssertionError("the load ended") from task.exception()

    def seen(self) -> set[str]:
        """Return the ids that the collector has digested."""
        engine = open_reader_engine(self.data, self.database)
        try:
            with engine.connect() as connection:
                rows = connection.execute(text("SELECT id FROM seen_id"))
                return {bytes(row.id).hex() for row in rows}
        finally:
            engine.dispose()


@asynccontextmanager
async def a_site(folder: Path, plan: Plan) -> AsyncIterator[Site]:
    """Set up a site, everything running; afterwards nothing runs."""
    with ExitStack() as stack:
        server_disk = stack.enter_context(a_disk(folder / "server", mib=192, inodes=400))
        agents_disk = stack.enter_context(a_disk(folder / "agents", mib=48))
        postgres = stack.enter_context(PostgresServer()) if plan.postgres else None
        site = await _build(folder, plan, server_disk, agents_disk, postgres)
        try:
            await site.start_server()
            for host in site.hosts:
                host.agent.start()
            dice = random.Random(plan.seed + 1)
            faults = leave_faults(site.hosts, dice, site.power, plan.pause_seconds)
            site.load += [
                asyncio.create_task(site.devices.run(8)),
                asyncio.create_task(faults),
            ]
            yield site
        finally:
            site.devices.stop()
            for task in site.load:
                task.cancel()
            await asyncio.gather(*site.load, return_exceptions=True)
            await site.device_link.stop()
            await site.agent_link.stop()
            for program in (site.server, *(host.agent for host in site.hosts)):
                program.kill_all()


async def _build(
    folder: Path,
    plan: Plan,
    server_disk: Disk,
    agents_disk: Disk,
    postgres: PostgresServer | None,
) -> Site:
    clocks = Clocks(folder)
    faked = clocks.environment if plan.clocks_jump else {}
    data = server_disk.path / "data"
    database = postgres.url(postgres.create_database()) if postgres else ""
    given = ["--database", database] if database else []
    key = (await asyncio.to_thread(run_command, data, "keys", "add", PRODUCT, *given)).strip()
    port = a_free_port()
    device_link = Proxy(port, TOXINS, random.Random(plan.seed + 2))
    agent_link = Proxy(port, TOXINS, random.Random(plan.seed + 3))
    agent_port = await agent_link.start()
    bundles = await asyncio.to_thread(some_bundles, plan.bundles)
    devices = Devices(
        await device_link.start(), key, bundles, most=4, generator=random.Random(plan.seed + 4)
    )
    devices.pause_seconds = plan.pause_seconds
    command = [COMMAND, "serve", "--data", str(data), "--port", str(port), *given]
    env = {**bare_environment(), "FAULTBOX_PACK_MIB": "1", **faked}
    site = Site(
        plan=plan,
        folder=folder,
        server_disk=server_disk,
        agents_disk=agents_disk,
        server=Program(command, env, folder / "server.log"),
        port=port,
        hosts=[
            Host(
                agents_disk.path / f"spool-{number}",
                folder,
                number,
                f"http://127.0.0.1:{agent_port}",
                key,
                faked,
            )
            for number in range(AGENTS)
        ],
        devices=devices,
        device_link=device_link,
        agent_link=agent_link,
        clocks=clocks,
        postgres=postgres,
        database=database,
    )
    agent_link.carried = site.carry
    agent_link.heard = site.hear
    return site
