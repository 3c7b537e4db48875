"""How many durable bundles the collector takes, beside a bare handler, in one run.

The two servers take turns, so that a machine that gets slower does so for both; ratios are of
medians. Load generator and servers share the machine.
"""

import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from faultbox_protocol import api
from tools.bench.reports import PRODUCT

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
ROUNDS = 3
COUNT = 6000
CONNECTIONS = 64
_TICKS = os.sysconf("SC_CLK_TCK")

Figures = dict[str, float]


def measure_intake() -> dict[str, Figures]:
    """Return median figures of `bare` and `faultbox`."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "FAULTBOX_DATA": folder, "FAULTBOX_PORT": str(free_port())}
        bare_port = free_port()
        bare = [sys.executable, "-m", "tools.bench.bare", str(bare_port)]
        ours = [str(BIN / "faultbox"), "serve"]
        with _server(bare, bare_port, environment) as bare_pid:
            port = int(environment["FAULTBOX_PORT"])
            with _server(ours, port, environment) as pid:
                key = _add_key(environment)
                rounds: dict[str, list[Figures]] = {"bare": [], "faultbox": []}
                for _ in range(ROUNDS):
                    rounds["bare"].append(_load(bare_port, "none", bare_pid))
                    rounds["faultbox"].append(_load(port, key, pid))
                    _wait_digested(environment, COUNT * len(rounds["faultbox"]))
                    rounds["faultbox"][-1]["rss_mib"] = _rss_mib(pid)
    return {name: _medians(figures) for name, figures in rounds.items()}


def free_port() -> int:
    """Return a TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _server(command: list[str], port: int, environment: dict[str, str]) -> Iterator[int]:
    process = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_port(port)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _wait_port(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on {port}")


def _add_key(environment: dict[str, str]) -> str:
    done = subprocess.run(
        [BIN / "faultbox", "keys", "add", PRODUCT],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def _load(port: int, key: str, pid: int) -> Figures:
    url = f"http://127.0.0.1:{port}{api.BUNDLES}"
    before = _cpu_seconds(pid)
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench.load", url, key, str(COUNT), str(CONNECTIONS)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    found = json.loads(done.stdout)
    if found["statuses"] != {"202": COUNT}:
        raise RuntimeError(f"answers other than 202: {found['statuses']}")
    return {
        "per_second": found["per_second"],
        "p50_ms": found["p50_ms"],
        "p99_ms": found["p99_ms"],
        "cpu_ms_to_receipt": 1000 * (_cpu_seconds(pid) - before) / COUNT,
    }


def _wait_digested(environment: dict[str, str], count: int) -> None:
    """Wait until the digest has counted every bundle: the next round begins with no backlog."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        done = subprocess.run(
            [BIN / "faultbox", "ticket", "list", "--json"],
            env=environment,
            check=True,
            capture_output=True,
        )
        if sum(ticket["occurrences"] for ticket in json.loads(done.stdout)) >= count:
            return
        time.sleep(0.2)
    raise TimeoutError("the digest did not catch up")


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _rss_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _medians(figures: list[Figures]) -> Figures:
    return {name: statistics.median(one[name] for one in figures) for name in figures[0]}
