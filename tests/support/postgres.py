"""A PostgreSQL server of the tests' own: started from Debian's binaries, removed at the end.

`initdb` refuses root, so as root everything runs as the user `postgres`. The server ends with the
thread that started it (`--pdeathsig`), whatever becomes of the tests. One database is migrated and
serves as the template of all others: a copy takes some 50 ms, a migration some 500 ms.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import sql

from faultbox_collector.store.engine import open_writer_engine
from faultbox_collector.store.migrate import upgrade_schema
from support.collector import a_free_port
from support.needs import give_up

BINARIES = Path("/usr/lib/postgresql/15/bin")
USER = "postgres"
PATIENCE_SECONDS = 30.0
_TEMPLATE = "template_faultbox"


def have_postgres() -> None:
    """Return where PostgreSQL can be started; otherwise skip the test, or fail it in CI."""
    if not (BINARIES / "postgres").exists():
        give_up(f"PostgreSQL 15 is not in {BINARIES}")
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(USER)
        except KeyError:
            give_up(f"there is no user {USER} to run PostgreSQL as")
        if shutil.which("setpriv") is None:
            give_up("setpriv is needed to run PostgreSQL as another user")


class PostgresServer:
    """A server with durable commits on a free port; `with` starts it and removes everything."""

    def __init__(self) -> None:
        have_postgres()
        self.folder = Path(tempfile.mkdtemp(prefix="faultbox-postgres-"))
        self.port = a_free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0
        self._migrated = False

    def __enter__(self) -> Self:
        try:
            if os.geteuid() == 0:
                shutil.chown(self.folder, USER)
            subprocess.run(
                [
                    *_as_user(),
                    str(BINARIES / "initdb"),
                    f"--pgdata={self._data}",
                    *("--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"),
                ],
                cwd="/",
                stdout=subprocess.DEVNULL,
                check=True,
                timeout=120,
            )
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_args: object) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Start the server on its port and return when it takes connections.

        It ends with the thread that calls this: no worker thread may.
        """
        # What a killed server leaves behind: the new one is the only one on this folder.
        with suppress(FileNotFoundError):
            (self._data / "postmaster.pid").unlink()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *_as_user(),
                    str(BINARIES / "postgres"),
                    *("-D", str(self._data), "-p", str(self.port), "-k", str(self.folder)),
                    *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=on"),
                    *("-c", "max_connections=60", "-c", "shared_buffers=64MB"),
                ],
                cwd="/",
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._answers():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """End it in order, every connection with it."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kill every process of it at once, as a power cut does."""
        self._end(signal.SIGKILL)

    def kill_postmaster(self) -> None:
        """Kill the first process alone; the others notice and end by themselves."""
        self._end(signal.SIGKILL, children_too=False)

    def pause(self) -> None:
        """Stop every process of it in the middle of what it does; nobody is told."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        self._signal(signal.SIGCONT)

    def _end(self, number: signal.Signals, *, children_too: bool = True) -> None:
        if self._process is None:
            return
        children = self._signal(signal.SIGCONT)
        self._signal(number, children_too=children_too and number != signal.SIGINT)
        self._process.wait(PATIENCE_SECONDS)
        self._process = None
        for child in children:  # a new server refuses the folder while one of them lives
            deadline = time.monotonic() + PATIENCE_SECONDS
            while Path(f"/proc/{child}/cwd").exists() and time.monotonic() < deadline:
                time.sleep(0.01)

    def _signal(self, number: signal.Signals, *, children_too: bool = True) -> list[int]:
        """Signal the server and its children; return the children."""
        assert self._process is not None
        children = _children(self._process.pid)
        for pid in [self._process.pid, *(children if children_too else [])]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return children

    def log(self) -> str:
        """Return what the server wrote."""
        return (self.folder / "log").read_text(errors="replace")

    def url(self, database: str, *, password: str = "") -> str:
        """Return the URL of one of its databases, as the setting `database` takes it."""
        user = USER if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{database}"

    def query(self, database: str, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement in a database and return its rows."""
        with closing(psycopg.connect(self.url(database), autocommit=True)) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def create_database(self, template: str | None = None) -> str:
        """Make a database, empty or a copy of `template`, and return its name."""
        self._made += 1
        name = f"faultbox_{self._made}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template or "template0")
        )
        with closing(psycopg.connect(self.url("postgres"), autocommit=True)) as connection:
            connection.execute(statement)
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        with closing(psycopg.connect(self.url("postgres"), autocommit=True)) as connection:
            connection.execute(statement)

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """Yield the URL of a migrated database that is gone afterwards."""
        name = self.create_database(self._template())
        try:
            yield self.url(name)
        finally:
            self.drop_database(name)

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Yield the URL of a database without tables that is gone afterwards."""
        name = self.create_database()
        try:
            yield self.url(name)
        finally:
            self.drop_database(name)

    def _template(self) -> str:
        if not self._migrated:
            self.query("postgres", f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
            engine = open_writer_engine(self.folder, self.url(_TEMPLATE))
            with engine.begin() as connection:
                upgrade_schema(connection)
            self._migrated = True
        return _TEMPLATE


def _as_user() -> list[str]:
    """Return the prefix of a command that is to run without root and to end with its parent."""
    if os.geteuid() != 0:
        return ["setpriv", "--pdeathsig=QUIT"]
    return [
        *("setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"),
        "--pdeathsig=QUIT",
    ]


def _children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it may end meanwhile
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return found
