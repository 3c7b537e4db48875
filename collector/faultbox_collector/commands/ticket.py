"""`faultbox ticket list`: tickets for scripts and terminals."""

import argparse
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from faultbox_collector.address import read_url
from faultbox_collector.commands.options import add_settings_options, settings_of
from faultbox_collector.commands.printing import show_text, write_json
from faultbox_collector.commands.reading import read_store
from faultbox_collector.domain.sentences import describe_fault
from faultbox_collector.queries.records import TicketRow
from faultbox_collector.queries.tickets import list_tickets
from faultbox_collector.store.products import DEFAULT_ORGANISATION


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Register the command."""
    parser = subparsers.add_parser("ticket", help="tickets")
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="list tickets, the newest first")
    listing.add_argument("--json", action="store_true", help="one JSON list")
    listing.add_argument("--limit", type=int, default=1000, help="at most so many (1000)")
    listing.set_defaults(func=_list)
    add_settings_options(listing)


def _list(args: argparse.Namespace) -> int:
    settings = settings_of(args)

    def query(connection: Connection) -> tuple[TicketRow, ...]:
        return list_tickets(connection, DEFAULT_ORGANISATION, limit=args.limit, offset=0)

    rows = read_store(settings, query)
    if args.json:
        base_url = read_url(settings)
        found = [
            asdict(row)
            | {
                "sentence": describe_fault(row.facts, settings.language),
                "url": f"{base_url}/tickets/{row.number}",
            }
            for row in rows
        ]
        print(write_json(found, indent=1))
        return 0
    for row in rows:
        print(f"{row.number}  {row.occurrences:6d} x  {row.devices:4d} dev  {show_text(row.title)}")
    return 0
