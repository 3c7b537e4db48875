"""`faultbox users login-link`: a one-time link into the dashboard."""

import argparse
from typing import Any

from faultbox_collector.actions import perform
from faultbox_collector.address import read_url
from faultbox_collector.commands.options import add_settings_options, settings_of
from faultbox_collector.desk.accounts import FIRST_LOGIN


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Register the command."""
    parser = subparsers.add_parser("users", help="who may look at the dashboard")
    actions = parser.add_subparsers(dest="action", required=True)
    link = actions.add_parser("login-link", help="print a one-time login link, valid for a day")
    link.add_argument("login", nargs="?", default=FIRST_LOGIN, help=f"account ({FIRST_LOGIN})")
    link.set_defaults(func=_link)
    add_settings_options(link)


def _link(args: argparse.Namespace) -> int:
    settings = settings_of(args)
    token = perform(settings, "users.login-link", {"login": args.login})
    print(f"login: {read_url(settings)}/login/{token}")
    return 0
