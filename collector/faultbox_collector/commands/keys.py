"""`faultbox keys add|list|revoke`: ingest keys, one or more per product."""

import argparse
from typing import Any

from faultbox_collector.actions import perform
from faultbox_collector.commands.options import add_settings_options, settings_of
from faultbox_collector.commands.printing import write_json
from faultbox_collector.commands.reading import read_store
from faultbox_collector.store.products import list_keys


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Register the command."""
    parser = subparsers.add_parser("keys", help="ingest keys of products")
    actions = parser.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="make a key for a product; prints the key alone")
    add.add_argument("product", help="the product's name, as its bundles say it")
    add.set_defaults(func=_add)
    listing = actions.add_parser("list", help="list keys by their first characters")
    listing.add_argument("--json", action="store_true", help="one JSON list")
    listing.set_defaults(func=_list)
    revoke = actions.add_parser("revoke", help="stop taking a key")
    revoke.add_argument("prefix", help="its first 8 characters, as `keys list` shows them")
    revoke.set_defaults(func=_revoke)
    for one in (add, listing, revoke):
        add_settings_options(one)


def _add(args: argparse.Namespace) -> int:
    print(perform(settings_of(args), "keys.add", {"product": args.product}))
    return 0


def _revoke(args: argparse.Namespace) -> int:
    perform(settings_of(args), "keys.revoke", {"prefix": args.prefix})
    print(f"revoked {args.prefix[:8]}")
    return 0


def _list(args: argparse.Namespace) -> int:
    rows = read_store(settings_of(args), list_keys)
    if args.json:
        found = [
            {
                "prefix": row.prefix,
                "product": row.product,
                "created_ms": row.created_ms,
                "revoked_ms": row.revoked_ms,
            }
            for row in rows
        ]
        print(write_json(found, indent=1))
        return 0
    for row in rows:
        print(f"{row.prefix}  {'revoked' if row.revoked_ms else 'in force':8s}  {row.product}")
    return 0
