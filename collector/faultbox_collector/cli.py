"""The command line of the server side; the dashboard passes its own `serve`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from faultbox_collector import __version__
from faultbox_collector.actions import ActionError
from faultbox_collector.commands import keys, migrate, serve, sign, ticket, users
from faultbox_collector.settings import SettingsError
from faultbox_collector.store.opening import DataFolderBusy, DataFolderError

AddParser = Callable[["argparse._SubParsersAction[Any]"], None]


def run(prog: str, add_serve: AddParser, argv: Sequence[str] | None = None) -> int:
    """Parse the command line, run the command and return its exit status.

    Wrong usage and wrong settings end with 2 and one sentence on standard error.
    """
    parser = argparse.ArgumentParser(prog=prog, description="Faultbox server")
    parser.add_argument("--version", action="version", version=f"faultbox {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_serve(subparsers)
    for command in (keys, ticket, sign, users, migrate):
        command.add_parser(subparsers)
    args = parser.parse_args(argv)
    try:
        status: int = args.func(args)
    except (SettingsError, ActionError, DataFolderBusy, DataFolderError) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    return status


def main() -> None:
    """Run `faultbox-collector`."""
    sys.exit(run("faultbox-collector", serve.add_parser))
