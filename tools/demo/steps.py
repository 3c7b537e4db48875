"""The steps of the demonstration: a server, an agent, and four real faults on this machine."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

BIN = Path(sys.executable).parent
FAULTS = Path(__file__).parent / "faults"
PRODUCT = "EdgeBox 400"
WAIT_SECONDS = 60.0


class DemoError(Exception):
    """A step that did not come out; the text says which."""


class Demo:
    """The running server and agent, and the folder they work in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_file = folder / "device.log"
        self.login = ""
        self.environment = {
            **os.environ,
            "FAULTBOX_DATA": str(folder / "server"),
            "FAULTBOX_PORT": str(self.port),
            "FAULTBOX_SERVER": self.url,
            "FAULTBOX_SPOOL": str(folder / "spool"),
            "FAULTBOX_AGENT_CONFIG": str(folder / "agent.toml"),
        }

    @contextlib.contextmanager
    def server(self) -> Iterator[None]:
        """Run `faultbox serve` and wait until it listens."""
        out = self.folder / "server.out"
        with out.open("wb") as file:
            process = subprocess.Popen(
                [BIN / "faultbox", "serve"],
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        with _stopping(process):
            self.login = wait_for(lambda: _login_line(out), "the server to listen")
            yield

    @contextlib.contextmanager
    def agent(self) -> Iterator[None]:
        """Run `faultbox-agent run`, which watches the device's log and takes the SDK's reports."""
        self.log_file.touch()
        (self.folder / "agent.toml").write_text(
            f"server = {json.dumps(self.url)}\n"
            f"key = {json.dumps(self._add_key())}\n"
            f"product = {json.dumps(PRODUCT)}\n"
            'model = "EB400-4G"\nserial = "SN2024A3F90017"\nversion = "2.3.1"\n'
            'place = "test"\n\n[[log]]\n'
            f"path = {json.dumps(str(self.log_file))}\n",
            encoding="utf-8",
        )
        with (self.folder / "agent.out").open("wb") as file:
            process = subprocess.Popen(
                [BIN / "faultbox-agent", "run"],
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        with _stopping(process):
            wait_for(self._agent_runs, "the agent to run")
            yield

    def crash_native(self, times: int) -> None:
        """Compile a C program and let it die of SIGSEGV under the supervisor."""
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise DemoError("no C compiler found: install gcc")
        program = self.folder / "sensor_reader"
        source = FAULTS / "sensor_reader.c"
        subprocess.run([compiler, "-g", "-O0", "-o", program, source], check=True)
        for _ in range(times):
            status = self._supervise([str(program)]).wait()
            if status != 128 + signal.SIGSEGV:
                raise DemoError(f"sensor_reader ended with {status}, not by SIGSEGV")

    def fail_service(self, serial: str, failures: int) -> None:
        """Let the Python service fail `failures` times; the last failure ends it."""
        service = str(FAULTS / "price_service.py")
        process = self._start(
            [sys.executable, service, "--serial", serial, "--failures", str(failures)]
        )
        if process.wait() != 1:
            raise DemoError("the price service did not end by its exception")

    def log_code(self, starts: int) -> None:
        """Let the device log its error code, once per start."""
        process = self._start(
            [sys.executable, str(FAULTS / "boot_logger.py"), str(self.log_file), str(starts)]
        )
        if process.wait() != 0:
            raise DemoError("the boot logger failed")

    def kill_worker(self) -> None:
        """Kill a supervised worker with signal 9."""
        process = self._supervise([sys.executable, str(FAULTS / "report_worker.py")])
        child = wait_for(lambda: _child_of(process.pid), "the worker to start")
        time.sleep(0.5)
        os.kill(child, signal.SIGKILL)
        if process.wait() != 128 + signal.SIGKILL:
            raise DemoError("the worker did not end by SIGKILL")

    def tickets(self) -> list[dict[str, object]]:
        """Return the tickets as `faultbox ticket list --json` prints them."""
        done = subprocess.run(
            [BIN / "faultbox", "ticket", "list", "--json"],
            env=self.environment,
            check=True,
            capture_output=True,
        )
        found: list[dict[str, object]] = json.loads(done.stdout)
        return found

    def _add_key(self) -> str:
        done = subprocess.run(
            [BIN / "faultbox", "keys", "add", PRODUCT],
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def _agent_runs(self) -> bool:
        done = subprocess.run(
            [BIN / "faultbox-agent", "status", "--json"],
            env=self.environment,
            check=False,
            capture_output=True,
        )
        return done.returncode == 0 and bool(json.loads(done.stdout).get("running"))

    def _supervise(self, command: list[str]) -> "subprocess.Popen[bytes]":
        return self._start([str(BIN / "faultbox-agent"), "exec", "--", *command])

    def _start(self, command: list[str]) -> "subprocess.Popen[bytes]":
        with (self.folder / "programs.out").open("ab") as file:
            return subprocess.Popen(
                command, env=self.environment, stdout=file, stderr=subprocess.STDOUT
            )


def wait_for(probe: Callable[[], T], what: str) -> T:
    """Return the first true answer of `probe`."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        answer = probe()
        if answer:
            return answer
        time.sleep(0.1)
    raise DemoError(f"waited {WAIT_SECONDS:.0f} s for {what} in vain")


@contextlib.contextmanager
def _stopping(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _login_line(out: Path) -> str:
    for line in out.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("login: http"):
            return line.removeprefix("login: ")
    return ""


def _child_of(pid: int) -> int:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    return int(children[0]) if children else 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
