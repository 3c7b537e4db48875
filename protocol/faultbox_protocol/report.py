"""A fault report as records: the head that intake and digest need, and the bulky evidence.

Field names are those of the wire (`docs/protocol.md`, Head schema); units are in the names:
`_ms` milliseconds, `_b` bytes, `_pct` per cent, `_c` degrees Celsius. Frames are innermost first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from faultbox_protocol.words import ClockQuality, FaultKind, Place, Severity

Scalar = str | int | float | bool | None
Plain = Scalar | bytes | list["Plain"] | dict[str, "Plain"]
"""What one msgpack value may be."""


@dataclass(frozen=True, slots=True)
class Product:
    """Which product the fault happened on, and in which versions."""

    name: str
    model: str | None = None
    serial: str | None = None
    batch: str | None = None
    hw: str | None = None
    fw: str | None = None
    app: str | None = None
    build_id: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Where:
    """Where the device stands."""

    env: Place | None = None
    site: str | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One stack frame; `off` is the offset in the module, `app` whether it is the product's own."""

    fn: str | None = None
    mod: str | None = None
    file: str | None = None
    line: int | None = None
    off: int | None = None
    build_id: str | None = None
    app: bool | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """One link of an exception chain, the outer ones first."""

    type: str
    msg: str | None = None
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Err:
    """What went wrong: an error code, an exception, a signal, or crash text to be parsed."""

    code: str | None = None
    type: str | None = None
    msg: str | None = None
    sig_no: int | None = None
    frames: tuple[Frame, ...] = ()
    causes: tuple[Cause, ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The agent's own guess at the signature; the collector recomputes, holds use it."""

    alg: int
    sig: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels along: blob `i` of this bundle, or upload `up`."""

    name: str
    ctype: str
    raw_b: int
    sha256: str
    i: int | None = None
    up: str | None = None


@dataclass(frozen=True, slots=True)
class Scrub:
    """What redaction did on the device: version of its rules, number of hits."""

    v: int
    hits: int


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a bundle: at most 64 KiB, decoded by intake and digest."""

    id: bytes
    kind: FaultKind
    prod: Product
    v: int = 1
    seq: int | None = None
    sev: Severity | None = None
    t_ms: int | None = None
    clk: ClockQuality | None = None
    mono_ms: int | None = None
    boot: str | None = None
    n: int = 1
    t0_ms: int | None = None
    t1_ms: int | None = None
    where: Where | None = None
    err: Err | None = None
    fp: Fingerprint | None = None
    att: tuple[Attachment, ...] = ()
    form: Mapping[str, str] = field(default_factory=dict)
    drops: Mapping[str, int] = field(default_factory=dict)
    scrub: Scrub | None = None
    of: bytes | None = None
    crit: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """Names in the bytes that this reader does not know; shown to people, never acted on."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a log tail; `dt_ms` is its distance from the fault, negative before it."""

    dt_ms: int | None
    sev: str | None
    unit: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What people look at later: stored as it came, decoded only where somebody looks."""

    log: tuple[LogLine, ...] = ()
    sys: Mapping[str, Plain] = field(default_factory=dict)
    crumbs: tuple[Mapping[str, Plain], ...] = ()
    threads: tuple[Mapping[str, Plain], ...] = ()
    modules: tuple[Mapping[str, Plain], ...] = ()
    form: Mapping[str, str] = field(default_factory=dict)
    x: Mapping[str, Scalar] = field(default_factory=dict)
