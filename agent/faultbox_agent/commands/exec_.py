"""`faultbox-agent exec [options] -- CMD [ARG ...]`: run a program and report how it ends."""

import shlex
import sys
from collections.abc import Sequence

from faultbox_agent.claims import CLAIM_VARIABLE
from faultbox_agent.commands.options import (
    child_environ,
    delivery_environ,
    identity_of,
    make_parser,
    read_settings_anyway,
)
from faultbox_agent.sources.exitwatch import program_name
from faultbox_agent.supervisor import supervise

_USAGE = "%(prog)s [options] -- CMD [ARG ...]"
_TEXT = (
    "Run a program and report how it ends: an exit code other than 0, or death by a signal. "
    "A program that ends with 0 files nothing, nor does one that ends because it was asked to "
    "stop through this command. The exit code is the program's, 128 + n for a signal."
)
_EXIT_NOT_FOUND, _EXIT_NOT_STARTED = 127, 126


def main(arguments: Sequence[str]) -> int:
    """Supervise the program behind `--`; return its exit code, 128 + n for a signal."""
    words = list(arguments)
    cut = words.index("--") if "--" in words else len(words)
    parser = make_parser("exec", _TEXT, _USAGE)
    given, loose = parser.parse_known_args(words[:cut])
    command = words[cut + 1 :]
    if not command:
        parser.error(_describe_missing(loose))
    if loose:
        parser.error(f"unrecognized arguments: {shlex.join(loose)}")
    settings, wrong = read_settings_anyway(given)
    if wrong:
        kept = f"the program runs, its faults are kept in {settings.spool}"
        sys.stderr.write(f"faultbox-agent: {wrong}; {kept}\n")
    program = program_name(command)
    product = program.rpartition(".")[0] or program
    identity, place = identity_of(settings, product)
    environ = child_environ(settings, given, product)
    # Inside another supervisor, which took the key away: that one delivers.
    able = not wrong and bool(settings.key or not environ.get(CLAIM_VARIABLE))
    delivery = delivery_environ(settings, environ) if able else None
    try:
        return supervise(command, program, settings.spool, identity, place, environ, delivery)
    except OSError as error:
        sys.stderr.write(f"faultbox-agent exec: {command[0]}: {error.strerror}\n")
        return _EXIT_NOT_FOUND if isinstance(error, FileNotFoundError) else _EXIT_NOT_STARTED


def _describe_missing(loose: list[str]) -> str:
    """Say where the program belongs; `loose` are the words that are no options, so no key."""
    example = f": faultbox-agent exec [options] -- {shlex.join(loose)}" if loose else ""
    return f"write the program behind --{example}"
