"""Composition root of the headless collector: builds the parts and owns their lifetimes.

`build_collector` opens the data folder and wires store, inbox and digest; `Collector.application`
is the web application with the devices' routes, to which the dashboard adds its pages.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import Connection
from sqlalchemy.event import listen

from faultbox_collector.actions import serve_actions
from faultbox_collector.desk.doors import Accounts, Desk, Reader
from faultbox_collector.digest.attempts import FILE, Attempts
from faultbox_collector.digest.loop import Digest
from faultbox_collector.digest.pacing import Pacing
from faultbox_collector.digest.watchdog import HANG_SECONDS
from faultbox_collector.disk import Disk
from faultbox_collector.housekeeping import Housekeeping
from faultbox_collector.inbox import Inbox, Pack
from faultbox_collector.outcomes import Outcomes
from faultbox_collector.pack.files import START, PackFolder
from faultbox_collector.pack.records import Position
from faultbox_collector.pack.writer import PackWriter
from faultbox_collector.settings import Settings
from faultbox_collector.store.activity import add_beats
from faultbox_collector.store.opening import DataFolderError, OpenStore, open_store
from faultbox_collector.uploads.folder import UploadFolder
from faultbox_collector.web import openapi
from faultbox_collector.web.admission import Admission, read_rates
from faultbox_collector.web.body import BodyLimits
from faultbox_collector.web.config import Config
from faultbox_collector.web.connections import read_proxies
from faultbox_collector.web.heartbeats import BeatGroup, Heartbeats
from faultbox_collector.web.intake import Intake
from faultbox_collector.web.metrics import Gauge, Metrics, Readiness
from faultbox_collector.web.problems import answer_problems
from faultbox_collector.web.receipts import Receipts, get_health, get_time
from faultbox_collector.web.uploads import Uploads
from faultbox_collector.writer import DatabaseAway, Writer
from faultbox_protocol import api

logger = logging.getLogger(__name__)

_MIB = 1024 * 1024
OpenPack = Callable[[PackFolder, int, Position], Pack]


@dataclass(frozen=True, slots=True)
class Collector:
    """The parts of a running collector."""

    settings: Settings
    store: OpenStore
    writer: Writer
    inbox: Inbox
    digest: Digest
    outcomes: Outcomes
    packs: PackFolder
    disk: Disk
    keys: Admission
    reader: Reader
    accounts: Accounts
    desk: Desk
    application: web.Application
    fatal: asyncio.Event
    """Set when the process must end: the disk does not confirm any more."""


def build_collector(settings: Settings, open_pack: OpenPack = PackWriter) -> Collector:
    """Open the data folder and wire the parts; nothing runs until the application starts.

    `open_pack` gets the folder of packs, the size at which one is sealed, and the digest's place.

    Raises:
        DataFolderBusy, DataFolderError: the data folder cannot be used.
        SettingsError: `trusted_proxies` is no list of addresses and networks.
    """
    proxies = read_proxies(settings)
    packs = PackFolder(settings.data_path)
    disk = Disk(
        (settings.data_path, packs.path),
        settings.disk_reserve_mib * _MIB,
        settings.ballast_mib * _MIB,
    )
    if settings.data_path.exists():
        disk.look()  # on a full disk the database cannot even be opened while there is ballast
    store = open_store(settings)
    try:
        pack = open_pack(packs, settings.pack_mib * _MIB, store.cursor or START)
        attempts = Attempts(store.data / FILE)
    except OSError as error:
        store.close()
        raise DataFolderError(f"cannot write to {store.data}: {error}") from None
    fatal = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        loop.call_soon_threadsafe(fatal.set)

    writer = Writer(store.writer_engine, on_fatal=end)
    inbox = Inbox(pack, on_fatal=end)
    pace = Pacing(inbox.is_streaming, inbox.is_busy, lambda: inbox.fullness)
    # Between statements, too: building them takes as long as decoding the bundles did.
    listen(store.writer_engine, "before_cursor_execute", lambda *_: pace.breathe())
    digest = Digest(
        packs,
        writer,
        attempts,
        store.cursor,
        settings.digest_batch,
        inbox.ids.forget,
        hang_seconds=HANG_SECONDS,
        pace=pace,
    )
    disk = Disk(
        (store.data, packs.path), settings.disk_reserve_mib * _MIB, settings.ballast_mib * _MIB
    )
    bodies_bytes = settings.bodies_mib * _MIB
    reader = Reader(store.reader_engine, packs, store.organisation)
    collector = Collector(
        settings=settings,
        store=store,
        writer=writer,
        inbox=inbox,
        digest=digest,
        outcomes=Outcomes(),
        packs=packs,
        disk=disk,
        keys=Admission(inbox, disk, read_rates(settings), proxies, bodies_bytes),
        reader=reader,
        accounts=Accounts(reader, writer),
        desk=Desk(writer),
        application=web.Application(middlewares=[answer_problems]),
        fatal=fatal,
    )
    _add_routes(collector)
    _add_watch(collector)
    collector.application.cleanup_ctx.append(lambda _app: _run_parts(collector))
    collector.application.cleanup_ctx.append(Housekeeping(writer, collector.outcomes).run)
    return collector


def _add_routes(collector: Collector) -> None:
    settings = collector.settings
    slow = BodyLimits(settings.body_idle_seconds, settings.body_seconds)
    intake = Intake(collector.keys, collector.inbox, slow, collector.outcomes)
    uploads = Uploads(
        collector.keys,
        UploadFolder(collector.store.data),
        slow,
        collector.fatal.set,
        collector.keys.address_of,
    )
    heartbeats = Heartbeats(
        collector.keys,
        slow,
        lambda groups: collector.writer.run(lambda connection: _add_groups(connection, groups)),
    )
    receipts = Receipts(collector.keys, collector.inbox, collector.reader.receipt)
    collector.application.router.add_routes(
        [
            web.post(api.BUNDLES, intake.post, expect_handler=intake.expect),
            web.get(f"{api.RECEIPTS}/{{id}}", receipts.get),
            web.get(api.TIME, get_time),
            web.get(api.CONFIG, Config(collector.keys).get),
            web.get("/healthz", get_health),
            web.get(openapi.PATH, openapi.get_document),
            web.post(api.HEARTBEATS, heartbeats.post),
            web.post(api.UPLOADS, uploads.create),
            web.options(api.UPLOADS, uploads.options),
            web.head(f"{api.UPLOADS}/{{up}}", uploads.head),
            web.patch(f"{api.UPLOADS}/{{up}}", uploads.patch, expect_handler=uploads.expect),
            web.delete(f"{api.UPLOADS}/{{up}}", uploads.delete),
        ]
    )
    collector.application.cleanup_ctx.append(uploads.run)


def _add_groups(connection: Connection, groups: Sequence[BeatGroup]) -> list[int]:
    """Store heartbeats of several requests in one transaction."""
    return [
        add_beats(connection, one.organisation_id, one.product_id, one.beats, one.received_ms)
        for one in groups
    ]


def _add_watch(collector: Collector) -> None:
    """Add what the machine's own network asks: figures, and whether bundles can be taken."""
    inbox, digest, disk = collector.inbox, collector.digest, collector.disk
    gauges = [
        Gauge("inbox_bundles", "Bundles that wait for disk or digest.", lambda: inbox.depth),
        Gauge("inbox_waiting_bytes", "Bytes that wait for the disk.", lambda: inbox.waiting_bytes),
        Gauge(
            "digest_lag_bytes",
            "Bytes of packs that wait for the digest.",
            lambda: collector.packs.count_bytes(digest.position, digest.durable),
        ),
        Gauge(
            "digest_waiting",
            "1 while the database does not take what is digested.",
            lambda: digest.waiting_for is not None,
        ),
    ]

    async def takes_bundles() -> bool:
        return not (collector.fatal.is_set() or inbox.is_full or disk.trouble)

    async def store_works() -> bool:
        await collector.reader.totals()
        return digest.waiting_for is None

    collector.application.router.add_routes(
        [
            web.get("/metrics", Metrics(collector.reader.totals, gauges).get),
            web.get("/readyz", Readiness({"pack": takes_bundles, "store": store_works}).get),
        ]
    )


async def _run_parts(collector: Collector) -> AsyncIterator[None]:
    """Start the threads in the order of the flow, stop them in the same order."""

    async def load_keys() -> None:
        collector.keys.load(await collector.reader.keys())

    collector.disk.start()
    collector.writer.start()
    collector.digest.start(collector.inbox.end)
    collector.inbox.start(collector.digest.notice)
    await load_keys()
    actions = await serve_actions(collector.store.data, collector.writer, load_keys)
    reloading = asyncio.create_task(_reload_keys(collector, load_keys))
    try:
        yield
    finally:
        reloading.cancel()
        actions.close()
        await collector.inbox.stop()
        await asyncio.to_thread(_stop_parts, collector)


def _stop_parts(collector: Collector) -> None:
    collector.digest.stop()
    collector.writer.stop()
    collector.disk.stop()
    collector.store.close()


async def _reload_keys(collector: Collector, load_keys: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(collector.settings.key_cache_seconds)
        try:
            await load_keys()
        except DatabaseAway:
            continue  # the writer has said so; the old keys stay
        except Exception:
            logger.exception("the ingest keys could not be read again; the old ones stay")
