"""Running a web application on a socket until a signal, with or without TLS."""

import asyncio
import gc
import logging
import signal
import ssl
import sys
from collections.abc import Callable

from aiohttp import web

from faultbox_collector.allocator import keep_large_blocks_apart
from faultbox_collector.settings import Settings, SettingsError
from faultbox_collector.web.connections import (
    ConnectionLimits,
    Gate,
    GuardedSite,
    raise_file_limit,
    read_proxies,
)

logger = logging.getLogger(__name__)

KEEPALIVE_SECONDS = 75.0
LINGERING_SECONDS = 2.0
"""How long the rest of a refused body is read and dropped, so that its sender sees the answer."""
UNREAD_SECONDS = 60.0
"""How long an answer may lie unread in the network before its connection is cut."""
SHUTDOWN_SECONDS = 5.0
"""How long a request in hand may take to end after SIGTERM."""
GC_THRESHOLD = 50_000
"""Reports are trees of small records without cycles: looking for cycles every 700 costs a tenth."""
SWITCH_SECONDS = 0.00005
"""How long the digest may hold the interpreter while a device waits for its receipt; 5 ms by
default, which a busy digest makes felt at every step of a request."""
EXIT_DISK = 74
"""EX_IOERR: the disk does not confirm any more."""


async def run_application(
    application: web.Application,
    settings: Settings,
    fatal: asyncio.Event,
    on_listening: Callable[[int], None],
) -> int:
    """Serve until SIGINT or SIGTERM (exit status 0) or `fatal` (74); then stop in order.

    Args:
        application: what to serve.
        settings: host, port and TLS files.
        fatal: set by a part that can no longer keep its promise.
        on_listening: called once with the port that was bound.

    Raises:
        SettingsError: the address cannot be bound or the TLS files cannot be read.
    """
    tls = _tls_context(settings)
    keep_large_blocks_apart()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    sys.setswitchinterval(SWITCH_SECONDS)

    runner = make_runner(application)
    await runner.setup()
    try:
        site = make_site(runner, settings, tls)
        try:
            await site.start()
        except OSError as error:
            raise SettingsError(
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; "
                "choose another with --host and --port"
            ) from None
        on_listening(runner.addresses[0][1])
        return await _wait(fatal)
    finally:
        await _clean_up(runner, fatal)


_HANDLER_OPTIONS: dict[str, float | bool | None] = {
    "access_log": None,  # no request is logged
    "auto_decompress": False,  # bodies are read and checked by ours alone
    "keepalive_timeout": KEEPALIVE_SECONDS,
    "lingering_time": LINGERING_SECONDS,
}


def make_runner(application: web.Application) -> web.AppRunner:
    """Return the runner of an application; `make_site` gives it a socket."""
    return web.AppRunner(application, shutdown_timeout=SHUTDOWN_SECONDS, handle_signals=False)


def make_site(
    runner: web.AppRunner, settings: Settings, tls: ssl.SSLContext | None = None
) -> GuardedSite:
    """Return the listening socket of a runner that is set up, with the limits of the settings.

    Raises:
        SettingsError: `trusted_proxies` is no list of addresses and networks.
    """
    most = raise_file_limit()
    limits = ConnectionLimits(
        per_address=settings.connections_per_address,
        in_all=min(settings.connections or most, most),
        head_seconds=settings.head_seconds,
        lingering_seconds=LINGERING_SECONDS,
        unread_seconds=UNREAD_SECONDS,
    )
    gate = Gate(limits, read_proxies(settings))
    return GuardedSite(runner, gate, _HANDLER_OPTIONS, settings.host, settings.port, tls)


async def _clean_up(runner: web.AppRunner, fatal: asyncio.Event) -> None:
    """Stop everything; where the disk is broken, parts need not end in order."""
    try:
        await runner.cleanup()
    except Exception:
        if not fatal.is_set():
            raise
        logger.exception("not everything ended in order")


async def _wait(fatal: asyncio.Event) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    waits = {asyncio.create_task(stop.wait()), asyncio.create_task(fatal.wait())}
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in waits:
        task.cancel()
    return EXIT_DISK if fatal.is_set() else 0


def _tls_context(settings: Settings) -> ssl.SSLContext | None:
    if not settings.tls_cert:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"cannot use tls_cert {settings.tls_cert} with tls_key {settings.tls_key}: {error}"
        ) from None
    return context
