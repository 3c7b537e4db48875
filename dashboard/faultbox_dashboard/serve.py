"""Composition root of the whole server in one process: the collector with its pages."""

import argparse
import asyncio
from dataclasses import replace
from typing import Any

from faultbox_collector.address import write_url
from faultbox_collector.app import build_collector
from faultbox_collector.commands.options import settings_of
from faultbox_collector.commands.serve import add_serve_options, start_logging
from faultbox_collector.first_run import PRODUCT, prepare_first_run
from faultbox_collector.serving import run_application
from faultbox_collector.settings import Settings
from faultbox_dashboard.app import add_pages
from faultbox_dashboard.settings import PageSettings


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Register `faultbox serve`."""
    parser = subparsers.add_parser("serve", help="take bundles, open tickets, show the pages")
    add_serve_options(parser)
    parser.set_defaults(func=_serve)


def _serve(args: argparse.Namespace) -> int:
    start_logging()
    return asyncio.run(_run(settings_of(args)))


async def _run(settings: Settings) -> int:
    collector = build_collector(settings)
    first = prepare_first_run(collector.store)
    add_pages(
        collector.application,
        reader=collector.reader,
        accounts=collector.accounts,
        desk=collector.desk,
        settings=PageSettings(
            server_url=settings.base_url,
            first_key=first.key,
            first_product=PRODUCT,
            secure_cookies=settings.base_url.startswith("https:"),
            default_language=settings.language.replace("_", "-"),
            timezone=collector.store.organisation.timezone,
        ),
    )

    def announce(port: int) -> None:
        url = replace(settings, port=port).base_url
        write_url(collector.store.data, url)
        print(f"listening on {url}\ndata: {collector.store.data}", flush=True)
        if first.login_token:
            print(f"login: {url}/login/{first.login_token}", flush=True)
        else:
            print("for a new login link: faultbox users login-link", flush=True)

    return await run_application(collector.application, settings, collector.fatal, announce)
