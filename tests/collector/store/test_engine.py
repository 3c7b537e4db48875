"""A commit is durable, one connection writes, and readers cannot."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from faultbox_collector.store import tables
from support.collector import Rig


def test_commits_are_durable_and_references_are_checked(rig: Rig) -> None:
    found = rig.write(
        lambda c: [
            c.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    )
    assert found == ["wal", 2, 1]
    with pytest.raises(IntegrityError):
        rig.write(
            lambda c: (
                c.execute(
                    tables.product.insert().values(organisation_id=99, name="x", created_ms=1)
                ).rowcount
            )
        )


def test_readers_cannot_write(rig: Rig) -> None:
    with pytest.raises(OperationalError, match="readonly"):
        rig.read(lambda c: c.execute(text("DELETE FROM organisation")).rowcount)


def test_a_reader_sees_one_moment(rig: Rig, tmp_path: Path) -> None:
    with rig.store.reader_engine.connect() as connection:
        names = text("SELECT count(*) FROM product")
        assert connection.execute(names).scalar_one() == 0
        rig.product_id("new")
        assert connection.execute(names).scalar_one() == 0
    assert rig.count(tables.product) == 1
