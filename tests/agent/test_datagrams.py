"""The agent's socket takes records from everybody and orders from few."""

import json
import os
import socket
import threading
from pathlib import Path

import pytest

from faultbox_agent.fault import Fault, write_fault
from faultbox_agent.fault_text import BadFault
from faultbox_agent.layout import make_spool
from faultbox_agent.sdk.sender import send_datagram
from faultbox_agent.sources.datagrams import Datagram, Door, ask_agent
from support.builders import an_id
from support.device import a_fault


def test_a_record_carries_the_pid_that_the_kernel_says(tmp_path: Path) -> None:
    make_spool(str(tmp_path))
    door = Door(str(tmp_path))
    liar = Fault(an_id(1), a_fault().head, {}, {"pid": 1, "start_ticks": 5})
    assert send_datagram(str(tmp_path), write_fault(liar))
    (datagram,) = door.receive()
    record = datagram.record()
    door.close()
    assert isinstance(record, Fault)
    assert record.facts["pid"] == os.getpid()
    assert record.facts["start_ticks"] is None
    assert record.facts["uid"] == os.geteuid()


def test_a_long_path_is_no_hindrance(tmp_path: Path) -> None:
    spool = tmp_path / ("a" * 60) / ("b" * 60)
    make_spool(str(spool))
    door = Door(str(spool))
    assert send_datagram(str(spool), b"{}")
    assert [datagram.data for datagram in door.receive()] == [b"{}"]
    door.close()


def test_nobody_listens_or_the_queue_is_full_and_the_sender_does_not_wait(tmp_path: Path) -> None:
    make_spool(str(tmp_path))
    assert not send_datagram(str(tmp_path), b"{}")
    door = Door(str(tmp_path))
    sent = [send_datagram(str(tmp_path), b"{}") for _ in range(5_000)]
    assert sent[0]
    assert not sent[-1]
    door.close()
    assert not send_datagram(str(tmp_path), b"{}")


def test_an_old_socket_is_replaced(tmp_path: Path) -> None:
    make_spool(str(tmp_path))
    first = Door(str(tmp_path))
    second = Door(str(tmp_path))
    assert send_datagram(str(tmp_path), b"{}")
    assert len(list(second.receive())) == 1
    first.close()
    second.close()


def test_noise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFault):
        Datagram(b"\xff\x00", 1, 1, None).record()
    assert Datagram(b'{"ask"', 1, 1, None).question() == ""
    assert Datagram(b'{"ask":5}', 1, 1, None).question() == ""
    assert Datagram(b'{"ask":"status"}', 1, 1, None).question() == "status"


def test_only_root_and_the_own_user_give_orders() -> None:
    assert Datagram(b"", 1, 0, None).trusted()
    assert Datagram(b"", 1, os.geteuid(), None).trusted()
    assert not Datagram(b"", 1, 54_321, None).trusted()


def test_a_question_is_answered(tmp_path: Path) -> None:
    make_spool(str(tmp_path))
    assert ask_agent(str(tmp_path), "status", 1) is None
    door = Door(str(tmp_path))
    door.socket.setblocking(True)
    door.socket.settimeout(20)

    def serve() -> None:
        data, _, _, sender = door.socket.recvmsg(1000, socket.CMSG_SPACE(12))
        asked = Datagram(data, 0, 0, sender)
        door.answer(asked, json.dumps({"question": asked.question()}))

    thread = threading.Thread(target=serve)
    thread.start()
    assert ask_agent(str(tmp_path), "status", 20) == '{"question": "status"}'
    thread.join()
    door.close()
