"""A progress note is appended to the ticket's history, with its author."""

import pytest

from faultbox_collector.desk.notes import NOTE_CHARS, add_note
from faultbox_collector.store import tables
from support.builders import NOON_MS, a_bundle
from support.collector import Rig


def note(rig: Rig, number: str, text: str) -> bool:
    """Add a note."""
    return rig.write(lambda c: add_note(c, 1, number, "li", text, NOON_MS))


def test_a_note_comes_after_what_is_there(rig: Rig) -> None:
    rig.put(a_bundle())
    rig.digest()
    [ticket] = rig.tickets()
    assert note(rig, ticket.number, "  已定位为\0数据库连接池配置问题 \n")
    entries = [(row.kind, row.actor, row.text) for row in rig.rows(tables.ticket_entry)]
    assert entries == [("opened", "system", ""), ("note", "li", "已定位为数据库连接池配置问题")]


def test_no_such_ticket(rig: Rig) -> None:
    assert not note(rig, "FB-20240501001", "x")
    assert not note(rig, "nonsense", "x")


@pytest.mark.parametrize("text", ["", " \n\t", "\0", "x" * (NOTE_CHARS + 1)])
def test_an_empty_or_endless_note_is_refused(rig: Rig, text: str) -> None:
    with pytest.raises(ValueError, match=str(NOTE_CHARS)):
        note(rig, "FB-20240501001", text)
