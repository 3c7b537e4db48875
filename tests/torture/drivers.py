"""What is killed at every system call: the collector's writers and the agent's, with a short plan.

A driver runs the real parts in a process of its own and tells, line by line, what it has promised
to somebody: `acked` a bundle that a device got a receipt for, `captured` a fault that its program
was told is safe. The lines go to a file outside the disk whose power is cut.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from faultbox_agent.drop import leave_record
from faultbox_agent.fault import Fault, write_fault
from faultbox_agent.settings import Settings
from faultbox_agent.station import Station
from faultbox_agent.verdict import Fate, Verdict, Wait
from faultbox_collector.pack.records import Arrival, encode_arrival
from faultbox_collector.store.products import DEFAULT_ORGANISATION
from faultbox_collector.uploads.folder import UploadFolder
from faultbox_collector.uploads.records import Upload
from faultbox_protocol.codec import scan_bundle
from support.builders import BOOT, NOON_MS, a_bundle, a_head, a_product, an_err, an_id
from support.collector import Rig

PACK_BYTES = 2_500
"""So small that the plan begins several packs."""
GROUPS = ((1,), (2, 3), (4, 5, 6), (2, 4), (7,), (8, 9, 10, 11), (12,))
"""Bundles by number, as the inbox would group them; two come a second time."""
CODES = ("E-101", "E-202", "E-101", "E-101", "E-101", "E-303", "E-202", "E-101", "E-404")
"""Faults of the agent's plan: more of one code than the burst, so that some are folded."""
UPLOADS, PARTS = 3, 3
"""Uploads, and parts of each; the first is left incomplete."""


@dataclass(frozen=True, slots=True)
class Told:
    """A driver's two ways out."""

    tell: Callable[[str], None]
    gate: Callable[[str, int], None]
    """Called with a name and a thread id where the driver may be attached to."""


def numbered_bundle(number: int) -> bytes:
    """Return the bundle of this number: three faults on five devices."""
    head = a_head(
        number,
        prod=a_product(serial=f"SN-{number % 5}"),
        err=an_err(functions=(f"fault_{chr(97 + number % 3)}", "main")),
    )
    return a_bundle(head)


def numbered_digests() -> dict[str, str]:
    """Return the SHA-256 of every bundle of the plan by its id, both in hex."""
    numbers = sorted({number for group in GROUPS for number in group})
    return {
        an_id(number).hex(): scan_bundle(memoryview(numbered_bundle(number))).sha256.hex()
        for number in numbers
    }


def open_rig(data: Path) -> Rig:
    """Open the collector's store, packs and writer as `drive_collector` does."""
    return Rig(data, pack_bytes=PACK_BYTES)


def put_numbers(rig: Rig, product_id: int, numbers: tuple[int, ...]) -> None:
    """Append bundles to the pack in one group, as the inbox does."""
    arrival = encode_arrival(Arrival(NOON_MS, DEFAULT_ORGANISATION, product_id))
    rig.pack_writer.append([arrival + numbered_bundle(number) for number in numbers])


def drive_collector(data: Path, told: Told) -> None:
    """Take groups of bundles, acknowledge each group, digest after every second one, close."""
    told.gate("main", threading.get_native_id())
    rig = open_rig(data)
    [writer] = [one for one in threading.enumerate() if one.name == "writer"]
    told.gate("writer", writer.native_id or 0)
    product_id = rig.product_id()
    for index, group in enumerate(GROUPS):
        put_numbers(rig, product_id, group)
        told.tell("acked " + " ".join(an_id(number).hex() for number in group))
        if index % 2:
            rig.digest()
    rig.digest()
    rig.close()


def agent_settings(spool: Path, bundles: int = 5) -> Settings:
    """Return the settings of the agent that is driven: a small burst and room for few bundles."""
    return Settings(
        spool=str(spool),
        headroom_mib=1,
        product="inspect-eye",
        serial="SN-1",
        burst_per_minute=3,
        spool_bundles=bundles,
    )


def numbered_fault(number: int) -> Fault:
    """Return the fault of this number in the agent's plan."""
    code = CODES[number]
    head = {
        "kind": "error",
        "sev": "error",
        "t_ms": NOON_MS,
        "mono_ms": 1000,
        "boot": BOOT,
        "prod": {"name": "inspect-eye"},
        "err": {"code": code, "msg": f"no answer, {code}"},
    }
    return Fault(an_id(number), head)  # type: ignore[arg-type]


def drive_agent(spool: Path, told: Told) -> None:
    """Leave records, take them into the spool, deliver some: program and agent in one thread."""
    told.gate("main", threading.get_native_id())
    station = Station(agent_settings(spool))
    for number in range(len(CODES)):
        fault = numbered_fault(number)
        told.tell(f"begun {fault.id.hex()}")
        leave_record(str(spool), f"{fault.id.hex()}.json", write_fault(fault), durable=True)
        told.tell(f"captured {fault.id.hex()}")
        if number % 2:
            take_all(station)
        if number == len(CODES) // 2:
            deliver(station, 2, told.tell)
    take_all(station)
    deliver(station, 2, told.tell)
    station.close()


def take_all(station: Station) -> None:
    """Take every record of the drop folder, as the resident agent's turns do."""
    while station.drain():
        pass
    station.commit()


def deliver(station: Station, most: int, tell: Callable[[str], None]) -> None:
    """Let the oldest bundles arrive: the collector has them, then the agent hears of it."""
    batch = station.spool.entries[:most]
    for entry in batch:
        tell(f"acked {entry.id.hex()} {entry.n}")
    if batch:
        station.courier.apply(
            Verdict("202 stored", Wait.NOW, {entry.id: Fate.DELIVERED for entry in batch})
        )
        station.note_change()
        station.commit()


def part_of(number: int, part: int) -> bytes:
    """Return the bytes of one part of an upload; no two are alike, nor of the same length."""
    return bytes([number, part]) * (3_000 + 700 * part)


def upload_name(number: int) -> str:
    """Return the id of an upload of the plan."""
    return f"{number:032x}"


def drive_uploads(data: Path, told: Told) -> None:
    """Take three uploads in parts, each part acknowledged by the new offset, and finish two."""
    told.gate("main", threading.get_native_id())
    folder = UploadFolder(data)
    folder.prepare()
    for number in range(UPLOADS):
        upload = Upload(upload_name(number), DEFAULT_ORGANISATION, 1, 1, "SN-1", NOON_MS)
        folder.create(upload)
        told.tell(f"offset {upload.id} 0")
        for part in range(PARTS if number else PARTS - 1):
            upload = add_part(folder, upload, part_of(number, part))
            told.tell(f"offset {upload.id} {upload.offset}")
        if number:
            folder.finish(upload, None)
            told.tell(f"finished {upload.id}")


def add_part(folder: UploadFolder, upload: Upload, data: bytes) -> Upload:
    """Add a part as a request does, in two pieces; return the upload as it is then."""
    part = folder.begin_part(upload)
    try:
        part.append(data[:1_000])
        part.append(data[1_000:])
        return folder.keep_part(upload, part, None)
    finally:
        part.close()


DRIVERS: dict[str, Callable[[Path, Told], None]] = {
    "collector": drive_collector,
    "agent": drive_agent,
    "uploads": drive_uploads,
}


def ended_by(path: Path) -> list[list[str]]:
    """Return the whole lines that a driver told before it ended, split into words."""
    text = path.read_bytes().decode() if path.exists() else ""
    return [line.split() for line in text.split(os.linesep)[:-1]]
