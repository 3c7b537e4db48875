"""A report by hand: what a field engineer types, with files."""

import mimetypes
import os
from collections.abc import Sequence
from dataclasses import dataclass

from faultbox_agent.clock import Clock
from faultbox_agent.codes import find_code
from faultbox_agent.fault import Fault, PlainMap, new_fault_id
from faultbox_agent.redact import redact_text
from faultbox_agent.redact_rules import RULES_VERSION
from faultbox_protocol import limits
from faultbox_protocol.report import Plain
from faultbox_protocol.words import FaultKind, Severity


@dataclass(frozen=True, slots=True)
class Statement:
    """What was said."""

    kind: FaultKind
    code: str | None
    message: str
    text: str
    """Longer text, as a log excerpt; may be empty."""
    attach: Sequence[str] = ()


def build_fault(statement: Statement, clock: Clock, identity: PlainMap, place: PlainMap) -> Fault:
    """Return the fault of a statement; its files are named, not read."""
    message, hits = redact_text(statement.message or statement.text.strip().partition("\n")[0])
    text, more = redact_text(statement.text)
    wall_ms = clock.wall_ms()
    err: PlainMap = {"msg": message}
    code = statement.code or find_code(message, failing=statement.kind is FaultKind.ERROR)
    if code:
        err["code"] = code
    if text.strip() and statement.kind is not FaultKind.FEEDBACK:
        err["text"] = text[: limits.CRASH_TEXT_CHARS]
    fault_id = new_fault_id(wall_ms)
    head: PlainMap = {
        "kind": str(statement.kind),
        "sev": str(_SEVERITY.get(statement.kind, Severity.ERROR)),
        "t_ms": wall_ms,
        "mono_ms": clock.mono_ms(),
        "boot": clock.boot,
        "prod": identity,
        "err": err,
        "form": {"phenomenon": message[: limits.MESSAGE_CHARS]},
        "scrub": {"v": RULES_VERSION, "hits": hits + more},
    }
    if place:
        head["where"] = place
    lines: list[Plain] = [[None, None, "report", line] for line in text.splitlines()[:200]]
    files: list[Plain] = [
        {
            "name": os.path.basename(path),
            "ctype": mimetypes.guess_type(path)[0] or "application/octet-stream",
            "file": f"{fault_id.hex()}.{index}.blob",
        }
        for index, path in enumerate(statement.attach[: limits.ATTACHMENTS])
    ]
    facts: PlainMap = {"fatal": False, "uid": os.getuid(), "files": files}
    return Fault(fault_id, head, {"log": lines, "x": {"by_hand": True}}, facts)


_SEVERITY = {FaultKind.CRASH: Severity.FATAL, FaultKind.SELFTEST: Severity.INFO}
