"""Agent and collector are killed at random moments; every captured fault is counted once.

Real processes over 127.0.0.1, driven by their commands alone: nothing of Faultbox is imported
here. A fault counts as captured when the program that had it ended after the SDK's fsync, or when
`faultbox-agent report` has printed its id.
"""

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
PRODUCT = "EdgeBox 400"
CRASHES = 24
REPORTS = 24
KILLS = 8
PATIENCE_SECONDS = 90.0

CRASHING = """
import sys
import faultbox_agent

def ratio(total, parts):
    return total / parts

faultbox_agent.install(serial=sys.argv[1], version="2.3.1")
ratio(1, 0)
"""

Process = subprocess.Popen[bytes]


class Site:
    """A server and a device on this machine, both started again whenever they are killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.environment = {
            **os.environ,
            "FAULTBOX_DATA": str(folder / "server"),
            "FAULTBOX_PORT": str(self.port),
            "FAULTBOX_SERVER": f"http://127.0.0.1:{self.port}",
            "FAULTBOX_SPOOL": str(folder / "spool"),
            "FAULTBOX_PRODUCT": PRODUCT,
            "FAULTBOX_AGENT_CONFIG": str(folder / "agent.toml"),
        }
        self.environment["FAULTBOX_KEY"] = self.faultbox("keys", "add", PRODUCT).strip()
        (folder / "agent.toml").touch()
        self.running: dict[str, Process] = {}

    def faultbox(self, *arguments: str) -> str:
        done = subprocess.run(
            [BIN / "faultbox", *arguments],
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout

    def start(self, name: str) -> None:
        command = {"server": ["faultbox", "serve"], "agent": ["faultbox-agent", "run"]}[name]
        with (self.folder / f"{name}.out").open("ab") as out:
            self.running[name] = subprocess.Popen(
                [BIN / command[0], *command[1:]],
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def kill(self, name: str) -> None:
        process = self.running[name]
        process.send_signal(signal.SIGKILL)
        process.wait()

    def crash_program(self, number: int) -> None:
        program = self.folder / "crashing.py"
        status = subprocess.run(
            [sys.executable, program, f"SN-{number % 3}"],
            env=self.environment,
            check=False,
            stderr=subprocess.DEVNULL,
            timeout=60,
        ).returncode
        assert status == 1

    def report_by_hand(self, number: int) -> str:
        done = subprocess.run(
            [
                *(BIN / "faultbox-agent", "report", "--kind", "error", "--code", "E-202"),
                *("--message", f"no answer, attempt {number}"),
            ],
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
        return done.stdout.split()[-1]

    def waiting(self) -> int:
        done = subprocess.run(
            [BIN / "faultbox-agent", "status", "--json"],
            env=self.environment,
            check=True,
            capture_output=True,
            timeout=60,
        )
        status = json.loads(done.stdout)
        return int(status["waiting"]) + int(status["drop"])

    def receipt(self, bundle_id: str) -> tuple[int, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            key = self.environment["FAULTBOX_KEY"]
            connection.request("GET", f"/v1/receipts/{bundle_id}", headers={"FB-Key": key})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    found = Site(tmp_path)
    (tmp_path / "crashing.py").write_text(CRASHING)
    try:
        yield found
    finally:
        for process in found.running.values():
            process.kill()
            process.wait()


@pytest.mark.timeout(240)
def test_every_captured_fault_is_counted_once_across_kills(site: Site) -> None:
    site.start("server")
    site.start("agent")
    reported: list[str] = []
    failed: list[Exception] = []

    def load(work: Callable[[int], object], count: int) -> None:
        try:
            for number in range(count):
                work(number)
        except (AssertionError, subprocess.SubprocessError) as error:
            failed.append(error)

    threads = [
        threading.Thread(target=load, args=(site.crash_program, CRASHES)),
        threading.Thread(
            target=load, args=(lambda n: reported.append(site.report_by_hand(n)), REPORTS)
        ),
    ]
    for thread in threads:
        thread.start()
    nemesis = random.Random(20241105)
    for _ in range(KILLS):
        time.sleep(nemesis.uniform(0.2, 1.2))
        name = nemesis.choice(("server", "agent"))
        site.kill(name)
        time.sleep(nemesis.uniform(0.0, 0.5))
        site.start(name)
    for thread in threads:
        thread.join()
    assert not failed

    wait_until(lambda: site.waiting() == 0, "the spool to empty")
    wait_until(lambda: counted(site) >= CRASHES + REPORTS, "every fault to be counted")
    time.sleep(1.0)  # what is counted twice would show now
    tickets = {t["title"]: t for t in json.loads(site.faultbox("ticket", "list", "--json"))}
    assert len(tickets) == 2
    assert tickets["E-202"]["occurrences"] == REPORTS
    (crash,) = (ticket for title, ticket in tickets.items() if "ZeroDivisionError" in title)
    assert (crash["occurrences"], crash["devices"]) == (CRASHES, 3)
    assert len(set(reported)) == REPORTS
    for bundle_id in reported:
        status, receipt = site.receipt(bundle_id)
        assert (status, receipt["state"]) == (200, "digested")
        assert receipt["ticket"] == tickets["E-202"]["number"]


@pytest.mark.timeout(240)
def test_nothing_is_lost_while_the_collector_is_down(site: Site) -> None:
    site.start("agent")
    for number in range(6):
        site.crash_program(number)
    wait_until(lambda: site.waiting() == 6, "the faults to be in the spool")
    site.start("server")
    wait_until(lambda: counted(site) == 6, "every fault to be counted")
    assert site.waiting() == 0


def counted(site: Site) -> int:
    tickets = json.loads(site.faultbox("ticket", "list", "--json"))
    return sum(ticket["occurrences"] for ticket in tickets)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(subprocess.CalledProcessError, OSError):
            if condition():
                return
        time.sleep(0.2)
    pytest.fail(f"waited in vain for {what}")
