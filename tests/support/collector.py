"""A real collector for tests: its parts without a network, its application, or its process."""

import asyncio
import os
import random
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Self, TypeVar

import aiohttp
from sqlalchemy import Connection, Executable, Row, Table, func, select

from faultbox_collector.actions import ACTIONS
from faultbox_collector.app import Collector, OpenPack, build_collector
from faultbox_collector.digest.attempts import FILE, Attempts
from faultbox_collector.digest.drafts import Drafter
from faultbox_collector.digest.loop import Digest
from faultbox_collector.pack.files import START, PackFolder
from faultbox_collector.pack.records import Arrival, Position, encode_arrival
from faultbox_collector.pack.writer import PackWriter
from faultbox_collector.queries.records import TicketRow
from faultbox_collector.queries.tickets import list_tickets
from faultbox_collector.serving import make_runner, make_site
from faultbox_collector.settings import Settings
from faultbox_collector.store.opening import open_store
from faultbox_collector.store.products import DEFAULT_ORGANISATION, ensure_product
from faultbox_collector.store.progress import read_cursor
from faultbox_collector.writer import Writer
from faultbox_protocol import api
from support.builders import NOON_MS

T = TypeVar("T")
PRODUCT = "inspect-eye"
PATIENCE_SECONDS = 30.0
NO_RATES = {
    "rate_address_per_second": 0,
    "rate_key_per_second": 0,
    "rate_device_per_minute": 0,
}
"""Settings for tests that send faster than any device: `served` and the processes have them."""
COMMAND = str(Path(sys.executable).with_name("faultbox-collector"))


def wait_until(condition: Callable[[], bool]) -> None:
    """Return when `condition` holds; fail where it never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


async def wait_for(condition: Callable[[], bool]) -> None:
    """Return when `condition` holds, letting the loop run; fail where it never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.005)


class Rig:
    """Store, packs, writer and digest on a folder of their own, without a network."""

    def __init__(
        self,
        data: Path,
        *,
        timezone: str = "Asia/Shanghai",
        language: str = "zh_CN",
        pack_bytes: int = 64 << 20,
        database: str = "",
    ) -> None:
        self.settings = Settings(
            data=str(data), timezone=timezone, language=language, database=database
        )
        self.store = open_store(self.settings)
        self.packs = PackFolder(data)
        self.pack_writer = PackWriter(self.packs, pack_bytes, self.store.cursor or START)
        self.writer = Writer(self.store.writer_engine)
        self.writer.start()
        self.digested: list[bytes] = []

    def product_id(self, name: str = PRODUCT) -> int:
        """Return the id of a product, made where it is new."""
        return self.write(lambda c: ensure_product(c, DEFAULT_ORGANISATION, name, NOON_MS))

    def record(
        self, bundle: bytes, product: str = PRODUCT, received_ms: int = NOON_MS, sent: str = ""
    ) -> bytes:
        """Return the record of a bundle as the intake writes it."""
        arrival = Arrival(received_ms, DEFAULT_ORGANISATION, self.product_id(product), sent)
        return encode_arrival(arrival) + bundle

    def put(
        self,
        *bundles: bytes,
        product: str = PRODUCT,
        received_ms: int = NOON_MS,
        sent: str = "",
    ) -> list[Position]:
        """Append bundles to the pack in one group."""
        records = [self.record(bundle, product, received_ms, sent) for bundle in bundles]
        begun = self.pack_writer.append(records)
        ends = accumulate(map(len, records), initial=begun.offset)
        return [Position(begun.pack, offset) for offset, _ in zip(ends, records, strict=False)]

    def digest(
        self,
        *,
        start: Position | None = None,
        batch_size: int = 500,
        writer: Writer | None = None,
        drafter: Drafter | None = None,
        hang_seconds: float | None = None,
    ) -> None:
        """Digest everything from the stored cursor, or from `start`, to the end of the packs."""
        begin = start or self.read(read_cursor)
        digest = Digest(
            self.packs,
            writer or self.writer,
            Attempts(self.store.data / FILE),
            begin,
            batch_size,
            self.digested.extend,
            retry_seconds=0.01,
            drafter=drafter,
            hang_seconds=hang_seconds,
        )
        digest.start(self.pack_writer.end)
        wait_until(lambda: digest.position >= self.pack_writer.end)
        digest.stop()

    def write(self, job: Callable[[Connection], T]) -> T:
        """Run a job in a transaction."""
        return self.writer.submit(job).result(PATIENCE_SECONDS)

    def change(self, statement: Executable) -> None:
        """Run one statement in a transaction."""
        self.write(lambda c: c.execute(statement).close())

    def read(self, query: Callable[[Connection], T]) -> T:
        """Run a query on a read-only connection."""
        with self.store.reader_engine.connect() as connection:
            return query(connection)

    def rows(self, table: Table) -> Sequence[Row[*tuple[Any, ...]]]:
        """Return every row of a table."""
        return self.read(lambda c: c.execute(select(table)).all())

    def count(self, table: Table) -> int:
        """Return how many rows a table has."""
        return self.read(
            lambda c: int(c.execute(select(func.count()).select_from(table)).scalar_one())
        )

    def tickets(self) -> tuple[TicketRow, ...]:
        """Return every ticket, the newest first."""
        return self.read(
            lambda c: list_tickets(c, self.store.organisation.id, limit=10_000, offset=0)
        )

    def close(self) -> None:
        """Stop the threads and close the files."""
        self.writer.stop()
        self.pack_writer.close()
        self.store.close()


@dataclass(frozen=True, slots=True)
class Served:
    """A collector whose application listens on a free port of this process."""

    collector: Collector
    url: str
    port: int
    key: str
    session: aiohttp.ClientSession

    async def post(self, body: bytes, **headers: str) -> aiohttp.ClientResponse:
        """Post a body with the product's key; `headers` in snake case replace or add."""
        found = {api.KEY_HEADER: self.key, "Content-Type": api.MEDIA_TYPE}
        found.update({name.replace("_", "-"): value for name, value in headers.items()})
        return await self.session.post(self.url + api.BUNDLES, data=body, headers=found)

    async def get(self, path: str, key: str | None = None) -> aiohttp.ClientResponse:
        """Get a path with the product's key, or another."""
        return await self.session.get(
            self.url + path, headers={api.KEY_HEADER: self.key if key is None else key}
        )

    async def key_for(self, product: str) -> str:
        """Return a new key of a product, in force."""
        return await make_key(self.collector, product)

    @contextmanager
    def digest_waiting(self) -> Iterator[None]:
        """Keep the digest from storing anything, as a slow database does."""
        go = threading.Event()
        self.collector.writer.submit(lambda _connection: go.wait(PATIENCE_SECONDS))
        try:
            yield
        finally:
            go.set()

    async def digested(self) -> None:
        """Return when everything acknowledged is digested."""
        await wait_for(lambda: not self.collector.inbox.depth)


async def make_key(collector: Collector, product: str) -> str:
    """Return a new key of a product, in force."""
    key = await collector.writer.run(lambda c: ACTIONS["keys.add"](c, {"product": product}))
    collector.keys.load(await collector.reader.keys())
    return key


@asynccontextmanager
async def served(
    data: Path,
    *,
    change: Callable[[Collector], None] = lambda _collector: None,
    open_pack: OpenPack = PackWriter,
    **settings: Any,
) -> AsyncIterator[Served]:
    """Serve a real collector on a free port; `change` may add to it before it starts."""
    given = {"port": 0, "timezone": "Asia/Shanghai", "ballast_mib": 0, **NO_RATES, **settings}
    collector = build_collector(Settings(data=str(data), **given), open_pack)
    change(collector)
    runner = make_runner(collector.application)
    await runner.setup()
    try:
        await make_site(runner, collector.settings).start()
        port = runner.addresses[0][1]
        key = await make_key(collector, PRODUCT)
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            yield Served(collector, f"http://127.0.0.1:{port}", port, key, session)
    finally:
        await runner.cleanup()


def a_free_port() -> int:
    """Return a port that nobody listens on now.

    From below the range of client ports: a client that tries again and again on a port of that
    range one day connects to itself, and then the server cannot have it.
    """
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", random.randint(20_000, 30_000)))
            return int(probe.getsockname()[1])


def run_command(data: Path, *args: str, status: int = 0) -> str:
    """Run a command of the server on a data folder; return stdout, or stderr where it must fail."""
    done = subprocess.run(
        [COMMAND, *args, "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=bare_environment(),
    )
    assert done.returncode == status, done.stderr
    return done.stderr if status else done.stdout


def bare_environment() -> dict[str, str]:
    """Return the environment without anybody's FAULTBOX_* settings, and without rates."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("FAULTBOX_")}
    return clean | {f"FAULTBOX_{name.upper()}": str(value) for name, value in NO_RATES.items()}


class ServerProcess:
    """The real `faultbox-collector serve`; killed at the end of its `with` if it still runs."""

    def __init__(self, data: Path, *args: str, port: int = 0, **settings: object) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [COMMAND, "serve", "--data", str(data), "--port", str(port), *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=bare_environment()
            | {f"FAULTBOX_{name.upper()}": str(value) for name, value in settings.items()},
        )
        try:
            self.url = self._read_url()
        except BaseException:
            self.kill()
            raise

    def _read_url(self) -> str:
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            assert selector.select(PATIENCE_SECONDS), "the server says nothing"
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), self.errors()
        return line.removeprefix("listening on ").strip()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.url.rsplit(":", 1)[1])

    @property
    def rss_bytes(self) -> int:
        """The memory it holds."""
        text = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii")
        return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def errors(self) -> str:
        """End it and return what it wrote to standard error."""
        self.process.kill()
        return self.process.communicate(timeout=PATIENCE_SECONDS)[1]

    def stop(self) -> int:
        """Ask it to end; return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode

    def kill(self) -> None:
        """Kill it as a power cut does, with SIGKILL."""
        self.process.kill()
        self.process.communicate(timeout=PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_args: object) -> None:
        if self.process.poll() is None:
            self.kill()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
