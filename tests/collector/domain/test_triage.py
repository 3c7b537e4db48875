"""First triage by rule, as a table."""

import pytest

from faultbox_collector.domain.triage import guess_problem_type, guess_severity
from faultbox_protocol.words import FaultKind, Severity


@pytest.mark.parametrize(
    ("kind", "signal", "expected"),
    [
        (FaultKind.CRASH, "SIGSEGV", "software"),
        (FaultKind.CRASH, "SIGBUS", "hardware"),
        (FaultKind.HANG, None, "software"),
        (FaultKind.OOM, "SIGKILL", "software"),
        (FaultKind.ERROR, None, "software"),
        (FaultKind.ANOMALY, None, "hardware"),
        (FaultKind.REBOOT, None, "other"),
        (FaultKind.FEEDBACK, None, "other"),
    ],
)
def test_problem_type(kind: FaultKind, signal: str | None, expected: str) -> None:
    assert guess_problem_type(kind, signal) == expected


@pytest.mark.parametrize(
    ("kind", "severity", "expected"),
    [
        (FaultKind.REBOOT, None, "fatal"),
        (FaultKind.REBOOT, Severity.INFO, "fatal"),
        (FaultKind.CRASH, Severity.WARNING, "serious"),
        (FaultKind.ERROR, Severity.FATAL, "serious"),
        (FaultKind.ERROR, Severity.ERROR, "normal"),
        (FaultKind.ERROR, None, "normal"),
        (FaultKind.ERROR, Severity.WARNING, "minor"),
        (FaultKind.ANOMALY, Severity.INFO, "minor"),
    ],
)
def test_severity(kind: FaultKind, severity: Severity | None, expected: str) -> None:
    assert guess_severity(kind, severity) == expected
