"""Records of processes that go on, and questions to the agent, as unix datagrams.

The kernel says who sent each one, so a record's pid is the sender's and not what it claims, and
only root and the agent's own user may ask for a delivery.
"""

import contextlib
import json
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from faultbox_agent.fault import MAX_BYTES, Fault, Losses
from faultbox_agent.fault_text import read_fault
from faultbox_agent.layout import SOCKET

_CREDENTIALS = struct.Struct("3i")
_BURST = 64
"""Datagrams taken in one turn of the loop."""


@dataclass(frozen=True, slots=True)
class Datagram:
    """One datagram and who sent it."""

    data: bytes
    pid: int
    uid: int
    reply_to: bytes | str | None

    def question(self) -> str:
        """Return what is asked of the agent, empty where this is a record."""
        if not self.data.startswith(b'{"ask"') or len(self.data) > 256:
            return ""
        with contextlib.suppress(ValueError):
            asked = json.loads(self.data).get("ask")
            return asked if isinstance(asked, str) else ""
        return ""

    def trusted(self) -> bool:
        """Say whether the sender may tell this agent what to do."""
        return self.uid in (0, os.geteuid())

    def record(self) -> Fault | Losses:
        """Return the record, its pid the sender's.

        Raises:
            BadFault: it is not one.
        """
        found = read_fault(self.data)
        if isinstance(found, Fault) and self.pid:
            known = found.facts.get("pid") == self.pid
            facts = dict(found.facts) if known else {**found.facts, "start_ticks": None}
            return replace(found, facts={**facts, "pid": self.pid, "uid": self.uid})
        return found


class Door:
    """The agent's socket in the spool folder."""

    def __init__(self, spool: str) -> None:
        """Bind it; whoever holds the spool's lock may replace an old one.

        Raises:
            OSError: it cannot be bound.
        """
        self._folder = os.open(spool, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(SOCKET, dir_fd=self._folder)
        # By descriptor, because a socket's path may not be longer than 107 bytes.
        path = f"/proc/self/fd/{self._folder}/{SOCKET}"
        self.socket.bind(path)
        os.chmod(path, 0o666)  # noqa: S103 - programs of every user report here
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)

    def receive(self) -> Iterator[Datagram]:
        """Yield what has arrived, at most a burst of it."""
        for _ in range(_BURST):
            try:
                data, extra, _flags, sender = self.socket.recvmsg(
                    MAX_BYTES + 1, socket.CMSG_SPACE(_CREDENTIALS.size)
                )
            except BlockingIOError:
                return
            pid, uid = _read_credentials(extra)
            yield Datagram(data, pid, uid, sender or None)

    def answer(self, to: Datagram, text: str) -> None:
        """Answer a question; an asker who is gone or slow gets nothing."""
        if to.reply_to is not None:
            with contextlib.suppress(OSError):
                self.socket.sendto(text.encode(), to.reply_to)

    def close(self) -> None:
        """Take the socket away."""
        with contextlib.suppress(OSError):
            os.unlink(SOCKET, dir_fd=self._folder)
        self.socket.close()
        os.close(self._folder)


def ask_agent(spool: str, question: str, timeout_seconds: float) -> str | None:
    """Ask the running agent of a spool; None where none answers in time."""
    folder = -1
    try:
        folder = os.open(spool, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asker:
            asker.bind("")  # a name of the kernel's choice, to be answered at
            asker.settimeout(timeout_seconds)
            asker.sendto(json.dumps({"ask": question}).encode(), f"/proc/self/fd/{folder}/{SOCKET}")
            return asker.recv(64 * 1024).decode()
    except OSError:
        return None
    finally:
        if folder >= 0:
            os.close(folder)


def _read_credentials(extra: list[tuple[int, int, bytes]]) -> tuple[int, int]:
    for level, kind, data in extra:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            pid, uid, _ = _CREDENTIALS.unpack_from(data)
            return pid, uid
    return 0, -1
