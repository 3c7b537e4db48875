"""The master check after every fault: what was acknowledged is there once, and counts agree."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

from faultbox_protocol.codec import scan_bundle
from faultbox_protocol.framing import read_frame
from support.load import Ledger


def audit(data: Path, ledger: Ledger) -> None:
    """Compare a stopped collector's folder with what devices were told."""
    with closing(sqlite3.connect(f"file:{data}/faultbox.sqlite3?mode=ro", uri=True)) as database:
        seen = {i.hex(): s.hex() for i, s in database.execute("SELECT id, sha256 FROM seen_id")}
        places = {
            i.hex(): place
            for i, *place in database.execute(
                "SELECT id, pack, pack_offset, pack_bytes FROM occurrence"
            )
        }
        sums = [
            database.execute(f"SELECT coalesce(sum(occurrences), 0) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("signature", "signature_device", "signature_version", "signature_hour")
        ]
        sums.append(
            database.execute(
                "SELECT coalesce(sum(occurrences), 0) FROM ticket WHERE kind = 'machine'"
            ).fetchone()[0]
        )
        stored = database.execute("SELECT total FROM tally WHERE name = 'stored'").fetchone()
        numbers = database.execute("SELECT day, counter FROM ticket").fetchall()
        # Bytes that a power cut left in pieces, never acknowledged, may be set aside; a bundle not.
        set_aside = database.execute(
            "SELECT reason FROM quarantine WHERE bundle_id IS NOT NULL"
        ).fetchall()
        sound = database.execute("PRAGMA integrity_check").fetchone()[0]
    assert sound == "ok"
    assert not ledger.refused
    assert ledger.acked <= set(seen), "acknowledged and lost"
    assert set(seen) <= set(ledger.sent), "nobody sent that"
    assert all(ledger.sent[bundle_id] == sha256 for bundle_id, sha256 in seen.items())
    assert set(places) == set(seen)
    assert sums == [len(seen)] * len(sums)
    assert stored == (len(seen),)
    assert set_aside == []
    assert len(set(numbers)) == len(numbers)
    for bundle_id, (pack, offset, size) in places.items():
        assert sha256_at(data / "packs" / f"{pack:08d}.fbp", offset, size) == seen[bundle_id]


def sha256_at(pack: Path, offset: int, size: int) -> str:
    """Return the digest of the bundle in a record, computed from its bytes."""
    with pack.open("rb") as file:
        file.seek(offset)
        data = memoryview(file.read(size))
    bundle = scan_bundle(data, read_frame(data, 0).end)
    body = bundle.data[: bundle.data.nbytes - 52]  # without the end frame: 20 and 32 bytes
    return hashlib.sha256(body).hexdigest()
