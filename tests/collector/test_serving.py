"""Serving until told to stop: status 0 by request, 74 where the disk no longer confirms."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from faultbox_collector.serving import EXIT_DISK, run_application
from faultbox_collector.settings import Settings, SettingsError


async def test_a_fatal_disk_ends_it_with_74() -> None:
    fatal, ports = asyncio.Event(), list[int]()

    def listening(port: int) -> None:
        ports.append(port)
        fatal.set()

    assert await run_application(web.Application(), Settings(port=0), fatal, listening) == EXIT_DISK
    assert ports[0] > 0


async def test_a_fatal_disk_ends_it_with_74_though_a_part_cannot_end_in_order() -> None:
    async def part(_application: web.Application) -> AsyncIterator[None]:
        yield
        raise OSError(5, "Input/output error")

    application, fatal = web.Application(), asyncio.Event()
    application.cleanup_ctx.append(part)
    ended = run_application(application, Settings(port=0), fatal, lambda _port: fatal.set())
    assert await ended == EXIT_DISK


async def test_a_certificate_that_cannot_be_read_is_told() -> None:
    settings = Settings(port=0, tls_cert="/nonexistent.pem", tls_key="/nonexistent.key")
    with pytest.raises(SettingsError, match="cannot use tls_cert"):
        await run_application(web.Application(), settings, asyncio.Event(), lambda _port: None)
