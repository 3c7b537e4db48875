"""`faultbox-agent exec [options] -- CMD…`: run a program and report how it ends."""

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

_EXIT_NOT_FOUND, _EXIT_NOT_STARTED, _EXIT_USAGE = 127, 126, 2


def main(arguments: Sequence[str]) -> int:
    """Supervise the program behind `--`; return its exit code, 128 + n for a signal."""
    words = list(arguments)
    cut = words.index("--") if "--" in words else len(words)
    given = make_parser("exec", __doc__ or "").parse_args(words[:cut])
    command = words[cut + 1 :]
    if not command:
        sys.stderr.write("faultbox-agent exec: write the program behind --\n")
        return _EXIT_USAGE
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
