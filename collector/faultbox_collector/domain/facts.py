"""What is known of a fault, free of any language: titles and forms are made of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Facts:
    """What a title sentence is made of, free of any language."""

    kind: str
    """A `FaultKind` word: crash, hang, oom, reboot, error, anomaly, feedback, other; or
    `unreadable`, for bundles that were set aside."""
    type: str | None = None
    """Exception type, or signal name for an exit by signal."""
    code: str | None = None
    """Error code such as E-202."""
    signal: str | None = None
    function: str | None = None
    program: str | None = None
    message: str | None = None
