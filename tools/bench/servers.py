"""The servers that are measured: ours and the bare handler, each on a core of its own."""

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from faultbox_protocol import api
from tools.bench.load import Answers
from tools.bench.processes import Moment, read_moment, read_peak_mib

ROOT = Path(__file__).resolve().parents[2]
FAULTBOX = Path(sys.executable).parent / "faultbox"
TWO_CORES = (os.cpu_count() or 1) > 1
SERVER_CORE = 0 if TWO_CORES else None
CLIENT_CORE = 1 if TWO_CORES else None
UNLIMITED = {
    "FAULTBOX_RATE_KEY_PER_SECOND": "1000000",
    "FAULTBOX_RATE_KEY_BURST": "10000000",
    "FAULTBOX_RATE_DEVICE_PER_MINUTE": "60000000",
    "FAULTBOX_RATE_DEVICE_BURST": "10000000",
}
"""Limits that are looked at and never reached: what is asked for is what the server can do."""
_START_SECONDS = 60.0
_STALLED_SECONDS = 60.0
_UNDIGESTED = frozenset({"stored", "duplicate"})


@dataclass(frozen=True, slots=True)
class Certificate:
    """A self-signed P-256 certificate of 127.0.0.1."""

    cert: Path
    key: Path


@dataclass(slots=True)
class Server:
    """A running server."""

    pid: int
    url: str
    names: Path
    data: Path
    environment: Mapping[str, str]
    ca_file: str = ""
    keys: dict[str, str] = field(default_factory=dict)

    def key(self, product: str) -> str:
        """Return an ingest key of a product, made when it is first asked for."""
        if product not in self.keys:
            self.keys[product] = run_command(self.environment, "keys", "add", product).strip()
        return self.keys[product]

    def thread_names(self) -> dict[int, str]:
        """Return the names of the server's threads."""
        self.names.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        end = time.monotonic() + 10
        while not self.names.exists() and time.monotonic() < end:
            time.sleep(0.01)
        found: dict[str, str] = json.loads(self.names.read_text())
        return {int(thread): name for thread, name in found.items()}

    def moment(self) -> Moment:
        """Return the server's counters now."""
        return read_moment(self.pid)

    def peak_mib(self) -> float:
        """Return the most memory it has had, in MiB."""
        return read_peak_mib(self.pid)

    def wait_digested(self, answers: Answers, product: str) -> None:
        """Return when the digest has done the bundles acknowledged last.

        Raises:
            TimeoutError: nothing more was digested for a minute.
        """
        waiting = list(reversed(answers.last_ids))
        moved = time.monotonic()
        while waiting:
            if self.is_digested(waiting[-1], product):
                waiting.pop()
                moved = time.monotonic()
                continue
            if time.monotonic() - moved > _STALLED_SECONDS:
                raise TimeoutError(f"{waiting[-1]} is not digested")
            time.sleep(0.05)

    def count_occurrences(self) -> int:
        """Return how many occurrences all tickets have together."""
        return sum(ticket["occurrences"] for ticket in self.list_tickets())

    def list_tickets(self) -> list[dict[str, Any]]:
        """Return every ticket as the command line tells it."""
        found: list[dict[str, Any]] = json.loads(
            run_command(self.environment, "ticket", "list", "--json")
        )
        return found

    def is_digested(self, bundle_id: str, product: str) -> bool:
        """Return whether the digest has done a bundle."""
        request = urllib.request.Request(  # noqa: S310 - our own server on loopback
            f"{self.url}{api.RECEIPTS}/{bundle_id}", headers={api.KEY_HEADER: self.key(product)}
        )
        context = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None
        try:
            with urllib.request.urlopen(request, timeout=30, context=context) as answer:  # noqa: S310
                return json.load(answer)["state"] not in _UNDIGESTED
        except urllib.error.HTTPError as error:
            if error.code == 404:  # in a pack, and the server was started anew
                return False
            raise


@contextlib.contextmanager
def serve_faultbox(
    data: Path,
    certificate: Certificate | None = None,
    settings: Mapping[str, str] = UNLIMITED,
) -> Iterator[Server]:
    """Run our server on a data folder, as `faultbox serve`, `settings` in its environment."""
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FAULTBOX_")},
        "FAULTBOX_DATA": str(data),
        "FAULTBOX_PORT": str(port),
        "FAULTBOX_RATE_KEY_PER_SECOND": "0",  # one key sends as much as a thousand fleets
        "FAULTBOX_RATE_DEVICE_PER_MINUTE": "0",
    }
    scheme = "http"
    if certificate:
        scheme = "https"
        environment["FAULTBOX_TLS_CERT"] = str(certificate.cert)
        environment["FAULTBOX_TLS_KEY"] = str(certificate.key)
    names = data.parent / f"{data.name}.threads"
    with _process(["faultbox", "serve"], port, names, {**environment, **settings}) as pid:
        yield Server(
            pid,
            f"{scheme}://127.0.0.1:{port}",
            names,
            data,
            environment,
            str(certificate.cert) if certificate else "",
        )


@contextlib.contextmanager
def serve_bare(folder: Path, certificate: Certificate | None = None) -> Iterator[Server]:
    """Run the bare handler."""
    port = free_port()
    files = [str(certificate.cert), str(certificate.key)] if certificate else []
    names = folder / "bare.threads"
    with _process(["bare", str(port), *files], port, names, dict(os.environ)) as pid:
        scheme = "https" if certificate else "http"
        url = f"{scheme}://127.0.0.1:{port}"
        yield Server(pid, url, names, folder, {}, files[0] if files else "")


def make_certificate(folder: Path) -> Certificate | None:
    """Return a new certificate; None where there is no openssl."""
    made = Certificate(folder / "cert.pem", folder / "key.pem")
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    files = ["-keyout", str(made.key), "-out", str(made.cert)]
    command = ["openssl", "req", "-x509", "-nodes", "-days", "2", *curve, *subject, *files]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        return None
    return made


def run_command(environment: Mapping[str, str], *arguments: str) -> str:
    """Run one `faultbox` command beside the running server and return what it printed."""
    return subprocess.run(
        [FAULTBOX, *arguments], env=environment, check=True, capture_output=True, text=True
    ).stdout


def free_port() -> int:
    """Return a TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _process(
    command: list[str], port: int, names: Path, environment: Mapping[str, str]
) -> Iterator[int]:
    core = "-" if SERVER_CORE is None else str(SERVER_CORE)
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.bench.pinned", core, str(names), *command],
            env=environment,
            cwd=ROOT,
            stdout=output,
            stderr=output,
        )
        try:
            _wait_port(process, port, output)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _wait_port(process: "subprocess.Popen[bytes]", port: int, output: IO[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    output.seek(0)
    raise RuntimeError(f"the server did not start: {output.read().decode()[-2000:]}")
