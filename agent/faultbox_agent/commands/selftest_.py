"""`faultbox-agent selftest`: from a fault to its receipt; the collector opens no ticket for it."""

import sys
from collections.abc import Sequence

from faultbox_agent.clock import SystemClock
from faultbox_agent.commands.flush_ import flush
from faultbox_agent.commands.options import identity_of, make_parser, read_settings
from faultbox_agent.commands.report_ import leave_report
from faultbox_agent.sources.manual import Statement, build_fault
from faultbox_protocol.report_code import report_code
from faultbox_protocol.words import FaultKind

_EXIT_LEFT, _EXIT_SPOOL = 1, 73


def main(arguments: Sequence[str]) -> int:
    """File a fault of kind selftest and deliver it."""
    parser = make_parser("selftest", __doc__ or "")
    parser.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS")
    given = parser.parse_args(arguments)
    settings = read_settings(given)
    identity, place = identity_of(settings)
    statement = Statement(FaultKind.SELFTEST, None, "selftest", "")
    fault = build_fault(statement, SystemClock(), identity, place)
    try:
        leave_report(settings.spool, fault, [])
        done = flush(settings, given.timeout)
    except OSError as error:
        sys.stderr.write(f"faultbox-agent: {error.filename or settings.spool}: {error.strerror}\n")
        return _EXIT_SPOOL
    if done.refused:
        outcome = f"refused: {done.last}"
    else:
        outcome = "delivered" if done.empty else f"waits: {done.last}"
    sys.stdout.write(f"{report_code(fault.id)} {outcome}\n")
    return 0 if done.empty and not done.refused else _EXIT_LEFT
