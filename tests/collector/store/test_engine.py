"""A commit is durable, one connection writes, and readers cannot."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from faultbox_collector.store import tables
from support.collector import Rig

DURABLE: dict[str, dict[str, object]] = {
    "sqlite": {"PRAGMA journal_mode": "wal", "PRAGMA synchronous": 2, "PRAGMA foreign_keys": 1},
    "postgresql": {
        "SHOW fsync": "on",
        "SHOW synchronous_commit": "on",
        "SHOW TimeZone": "UTC",
        "SHOW idle_in_transaction_session_timeout": "1min",
        "SHOW application_name": "faultbox writer",
    },
}


def test_commits_are_durable_and_references_are_checked(rig: Rig) -> None:
    wanted = DURABLE[rig.store.writer_engine.dialect.name]
    found = rig.write(lambda c: {q: c.exec_driver_sql(q).scalar_one() for q in wanted})
    assert found == wanted
    with pytest.raises(IntegrityError):
        rig.write(
            lambda c: (
                c.execute(
                    tables.product.insert().values(organisation_id=99, name="x", created_ms=1)
                ).rowcount
            )
        )


def test_readers_cannot_write(rig: Rig) -> None:
    with pytest.raises(DBAPIError, match=r"readonly|read-only"):
        rig.read(lambda c: c.execute(text("DELETE FROM organisation")).rowcount)


def test_a_reader_sees_one_moment(rig: Rig, tmp_path: Path) -> None:
    with rig.store.reader_engine.connect() as connection:
        names = text("SELECT count(*) FROM product")
        assert connection.execute(names).scalar_one() == 0
        rig.product_id("new")
        assert connection.execute(names).scalar_one() == 0
    assert rig.count(tables.product) == 1
