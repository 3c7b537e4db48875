"""A waiting bundle in another form, where the collector cannot take the one it has.

Too large: without its files, then without its evidence, under a new id that names the old one.
A codec that the collector does not know: the same report without compression, under the same id,
because nothing of it was stored there.
"""

from dataclasses import replace

from faultbox_agent.clock import Clock
from faultbox_agent.fault import new_fault_id
from faultbox_agent.ledger import Ledger
from faultbox_agent.spool import entry_of
from faultbox_protocol import codec
from faultbox_protocol.codec import Bundle
from faultbox_protocol.words import Codec


def shed(ledger: Ledger, clock: Clock, fault_id: bytes) -> bool:
    """Make a bundle smaller, under a new id; False where nothing is left to lose.

    Raises:
        OSError: the disk refuses; the bundle waits as it was.
        ProtocolError: the bundle is damaged.
    """
    bundle = _read(ledger, fault_id)
    head = codec.read_head(bundle)
    if not bundle.blobs and bundle.evidence is None:
        return False
    fresh = replace(
        head,
        id=new_fault_id(clock.wall_ms()),
        of=fault_id,
        att=(),
        seq=ledger.state.next_seq,
    )
    data = codec.encode_bundle(fresh, codec.read_evidence(bundle) if bundle.blobs else None)
    # The quota is not asked: the larger bundle goes as soon as this one is safe.
    ledger.spool.put(entry_of(fresh, len(data)), data)
    ledger.state.next_seq += 1
    ledger.note_replaced(fault_id)
    return True


def unpack(ledger: Ledger, fault_id: bytes) -> bool:
    """Leave the compression out of a bundle; False where it has none, or no room without it.

    Raises:
        OSError: the disk refuses; the bundle waits as it was.
        ProtocolError: the bundle is damaged.
    """
    bundle = _read(ledger, fault_id)
    frames = [bundle.head, *([bundle.evidence] if bundle.evidence else []), *bundle.blobs]
    if all(frame.codec == Codec.IDENTITY for frame in frames):
        return False
    head = codec.read_head(bundle)
    evidence = codec.read_evidence(bundle) if bundle.evidence is not None else None
    blobs = [codec.read_blob(bundle, index) for index in range(len(bundle.blobs))]
    data = codec.encode_bundle(head, evidence, blobs, Codec.IDENTITY)
    if len(data) - len(bundle.data) > ledger.spool.free_bytes():
        return False
    ledger.spool.put(entry_of(head, len(data)), data)
    return True


def _read(ledger: Ledger, fault_id: bytes) -> Bundle:
    return codec.scan_bundle(memoryview(ledger.spool.read(fault_id)))
