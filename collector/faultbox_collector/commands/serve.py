"""`faultbox-collector serve`: the headless collector, without pages."""

import argparse
import asyncio
import logging
import sys
from dataclasses import replace
from typing import Any

from faultbox_collector.address import write_url
from faultbox_collector.app import build_collector
from faultbox_collector.commands.options import add_settings_options, settings_of
from faultbox_collector.serving import run_application
from faultbox_collector.settings import Settings


def add_serve_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a server."""
    add_settings_options(parser)
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (8080)")
    parser.add_argument("--tls-cert", metavar="FILE", help="PEM certificate chain: serve HTTPS")
    parser.add_argument("--tls-key", metavar="FILE", help="PEM private key")


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Register the command."""
    parser = subparsers.add_parser("serve", help="take bundles and open tickets, without pages")
    add_serve_options(parser)
    parser.set_defaults(func=_serve)


def start_logging() -> None:
    """Log to standard error, one line each."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )


def _serve(args: argparse.Namespace) -> int:
    start_logging()
    return asyncio.run(_run(settings_of(args)))


async def _run(settings: Settings) -> int:
    collector = build_collector(settings)

    def announce(port: int) -> None:
        url = replace(settings, port=port).base_url
        write_url(collector.store.data, url)
        print(f"listening on {url}\ndata: {collector.store.data}", flush=True)

    return await run_application(collector.application, settings, collector.fatal, announce)
