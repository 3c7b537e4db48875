"""Closed vocabularies of the wire. A reader maps a word it does not know to OTHER."""

from enum import IntEnum, StrEnum


class FaultKind(StrEnum):
    """What sort of fault a bundle reports."""

    CRASH = "crash"
    HANG = "hang"
    OOM = "oom"
    REBOOT = "reboot"
    ERROR = "error"
    ANOMALY = "anomaly"
    FEEDBACK = "feedback"
    SELFTEST = "selftest"
    OTHER = "other"


class Severity(StrEnum):
    """How bad the fault was for the program that had it."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    OTHER = "other"


class ClockQuality(StrEnum):
    """How far the device's wall clock can be trusted."""

    NONE = "none"
    RTC = "rtc"
    SYNCED = "synced"
    OTHER = "other"


class Place(StrEnum):
    """Where the device stands (form field 13)."""

    CUSTOMER_SITE = "customer_site"
    TEST = "test"
    PRODUCTION = "production"
    OTHER = "other"


class FrameKind(IntEnum):
    """Kind byte of an FBX frame."""

    HEAD = 1
    BLOB = 2
    END = 3
    EVIDENCE = 4
    ARRIVAL = 5
    """Written by a collector in front of a bundle in its packs; refused on the wire."""


class Codec(IntEnum):
    """Codec byte of an FBX frame."""

    IDENTITY = 0
    ZSTD = 1
    ZLIB = 2


class BundleState(StrEnum):
    """The one outcome of a bundle, as receipts tell it."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    INVALID = "invalid"
    REFUSED = "refused"
    QUARANTINED = "quarantined"
    DIGESTED = "digested"
