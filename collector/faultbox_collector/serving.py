"""Running a web application on a socket until a signal, with or without TLS."""

import asyncio
import gc
import signal
import ssl
import sys
from collections.abc import Callable

from aiohttp import web

from faultbox_collector.settings import Settings, SettingsError

KEEPALIVE_SECONDS = 75.0
LINGERING_SECONDS = 2.0
"""How long the rest of a refused body is read and dropped, so that its sender sees the answer."""
SHUTDOWN_SECONDS = 5.0
"""How long a request in hand may take to end after SIGTERM."""
GC_THRESHOLD = 50_000
"""Reports are trees of small records without cycles: looking for cycles every 700 costs a tenth."""
SWITCH_SECONDS = 0.001
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
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    sys.setswitchinterval(SWITCH_SECONDS)

    runner = make_runner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port, ssl_context=tls, backlog=512)
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
        await runner.cleanup()


def make_runner(application: web.Application) -> web.AppRunner:
    """Return the runner in which the framework leaves bodies alone and logs no requests."""
    return web.AppRunner(
        application,
        access_log=None,
        auto_decompress=False,  # bodies are read and checked by ours alone
        keepalive_timeout=KEEPALIVE_SECONDS,
        shutdown_timeout=SHUTDOWN_SECONDS,
        lingering_time=LINGERING_SECONDS,
        handle_signals=False,
    )


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
