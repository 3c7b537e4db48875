"""What the agent costs: memory and idle CPU of the resident, time in the watched program.

Everything is a real process: the resident as `faultbox-agent run`, a program with the SDK as its
host, and a server on loopback that stores nothing and gives receipts.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

from faultbox_protocol import codec

IDLE_SECONDS = 60.0
ROUNDS = 200
IMPORTS = 15
BURST = 8
_HOST = (
    f"BURST = {BURST}"
    + """
import json, sys, time
from pathlib import Path
import faultbox_agent
from faultbox_agent.sdk import reporter
from faultbox_protocol.words import FaultKind
# The limits per minute protect a program; here its cost is what is asked for.
reporter.PER_MINUTE = reporter.FATAL_PER_MINUTE = 1_000_000
spool, rounds = sys.argv[1], int(sys.argv[2])
own = reporter.Reporter({"name": "bench"}, {}, spool)
def deep(frames):
    if frames > 1:
        return deep(frames - 1)
    raise ValueError("no reading from sensor 7 after 3 attempts")
def measure(fatal, burst, pause):
    taken = []
    for number in range(rounds):
        try:
            deep(20)
        except ValueError as error:
            begun = time.perf_counter_ns()
            own.report_exception(error, kind=FaultKind.CRASH, fatal=fatal)
            taken.append((time.perf_counter_ns() - begun) / 1e6)
        # The kernel queues ten datagrams for the agent; an eleventh would become a file.
        if number % burst == burst - 1:
            time.sleep(pause)
    return taken
if sys.argv[3] == "fatal":
    print(json.dumps(measure(True, rounds, 0.0)))
else:
    print(json.dumps(measure(False, BURST, 0.03)))
"""
)


def measure(idle_seconds: float = IDLE_SECONDS) -> dict[str, float]:
    """Return every figure of the agent, in one run."""
    return {**measure_import(), **measure_capture(), **measure_resident(idle_seconds)}


def measure_import() -> dict[str, float]:
    """Return what `import faultbox_agent` takes beyond a bare interpreter, in ms, median."""
    bare, with_it = [], []
    for _ in range(IMPORTS):
        bare.append(_time_python("pass"))
        with_it.append(_time_python("import faultbox_agent"))
    logging_json = [_time_python("import logging, json, socket") for _ in range(IMPORTS)]
    return {
        "import_ms": median(with_it) - median(bare),
        "import_of_logging_json_socket_ms": median(logging_json) - median(bare),
    }


def measure_capture() -> dict[str, float]:
    """Return what a report of 20 frames costs the program that reports it, in ms."""
    with tempfile.TemporaryDirectory() as folder:
        spool = Path(folder) / "spool"
        with _resident(spool, {}):
            alive = _run_host(spool, "alive")
        fatal = _run_host(Path(folder) / "other", "fatal")
    return {
        "capture_datagram_median_ms": median(alive),
        "capture_datagram_after_a_pause_ms": median(alive[BURST::BURST]),
        "capture_datagram_first_ms": alive[0],
        "capture_fatal_fsync_median_ms": median(fatal),
        "capture_fatal_fsync_first_ms": fatal[0],
    }


def measure_resident(idle_seconds: float = IDLE_SECONDS) -> dict[str, float]:
    """Return memory (MiB) before and after uploads, and idle CPU in per cent of one core."""
    with tempfile.TemporaryDirectory() as folder, _receipts() as server:
        spool = Path(folder) / "spool"
        settings = {"FAULTBOX_SERVER": server.url, "FAULTBOX_KEY": "fbk_bench"}
        with _resident(spool, settings) as process:
            time.sleep(1.5)
            idle_rss = _rss_mib(process.pid)
            idle_cpu = _cpu_pct(process.pid, idle_seconds)
            for _ in range(3):
                _run_host(spool, "alive", rounds=10)
                _wait_until_empty(spool)
            return {
                "resident_rss_mib": idle_rss,
                "resident_idle_cpu_pct": idle_cpu,
                "resident_rss_after_uploads_mib": _rss_mib(process.pid),
                "uploads": float(server.uploads),
            }


class _Receipts(ThreadingHTTPServer):
    """Gives receipts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _ReceiptHandler)
        self.uploads = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _ReceiptHandler(BaseHTTPRequestHandler):
    """Answers one upload."""

    server: _Receipts

    def do_POST(self) -> None:
        """Give a receipt for every bundle."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        bundles = [one for one in codec.split_batch(body) if isinstance(one, codec.Bundle)]
        receipts = [
            {"id": codec.read_head(one).id.hex(), "sha256": one.sha256.hex(), "state": "stored"}
            for one in bundles
        ]
        answer = json.dumps({"receipts": receipts}).encode()
        self.server.uploads += 1
        self.send_response(202)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@contextmanager
def _receipts() -> Iterator[_Receipts]:
    server = _Receipts()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _resident(spool: Path, settings: dict[str, str]) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen(
        [sys.executable, "-m", "faultbox_agent", "run"],
        env=_environment(spool, settings),
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 20
        while not (spool / "agent.sock").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _run_host(spool: Path, how: str, rounds: int = ROUNDS) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", _HOST, str(spool), str(rounds), how],
        env=_environment(spool, {}),
        capture_output=True,
        check=True,
    )
    found: list[float] = json.loads(done.stdout)
    return found


def _environment(spool: Path, settings: dict[str, str]) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FAULTBOX_")}
    own = {"FAULTBOX_SPOOL": str(spool), "HOME": str(spool.parent)}
    return {**clean, **own, **settings}


def _time_python(code: str) -> float:
    begun = time.perf_counter_ns()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter_ns() - begun) / 1e6


def _rss_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _cpu_pct(pid: int, seconds: float) -> float:
    """Return the CPU time of a process over a while, by the scheduler's nanoseconds."""
    schedule = Path(f"/proc/{pid}/schedstat")
    before = int(schedule.read_text().split()[0])
    time.sleep(seconds)
    return (int(schedule.read_text().split()[0]) - before) / (seconds * 1e9) * 100


def _wait_until_empty(spool: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not any((spool / "ready").iterdir()) and not any((spool / "drop").iterdir()):
            return
        time.sleep(0.05)


if __name__ == "__main__":
    for name, value in measure().items():
        sys.stdout.write(f"{name:44} {value:12.3f}\n")
