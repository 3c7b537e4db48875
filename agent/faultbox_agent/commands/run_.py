"""`faultbox-agent run`: the resident agent."""

import logging
import sys
from collections.abc import Sequence

from faultbox_agent.app import Resident
from faultbox_agent.commands.options import make_parser, read_settings
from faultbox_agent.lock import SpoolBusy
from faultbox_agent.station import complain

_EXIT_BUSY, _EXIT_SPOOL = 75, 73


def main(arguments: Sequence[str]) -> int:
    """Run until SIGTERM or SIGINT."""
    settings = read_settings(make_parser("run", __doc__ or "").parse_args(arguments))
    logging.raiseExceptions = False
    if not settings.server or not settings.key:
        complain("no server or no key: faults are kept in the spool")
    try:
        resident = Resident(settings)
    except SpoolBusy as error:
        complain(str(error))
        return _EXIT_BUSY
    except OSError as error:
        complain(f"{error.filename or settings.spool}: {error.strerror}")
        return _EXIT_SPOOL
    sys.stderr.write(f"faultbox-agent: spool {settings.spool}\n")
    sys.stderr.flush()
    return resident.run()
