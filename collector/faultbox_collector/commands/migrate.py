"""`faultbox migrate`: bring the database to this release's schema."""

import argparse
from typing import Any

from faultbox_collector.commands.options import add_settings_options, settings_of
from faultbox_collector.store.opening import open_store


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Register the command."""
    parser = subparsers.add_parser("migrate", help="bring the database to this release's schema")
    parser.set_defaults(func=_migrate)
    add_settings_options(parser)


def _migrate(args: argparse.Namespace) -> int:
    store = open_store(settings_of(args))
    store.close()
    print(f"{store.data} is up to date")
    return 0
