"""The command `faultbox`: the server with its pages, and every command of the collector."""

import sys

from faultbox_collector.cli import run
from faultbox_dashboard import serve


def main() -> None:
    """Run the command line."""
    sys.exit(run("faultbox", serve.add_parser))
