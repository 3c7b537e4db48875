"""Bugsink, installed into a cache outside the tree and run as its documentation says.

SQLite, gunicorn's sync workers, one for each core, and snappea with four threads; quotas and
retention raised, so that nothing is refused. It may use every core.
"""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.bench.processes import read_tree_seconds
from tools.bench.servers import free_port

REQUIREMENT = "bugsink>=2.6,<2.7"
_SETTINGS = """
ALLOWED_HOSTS = ["*"]
SECURE_PROXY_SSL_HEADER = None
USE_X_REAL_IP = False
BUGSINK["BASE_URL"] = "http://127.0.0.1:{port}"
BUGSINK["PHONEHOME"] = False
for period in ("5_MINUTES", "HOUR", "MONTH"):
    BUGSINK[f"MAX_EVENTS_PER_{{period}}"] = 10**9
    BUGSINK[f"MAX_EVENTS_PER_PROJECT_PER_{{period}}"] = 10**9
"""
_PROJECT = """
from projects.models import Project
made = Project.objects.create(name="bench", retention_max_event_count=10**8)
print(made.id, made.sentry_key.hex)
"""
_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Bugsink:
    """A running Bugsink with one project."""

    url: str
    project: int
    key: str
    database: Path
    pids: tuple[int, ...]

    def count_processed(self) -> int:
        """Return how many errors are grouped and visible."""
        with contextlib.closing(
            sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)
        ) as connection:
            row = connection.execute("SELECT digested_event_count FROM projects_project").fetchone()
        return int(row[0])

    def cpu_seconds(self) -> float:
        """Return what all its processes have used."""
        return sum(read_tree_seconds(pid) for pid in self.pids)


def install() -> Path:
    """Return the folder of Bugsink's programs, installed from the package index where missing."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "faultbox-bench" / "bugsink-2.6"
    programs = home / "bin"
    if not (programs / "bugsink-manage").exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([programs / "pip", "install", "-q", REQUIREMENT], check=True)
    return programs


@contextlib.contextmanager
def serve_bugsink(programs: Path, folder: Path) -> Iterator[Bugsink]:
    """Run Bugsink with its data in a folder."""
    folder.mkdir()
    (folder / "snappea").mkdir()
    port = free_port()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "bugsink_conf",
        "PYTHONPATH": str(folder),
    }
    environment["PATH"] = f"{programs}:{environment['PATH']}"

    def run(*command: str) -> str:
        return subprocess.run(
            [programs / command[0], *command[1:]],
            cwd=folder,
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ).stdout

    made = ["--template", "singleserver", "--host", "127.0.0.1", "--base-dir", str(folder)]
    run("bugsink-create-conf", *made)
    with (folder / "bugsink_conf.py").open("a") as file:
        file.write(_SETTINGS.format(port=port))
    run("bugsink-manage", "migrate")
    run("bugsink-manage", "migrate", "snappea", "--database=snappea")
    project, key = run("bugsink-manage", "shell", "-c", _PROJECT).split()[-2:]
    workers = str(min(os.cpu_count() or 1, 4))
    commands = (
        ["gunicorn", "-w", workers, "-b", f"127.0.0.1:{port}", "bugsink.wsgi"],
        ["bugsink-runsnappea"],
    )
    with contextlib.ExitStack() as stack:
        pids = tuple(
            stack.enter_context(_process(programs, c, folder, environment)) for c in commands
        )
        url = f"http://127.0.0.1:{port}"
        _wait_for(url)
        yield Bugsink(url, int(project), key, folder / "db.sqlite3", pids)


@contextlib.contextmanager
def _process(
    programs: Path, command: list[str], folder: Path, environment: dict[str, str]
) -> Iterator[int]:
    with (folder / f"{command[0]}.log").open("wb") as log:
        process = subprocess.Popen(
            [programs / command[0], *command[1:]],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(url: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - loopback
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("Bugsink does not answer")
