"""Faults of a Python program surface without changing what the program does or prints."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from faultbox_agent.fault import PlainMap
from support.device import drop_records, environ, run_program

INSTALL = "import faultbox_agent\nfaultbox_agent.install(product='gateway', version='2.3.1')\n"


def run(tmp_path: Path, source: str) -> "tuple[subprocess.CompletedProcess[bytes], list[PlainMap]]":
    spool = tmp_path / "spool"
    done = run_program(tmp_path / "app.py", INSTALL + source, environ(spool))
    return done, drop_records(spool)


def head(record: PlainMap) -> dict[str, object]:
    found = record["head"]
    assert isinstance(found, dict)
    return dict(found)


def err(record: PlainMap) -> dict[str, object]:
    found = head(record)["err"]
    assert isinstance(found, dict)
    return found


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = ("psutil", "msgpack", "zstandard", "asyncio", "ssl", "hashlib", "pathlib", "argparse")
    code = f"import sys, faultbox_agent; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


def test_an_uncaught_exception_is_on_the_disk_before_the_process_ends(tmp_path: Path) -> None:
    done, (record,) = run(
        tmp_path,
        """
import os
def read(n):
    if n: return read(n - 1)
    raise ValueError("sensor E-202 password=hunter2x")
def main():
    try:
        read(3)
    except ValueError as error:
        raise RuntimeError("no reading") from error
main()
""",
    )
    assert done.returncode == 1
    assert done.stderr.count(b"RuntimeError: no reading") == 1
    found = head(record)
    assert (found["kind"], found["sev"]) == ("crash", "fatal")
    assert found["prod"] == {"name": "gateway", "app": "2.3.1"}
    assert err(record)["type"] == "RuntimeError"
    frames = err(record)["frames"]
    assert isinstance(frames, list)
    assert [frame["fn"] for frame in frames] == ["main", "<module>"]
    assert all(frame["app"] for frame in frames)
    causes = err(record)["causes"]
    assert isinstance(causes, list)
    (cause,) = causes
    assert cause["type"] == "ValueError"
    assert cause["msg"] == "sensor E-202 password=[redacted:secret]"
    assert b"hunter2x" not in json.dumps(record).encode()
    facts = record["facts"]
    assert isinstance(facts, dict)
    assert facts["fatal"] is True
    assert str(facts["argv0"]).endswith("app.py")
    assert isinstance(facts["pid"], int)
    assert isinstance(facts["start_ticks"], int)


def test_a_deep_recursion_is_reported_with_both_ends(tmp_path: Path) -> None:
    _, (record,) = run(tmp_path, "def f(): f()\nf()\n")
    assert err(record)["type"] == "RecursionError"
    frames = err(record)["frames"]
    assert isinstance(frames, list)
    assert len(frames) == 128
    assert frames[-1]["fn"] == "<module>"


@pytest.mark.parametrize(
    "how", ["raise KeyboardInterrupt", "raise SystemExit(3)", "exit(4)", "pass"]
)
def test_an_end_that_is_wanted_is_no_fault(tmp_path: Path, how: str) -> None:
    _, records = run(tmp_path, how)
    assert records == []


def test_a_thread_that_dies_is_reported_and_the_process_goes_on(tmp_path: Path) -> None:
    done, (record,) = run(
        tmp_path,
        """
import threading
def work(): raise KeyError("gone")
t = threading.Thread(target=work, name="worker-7"); t.start(); t.join()
print("still here")
""",
    )
    assert done.returncode == 0
    assert b"still here" in done.stdout
    assert b"KeyError" in done.stderr
    assert err(record)["type"] == "KeyError"
    assert head(record)["sev"] == "error"


def test_an_exception_in_a_destructor_is_reported(tmp_path: Path) -> None:
    done, (record,) = run(
        tmp_path, "class A:\n    def __del__(self): raise OSError('late')\na = A()\ndel a\n"
    )
    assert done.returncode == 0
    assert err(record)["type"] == "OSError"


def test_an_asyncio_task_that_nobody_awaits_is_reported(tmp_path: Path) -> None:
    done, (record,) = run(
        tmp_path,
        """
import asyncio, gc
async def work(): raise LookupError("lost in a task")
async def main():
    task = asyncio.create_task(work())
    await asyncio.sleep(0.01)
    del task
    gc.collect()
asyncio.run(main())
""",
    )
    assert done.returncode == 0
    assert b"Task exception was never retrieved" in done.stderr
    assert err(record)["type"] == "LookupError"
    frames = err(record)["frames"]
    assert isinstance(frames, list)
    assert frames[0]["fn"] == "work"


def test_asyncio_run_that_fails_is_a_fatal_fault_once(tmp_path: Path) -> None:
    done, (record,) = run(
        tmp_path, "import asyncio\nasync def main(): raise LookupError('x')\nasyncio.run(main())\n"
    )
    assert done.returncode == 1
    assert head(record)["sev"] == "fatal"


def test_errors_in_the_log_are_reported_with_their_code(tmp_path: Path) -> None:
    done, records = run(
        tmp_path,
        """
import logging
log = logging.getLogger("boot")
log.warning("about to fail")
log.error("设备启动后报错代码%s，无法进入系统", "E-202")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("cannot divide")
""",
    )
    assert done.returncode == 0
    # Both may fall into one millisecond, and then their names say nothing about their order.
    first, second = sorted(records, key=lambda record: "type" in err(record))
    assert err(first)["code"] == "E-202"
    assert err(first)["msg"] == "设备启动后报错代码E-202，无法进入系统"
    assert head(first)["kind"] == "error"
    assert err(second)["type"] == "ZeroDivisionError"
    evidence = first["evidence"]
    assert isinstance(evidence, dict)
    rows = evidence["log"]
    assert isinstance(rows, list)
    assert [row[3] for row in rows if isinstance(row, list)] == ["about to fail"]


def test_logged_then_raised_is_one_fault(tmp_path: Path) -> None:
    _, records = run(
        tmp_path,
        """
import logging
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger().exception("first")
    logging.getLogger().exception("again")
    raise
""",
    )
    assert len(records) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import logging\nlogging.error('to stderr by the last resort')\n",
        "import logging\nlogging.getLogger('x').error('last resort')\n",
        "import logging\nlogging.basicConfig(format='%(levelname)s|%(message)s')\n"
        "logging.error('x')\n",
        "import sys\nsys.excepthook = lambda *a: print('own hook', a[1])\n1/0\n",
        "import threading\nt = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()\n",
        "raise SystemExit('message')\n",
        "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\nelse: 1/0\n",
        "class E(Exception):\n  def __str__(self): raise RuntimeError('nasty')\nraise E\n",
        "import asyncio\nasync def m():\n  raise ValueError('x')\nasyncio.run(m())\n",
        "raise ExceptionGroup('many', [ValueError(1), OSError(2)])\n",
    ],
)
def test_the_program_behaves_the_same_with_and_without_it(tmp_path: Path, source: str) -> None:
    plain = environ(tmp_path / "spool")
    path = tmp_path / "app.py"
    # The same line numbers, so that tracebacks compare.
    without = run_program(path, "\n\n" + source, plain)
    with_it = run_program(path, INSTALL + source, plain)
    assert with_it.returncode == without.returncode
    assert with_it.stdout == without.stdout
    assert with_it.stderr == without.stderr


def test_a_log_call_with_wrong_arguments_is_reported_unformatted(tmp_path: Path) -> None:
    done, (record,) = run(tmp_path, "import logging\nlogging.error('%d', 'no number')\n")
    assert done.returncode == 0
    assert err(record)["msg"] == "%d"


def test_a_spool_that_cannot_be_written_never_reaches_the_program(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    env = environ(tmp_path / "file" / "spool")
    done = run_program(tmp_path / "app.py", INSTALL + "raise ValueError('x')", env)
    assert done.returncode == 1
    assert done.stderr.count(b"Traceback") == 1


def test_losses_are_carried_by_the_next_report(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    done = run_program(
        tmp_path / "app.py",
        INSTALL
        + f"""
import logging, os
open({str(tmp_path / "spool")!r}, "w").close()
logging.error("lost one")
os.unlink({str(tmp_path / "spool")!r})
logging.error("kept one")
""",
        environ(spool),
    )
    assert done.returncode == 0
    (record,) = drop_records(spool)
    assert head(record)["drops"] == {"spool_full": 1}


def test_a_flood_is_bounded_and_counted(tmp_path: Path) -> None:
    _, records = run(tmp_path, "import logging\nfor n in range(100): logging.error('n %s', n)\n")
    reports = [record for record in records if "head" in record]
    (losses,) = [record["drops"] for record in records if "head" not in record]
    assert len(reports) == 30
    assert losses == {"rate": 70}


def test_a_crash_after_a_flood_of_errors_is_reported_with_what_the_flood_lost(
    tmp_path: Path,
) -> None:
    source = "import logging\nfor n in range(200): logging.error('n %s', n)\nraise OSError('end')\n"
    _, records = run(tmp_path, source)
    (crash,) = [record for record in records if head(record)["sev"] == "fatal"]
    assert err(crash)["type"] == "OSError"
    assert head(crash)["drops"] == {"rate": 170}


def test_a_flood_of_ends_leaves_room_for_errors_and_is_bounded(tmp_path: Path) -> None:
    source = """
import logging, sys
for n in range(70):
    sys.excepthook(ValueError, ValueError(n), None)
logging.error("after")
"""
    _, records = run(tmp_path, source)
    severities = [head(record)["sev"] for record in records]
    assert (severities.count("fatal"), severities.count("error")) == (60, 1)


def test_an_exception_object_raised_again_and_again_is_a_fault_each_time(tmp_path: Path) -> None:
    source = """
import logging
BUS, PORT = OSError("bus down"), OSError("port down")
def read(): raise PORT
for n in range(5):
    try: raise BUS
    except OSError: logging.exception("read failed")
for n in range(5):
    try: read()
    except OSError: logging.exception("read failed")
"""
    _, records = run(tmp_path, source)
    messages = [str(err(record)["msg"]) for record in records]
    assert (messages.count("bus down"), messages.count("port down")) == (5, 5)


@pytest.mark.parametrize(
    "source",
    [
        # Logged on every level of a deep call, then the end of the program.
        "def f(n):\n  try: return f(n - 1) if n else 1 / 0\n"
        "  except ArithmeticError: logging.exception('x'); raise\nf(9)\n",
        # Every level of a recursion has the same line.
        "import sys; sys.setrecursionlimit(200)\ndef f():\n  try: f()\n"
        "  except RecursionError as e:\n    faultbox_agent.report_exception(e); raise\nf()\n",
        "try: 1 / 0\nexcept ArithmeticError as e:\n  logging.exception('x')\n  raise e\n",
        "e = ValueError('x')\nlogging.error('x', exc_info=e)\nraise e\n",
        "import time\ntry: 1 / 0\nexcept ArithmeticError:\n"
        "  logging.exception('x'); time.sleep(1.2); raise\n",
        "def f():\n  try: 1 / 0\n  except ArithmeticError: logging.exception('x'); raise\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor() as pool: pool.submit(f).result()\n",
        "async def f():\n  try: 1 / 0\n  except ArithmeticError: logging.exception('x'); raise\n"
        "import asyncio; asyncio.run(f())\n",
    ],
)
def test_one_raise_that_travels_is_one_fault(tmp_path: Path, source: str) -> None:
    done, records = run(tmp_path, "import logging\n" + source)
    assert done.returncode == 1
    # The end of a process is a record of its own under the same id; the agent keeps one.
    assert len({head(record)["id"] for record in records}) == 1


def test_secrets_in_the_log_tail_go_before_the_lines_are_cut(tmp_path: Path) -> None:
    _, (record,) = run(
        tmp_path,
        """
import logging
logging.warning("x" * 499 + " 4111 1111 1111 1111")
for line in ("-----BEGIN PRIVATE KEY-----", "MIIEow", "abcd==", "-----END PRIVATE KEY-----", "z"):
    logging.warning(line)
logging.error("E-17")
""",
    )
    evidence = record["evidence"]
    assert isinstance(evidence, dict)
    rows = evidence["log"]
    assert isinstance(rows, list)
    texts = [str(row[3]) for row in rows if isinstance(row, list)]
    assert not any("4111" in text or "MIIEow" in text or "abcd" in text for text in texts)
    assert (len(texts[0]), texts[-1]) == (512, "z")
    assert len(texts) == 6


def test_reporting_does_not_report_itself(tmp_path: Path) -> None:
    _, records = run(
        tmp_path,
        """
import logging
class Nasty:
    def __str__(self):
        logging.error("from inside")
        return "nasty"
logging.getLogger("x").error("%s", Nasty())
""",
    )
    messages = [err(record)["msg"] for record in records]
    assert messages.count("nasty") == 1
    assert len(messages) <= 2


def test_a_listening_agent_gets_a_datagram_and_no_file_is_written(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        folder = os.open(spool, os.O_PATH)
        door.bind(f"/proc/self/fd/{folder}/agent.sock")
        os.close(folder)
        door.settimeout(20)
        run_program(
            tmp_path / "app.py",
            INSTALL + "import logging\nlogging.error('E-17 x')\n",
            environ(spool),
        )
        record = json.loads(door.recv(1 << 20))
    assert err(record)["code"] == "E-17"
    assert not (spool / "drop").exists()


def test_a_report_too_large_for_a_datagram_becomes_a_file(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        folder = os.open(spool, os.O_PATH)
        door.bind(f"/proc/self/fd/{folder}/agent.sock")
        os.close(folder)
        source = """
import logging
try:
    raise ExceptionGroup("g", [ValueError("x" * 9000 + str(n)) for n in range(40)])
except ExceptionGroup as error:
    logging.getLogger().error("%s", "y" * 9000, exc_info=error)
"""
        run_program(tmp_path / "app.py", INSTALL + source, environ(spool))
    assert len(drop_records(spool)) == 1


def test_names_come_from_the_environment(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    env = environ(spool, product="scale", model="S-9", serial="SN-1", version="3.0", place="test")
    run_program(tmp_path / "a.py", "import faultbox_agent; faultbox_agent.install()\n1/0\n", env)
    (record,) = drop_records(spool)
    assert head(record)["prod"] == {"name": "scale", "model": "S-9", "serial": "SN-1", "app": "3.0"}
    assert head(record)["where"] == {"env": "test"}


def test_a_handled_exception_can_be_reported_by_hand(tmp_path: Path) -> None:
    done, (record,) = run(
        tmp_path,
        """
try:
    1 / 0
except ZeroDivisionError as error:
    print(len(faultbox_agent.report_exception(error)))
faultbox_agent.uninstall()
print(faultbox_agent.report_exception(ValueError("nobody listens")))
""",
    )
    assert done.stdout.split() == [b"16", b"None"]
    assert err(record)["type"] == "ZeroDivisionError"


def test_groups_and_notes_travel_along(tmp_path: Path) -> None:
    _, (record,) = run(
        tmp_path,
        """
error = ExceptionGroup("many", [ValueError("one"), OSError("two")])
error.add_note("while starting")
raise error
""",
    )
    assert "while starting" in str(err(record)["msg"])
    causes = err(record)["causes"]
    assert isinstance(causes, list)
    assert [cause["msg"] for cause in causes] == ["one", "two"]
