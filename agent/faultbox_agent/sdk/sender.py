"""One record out of the watched program: a datagram to the agent, or a file in the drop folder.

No socket is kept open, so a fork shares nothing. The datagram never waits: where nobody
listens, the queue is full or the record is too long, the drop folder takes it.
"""

import os
import socket

from faultbox_agent.drop import leave_record
from faultbox_agent.layout import SOCKET

DATAGRAM_BYTES = 128 * 1024
"""The kernel's default send buffer takes 208 KiB."""
_PATH_BYTES = 107
_CLAIM_VARIABLE = "FAULTBOX_CLAIM"


def send_record(spool: str, fault_id: bytes, data: bytes, *, fatal: bool) -> None:
    """Hand a record over; a fatal one is on the disk when this returns.

    Raises:
        OSError: neither way took it.
    """
    if not fatal and len(data) <= DATAGRAM_BYTES and send_datagram(spool, data):
        return
    leave_record(spool, f"{fault_id.hex()}.json", data, durable=fatal)


def send_datagram(spool: str, data: bytes) -> bool:
    """Send one datagram to the agent of this spool; False where it cannot be had at once."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as door:
            path = os.path.join(spool, SOCKET)
            if len(os.fsencode(path)) <= _PATH_BYTES:
                return door.sendto(data, path) == len(data)
            folder = os.open(spool, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                return door.sendto(data, f"/proc/self/fd/{folder}/{SOCKET}") == len(data)
            finally:
                os.close(folder)
    except OSError:
        return False


def claim_fault(fault_id: bytes, mono_ms: int) -> None:
    """Tell the supervisor, if there is one, that this process filed its own end."""
    folder = os.environ.get(_CLAIM_VARIABLE)
    if not folder:
        return
    try:
        path = os.path.join(folder, f"{os.getpid()}-{fault_id.hex()}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(path, flags, 0o644)
        try:
            os.write(file, str(mono_ms).encode())
        finally:
            os.close(file)
    except OSError:
        return  # the supervisor is gone, or files the fault once more: never our host's matter
