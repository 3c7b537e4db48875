"""`faultbox-agent report`: report by hand; longer text comes on stdin."""

import os
import sys
from collections.abc import Sequence

from faultbox_agent.clock import SystemClock
from faultbox_agent.commands.options import identity_of, make_parser, read_settings
from faultbox_agent.drop import leave_record
from faultbox_agent.fault import Fault, write_fault
from faultbox_agent.sources.dropfolder import FILES_BYTES, list_files
from faultbox_agent.sources.manual import Statement, build_fault
from faultbox_protocol import limits
from faultbox_protocol.report_code import report_code
from faultbox_protocol.words import FaultKind

_EXIT_FILE, _EXIT_SPOOL, _EXIT_USAGE = 66, 73, 2
_TEXT_CHARS = 64 * 1024
_KIND = "what sort of fault it is; feedback, a person's own words, where it is left out"
_ATTACH = f"a file to send along, at most 4 MiB; again for more, {limits.ATTACHMENTS} at most"


def main(arguments: Sequence[str]) -> int:
    """File a report and print its report code and bundle id."""
    parser = make_parser("report", __doc__ or "")
    parser.add_argument("--code", metavar="CODE", help="error code of the device, as E-202")
    parser.add_argument("--message", default="", help="what happened, in one sentence")
    kinds = [kind.value for kind in FaultKind if kind is not FaultKind.OTHER]
    parser.add_argument("--kind", choices=kinds, default="feedback", help=_KIND)
    parser.add_argument("--attach", action="append", default=[], metavar="FILE", help=_ATTACH)
    given = parser.parse_args(arguments)
    settings = read_settings(given)
    text = "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read(_TEXT_CHARS)
    if not (given.message or text.strip()):
        sys.stderr.write("faultbox-agent report: --message or a text on stdin is expected\n")
        return _EXIT_USAGE
    identity, place = identity_of(settings)
    statement = Statement(FaultKind(given.kind), given.code, given.message, text, given.attach)
    fault = build_fault(statement, SystemClock(), identity, place)
    try:
        files = read_attachments(given.attach)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"faultbox-agent report: {error}\n")
        return _EXIT_FILE
    try:
        leave_report(settings.spool, fault, files)
    except OSError as error:
        sys.stderr.write(f"faultbox-agent report: not kept: {error.strerror}\n")
        return _EXIT_SPOOL
    sys.stdout.write(f"report code: {report_code(fault.id)}\nbundle: {fault.id.hex()}\n")
    return 0


def read_attachments(paths: Sequence[str]) -> list[bytes]:
    """Return the files to attach.

    Raises:
        OSError: one cannot be read.
        ValueError: one is too large, or they are too many.
    """
    if len(paths) > limits.ATTACHMENTS:
        raise ValueError(f"at most {limits.ATTACHMENTS} files")
    left = FILES_BYTES
    found = []
    for path in paths:
        size = os.stat(path).st_size
        left -= size
        if size > limits.BLOB_BYTES or left < 0:
            raise ValueError(f"{path}: at most 4 MiB a file and 8 MiB together")
        with open(path, "rb") as file:
            found.append(file.read(limits.BLOB_BYTES))
    return found


def leave_report(spool: str, fault: Fault, files: Sequence[bytes]) -> None:
    """Leave a report in the drop folder, its files first: the record is what makes it whole.

    Raises:
        OSError: it was not kept.
    """
    for left, data in zip(list_files(fault), files, strict=True):
        leave_record(spool, left.file, data, durable=True)
    leave_record(spool, f"{fault.id.hex()}.json", write_fault(fault), durable=True)
