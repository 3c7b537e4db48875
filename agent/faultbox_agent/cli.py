"""`faultbox-agent`: one word, one command.

The module of a command is imported only when it is asked for: what a long-lived process imports
stays in its memory.
"""

import importlib
import sys
from collections.abc import Sequence

from faultbox_agent.__about__ import VERSION
from faultbox_agent.slim import leave_out_openssl

_MEANINGS = {
    "run": "stay: watch logs and the drop folder, deliver",
    "exec": "run a program and report how it ends",
    "report": "report by hand",
    "status": "what waits, what was lost, when the next delivery is tried",
    "flush": "deliver now; exit code 0 only if nothing is left",
    "selftest": "from a fault to its receipt",
}
COMMANDS = tuple(_MEANINGS)
_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command named by the first argument; return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    name = words[0] if words else ""
    if name in ("-V", "--version"):
        print(f"faultbox-agent {VERSION}")
        return 0
    if name in ("-h", "--help", "help"):
        print(_describe_usage())
        return 0
    if name not in COMMANDS:
        print(f"faultbox-agent: one of {', '.join(COMMANDS)} is expected", file=sys.stderr)
        return _USAGE
    if name == "run":
        leave_out_openssl()
    module = importlib.import_module(f"faultbox_agent.commands.{name}_")
    result: int = module.main(words[1:])
    return result


def _describe_usage() -> str:
    rows = [f"  {name:9} {meaning}" for name, meaning in _MEANINGS.items()]
    return "\n".join(
        [
            "usage: faultbox-agent COMMAND [options]",
            "       faultbox-agent exec [options] -- CMD [ARG ...]",
            "",
            "commands:",
            *rows,
            "",
            "faultbox-agent COMMAND --help tells the options of a command.",
        ]
    )
