"""A data folder of an earlier release opens, says what it said, and goes on."""

import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from faultbox_collector.pack.files import START
from support.builders import a_bundle, a_head, a_product, an_err
from support.collector import Rig

GOLDEN = Path(__file__).with_name("golden")
FOLDERS = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())
CHANGING = frozenset({"alembic_version"})
NEWLY_COUNTED = frozenset({"quarantine", "tally"})
"""A later release counts outcomes that an earlier one did not."""


def open_golden(name: str, data: Path) -> dict[str, int]:
    """Put a golden data folder together; return the counts of its tables as they were."""
    (data / "packs").mkdir(parents=True)
    for pack in (GOLDEN / name).glob("*.fbp"):
        shutil.copy(pack, data / "packs")
    database = sqlite3.connect(data / "faultbox.sqlite3")
    database.executescript((GOLDEN / name / "database.sql").read_text(encoding="utf-8"))
    database.commit()
    tables = [
        row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
    ]
    found = {
        table: int(database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])  # noqa: S608
        for table in tables
    }
    database.close()
    return {table: count for table, count in found.items() if table not in CHANGING}


def count_tables(rig: Rig, names: dict[str, int]) -> dict[str, int]:
    """Return how many rows these tables have now."""

    def count(connection: Connection) -> dict[str, int]:
        return {
            name: int(connection.execute(text(f"SELECT COUNT(*) FROM {name}")).scalar_one())  # noqa: S608
            for name in names
        }

    return rig.read(count)


@pytest.mark.parametrize("name", FOLDERS)
def test_an_earlier_data_folder_says_what_it_said_and_goes_on(name: str, tmp_path: Path) -> None:
    before = open_golden(name, tmp_path / "folder")
    rig = Rig(tmp_path / "folder")
    try:
        assert count_tables(rig, before) == before
        tickets = rig.tickets()
        assert len(tickets) == before["ticket"]
        assert all(re.fullmatch(r"FB-\d{11}", ticket.number) for ticket in tickets)
        known = a_head(
            100,
            err=an_err(functions=("f0", "main"), msg="n 0"),
            prod=a_product(serial="SN-0", app="1.0.0"),
        )
        rig.put(a_bundle(known))
        rig.digest()
        after = count_tables(rig, before)
        assert after["occurrence"] == before["occurrence"] + 1
        assert after["ticket"] == before["ticket"], "a fault that is known opened another ticket"
    finally:
        rig.close()


@pytest.mark.parametrize("name", FOLDERS)
def test_its_packs_read_again_from_the_beginning_change_no_count(name: str, tmp_path: Path) -> None:
    before = open_golden(name, tmp_path / "folder")
    rig = Rig(tmp_path / "folder")
    try:
        rig.digest(start=START)
        after = count_tables(rig, before)
        kept = before.keys() - NEWLY_COUNTED
        assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    finally:
        rig.close()
