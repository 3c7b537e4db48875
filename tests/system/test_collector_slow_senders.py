"""Slowloris against the real server: heads and bodies that trickle, senders that say nothing."""

import http.client
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from faultbox_protocol import api
from support.builders import a_bundle, a_head
from support.collector import PRODUCT, ServerProcess, run_command

SLOW_OF_EACH = 20
DEADLINE_SECONDS = 3
PATIENCE_SECONDS = 20.0
SERVED_SECONDS = 1.0


class Slow:
    """One sender of whom a byte comes now and then."""

    def __init__(self, port: int, begun: bytes, drips: Callable[[], bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.socket.sendall(begun)
        self.socket.setblocking(False)
        self._drips = drips
        self.answer = b""
        self.closed = False

    def go_on(self) -> None:
        """Send a little and read what has come."""
        if self.closed:
            return
        try:
            self.answer += self.socket.recv(65536) or self._end()
        except BlockingIOError:
            pass
        except OSError:
            self._end()
            return
        try:
            self.socket.send(self._drips())
        except OSError:
            return  # the other side has ended it; its answer may still be on the way

    def _end(self) -> bytes:
        self.closed = True
        return b""


def nothing() -> bytes:
    """Drip nothing."""
    return b""


def a_letter() -> bytes:
    """Drip a letter."""
    return b"a"


@pytest.mark.timeout(120)
def test_slow_senders_get_408_in_time_and_others_are_served(tmp_path: Path) -> None:
    key = run_command(tmp_path, "keys", "add", PRODUCT).strip()
    head = (
        f"POST {api.BUNDLES} HTTP/1.1\r\nHost: x\r\nFB-Key: {key}\r\n"
        f"Content-Type: {api.MEDIA_TYPE}\r\n"
    )
    slow_heads = head.encode() + b"X-Slow: "
    slow_bodies = f"{head}Content-Length: 100000\r\n\r\n".encode()
    seconds = DEADLINE_SECONDS
    with ServerProcess(
        tmp_path, head_seconds=seconds, body_idle_seconds=seconds, body_seconds=seconds
    ) as server:
        kinds = {
            "trickling head": (slow_heads, a_letter),
            "half a head": (slow_heads, nothing),
            "trickling body": (slow_bodies + b"FBX1", a_letter),
            "half a body": (slow_bodies + b"FBX1", nothing),
            "silent": (b"", nothing),
        }
        slow = [
            (kind, Slow(server.port, begun, drips))
            for kind, (begun, drips) in kinds.items()
            for _ in range(SLOW_OF_EACH)
        ]
        begun_at = time.monotonic()
        number, longest = 0, 0.0
        while not all(one.closed for _, one in slow):
            assert time.monotonic() - begun_at < PATIENCE_SECONDS, still_open(slow)
            for _, one in slow:
                one.go_on()
            number += 1
            longest = max(longest, post(server, key, number))
            time.sleep(0.05)
        assert number > 10
        assert longest < SERVED_SECONDS
        for kind, one in slow:
            one.socket.close()
            if kind == "silent":
                assert one.answer == b""
            else:
                assert one.answer.startswith(b"HTTP/1.1 408 "), (kind, one.answer)
                assert b"urn:faultbox:problem:too_slow" in one.answer
        assert server.stop() == 0


def post(server: ServerProcess, key: str, number: int) -> float:
    """Post a bundle on a connection of its own; return how many seconds that took."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {api.KEY_HEADER: key, "Content-Type": api.MEDIA_TYPE}
    connection.request("POST", api.BUNDLES, a_bundle(a_head(number)), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 202
    return time.monotonic() - begun


def still_open(slow: list[tuple[str, Slow]]) -> dict[str, int]:
    """Count what is still open, by kind."""
    kinds = [kind for kind, one in slow if not one.closed]
    return {kind: kinds.count(kind) for kind in kinds}
