"""One record of a pack: an arrival frame, then the bundle as it came.

The arrival frame is an FBX frame of kind 5 that only a collector writes: when the bundle was
received, under which organisation and product, and the device's clocks at sending. So a pack
is a run of FBX frames, and one reader serves spool, wire and archive.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from faultbox_collector.pack.window import RECORD_BYTES, WINDOW_BYTES, Window
from faultbox_protocol import framing
from faultbox_protocol.codec import Bundle, scan_bundle
from faultbox_protocol.errors import ProtocolError
from faultbox_protocol.words import Codec, FrameKind

_ARRIVAL_BYTES = 4096
_ARRIVAL_MAGIC = framing.MAGIC + bytes([FrameKind.ARRIVAL])


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the run of packs: pack number and byte offset."""

    pack: int
    offset: int


class Arrival(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What the intake knew of a bundle when it came."""

    received_ms: int
    organisation_id: int
    product_id: int
    sent: str = ""
    """The FB-Sent header as it came; printable ASCII."""
    body_sha256: bytes | None = None
    """The digest of the body where the bundle was made here, of another form."""


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Arrival)


@dataclass(frozen=True, slots=True)
class Record:
    """An intact record; `bundle` points into the pack's bytes."""

    position: Position
    size: int
    arrival: Arrival
    bundle: Bundle

    @property
    def sha256(self) -> bytes:
        """The digest that its receipt has."""
        return self.arrival.body_sha256 or self.bundle.sha256


@dataclass(frozen=True, slots=True)
class Damage:
    """A stretch of a pack that is no record although records follow it."""

    position: Position
    size: int
    reason: str


def encode_arrival(arrival: Arrival) -> bytes:
    """Return the arrival frame that goes in front of a bundle."""
    return framing.write_frame(FrameKind.ARRIVAL, _ENCODER.encode(arrival), Codec.IDENTITY)


def read_records(
    path: Path, start: Position, limit: int, end: int | None = None
) -> Iterator[Record | Damage]:
    """Yield at most `limit` records of one pack from `start`, each checked by CRC and SHA-256.

    A torn tail (the power went while it was written, so nobody got a receipt for it) ends the
    run silently; a damaged stretch in front of intact records comes as `Damage`. Nothing from
    byte `end` on is looked at: what a writer has not confirmed may still be cut off again.

    Raises:
        OSError: the pack cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        window = Window(file, end)
        at = start.offset
        for _ in range(limit):
            if at >= window.end:
                return
            position = Position(start.pack, at)
            try:
                record = _read_through(window, position)
            except ProtocolError as error:
                after = _find_record(window, at + 1, start.pack)
                if after is None:
                    return
                yield Damage(position, after - at, error.reason)
                at = after
            else:
                yield record
                at += record.size


def _read_through(window: Window, position: Position) -> Record:
    """Return the record at `position`, of which the window may hold only the beginning."""
    for wanted in (1, WINDOW_BYTES, RECORD_BYTES):
        view, base = window.look(position.offset, wanted)
        try:
            return read_record(view, position, base)
        except ProtocolError:
            if base + len(view) >= window.end or wanted == RECORD_BYTES:
                raise
    raise AssertionError  # pragma: no cover - the last turn returns or raises


def read_record(view: memoryview, position: Position, base: int = 0) -> Record:
    """Return the record at `position` of a pack, of whose bytes `view` holds those from `base` on.

    Raises:
        ProtocolError: there is no intact record.
    """
    start = position.offset - base
    frame = framing.read_frame(view, start)
    if frame.kind != FrameKind.ARRIVAL:
        raise ProtocolError("bad_order", "no arrival frame")
    raw = framing.open_section(view, frame, _ARRIVAL_BYTES)
    try:
        arrival = _DECODER.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise ProtocolError("bad_msgpack", "no arrival") from None
    bundle = scan_bundle(view, frame.end)
    return Record(position, bundle.end - start, arrival, bundle)


def read_bundle_at(path: Path, offset: int, size: int) -> Record:
    """Return one record whose place is known, reading only its bytes.

    Raises:
        OSError: the pack is gone.
        ProtocolError: the record is damaged.
    """
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(size)
    return read_record(memoryview(data), Position(0, 0))


def find_end(path: Path, start: Position) -> int | None:
    """Return where the intact records from `start` end; None where other bytes follow."""
    at = start.offset
    for found in read_records(path, start, 1 << 40):
        at = found.position.offset + found.size
    return at if at == path.stat().st_size else None


def _find_record(window: Window, start: int, pack: int) -> int | None:
    """Return where the next intact record begins."""
    at = start
    while (found := window.find(_ARRIVAL_MAGIC, at)) is not None:
        try:
            _read_through(window, Position(pack, found))
        except ProtocolError:
            at = found + 1
        else:
            return found
    return None
