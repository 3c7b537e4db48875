"""First triage by rule: problem type and severity of a fault (form fields 15 and 25).

A guess that says it is one: the value carries the origin "rule" until a person confirms it.
"""

from faultbox_protocol.words import FaultKind, Severity

_HARDWARE_SIGNALS = frozenset({"SIGBUS"})
_FATAL_KINDS = frozenset({FaultKind.CRASH, FaultKind.OOM, FaultKind.HANG})


def guess_problem_type(kind: FaultKind, signal: str | None) -> str:
    """Return hardware, software or other."""
    if signal in _HARDWARE_SIGNALS or kind is FaultKind.ANOMALY:
        return "hardware"
    if kind in _FATAL_KINDS or kind is FaultKind.ERROR:
        return "software"
    return "other"


def guess_severity(kind: FaultKind, severity: Severity | None) -> str:
    """Return fatal (the device is down), serious, normal or minor."""
    if kind is FaultKind.REBOOT:
        return "fatal"
    if kind in _FATAL_KINDS or severity is Severity.FATAL:
        return "serious"
    if severity in (Severity.WARNING, Severity.INFO):
        return "minor"
    return "normal"
