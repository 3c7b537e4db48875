"""Numbers never come twice, and a signature has at most one open machine ticket."""

import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from faultbox_collector.queries.numbers import parse_number, ticket_number
from faultbox_collector.store import tables, tickets
from faultbox_collector.store.engine import inserted_id
from support.builders import a_bundle
from support.collector import Rig

TAKE = """
import sys
from pathlib import Path
from faultbox_collector.store.engine import open_writer_engine
from faultbox_collector.store.postgres import open_engine
from faultbox_collector.store.tickets import take_number

data, database = sys.argv[1:]
# Not the writer's engine of PostgreSQL: there one connection alone may write.
engine = open_engine(database, "test") if database else open_writer_engine(Path(data))
with engine.connect() as connection:
    for _ in range(500):
        with connection.begin():
            print(take_number(connection, 1, 20240501))
"""


def test_four_processes_take_two_thousand_different_numbers(rig: Rig) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TAKE, str(rig.store.data), rig.settings.database],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    numbers: list[int] = []
    for process in processes:
        out, _ = process.communicate(timeout=90)
        assert process.returncode == 0
        numbers += map(int, out.split())
    assert sorted(numbers) == list(range(1, 2001))


def test_several_numbers_at_once_are_one_stretch(rig: Rig) -> None:
    first = rig.write(lambda c: tickets.take_number(c, 1, 20240501, 3))
    second = rig.write(lambda c: tickets.take_number(c, 1, 20240501, 2))
    other_day = rig.write(lambda c: tickets.take_number(c, 1, 20240502))
    assert (first, second, other_day) == (1, 4, 1)


def test_a_number_is_given_back_where_its_ticket_was_not_stored(rig: Rig) -> None:
    def fail(connection: Any) -> None:
        tickets.take_number(connection, 1, 20240501)
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        rig.write(fail)
    assert rig.write(lambda c: tickets.take_number(c, 1, 20240501)) == 1


def test_a_second_open_machine_ticket_is_refused_by_the_database(rig: Rig) -> None:
    rig.put(a_bundle())
    rig.digest()
    [row] = rig.rows(tables.ticket)
    copy = {name: value for name, value in row._mapping.items() if name != "id"}

    def insert(**changes: object) -> int:
        statement = tables.ticket.insert().values({**copy, **changes})
        return rig.write(lambda c: inserted_id(c.execute(statement)))

    with pytest.raises(IntegrityError):
        insert(counter=900)
    assert insert(counter=901, state="closed") > row.id
    assert insert(counter=902, kind="customer") > row.id
    with pytest.raises(IntegrityError):
        insert(state="closed")  # the same number


@pytest.mark.parametrize(
    ("day", "counter", "text"),
    [
        (20240501, 1, "FB-20240501001"),
        (20240501, 999, "FB-20240501999"),
        (20240501, 1000, "FB-202405011000"),
        (20261231, 12345, "FB-2026123112345"),
    ],
)
def test_numbers_as_people_write_them(day: int, counter: int, text: str) -> None:
    assert ticket_number(day, counter) == text
    assert parse_number(text) == (day, counter)


@pytest.mark.parametrize(
    "text", ["", "FB-", "FB-20240501", "FB-20241301001", "20240501001", "FB-x"]
)
def test_what_is_no_number(text: str) -> None:
    assert parse_number(text) is None
