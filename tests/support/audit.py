"""The master check after every fault: what was acknowledged is there once, and counts agree."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from faultbox_collector.store.engine import open_reader_engine
from faultbox_protocol.codec import scan_bundle
from faultbox_protocol.framing import read_frame
from support.load import Ledger


@dataclass(frozen=True, slots=True)
class Books:
    """What a collector's database says."""

    seen: dict[str, str]
    """SHA-256 of every bundle by its id, both in hex."""
    places: dict[str, tuple[int, int, int]]
    """Where each occurrence lies: pack, offset, bytes."""
    faults: int
    """Occurrences counted by bundle: a folded one stands for several."""
    sums: dict[str, int]
    """The same total as each set of counters has it."""
    stored: int
    """Bundles stored, as the tally has it."""
    outcomes: int
    """Bundles stored, as the outcomes by day have it."""
    numbers: list[tuple[int, int]]
    """Day and counter of every ticket."""
    set_aside: list[str]
    """Why whole bundles were set aside. Bytes that a power cut left in pieces may be: nobody got
    a receipt for them."""
    sound: str
    """What SQLite says of its file."""


def audit(data: Path, ledger: Ledger, database: str = "") -> None:
    """Compare a stopped collector's folder, and its database, with what devices were told.

    Args:
        data: the collector's data folder.
        ledger: what devices sent and heard.
        database: empty for SQLite in the folder, else a `postgresql://` URL.
    """
    engine = open_reader_engine(data, database)
    try:
        with engine.connect() as connection:
            books = read_books(connection)
    finally:
        engine.dispose()
    assert books.sound == "ok"
    assert not ledger.refused
    assert ledger.acked <= set(books.seen), "acknowledged and lost"
    assert set(books.seen) <= set(ledger.sent), "nobody sent that"
    for bundle_id, sha256 in books.seen.items():
        assert ledger.sent[bundle_id] == sha256
    assert set(books.places) == set(books.seen)
    assert books.sums == dict.fromkeys(books.sums, books.faults)
    assert (books.stored, books.outcomes) == (len(books.seen), len(books.seen))
    assert books.set_aside == []
    assert len(set(books.numbers)) == len(books.numbers)
    for bundle_id, (pack, offset, size) in books.places.items():
        path = data / "packs" / f"{pack:08d}.fbp"
        assert sha256_at(path, offset, size) == books.seen[bundle_id]


def read_books(connection: Connection) -> Books:
    """Read the books in plain SQL, not through the code that keeps them."""

    def number(statement: str) -> int:
        return int(connection.execute(text(statement)).scalar() or 0)

    rows = connection.execute(text("SELECT id, sha256 FROM seen_id"))
    seen = {bytes(row.id).hex(): bytes(row.sha256).hex() for row in rows}
    rows = connection.execute(text("SELECT id, pack, pack_offset, pack_bytes FROM occurrence"))
    places = {bytes(row.id).hex(): (row.pack, row.pack_offset, row.pack_bytes) for row in rows}
    counters = {
        "signatures": "signature",
        "devices": "signature_device",
        "versions": "signature_version",
        "hours": "signature_hour",
        "tickets": "ticket WHERE kind = 'machine'",
    }
    sqlite = connection.dialect.name == "sqlite"
    rows = connection.execute(text("SELECT reason FROM quarantine WHERE bundle_id IS NOT NULL"))
    set_aside = [row.reason for row in rows]
    rows = connection.execute(text("SELECT day, counter FROM ticket"))
    return Books(
        seen=seen,
        places=places,
        faults=number("SELECT sum(folded) FROM occurrence"),
        sums={
            name: number(f"SELECT sum(occurrences) FROM {table}")  # noqa: S608 - ours, above
            for name, table in counters.items()
        },
        stored=number("SELECT total FROM tally WHERE name = 'stored'"),
        outcomes=number("SELECT sum(total) FROM outcome_day WHERE name = 'stored'"),
        numbers=[(row.day, row.counter) for row in rows],
        set_aside=set_aside,
        sound=str(connection.execute(text("PRAGMA integrity_check")).scalar()) if sqlite else "ok",
    )


def sha256_at(pack: Path, offset: int, size: int) -> str:
    """Return the digest of the bundle in a record, computed from its bytes."""
    with pack.open("rb") as file:
        file.seek(offset)
        data = memoryview(file.read(size))
    bundle = scan_bundle(data, read_frame(data, 0).end)
    body = bundle.data[: bundle.data.nbytes - 52]  # without the end frame: 20 and 32 bytes
    return hashlib.sha256(body).hexdigest()
