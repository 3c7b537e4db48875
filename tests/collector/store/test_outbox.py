"""The outbox: a message for each ticket that opened, and none that stays for ever."""

from sqlalchemy import update

from faultbox_collector.store import tables
from faultbox_collector.store.outbox import KEPT_MS, NewMessage, add_messages, prune_messages
from support.builders import NOON_MS, a_bundle, a_head, an_err
from support.collector import Rig


def test_a_ticket_that_opens_leaves_one_message(rig: Rig) -> None:
    rig.put(a_bundle(a_head(1)), a_bundle(a_head(2)))
    rig.digest()
    rig.put(a_bundle(a_head(3)))
    rig.digest()
    [ticket] = rig.tickets()
    [message] = rig.rows(tables.outbox)
    assert (message.topic, message.key) == ("ticket.opened", ticket.number)
    assert message.payload["number"] == ticket.number
    assert (message.tries, message.done_ms) == (0, None)


def test_each_new_ticket_has_a_message_of_its_own(rig: Rig) -> None:
    rig.put(a_bundle(a_head(1)), a_bundle(a_head(2, err=an_err(functions=("other",)))))
    rig.digest()
    assert len({row.key for row in rig.rows(tables.outbox)}) == rig.count(tables.ticket) == 2


def test_old_messages_go_whether_they_were_sent_or_not(rig: Rig) -> None:
    messages = [NewMessage(1, "ticket.opened", f"FB-{n}", {}) for n in range(3)]
    rig.write(lambda c: add_messages(c, messages, NOON_MS))
    rig.change(update(tables.outbox).where(tables.outbox.c.key == "FB-1").values(done_ms=NOON_MS))
    assert rig.write(lambda c: prune_messages(c, NOON_MS + KEPT_MS)) == 0
    rig.write(lambda c: add_messages(c, messages[:1], NOON_MS + 1))
    assert rig.write(lambda c: prune_messages(c, NOON_MS + KEPT_MS + 1)) == 3
    assert rig.count(tables.outbox) == 1
