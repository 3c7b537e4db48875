"""A device for tests: a still clock, a collector that answers as told, agent processes."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from faultbox_agent.capture import Surroundings
from faultbox_agent.clock import Clock
from faultbox_agent.fault import Fault, PlainMap
from faultbox_agent.settings import Settings
from faultbox_agent.station import Station
from faultbox_protocol import codec
from faultbox_protocol.api import PROBLEM_PREFIX, PROBLEM_TYPE
from faultbox_protocol.report import Evidence, Head
from faultbox_protocol.words import ClockQuality
from support.builders import BOOT, NOON_MS, an_id

KEY = "fbk_testtesttesttesttesttest"


class StillClock:
    """A clock that moves only when it is told to."""

    def __init__(self, wall_ms: int = NOON_MS, mono_ms: int = 1_000_000) -> None:
        self.now_wall_ms = wall_ms
        self.now_mono_ms = mono_ms
        self.now_boot = BOOT

    @property
    def boot(self) -> str:
        """The boot it was set to."""
        return self.now_boot

    def wall_ms(self) -> int:
        """The wall time it was set to."""
        return self.now_wall_ms

    def mono_ms(self) -> int:
        """The monotonic time it was set to."""
        return self.now_mono_ms

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.now_wall_ms += int(seconds * 1000)
        self.now_mono_ms += int(seconds * 1000)


def some_surroundings() -> Surroundings:
    """Return a machine about which nothing is remarkable."""
    return Surroundings(
        clock_quality=lambda: ClockQuality.SYNCED,
        system=lambda: {"uptime_ms": 5, "load": [0.1, 0.2, 0.3]},
        process=lambda _: {},
        software={"os": "Debian GNU/Linux 12 (bookworm)", "kernel": "Linux 6.1"},
        serial="m-0123456789abcdef",
    )


def a_fault(number: int = 1, *, code: str = "E-202", kind: str = "error", **head: object) -> Fault:
    """Return a fault as a source hands it over."""
    fields: dict[str, object] = {
        "kind": kind,
        "sev": "error",
        "t_ms": NOON_MS,
        "mono_ms": 1000,
        "boot": BOOT,
        "prod": {"name": "inspect-eye"},
        "err": {"code": code, "msg": f"boot failed with {code}"},
        **head,
    }
    return Fault(an_id(number), fields)  # type: ignore[arg-type]


def some_settings(spool: Path, **changes: object) -> Settings:
    """Return settings with small headroom, so that tests run on full machines too."""
    return Settings(spool=str(spool), headroom_mib=1, **changes)  # type: ignore[arg-type]


def a_station(
    tmp_path: Path, server: str | None, clock: Clock | None = None, **more: object
) -> Station:
    """Return a station over `tmp_path/spool` with the test's key."""
    return Station(some_settings(tmp_path / "spool", server=server, key=KEY, **more), clock)


def read_ready(spool: Path) -> list[tuple[Head, Evidence]]:
    """Return head and evidence of every waiting bundle, in order of sequence number."""
    found = []
    for path in (spool / "ready").glob("*.fbx"):
        bundle = codec.scan_bundle(memoryview(path.read_bytes()))
        found.append((codec.read_head(bundle), codec.read_evidence(bundle)))
    return sorted(found, key=lambda pair: pair[0].seq or 0)


@dataclass(slots=True)
class Arrival:
    """One request as the collector saw it."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    def bundles(self) -> list[codec.Bundle]:
        """Return the bundles in it, which must all be whole."""
        found = list(codec.split_batch(self.body))
        return [one for one in found if isinstance(one, codec.Bundle)]


@dataclass(slots=True)
class Reply:
    """What the collector answers."""

    status: int = 202
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def stored(arrival: Arrival) -> Reply:
    """Return the receipts of a collector that stored everything."""
    receipts = [
        {"id": codec.read_head(one).id.hex(), "sha256": one.sha256.hex(), "state": "stored"}
        for one in arrival.bundles()
    ]
    return Reply(202, json.dumps({"receipts": receipts, "now_ms": NOON_MS}).encode())


def refusal(status: int, reason: str, **headers: str) -> Reply:
    """Return a problem of ours."""
    body = {"type": PROBLEM_PREFIX + reason, "title": reason, "status": status}
    return Reply(status, json.dumps(body).encode(), PROBLEM_TYPE, headers)


class Collector:
    """A real HTTP server on loopback that answers as it is told."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.answer: Callable[[Arrival], Reply] = stored
        collector = self

        class Handler(BaseHTTPRequestHandler):
            """Takes bundles."""

            def do_POST(self) -> None:
                """Answer one request."""
                body = self.rfile.read(int(self.headers["Content-Length"]))
                arrival = Arrival(self.path, dict(self.headers), body)
                collector.arrivals.append(arrival)
                reply = collector.answer(arrival)
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                self.send_header("Content-Length", str(len(reply.body)))
                for name, value in reply.headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def heads(self) -> list[Head]:
        """Return the heads of everything that arrived."""
        return [codec.read_head(one) for arrival in self.arrivals for one in arrival.bundles()]

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def a_collector() -> Iterator[Collector]:
    """Serve while the test runs."""
    collector = Collector()
    try:
        yield collector
    finally:
        collector.close()


def environ(spool: Path, **settings: str) -> dict[str, str]:
    """Return an environment that holds these FAULTBOX settings and no others."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("FAULTBOX_")}
    found["FAULTBOX_SPOOL"] = str(spool)
    found["FAULTBOX_HEADROOM_MIB"] = "1"
    # Never the developer's own configuration.
    found["HOME"] = str(spool.parent)
    return {**found, **{f"FAULTBOX_{name.upper()}": value for name, value in settings.items()}}


def agent(
    arguments: Sequence[str],
    env: Mapping[str, str],
    *,
    stdin: bytes = b"",
    timeout: float = 60,
) -> "subprocess.CompletedProcess[bytes]":
    """Run one agent command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "faultbox_agent", *arguments],
        env=dict(env),
        input=stdin,
        capture_output=True,
        timeout=timeout,
        check=False,
    )


@contextmanager
def resident(env: Mapping[str, str], *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the resident agent, ready when this is entered."""
    process = start_resident(env, *options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stderr is not None:
            process.stderr.close()


def start_resident(env: Mapping[str, str], *options: str) -> "subprocess.Popen[bytes]":
    """Start the resident agent and wait until its door is open."""
    process = subprocess.Popen(
        [sys.executable, "-m", "faultbox_agent", "run", *options],
        env=dict(env),
        stderr=subprocess.PIPE,
    )
    if process.stderr is None:
        raise RuntimeError("no stderr")
    for line in process.stderr:
        if b"spool " in line:
            return process
    raise RuntimeError("the agent did not start")


def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Wait until something is so; False if it does not become so."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def run_program(
    path: Path, source: str, env: Mapping[str, str]
) -> "subprocess.CompletedProcess[bytes]":
    """Run a Python program of its own."""
    path.write_text(source, encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(path)], env=dict(env), capture_output=True, timeout=60, check=False
    )


def drop_records(spool: Path) -> list[PlainMap]:
    """Return the records in the drop folder."""
    return [json.loads(path.read_bytes()) for path in sorted((spool / "drop").glob("*.json"))]
