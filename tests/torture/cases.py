"""What must be true of a driver's folder after it was hit, and after it has gone on."""

import hashlib
import shutil
from pathlib import Path

from faultbox_agent.station import Station
from faultbox_collector.store.products import DEFAULT_ORGANISATION
from faultbox_collector.uploads.folder import UploadFolder
from support.account import read_account
from support.audit import audit
from support.builders import an_id
from support.load import Ledger
from torture.drivers import (
    CODES,
    GROUPS,
    PARTS,
    UPLOADS,
    add_part,
    agent_settings,
    deliver,
    numbered_digests,
    open_rig,
    part_of,
    put_numbers,
    take_all,
    upload_name,
)
from torture.sweep import Case, Target

EVERY_DIGEST = numbered_digests()


def collector_case(template: Path, gate: str) -> Case:
    """Return the case of the collector, hit in its main thread or in its writer's."""
    rig = open_rig(template)
    rig.product_id()
    rig.close()

    def prepare(data: Path) -> None:
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(template, data)

    return Case(Target("collector", gate), prepare, check_collector)


def check_collector(data: Path, told: list[list[str]]) -> tuple[int, int]:
    """Let the collector go on: what waits is digested, devices send again what has no receipt."""
    ledger = Ledger(sent=dict(EVERY_DIGEST))
    ledger.acked.update(bundle_id for _, *ids in told for bundle_id in ids)
    rig = open_rig(data)
    try:
        rig.digest()
        left = {n for group in GROUPS for n in group if an_id(n).hex() not in ledger.acked}
        for number in sorted(left):
            put_numbers(rig, rig.product_id(), (number,))
            ledger.acked.add(an_id(number).hex())
        rig.digest()
    finally:
        rig.close()
    audit(data, ledger)
    return len(ledger.sent), len(ledger.acked)


def uploads_case() -> Case:
    """Return the case of resumable uploads."""

    def prepare(data: Path) -> None:
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()

    return Case(Target("uploads", "main"), prepare, check_uploads)


def check_uploads(data: Path, told: list[list[str]]) -> tuple[int, int]:
    """Let each upload go on from where it is: never before an offset that was acknowledged."""
    folder = UploadFolder(data)
    incomplete = {upload.id: upload for upload in folder.prepare()}
    offsets = {line[1]: int(line[2]) for line in told if line[0] == "offset"}
    finished = {line[1] for line in told if line[0] == "finished"}
    for number in range(UPLOADS):
        name = upload_name(number)
        whole = b"".join(part_of(number, part) for part in range(PARTS))
        if name in incomplete:
            upload = incomplete[name]
            assert upload.offset >= offsets.get(name, 0), "an offset decreased"
            assert name not in finished, "a finished upload is incomplete again"
            folder.finish(add_part(folder, upload, whole[upload.offset :]), sha256(whole))
        elif name not in offsets:  # nobody was told of it: it may be there or not
            continue
        found = folder.find_upload(DEFAULT_ORGANISATION, 1, name)
        assert found is not None, "an upload is lost"
        path = folder.object_path(DEFAULT_ORGANISATION, found.sha256 or "")
        assert path.read_bytes() == whole
    return 0, 0


def sha256(data: bytes) -> str:
    """Return a digest as uploads announce it."""
    return hashlib.sha256(data).hexdigest()


def agent_case() -> Case:
    """Return the case of the agent."""

    def prepare(spool: Path) -> None:
        shutil.rmtree(spool, ignore_errors=True)

    return Case(Target("agent", "main"), prepare, check_agent)


def check_agent(spool: Path, told: list[list[str]]) -> tuple[int, int]:
    """Let the agent go on; generated = acknowledged + spooled + counted drops, also at the end.

    It goes on with more room: a bundle that arrived and whose answer the kill swallowed would be
    given up for a new one and counted as lost, which nobody without the answer can know better.
    """
    begun = {line[1] for line in told if line[0] == "begun"}
    captured = {line[1] for line in told if line[0] == "captured"}
    acked = {line[1]: int(line[2]) for line in told if line[0] == "acked"}
    spool.mkdir(exist_ok=True)
    station = Station(agent_settings(spool, len(CODES)))
    assert not list((spool / "tmp").iterdir()), "what was never finished is cleared"
    take_all(station)
    station.close()
    account = read_account(spool)
    assert not account.dead, "a bundle is damaged"
    assert len(captured) <= account.total(acked) <= len(begun), account

    station = Station(agent_settings(spool, len(CODES)))
    acked.update({entry.id.hex(): entry.n for entry in station.spool.entries})
    deliver(station, len(CODES), lambda _line: None)
    station.close()
    account = read_account(spool)
    assert not account.ready
    assert len(captured) <= account.total(acked) <= len(begun), account
    return len(begun), sum(acked.values())
