"""Decoding and signing one bundle: everything that needs no database.

A draft is what the transaction will store. Whatever goes wrong with one bundle here is that
bundle's quarantine, never the batch's.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from faultbox_collector.domain.dating import Dated, date_fault
from faultbox_collector.domain.facts import Facts
from faultbox_collector.heads import read_head
from faultbox_collector.pack.records import Arrival, Position, Record
from faultbox_collector.signature.engine import Signed, sign_head
from faultbox_protocol.api import Sent
from faultbox_protocol.codec import Bundle
from faultbox_protocol.report import Head
from faultbox_protocol.report_code import report_code
from faultbox_protocol.words import FaultKind

_CACHED = 512
_CACHED_BYTES = 8 * 1024 * 1024
"""Of faults remembered, as they lie in memory: 3 KiB on the wire can hold 2,176 empty frames, which
take 70 times that."""
_TEXT_FACTOR = 4
_FRAME_BYTES = 128
UNKNOWN_DEVICE = "unknown"


@dataclass(frozen=True, slots=True)
class Draft:
    """One decoded, signed and dated bundle."""

    arrival: Arrival
    position: Position
    size: int
    bundle: Bundle
    head: Head
    signed: Signed | None
    """None for a self-test, which ends as an occurrence without signature."""
    facts: Facts
    dated: Dated
    report_code: str

    @property
    def sha256(self) -> bytes:
        """The digest that its receipt has."""
        return self.arrival.body_sha256 or self.bundle.sha256

    @property
    def serial(self) -> str:
        """What tells this device from others of its product."""
        where = self.head.where
        return self.head.prod.serial or (where.host if where else None) or UNKNOWN_DEVICE

    @property
    def version(self) -> str:
        """The version people fix faults in: the application's, else the system's."""
        return self.head.prod.app or self.head.prod.fw or ""


class Drafter:
    """Makes drafts; equal faults are signed once, because storms repeat one fault.

    Args:
        read: decodes and checks the head of a bundle.
    """

    def __init__(self, read: Callable[[Bundle], Head] = read_head) -> None:
        self._read = read
        self._signed: OrderedDict[object, tuple[Signed, int]] = OrderedDict()
        self._signed_bytes = 0

    def draft(self, record: Record) -> Draft:
        """Return the draft of a record.

        Raises:
            ProtocolError: the head cannot be read.
        """
        head = self._read(record.bundle)
        signed = None if head.kind is FaultKind.SELFTEST else self._sign(head, weigh(record, head))
        return Draft(
            arrival=record.arrival,
            position=record.position,
            size=record.size,
            bundle=record.bundle,
            head=head,
            signed=signed,
            facts=_facts(head, signed),
            dated=date_fault(head, Sent.parse(record.arrival.sent), record.arrival.received_ms),
            report_code=report_code(head.id),
        )

    @property
    def cached(self) -> int:
        """How many faults are remembered."""
        return len(self._signed)

    def _sign(self, head: Head, weight_bytes: int) -> Signed:
        key = (head.kind, head.err, head.prod.name)
        known = self._signed.get(key)
        if known is not None:
            return known[0]
        signed = sign_head(head)
        self._signed[key] = signed, weight_bytes
        self._signed_bytes += weight_bytes
        while len(self._signed) > _CACHED or self._signed_bytes > _CACHED_BYTES:
            self._signed_bytes -= self._signed.popitem(last=False)[1][1]
        return signed


def weigh(record: Record, head: Head) -> int:
    """Return about how much memory a head takes, in bytes."""
    err = head.err
    frames = len(err.frames) + sum(len(cause.frames) for cause in err.causes) if err else 0
    return _TEXT_FACTOR * record.bundle.head.raw_bytes + _FRAME_BYTES * frames


def _facts(head: Head, signed: Signed | None) -> Facts:
    err = head.err
    if signed is None:
        return Facts(kind=str(head.kind))
    return Facts(
        kind=str(head.kind),
        type=signed.type,
        code=(err.code if err else None) or _code(signed),
        signal=signed.signal,
        function=signed.function,
        program=signed.program,
        message=(err.msg if err else None) or signed.message,
    )


def _code(signed: Signed) -> str | None:
    """The first code that says more than the signal or the exit status already do."""
    return next(
        (code for code in signed.codes if not code.lower().startswith(("sig", "exit "))), None
    )
